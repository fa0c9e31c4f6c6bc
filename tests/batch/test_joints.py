"""Every joint of the night: falsified on either side it says so in a sentence, stops its step with 12, and goes on once it is mended."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from batch.balance import Finding, OutOfBalance, check_joints
from batch.balance.joints import difference_of
from batch.engine import run_net
from batch.model import Balance, StepExecution
from batch.net import BlockStep, Context, Counts, Side, Step, Unwatched
from batch.nets import NIGHT
from batch.repository import Held
from batch.words import StepState
from billing.actions.copies import copy_bill
from billing.credit_commands import CopyBill
from css.chaos.evening import NIGHT_ACTOR, NIGHT_AT, NIGHT_OF, build_evening
from css.core.clock import FixedClock
from css.core.money import Money
from css.core.words import BillMedium
from css.db.engine import make_engine
from tests import builders
from tests.conftest import clone

Lived = tuple[Engine, Context]
Place = tuple[str, str, str]
"""Step, joint, side."""


def _falsified() -> dict[Place, str]:
    """By step, joint and side, in the order of the night: the statements of ``falsified.sql``."""
    source = Path(__file__).with_name("falsified.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- (\S+) / (.+) / (came|went)$", source, flags=re.MULTILINE)
    return {(step, joint, side): statement for step, joint, side, statement in zip(*[iter(parts)] * 4, strict=True)}


FALSIFIED = _falsified()


class Falsifying(Unwatched):
    """After every step: falsify each side of each of its joints, look, and undo."""

    def __init__(self, engine: Engine, context: Context) -> None:
        self.engine = engine
        self.context = context
        self.said: dict[Place, str] = {}
        self.untouched: list[tuple[Place, str]] = []

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None:  # noqa: ARG002 - as every watcher is told
        for place, statement in FALSIFIED.items():
            if place[0] == step.name:
                self._falsify(place, step, statement)

    def _falsify(self, place: Place, step: Step, statement: str) -> None:
        with Session(self.engine) as session:
            held, context = _held(session, step, self.context)
            run = session.execute(text("SELECT id FROM billing.bill_run WHERE business_date = :night"), {"night": NIGHT_OF}).scalar()
            # What keeps rows as they are is laid off: it is the joint that must see it.
            session.execute(text("SET LOCAL session_replication_role = replica"))
            try:
                done = session.execute(text(statement), {"night": NIGHT_OF, "run": run, "step_execution": held.step_id})
            except DBAPIError as error:
                self.untouched.append((place, str(error.orig)))
                return
            if done.rowcount == 0:  # type: ignore[attr-defined]
                self.untouched.append((place, "no row"))
            try:
                check_joints(session, step, context, held, NIGHT_AT)
            except OutOfBalance as found:
                self.said[place] = next((one.difference for one in found.findings if one.joint == place[1] and one.difference), "")
            session.rollback()


def _held(session: Session, step: Step, context: Context) -> tuple[Held, Context]:
    row = session.execute(
        select(StepExecution).where(StepExecution.step == step.name).order_by(StepExecution.id.desc()).limit(1)
    ).scalar_one()
    held = Held(row.job_instance_id, row.job_execution_id, row.id, row.step, row.generation)
    return held, replace(context, job_instance_id=row.job_instance_id, step=step.name)


@pytest.fixture(scope="module")
def lived(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A district with one of each thing a night may meet, on its evening. The tests stand in the order of its night."""
    home = tmp_path_factory.mktemp("evening")
    with clone(server, template) as engine:
        build_evening(make_engine(engine.url.render_as_string(hide_password=False)), home)
        yield engine, Context("ZZ", NIGHT_OF, NIGHT_AT, NIGHT_ACTOR, home)


