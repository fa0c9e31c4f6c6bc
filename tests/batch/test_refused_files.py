"""Carriers' files that were refused: brought back is the one that the item is about, whatever else lies there under its name."""

from __future__ import annotations

import errno
import os
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.balance.actions import drop_reject, replay_reject
from batch.balance.commands import DropReject, ReplayReject
from batch.balance.put_away import free_name, name_it_had, put_away_as
from batch.balance.rejects import rejects
from batch.engine import RunOutcome, run_net
from batch.net import Context, Node
from batch.steps.usage_intake import COLLECT
from batch.words import RejectState
from billing.carrier_file import shown_name
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.core.errors import Conflict
from css.db.engine import rehearsal, transaction
from tests import builders
from tests.batch.small_nets import net_of
from tests.batch.test_rejects import FEBRUARY, NEXT, RUNNER, card_of, refusal, replay, two
from tests.scenarios.nights import CallMade, carrier_file

__all__ = ["two"]
Two = tuple[Engine, list[builders.BuiltLine]]


def _aged(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    os.utime(path, (0, 0))
    return path


def _collect(engine: Engine, home: Path, day: date) -> RunOutcome:
    """The night's first step, alone."""
    at = london_instant(day + timedelta(days=1), time(2, 15))
    return run_net(engine, net_of("collect", Node(COLLECT)), Context("ZZ", day, at, RUNNER, home), clock=FixedClock(at))


class Refused:
    """Two files of one name, cut short in different places, refused by two nights."""

    def __init__(self, engine: Engine, line: builders.BuiltLine, home: Path) -> None:
        self.engine, self.home = engine, home
        calls = [CallMade(line.number, "442079460123", london_instant(FEBRUARY, time(9, n)), 60) for n in range(3)]
        self.waiting = carrier_file(home, "ZZ", FEBRUARY, 1, calls)
        self.good = self.waiting.read_bytes()
        self.first, self.second = self.good[:-20], self.good[:-30]
        for day, content in ((FEBRUARY, self.first), (NEXT, self.second)):
            _aged(self.waiting, content)
            assert _collect(engine, home, day).return_code == 4
        folder = self.waiting.parent / "refused"
        self.lies_first, self.lies_second = folder / self.waiting.name, folder / f"{self.waiting.name}.2"
        assert (self.lies_first.read_bytes(), self.lies_second.read_bytes()) == (self.first, self.second)
        with transaction(engine) as session:
            self.items = [row.reject_id for row in rejects(session, "ZZ")]


@pytest.fixture
def refused(two: Two, tmp_path: Path) -> Refused:
    return Refused(two[0], two[1][0], tmp_path)


def test_of_two_files_of_a_name_each_item_brings_its_own(refused: Refused) -> None:
    replay(refused.engine, refused.items[1], refused.home)
    assert refused.waiting.read_bytes() == refused.second
    assert refused.lies_first.read_bytes() == refused.first
    assert not refused.lies_second.exists()
    refused.waiting.unlink()
    replay(refused.engine, refused.items[0], refused.home)
    assert refused.waiting.read_bytes() == refused.first


def test_the_one_mended_in_its_place_is_brought_and_not_what_is_anothers(refused: Refused) -> None:
    refused.lies_second.write_bytes(refused.good)
    replay(refused.engine, refused.items[1], refused.home)
    assert refused.waiting.read_bytes() == refused.good
    assert refused.lies_first.read_bytes() == refused.first
    assert _collect(refused.engine, refused.home, NEXT + timedelta(days=1)).return_code == 0
    with refused.engine.connect() as connection:
        assert connection.execute(text("SELECT record_count FROM billing.usage_file")).scalars().all() == [3]


def test_where_only_anothers_file_lies_nothing_is_brought(refused: Refused) -> None:
    refused.lies_second.unlink()
    assert refusal(refused.engine, refused.items[1], refused.home).code == "CSS644E"
    assert refused.lies_first.is_file()


def test_beside_another_file_of_its_name_it_is_not_brought_and_not_settled(refused: Refused) -> None:
    replay(refused.engine, refused.items[0], refused.home)
    beside = refusal(refused.engine, refused.items[1], refused.home)
    assert (beside.code, isinstance(beside, Conflict)) == ("CSS997E", True)
    assert f"incoming/ZZ/refused/{refused.lies_second.name} was not brought beside it." in beside.text
    assert refused.lies_second.read_bytes() == refused.second
    assert card_of(refused.engine, refused.items[1]).state is RejectState.OPEN


def test_a_replay_that_was_rolled_back_after_its_move_is_done_again(refused: Refused) -> None:
    with refused.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
                "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON batch.operator_action DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION public.no()"
            )
        )
    with pytest.raises(Exception, match="no"):
        replay(refused.engine, refused.items[1], refused.home)
    assert refused.waiting.read_bytes() == refused.second
    assert card_of(refused.engine, refused.items[1]).state is RejectState.OPEN
    with refused.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER no ON batch.operator_action"))
    settled = replay(refused.engine, refused.items[1], refused.home)
    assert settled.state is RejectState.REPLAYED
    assert settled.words.startswith("A file of its name waits for the next night already. CSS709W It is byte for byte what was refused")
    assert refused.waiting.read_bytes() == refused.second


