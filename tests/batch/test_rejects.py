"""What was set aside: listed, mended and replayed, given up, or settled by the night itself; from every source."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from batch.balance.actions import drop_reject, replay_reject
from batch.balance.commands import DropReject, RejectSettled, ReplayReject
from batch.balance.rejects import RejectCard, reject, rejects
from batch.engine import RunOutcome, run_net
from batch.model import OperatorAction, Reject
from batch.net import Context, Counts, Step, Unwatched
from batch.nets import NIGHT
from batch.rules.reject_sources import TO_DO, RejectKind, RejectSource, source_of
from batch.words import RejectState
from billing.actions import render
from billing.words import BillFileKind
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.core.errors import BadMessage, Conflict, CssError, NotFound, Refused
from css.db.engine import transaction
from tests import builders
from tests.scenarios.nights import CallMade, carrier_file

START, FEBRUARY = date(2026, 1, 15), date(2026, 2, 5)
NEXT = FEBRUARY + timedelta(days=1)
RUNNER = Actor("batch", "night/alice", "RETAIL", door="night")
REASON = "The name was mended."


def night(engine: Engine, home: Path, day: date, watcher: Unwatched | None = None) -> RunOutcome:
    at = london_instant(day + timedelta(days=1), time(2, 15))
    return run_net(engine, NIGHT, Context("ZZ", day, at, RUNNER, home), clock=FixedClock(at), watcher=watcher)


def at(day: date) -> datetime:
    return london_instant(day, time(9))


def the_reject(engine: Engine) -> RejectCard:
    with transaction(engine) as session:
        (listed,) = rejects(session, "ZZ")
        card = reject(session, listed.reject_id)
    assert (card.kind, card.subject, card.reason_code, card.words) == (listed.kind, listed.subject, listed.reason_code, listed.words)
    assert card.to_do == TO_DO[card.kind]
    return card


def replay(engine: Engine, reject_id: int, home: Path, reason: str = REASON) -> RejectSettled:
    with transaction(engine) as session:
        return replay_reject(session, ReplayReject(reject_id=reject_id, reason=reason), by=builders.OPERATOR, at=at(NEXT), home=home)


def refusal(engine: Engine, reject_id: int, home: Path) -> CssError:
    with pytest.raises(CssError) as refused:
        replay(engine, reject_id, home)
    return refused.value


def card_of(engine: Engine, reject_id: int) -> RejectCard:
    with transaction(engine) as session:
        return reject(session, reject_id)


@pytest.fixture
def two(fresh_engine: Engine) -> tuple[Engine, list[builders.BuiltLine]]:
    """Two accounts of the 5th on its evening."""
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=3)
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START) for _ in range(2)]
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
    return fresh_engine, lines


def rename(engine: Engine, line: builders.BuiltLine, name: str) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE css.account SET billing_name = :name WHERE id = :id"), {"name": name, "id": line.account.id})


def test_a_parked_account_is_replayed_when_it_could_be_billed_and_found_again_it_is_open_again(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = two
    rename(engine, lines[0], " ")
    assert night(engine, tmp_path, FEBRUARY).return_code == 4
    card = the_reject(engine)
    assert (card.kind, card.subject, card.step, card.reason_code) == (RejectKind.ACCOUNT, lines[0].account.number, "calculate", "CSS798E")
    assert not card.is_mended
    # Not mended: it says the cause as it is now, and nothing is settled.
    stands = refusal(engine, card.reject_id, tmp_path)
    assert (stands.code, "CSS798E" in str(stands)) == ("CSS645E", True)
    assert card_of(engine, card.reject_id).state is RejectState.OPEN
    rename(engine, lines[0], "Ada Tansley")
    settled = replay(engine, card.reject_id, tmp_path)
    assert (settled.state, settled.words) == (RejectState.REPLAYED, "It can be billed now; the next night bills it.")
    with transaction(engine) as session:
        assert rejects(session, "ZZ") == ()
        deed = session.execute(select(OperatorAction)).scalar_one()
        assert (deed.step, deed.done_by, deed.reason, deed.consequence) == ("calculate", "TESTER", REASON, settled.words)
        assert session.execute(text("SELECT count(*) FROM css.audit_event WHERE verb = 'replay_reject'")).scalar() == 1
    again = refusal(engine, card.reject_id, tmp_path)
    assert (again.code, isinstance(again, Conflict)) == ("CSS647E", True)
    # Spoilt once more before the night: it is parked anew and waits again.
    rename(engine, lines[0], " ")
    night(engine, tmp_path, NEXT)
    assert [row.business_date for row in _open(engine)] == [NEXT]
    rename(engine, lines[0], "Ada Tansley")
    assert night(engine, tmp_path, NEXT + timedelta(days=1)).return_code == 0
    found = [card_of(engine, number) for number in _all(engine)]
    assert {(one.state, one.settled_by) for one in found} == {(RejectState.REPLAYED, "TESTER"), (RejectState.REPLAYED, "night/alice")}
    assert all(one.settled_words.startswith(("Billed with ZZB", "It can be billed")) for one in found if one.settled_words)


def _open(engine: Engine) -> list[RejectCard]:
    with transaction(engine) as session:
        return [reject(session, row.reject_id) for row in rejects(session, "ZZ")]


def _all(engine: Engine) -> list[int]:
    with transaction(engine) as session:
        return list(session.execute(select(Reject.id).order_by(Reject.id)).scalars())


def test_the_night_settles_by_itself_what_was_mended_and_leaves_what_was_not(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = two
    for line in lines:
        rename(engine, line, " ")
    night(engine, tmp_path, FEBRUARY)
    assert len(_open(engine)) == 2
    rename(engine, lines[1], "Put Right")
    done = night(engine, tmp_path, NEXT)
    assert done.error is None
    still = _open(engine)
    # The one not mended waits under both nights' numbers; each names its own cut.
    assert {(card.subject, card.business_date) for card in still} == {(lines[0].account.number, FEBRUARY), (lines[0].account.number, NEXT)}
    with transaction(engine) as session:
        (settled,) = rejects(session, "ZZ", state=RejectState.REPLAYED)
        card = reject(session, settled.reject_id)
    assert (card.subject, card.settled_by) == (lines[1].account.number, "night/alice")
    assert card.settled_words is not None
    assert card.settled_words.startswith("Billed with ZZB")


def test_a_refused_file_is_brought_before_the_next_night_and_a_mended_one_settles_it(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = two
    calls = [CallMade(lines[0].number, "442079460123", london_instant(FEBRUARY, time(9, n)), 60) for n in range(3)]
    good = carrier_file(tmp_path, "ZZ", FEBRUARY, 1, calls)
    content = good.read_bytes()
    good.write_bytes(content[:-20])
    os.utime(good, (0, 0))
    assert night(engine, tmp_path, FEBRUARY).return_code == 4
    card = the_reject(engine)
    assert (card.kind, card.subject, card.step) == (RejectKind.FILE, good.name, "collect-usage")
    refused = tmp_path / "incoming" / "ZZ" / "refused" / good.name
    assert refused.is_file()
    # As it is: the next night refuses it again, and it is open again.
    assert replay(engine, card.reject_id, tmp_path).words == (
        "The file lies before the next night again. CSS709W It is byte for byte what was refused: unless the cause lay elsewhere, "
        "the night refuses it again. Mend it in incoming before then, or ask the carrier for the whole file and put that in with "
        "`css usage load`."
    )
    assert good.is_file()
    assert not refused.exists()
    os.utime(good, (0, 0))
    night(engine, tmp_path, NEXT)
    assert the_reject(engine).business_date == NEXT
    # Mended in its place.
    refused.write_bytes(content)
    mended = replay(engine, the_reject(engine).reject_id, tmp_path, "The carrier sent the end of it.")
    assert mended.words == "The file lies before the next night again.", "nobody is warned who mended it"
    assert night(engine, tmp_path, NEXT + timedelta(days=1)).return_code == 0
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM billing.rated_call")).scalar() == 3
        assert rejects(session, "ZZ") == ()


def test_a_refused_file_that_the_carrier_sends_again_is_settled_by_the_night(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, lines = two
    call = CallMade(lines[0].number, "442079460123", london_instant(FEBRUARY, time(9)), 60)
    file = carrier_file(tmp_path, "ZZ", FEBRUARY, 1, [call])
    content = file.read_bytes()
    file.write_bytes(b"rubbish")
    os.utime(file, (0, 0))
    night(engine, tmp_path, FEBRUARY)
    number = the_reject(engine).reject_id
    (tmp_path / "incoming" / "ZZ" / "refused" / file.name).unlink()
    assert refusal(engine, number, tmp_path).code == "CSS644E"
    file.write_bytes(content)
    assert night(engine, tmp_path, NEXT).return_code == 0
    card = card_of(engine, number)
    assert (card.state, card.settled_words) == (RejectState.REPLAYED, "A file of this name was taken in for 2026-02-06, as file 1.")


def test_a_bill_whose_files_were_not_right_is_rendered_by_replay_and_sent_by_the_next_night(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, lines = two
    writers = dict(render.WRITERS)
    wrong = {
        **writers,
        BillFileKind.PDF: lambda document: b"%PDF-" if lines[0].account.number in str(document) else writers[BillFileKind.PDF](document),
    }
    monkeypatch.setattr(render, "WRITERS", wrong)
    done = night(engine, tmp_path, FEBRUARY)
    assert (done.error, done.return_code) == (None, 4)
    card = the_reject(engine)
    assert (card.kind, card.step, card.reason_code) == (RejectKind.DOCUMENT, "render", "CSS841E")
    assert refusal(engine, card.reject_id, tmp_path).code == "CSS645E"
    monkeypatch.setattr(render, "WRITERS", writers)
    assert replay(engine, card.reject_id, tmp_path).words == "Its files were made; the next night sends it."
    assert night(engine, tmp_path, NEXT).error is None
    assert sorted(state for (state,) in _bills(engine)) == ["issued", "issued"]
    assert (tmp_path / "spool" / "bills" / "ZZ" / "2026-02-05" / f"{card.subject}.pdf").is_file()


def _bills(engine: Engine) -> list[tuple[str]]:
    with engine.connect() as connection:
        return [(row.state,) for row in connection.execute(text("SELECT state FROM billing.bill"))]


class Spoiling(Unwatched):
    """Spoils a stored file once it is rendered."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def step_ended(self, step: Step, counts: Counts, *, skipped: str = "") -> None:  # noqa: ARG002 - as every watcher is told
        if step.name == "render" and not skipped:
            spoil(self.engine, "content || 'x'")


