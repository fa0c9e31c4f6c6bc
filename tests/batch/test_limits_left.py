"""What still counts against a step's limit: what is open of it now, whichever night set it aside first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.balance.actions import drop_reject
from batch.balance.commands import DropReject
from batch.balance.rejects import rejects
from batch.engine import RunOutcome, run_net
from batch.net import Context, Counts, Net, Node, RejectedItem, RejectLimit, SingleStep, Work
from batch.nets import NETS
from batch.report.to_do import USAGE_STEPS, to_do
from batch.rules.limits import SetAside, still_counts
from batch.words import ExecutionState
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.batch.morning_facts import FAILED, attempt
from tests.batch.small_nets import AT, BY, NIGHT_OF, make_district, net_of
from tests.house.commands import fault_of_command

LIMIT = 5


@pytest.fixture(autouse=True)
def _district(fresh_engine: Engine) -> None:
    make_district(fresh_engine)


def _net(name: str, keys: Callable[[date], Sequence[str]]) -> Net:
    """One step that sets these items aside and nothing else; it may five."""

    def sort(_session: object, context: Context) -> Work:
        found = keys(context.business_date)
        rejects = tuple(RejectedItem(key, "CSS699E", "odd", key) for key in found)
        return Work(Counts(len(found), 0, 0, len(found)), rejects)

    return net_of(name, Node(SingleStep("sort", "Sort", sort, reject_limit=RejectLimit(LIMIT))))


def _run(engine: Engine, net: Net, home: Path, day: date) -> RunOutcome:
    return run_net(engine, net, Context("ZY", day, AT, BY, home), clock=FixedClock(AT))


def _refused(outcome: RunOutcome, left: int) -> None:
    assert outcome.error is not None
    assert outcome.error.code == "CSS618E"
    assert f"set aside {left} of" in outcome.error.text, outcome.error.text


def _settle(engine: Engine, keys: Sequence[str]) -> None:
    statement = (
        "UPDATE batch.reject SET state = 'replayed', settled_at = now(), settled_by = 'ANN', settled_words = 'x' WHERE source_key = ANY(:k)"
    )
    with transaction(engine) as session:
        session.execute(text(statement), {"k": list(keys)})


def _items(*numbers: int) -> list[str]:
    return [f"toy/{number}" for number in numbers]


def test_items_of_an_earlier_night_that_are_found_again_count_until_they_are_settled(fresh_engine: Engine, tmp_path: Path) -> None:
    tonight = NIGHT_OF + timedelta(days=1)
    net = _net("again", lambda day: _items(*range(1, 5)) if day == NIGHT_OF else _items(*range(1, 8)))
    assert _run(fresh_engine, net, tmp_path, NIGHT_OF).error is None
    _refused(_run(fresh_engine, net, tmp_path, tonight), 7)
    _settle(fresh_engine, _items(1))
    _refused(_run(fresh_engine, net, tmp_path, tonight), 6)
    _settle(fresh_engine, _items(2))
    assert _run(fresh_engine, net, tmp_path, tonight).return_code == 4


def test_an_item_given_up_counts_in_no_later_night(fresh_engine: Engine, tmp_path: Path) -> None:
    net = _net("given-up", lambda day: _items(*range(1, 6)) if day == NIGHT_OF else _items(*range(1, 7)))
    assert _run(fresh_engine, net, tmp_path, NIGHT_OF).error is None
    with transaction(fresh_engine) as session:
        first = rejects(session, "ZY")[0]
        drop_reject(session, DropReject(reject_id=first.reject_id, reason="Moved away."), by=builders.OPERATOR, at=AT)
    for days in (1, 2):
        assert _run(fresh_engine, net, tmp_path, NIGHT_OF + timedelta(days=days)).return_code == 4


def test_open_items_that_were_not_found_again_never_stand_in_the_way(fresh_engine: Engine, tmp_path: Path) -> None:
    """Five of the night before are open under names of their own; tonight has six, of which one is mended."""
    tonight = NIGHT_OF + timedelta(days=1)
    net = _net("own-names", lambda day: [f"toy/{day}/{n}" for n in range(5 + (day - NIGHT_OF).days)])
    assert _run(fresh_engine, net, tmp_path, NIGHT_OF).error is None
    _refused(_run(fresh_engine, net, tmp_path, tonight), 6)
    _settle(fresh_engine, [f"toy/{tonight}/0"])
    assert _run(fresh_engine, net, tmp_path, tonight).return_code == 4


def test_what_another_district_has_open_is_not_ours(fresh_engine: Engine, tmp_path: Path) -> None:
    tonight = NIGHT_OF + timedelta(days=1)
    net = _net("elsewhere", lambda day: _items(*range(1, 6)) if day == NIGHT_OF else _items(*range(1, 7)))
    assert _run(fresh_engine, net, tmp_path, NIGHT_OF).error is None
    with transaction(fresh_engine) as session:
        session.execute(text("INSERT INTO css.district (code, name, nation) VALUES ('ZX', 'Other', 'scotland')"))
        session.execute(text("UPDATE batch.job_instance SET district_code = 'ZX'"))
    assert _run(fresh_engine, net, tmp_path, tonight).return_code == 4


def test_an_earlier_item_whose_cause_is_gone_counts_no_more_though_nobody_has_settled_it_yet(fresh_engine: Engine, tmp_path: Path) -> None:
    """Files refused the night before, six of them found again; one of its name was taken in since."""
    tonight = NIGHT_OF + timedelta(days=1)
    keys = [f"usage-file/ZY/{n}a/A{n}.csv" for n in range(1, 7)]
    net = _net("files", lambda day: keys[:5] if day == NIGHT_OF else keys)
    assert _run(fresh_engine, net, tmp_path, NIGHT_OF).error is None
    _refused(_run(fresh_engine, net, tmp_path, tonight), 6)
    with transaction(fresh_engine) as session:
        session.execute(
            text(
                "INSERT INTO billing.usage_file (district_code, supplier, sequence, layout, file_name, sha256, byte_count, created_at,"
                " record_count, to_rate_count, duration_seconds, business_date)"
                " VALUES ('ZY', 'NTHTEL', 1, 'css-csv', 'A1.csv', 'f', 1, now(), 0, 0, 0, :tonight)"
            ),
            {"tonight": tonight},
        )
    assert _run(fresh_engine, net, tmp_path, tonight).return_code == 4


@pytest.mark.parametrize(
    ("rejected", "of_run", "of_room", "earlier", "left"),
    [
        (55, SetAside(15, 15), SetAside(), 40, 55),
        (55, SetAside(15, 15), SetAside(), 10, 25),
        (55, SetAside(15, 5), SetAside(), 40, 45),
        (5_001, SetAside(), SetAside(5_001, 5_001), 0, 5_001),
        (5_001, SetAside(), SetAside(5_001, 0), 0, 0),
        (12, SetAside(2, 1), SetAside(10, 3), 99, 4),
        # Of one generation less was set aside than of those before it together.
        (10, SetAside(60, 60), SetAside(), 7, 10),
        (10, SetAside(60, 4), SetAside(), 7, 4),
        (0, SetAside(3, 3), SetAside(), 0, 0),
    ],
)
def test_what_is_left_of_what_was_counted(rejected: int, of_run: SetAside, of_room: SetAside, earlier: int, left: int) -> None:
    assert still_counts(rejected, of_run, of_room, earlier) == left


def test_the_report_names_the_command_that_lists_what_the_step_set_aside() -> None:
    """Of calls that is not the work list of the nights, where none of them stands."""
    last = attempt(3, ExecutionState.FAILED, return_code=8, message_code="CSS618E", message_words="Too many.")
    failed = replace(FAILED, attempts=(*FAILED.attempts, last))
    commands = {}
    for step in ("collect-usage", "rate-usage", "calculate"):
        steps = tuple(replace(one, message_code="CSS618E") if one.step == step else one for one in failed.steps)
        commands[step] = to_do(replace(failed, steps=steps))[0].command
    listed = "css usage rejects ZZ --date 2026-03-26"
    assert commands == {"collect-usage": listed, "rate-usage": listed, "calculate": "css ask rejects ZZ"}
    assert fault_of_command(listed) is None


def test_the_steps_of_which_a_room_keeps_the_items_are_those_that_the_report_sends_to_usage() -> None:
    kept = {step.name for net in NETS.values() for step in net.steps if step.reject_limit is not None and step.reject_limit.kept_by_room}
    assert kept == USAGE_STEPS