def test_a_replay_that_is_only_checked_moves_nothing_and_the_deed_afterwards_says_the_same(refused: Refused) -> None:
    command = ReplayReject(reject_id=refused.items[1], reason="It was mended.")
    with rehearsal(refused.engine) as session:
        checked = replay_reject(session, command, by=builders.OPERATOR, at=london_instant(NEXT, time(9)), home=refused.home)
    assert not refused.waiting.exists()
    assert refused.lies_second.read_bytes() == refused.second
    assert card_of(refused.engine, refused.items[1]).state is RejectState.OPEN
    done = replay(refused.engine, refused.items[1], refused.home)
    assert done.words == checked.words
    assert "CSS709W" in done.words
    assert refused.waiting.read_bytes() == refused.second


def test_what_came_under_its_name_between_the_look_and_the_move_is_not_written_over(refused: Refused) -> None:
    command = ReplayReject(reject_id=refused.items[1], reason="It was mended.")
    with pytest.raises(Conflict, match="waits for the next night already"), transaction(refused.engine) as session:
        replay_reject(session, command, by=builders.OPERATOR, at=london_instant(NEXT, time(9)), home=refused.home)
        refused.waiting.write_bytes(b"the carrier's new one")
    assert refused.waiting.read_bytes() == b"the carrier's new one"
    assert refused.lies_second.read_bytes() == refused.second
    assert card_of(refused.engine, refused.items[1]).state is RejectState.OPEN


def test_a_file_that_waits_for_the_night_is_not_given_up(refused: Refused) -> None:
    refused.waiting.write_bytes(refused.second)
    command = DropReject(reject_id=refused.items[1], reason="The carrier has none.")

    def drop() -> RejectState:
        with transaction(refused.engine) as session:
            return drop_reject(session, command, by=builders.OPERATOR, at=london_instant(NEXT, time(9)), home=refused.home).state

    with pytest.raises(Conflict, match="waits in incoming/ZZ and the next night takes that in all the same: move it out") as told:
        drop()
    assert told.value.code == "CSS698E"
    assert card_of(refused.engine, refused.items[1]).state is RejectState.OPEN
    refused.waiting.unlink()
    assert drop() is RejectState.DROPPED


def test_a_file_that_cannot_be_moved_is_said_and_stays_open(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self), None, str(target))

    monkeypatch.setattr(Path, "rename", full)
    stays = refusal(refused.engine, refused.items[0], refused.home)
    monkeypatch.undo()
    assert (stays.code, "Read-only file system" in stays.text) == ("CSS614E", True)
    assert card_of(refused.engine, refused.items[0]).state is RejectState.OPEN


def test_a_file_put_away_is_known_by_the_name_it_came_with(tmp_path: Path) -> None:
    odd = os.fsdecode(b"B\xff.csv")
    for name in ("A.csv", "A.csv.10", "A.csv.2", "A.csv.02", "A.csv.gz", "A.csv.x", "AA.csv", odd, f"{odd}.2"):
        (tmp_path / name).touch()
    (tmp_path / "A.csv.3").mkdir()
    assert [path.name for path in put_away_as(tmp_path, "A.csv")] == ["A.csv", "A.csv.2", "A.csv.10"]
    shown = shown_name(tmp_path / odd)
    found = put_away_as(tmp_path, shown)
    assert [path.name for path in found] == [odd, f"{odd}.2"]
    assert {name_it_had(path, shown) for path in found} == {odd}
    assert free_name(tmp_path, "A.csv").name == "A.csv.4"
    assert put_away_as(tmp_path / "nowhere", "A.csv") == []
