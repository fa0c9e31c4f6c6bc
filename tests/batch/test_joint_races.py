"""Joints looked at while somebody else writes: what a person mends meanwhile is no difference, and two looks are kept as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.orm import Session

from batch.balance import check_joints, keep_findings
from batch.balance.bills import RENDERED
from batch.balance.joints import Finding, difference_of
from batch.model import Balance, StepExecution
from batch.net import Context, Side
from batch.repository import Held
from batch.steps.bills import RENDER
from billing.actions import render
from billing.words import BillFileKind
from css.core.calendar import london_instant
from css.db.engine import transaction
from tests import builders
from tests.batch.test_rejects import FEBRUARY, RUNNER, night, replay, the_reject, two
from tests.race import together

__all__ = ["two"]
AT = london_instant(FEBRUARY + timedelta(days=1), time(3))


@contextmanager
def _just_before(engine: Engine, words: str, deed: Callable[[], object]) -> Iterator[list[bool]]:
    """Do something, once, in another transaction just before a statement with these words is sent."""
    done: list[bool] = []

    def look(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if words in statement and not done:
            done.append(True)
            deed()

    event.listen(engine, "before_cursor_execute", look)
    try:
        yield done
    finally:
        event.remove(engine, "before_cursor_execute", look)


def _rendered(session: Session) -> tuple[Held, Context]:
    row = session.execute(select(StepExecution).where(StepExecution.step == "render")).scalar_one()
    context = Context("ZZ", FEBRUARY, AT, RUNNER, Path(), job_instance_id=row.job_instance_id, step="render")
    return Held(row.job_instance_id, row.job_execution_id, row.id, row.step, row.generation), context


def test_a_bill_whose_files_are_made_while_the_joint_is_looked_at_is_no_difference(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted as one without files, it has them when those left behind are named."""
    engine, lines = two
    writers = dict(render.WRITERS)
    wrong = {
        **writers,
        BillFileKind.PDF: lambda document: b"%PDF-" if lines[0].account.number in str(document) else writers[BillFileKind.PDF](document),
    }
    monkeypatch.setattr(render, "WRITERS", wrong)
    assert night(engine, tmp_path, FEBRUARY).return_code == 4
    monkeypatch.setattr(render, "WRITERS", writers)
    number, left = the_reject(engine).reject_id, "SELECT b.number, b.invoice_gross"
    with (
        Session(engine) as session,
        _just_before(engine, left, lambda: replay(engine, number, tmp_path)) as done,
    ):
        held, context = _rendered(session)
        came, went = RENDERED.sides(session, context)
        assert done == [True]
        assert (came.item_count, came.amount) == (went.item_count, went.amount)
        assert came.item_count == 1
        check_joints(session, replace(RENDER, joints=(RENDERED,)), context, held, AT)


def test_a_bill_without_files_that_nobody_set_aside_is_a_difference_all_the_same(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, _ = two
    assert night(engine, tmp_path, FEBRUARY).return_code == 0
    with transaction(engine) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE billing.bill SET state = 'posted'"))
        session.execute(text("DELETE FROM billing.bill_file WHERE bill_id = (SELECT min(id) FROM billing.bill)"))
    with Session(engine) as session:
        _, context = _rendered(session)
        came, went = RENDERED.sides(session, context)
    assert (came.item_count, went.item_count) == (2, 1)
    assert "; 1 and £" in str(difference_of("a joint", came, went))


def test_two_that_keep_what_they_found_at_once_leave_one_row_of_each_joint(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, _ = two
    assert night(engine, tmp_path, FEBRUARY).return_code == 0
    names = [f"joint {n}" for n in range(50)]

    def keep(count: int) -> Callable[[], None]:
        findings = [Finding(name, Side("came", count), Side("went", count), None) for name in names]

        def deed() -> None:
            with transaction(engine) as session:
                keep_findings(session, _rendered(session)[0], findings, AT)

        return deed

    assert together(*(keep(count) for count in range(4))) == [None] * 4
    with Session(engine) as session:
        kept = session.execute(select(Balance.in_count, Balance.out_count).where(Balance.joint.in_(names))).all()
    assert len(kept) == len(names)
    assert len(set(kept)) == 1, "all of one look, and not some of each"