def spoil(engine: Engine, content: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(f"UPDATE billing.bill_file SET content = {content} WHERE kind = 'pdf' AND bill_id = (SELECT min(id) FROM billing.bill)")
        )


def test_a_stored_file_that_is_spoilt_stops_the_night_and_brought_back_it_is_sent(
    two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path
) -> None:
    engine, _ = two
    stopped = night(engine, tmp_path, FEBRUARY, Spoiling(engine))
    assert stopped.return_code == 12
    card = the_reject(engine)
    assert (card.kind, card.step, card.reason_code) == (RejectKind.STORED, "dispatch", "CSS446E")
    assert refusal(engine, card.reject_id, tmp_path).code == "CSS645E"
    spoil(engine, "substring(content FROM 1 FOR octet_length(content) - 1)")
    assert replay(engine, card.reject_id, tmp_path).words == "Its files are what was rendered; the next night sends it."
    assert night(engine, tmp_path, FEBRUARY).error is None
    assert night(engine, tmp_path, NEXT).error is None
    assert sorted(state for (state,) in _bills(engine)) == ["issued", "issued"]


def test_giving_up_needs_a_supervisor_and_a_reason_and_stays_given_up(two: tuple[Engine, list[builders.BuiltLine]], tmp_path: Path) -> None:
    engine, lines = two
    rename(engine, lines[0], " ")
    night(engine, tmp_path, FEBRUARY)
    number = the_reject(engine).reject_id
    scheduler = Actor("operator", "SCHED1", "RETAIL", frozenset({"scheduler"}), "screen")
    with Session(engine) as session:
        for by, reason, code in ((scheduler, REASON, "CSS111E"), (builders.CLERK, REASON, "CSS111E"), (builders.OPERATOR, " ", "CSS630E")):
            with pytest.raises((Refused, BadMessage)) as refused:
                drop_reject(session, DropReject(reject_id=number, reason=reason), by=by, at=at(NEXT))
            assert refused.value.code == code
        with pytest.raises(Refused):
            replay_reject(session, ReplayReject(reject_id=number, reason=REASON), by=builders.CLERK, at=at(NEXT), home=tmp_path)
        with pytest.raises(NotFound) as missing:
            drop_reject(session, DropReject(reject_id=999, reason=REASON), by=builders.OPERATOR, at=at(NEXT))
        assert missing.value.code == "CSS648E"
        settled = drop_reject(session, DropReject(reject_id=number, reason="Moved away."), by=builders.OPERATOR, at=at(NEXT))
        session.commit()
    assert settled.state is RejectState.DROPPED
    card = card_of(engine, number)
    assert (card.state, card.settled_by, card.settled_words) == (RejectState.DROPPED, "TESTER", "Moved away.")
    assert refusal(engine, number, tmp_path).code == "CSS647E"


@pytest.mark.parametrize(
    ("key", "source"),
    [
        ("usage-file/ZZ/0a1b/A/B 1.csv", RejectSource(RejectKind.FILE, "A/B 1.csv", digest="0a1b")),
        ("bill/2026-02-05/ZZA00000017", RejectSource(RejectKind.ACCOUNT, "ZZA00000017", FEBRUARY)),
        ("bill/2026-02-05/ZZA00000017/sample", RejectSource(RejectKind.SAMPLE, "ZZA00000017", FEBRUARY)),
        ("bill/ZZB00000014/document", RejectSource(RejectKind.DOCUMENT, "ZZB00000014")),
        ("bill/ZZB00000014/files", RejectSource(RejectKind.DOCUMENT, "ZZB00000014")),
        ("bill/ZZB00000014/file", RejectSource(RejectKind.STORED, "ZZB00000014")),
        ("toy/7", RejectSource(RejectKind.OTHER, "toy/7")),
    ],
)
def test_a_key_says_what_was_set_aside(key: str, source: RejectSource) -> None:
    assert source_of(key) == source
