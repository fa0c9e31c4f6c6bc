"""Two hands at the same records, and a hand that is cut off: each record is priced once, and never half."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from billing.actions.long_calls import assemble_next
from billing.actions.suspense import replay_next, replay_usage, write_off_usage
from billing.model import RatedCall
from billing.suspense_commands import ReplayUsage, UsageChosen, UsageSettled, WriteOffUsage
from css.core.actor import Actor
from css.db.engine import transaction
from tests import builders
from tests.batch.killing import run_child
from tests.builders import AT, DAY, OPERATOR
from tests.race import together
from tests.records.suspended import LIVE, NOON, call, open_count, parts_of, rated, state, wait

REPLAY = ReplayUsage(district_code="ZZ", reason="Mended.")
NIGHT = Actor("batch", "night", "RETAIL", door="night")
CALLS = 40


def waiting(engine: Engine) -> None:
    """Forty calls that can be priced, and a long call of three parts."""
    with transaction(engine) as session:
        zz = builders.district(session)
        builders.working_line(session, zz, builders.account(session, zz), number=LIVE)
        earlier = DAY - timedelta(days=1)
        wait(session, [call(charged_number=LIVE, started_at=NOON + timedelta(seconds=n)) for n in range(CALLS)], on=earlier)
        wait(session, parts_of(NOON, (60, 60, 60)), sequence=2, on=earlier)


def counted(engine: Engine) -> tuple[int, int, int]:
    """Calls on file, records priced by them, records that wait."""
    with transaction(engine) as session:
        calls, records = session.execute(select(func.count(), func.count(RatedCall.usage_record_id.distinct()))).one()
        return calls, records, open_count(session)


def test_two_replays_at_once_price_each_record_once(fresh_engine: Engine) -> None:
    waiting(fresh_engine)

    def replay() -> UsageSettled:
        with transaction(fresh_engine) as session:
            return replay_usage(session, REPLAY, by=OPERATOR, at=AT)

    answers = together(replay, replay, replay)
    assert sorted(answer.looked_at for answer in answers if isinstance(answer, UsageSettled)) == [0, 0, CALLS + 3]
    assert counted(fresh_engine) == (CALLS + 1, CALLS + 1, 0)


def test_a_replay_the_night_and_a_write_off_at_once_settle_each_record_once(fresh_engine: Engine) -> None:
    waiting(fresh_engine)

    def replay() -> int:
        with transaction(fresh_engine) as session:
            return replay_usage(session, REPLAY, by=OPERATOR, at=AT).rated

    def night() -> int:
        with transaction(fresh_engine) as session:
            calls = assemble_next(session, "ZZ", ("", ""), business_date=DAY, by=NIGHT)
            records = replay_next(session, "ZZ", 0, business_date=DAY, by=NIGHT)
            return sum(done[0].written for done in (calls, records) if done is not None)

    def write_off() -> int:
        command = WriteOffUsage(district_code="ZZ", chosen=UsageChosen(supplier="NTHTEL"), reason="Old.")
        with transaction(fresh_engine) as session:
            return write_off_usage(session, command, by=OPERATOR, at=AT).record_count

    done = together(replay, night, write_off)
    assert sum(count for count in done if isinstance(count, int)) == CALLS + 3
    given_up = done[2]
    calls, records, still_open = counted(fresh_engine)
    assert (calls, still_open) == (records, 0)
    assert isinstance(given_up, int)
    assert calls in ({0, 1, CALLS, CALLS + 1} if given_up else {CALLS + 1})


def test_a_killed_replay_leaves_nothing_half_and_the_next_does_it_all(fresh_engine: Engine) -> None:
    waiting(fresh_engine)
    url = fresh_engine.url.render_as_string(hide_password=False)

    def everything() -> list[tuple[Any, ...]]:
        with transaction(fresh_engine) as session:
            return state(session)

    before = everything()
    died = run_child("tests.records.replay_child", [url], kill_at="before commit")
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert everything() == before
    died = run_child("tests.records.replay_child", [url], kill_at="after commit")
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert counted(fresh_engine) == (CALLS + 1, CALLS + 1, 0)
    after = everything()
    with transaction(fresh_engine) as session:
        assert replay_usage(session, REPLAY, by=OPERATOR, at=AT).looked_at == 0
        assert len(rated(session)) == CALLS + 1
    assert everything()[:-1] == after[:-1], "only the audit trail is longer"


def test_a_record_that_comes_during_a_replay_is_seen_by_the_next(fresh_engine: Engine) -> None:
    waiting(fresh_engine)
    with Session(fresh_engine) as slow:
        replay_usage(slow, REPLAY, by=OPERATOR, at=AT)
        with transaction(fresh_engine) as session:
            wait(session, [call(charged_number=LIVE)], sequence=9)
        slow.commit()
    assert counted(fresh_engine)[2] == 1
