"""The joints of a step, looked at when it closes: two figures come by in different ways that must be one.

What is found stands in ``batch.balance``, difference or none. A difference stops the step before it is completed; what its
transactions had committed is there, and the next attempt looks at the same joints again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from batch.model import Balance, Block, StepExecution
from batch.net import BlockStep, Context, Side, Step
from batch.repository import Held
from css.core.errors import Breach
from css.core.money import Money


@dataclass(frozen=True, slots=True)
class Finding:
    """A joint as it was found."""

    joint: str
    came: Side
    went: Side
    difference: str | None
    """In words; None when both sides are one."""


class OutOfBalance(Breach):
    """A step's joints do not balance. Its words are the differences; ``findings`` is every joint of the step, for ``keep_findings``."""

    def __init__(self, step: str, findings: Sequence[Finding]) -> None:
        self.step = step
        self.findings = tuple(findings)
        # Without the last stop: whoever tells it makes a sentence of it.
        super().__init__(" ".join(found.difference for found in findings if found.difference is not None).rstrip("."))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.step, self.findings)


def check_joints(session: Session, step: Step, context: Context, held: Held, at: datetime) -> None:
    """Look at the joints of a step in the transaction that closes it, and keep what was found.

    ``context`` has the step and its generation. For a step with blocks what its blocks counted is one joint more.

    Raises:
        OutOfBalance: a joint does not balance. Nothing of this transaction may stay; what was found is kept by the next one
            (``keep_findings``), which marks the step failed.
    """
    findings = [_found(joint.name, joint.sides(session, context)) for joint in step.joints]
    if isinstance(step, BlockStep):
        findings.append(_found("blocks of the step", _blocks(session, held)))
    if any(found.difference is not None for found in findings):
        raise OutOfBalance(step.name, findings)
    keep_findings(session, held, findings, at)


def keep_findings(session: Session, held: Held, findings: Sequence[Finding], at: datetime) -> None:
    """Write down how the joints of a step were found; a later look stands for an earlier one."""
    if not findings:
        return
    rows = [
        {
            "job_instance_id": held.instance_id,
            "step": held.step,
            "generation": held.generation,
            "joint": found.joint,
            "in_words": found.came.words,
            "in_count": found.came.item_count,
            "in_amount": found.came.amount,
            "out_words": found.went.words,
            "out_count": found.went.item_count,
            "out_amount": found.went.amount,
            "difference": found.difference,
            "checked_at": at,
        }
        for found in findings
    ]
    # One row to a statement, which is built once: several in one would be built anew for every step.
    statement = insert(Balance)
    key = ("job_instance_id", "step", "generation", "joint")
    written = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=written), rows)


def difference_of(joint: str, came: Side, went: Side) -> str | None:
    """What is wrong with a joint, in a sentence; None when both sides are one. A side that says nothing is a difference too."""
    if (came.item_count, came.amount) == (went.item_count, went.amount):
        return None
    parts = [words for words in (_of_counts(came.item_count, went.item_count), _of_amounts(came.amount, went.amount)) if words]
    wrong = " and ".join(parts).replace(" missing and ", " and ", len(parts) > 1 and parts[-1].endswith("missing"))
    return f"{joint[:1].upper()}{joint[1:]}: {_said(came)}, {_said(went)}; {wrong}."


def _found(joint: str, sides: tuple[Side, Side]) -> Finding:
    came, went = sides
    return Finding(joint, came, went, difference_of(joint, came, went))


def _said(side: Side) -> str:
    count, amount = side.item_count, side.amount
    if count is None:
        return f"{side.words}, not counted" if amount is None else f"{amount.sterling} in {side.words}"
    return f"{count:,} {side.words}" + ("" if amount is None else f" for {amount.sterling}")


def _of_counts(came: int | None, went: int | None) -> str:
    if came == went:
        return ""
    if came is None or went is None:
        return "one side is not counted"
    return f"{abs(came - went):,} {'missing' if came > went else 'too many'}"


def _of_amounts(came: Money | None, went: Money | None) -> str:
    if came == went:
        return ""
    if came is None or went is None:
        return "one side is not added up"
    return f"{(came - went if came > went else went - came).sterling} {'missing' if came > went else 'too much'}"


def _blocks(session: Session, held: Held) -> tuple[Side, Side]:
    """What the step counted over its transactions, and what its blocks counted each for itself."""
    row = session.execute(
        select(
            func.coalesce(func.sum(Block.read_count), 0).label("read"),
            func.coalesce(func.sum(Block.written_count + Block.filtered_count + Block.rejected_count), 0).label("done"),
            select(StepExecution.read_count).where(StepExecution.id == held.step_id).scalar_subquery().label("step_read"),
        ).where(Block.step_execution_id == held.step_id)
    ).one()
    # Both figures of the blocks in one: a block that read more than it accounts for is a difference by itself.
    went = row.done if row.read == row.step_read else row.read
    return Side("read by the step", row.step_read), Side("written, left alone or set aside by its blocks", int(went))