class Thief(Unwatched):
    """Takes a rated call away, for less than a step, before the step that rates it is completed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.taken = False

    def advanced(self, step: Step, amount: int) -> None:
        if step.name == "rate-usage" and amount and not self.taken:
            self.taken = True
            move_one_call(self.engine, "billing.rated_call", "public.stolen_call")


def move_one_call(engine: Engine, here: str, there: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS public.stolen_call (LIKE billing.rated_call)"))
        one = f"SELECT usage_record_id FROM {here} WHERE rated_on = :night ORDER BY 1 LIMIT 1"
        taken = f"DELETE FROM {here} WHERE usage_record_id = ({one}) RETURNING *"
        connection.execute(text(f"WITH one AS ({taken}) INSERT INTO {there} SELECT * FROM one"), {"night": NIGHT_OF})


@pytest.mark.timeout(120)
def test_a_difference_stops_its_step_with_12_and_its_successors_wait(lived: Lived) -> None:
    engine, context = lived
    stopped = run_net(engine, NIGHT, context, clock=FixedClock(NIGHT_AT), watcher=Thief(engine))
    assert (stopped.return_code, stopped.error.code if stopped.error else "") == (12, "CSS612E")
    words = "Records rated: 76 records that went to be rated, 75 calls rated and records without a price; 1 missing."
    assert words in str(stopped.error)
    assert "Calls and their price: 74 calls as their blocks say for £13.96, 73 calls rated for £" in str(stopped.error)
    with Session(engine) as session:
        states = {row.step: row.state for row in session.execute(select(StepExecution).order_by(StepExecution.id)).scalars()}
        assert states["rate-usage"] is StepState.FAILED
        assert (
            session.execute(select(Balance.difference).where(Balance.joint == "records rated").order_by(Balance.id.desc()))
            .scalars()
            .first()
            == words
        )
        # What the step had written stays; nothing after it was begun.
        assert session.execute(text("SELECT count(*) FROM billing.bill WHERE usage_through = :night"), {"night": NIGHT_OF}).scalar() == 0
    # Again without mending it: the same difference, told again and written once.
    again = run_net(engine, NIGHT, context, clock=FixedClock(NIGHT_AT))
    assert (again.return_code, str(again.error)) == (12, str(stopped.error))
    move_one_call(engine, "public.stolen_call", "billing.rated_call")


@pytest.mark.timeout(120)
def test_every_joint_of_the_night_sees_a_falsified_side_and_says_it_in_a_sentence(lived: Lived) -> None:
    engine, context = lived
    watcher = Falsifying(engine, context)
    outcome = run_net(engine, NIGHT, context, clock=FixedClock(NIGHT_AT), watcher=watcher)
    assert outcome.error is None
    assert watcher.untouched == []
    assert {place for place in FALSIFIED if not watcher.said.get(place)} == set()
    for (_, joint, _), sentence in watcher.said.items():
        assert sentence.startswith(f"{joint[:1].upper()}{joint[1:]}: "), sentence
        assert "missing" in sentence or "too m" in sentence, sentence
    # No joint of a step of the night is left out of the table above.
    named = {(step.name, joint.name) for step in NIGHT.steps for joint in step.joints}
    assert named <= {(step, joint) for step, joint, _ in FALSIFIED}


def test_a_copy_in_large_print_that_somebody_asked_for_meanwhile_does_not_put_dispatch_out_of_balance(lived: Lived, tmp_path: Path) -> None:
    """It is kept with the bill's files and lies below the copies, not where dispatch puts bills."""
    engine, context = lived
    dispatch = next(step for step in NIGHT.steps if step.name == "dispatch")
    with Session(engine) as session:
        number = session.execute(
            text("SELECT min(number) FROM billing.bill WHERE usage_through = :night AND payer ->> 'medium' = 'paper'"), {"night": NIGHT_OF}
        ).scalar_one()
        command = CopyBill(bill_number=number, medium=BillMedium.LARGE_PRINT, reason="The customer cannot read the small print.")
        assert copy_bill(session, command, by=builders.OPERATOR, at=NIGHT_AT, directory=tmp_path).files
        session.flush()
        held, seen = _held(session, dispatch, context)
        check_joints(session, dispatch, seen, held, NIGHT_AT)
        session.rollback()


def test_what_was_found_at_every_joint_stands_in_the_table_and_both_sides_are_something(lived: Lived) -> None:
    engine, _ = lived
    with Session(engine) as session:
        rows = session.execute(select(Balance).order_by(Balance.id)).scalars().all()
    assert rows
    assert all((row.in_count, row.in_amount) == (row.out_count, row.out_amount) and row.difference is None for row in rows)
    named = {(step.name, joint.name) for step in NIGHT.steps for joint in step.joints}
    blocks = {(step.name, "blocks of the step") for step in NIGHT.steps if isinstance(step, BlockStep)}
    found = {(row.step, row.joint) for row in rows}
    assert found == named | blocks
    # Nought on both sides proves nothing: in this district every joint has something to count but for records that waited.
    empty = {(row.step, row.joint) for row in rows if not row.in_count and not row.in_amount}
    still = {place for place in empty if not any((row.step, row.joint) == place and (row.in_count or row.in_amount) for row in rows)}
    assert still <= {("replay-usage", "records that waited")}


@pytest.mark.parametrize(
    ("came", "went", "sentence"),
    [
        (Side("records came", 1_203), Side("records kept", 1_203), None),
        (Side("records came", 1_203), Side("records kept", 1_200), "A joint: 1,203 records came, 1,200 records kept; 3 missing."),
        (Side("records came", 3), Side("records kept", 5), "A joint: 3 records came, 5 records kept; 2 too many."),
        (Side("debits", None, Money(500)), Side("credits", None, Money(499)), "A joint: £5.00 in debits, £4.99 in credits; £0.01 missing."),
        (
            Side("bills came", 2, Money(500)),
            Side("bills went", 1, Money(600)),
            "A joint: 2 bills came for £5.00, 1 bills went for £6.00; 1 missing and £1.00 too much.",
        ),
        (Side("came", 2, Money(500)), Side("went", 1, Money(400)), "A joint: 2 came for £5.00, 1 went for £4.00; 1 and £1.00 missing."),
        (Side("bills came", 2), Side("bills went"), "A joint: 2 bills came, bills went, not counted; one side is not counted."),
        (Side("came", 1, Money(1)), Side("went", 1), "A joint: 1 came for £0.01, 1 went; one side is not added up."),
    ],
)
def test_a_difference_is_a_sentence_with_both_sides_and_what_is_missing(came: Side, went: Side, sentence: str | None) -> None:
    assert difference_of("a joint", came, went) == sentence


def test_what_was_found_arrives_whole_from_another_process() -> None:
    found = OutOfBalance("post", [Finding("a joint", Side("came", 1), Side("went", 2), "A joint: 1 came, 2 went; 1 too many.")])
    revived = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert (str(revived), revived.step, revived.findings) == (str(found), "post", found.findings)


def test_the_nets_joints_go_to_worker_processes_with_it() -> None:
    revived = pickle.loads(pickle.dumps(NIGHT))  # noqa: S301 - our own
    assert [len(step.joints) for step in revived.steps] == [len(step.joints) for step in NIGHT.steps]
