"""Long calls from their parts to one rated call: the price of the same call unbroken, once, whatever came when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing.actions.long_calls import assemble_next, assemble_usage
from billing.actions.suspense import accept_duplicate, approve_late_usage, replay_next, replay_usage, write_off_usage
from billing.commands import BlockTotals
from billing.model import RatedCall
from billing.suspense_commands import AcceptDuplicate, ApproveLateUsage, AssembleUsage, ReplayUsage, UsageChosen, WriteOffUsage
from billing.words import UsageOutcome
from css.core.actor import Actor
from css.core.errors import Conflict, CssError
from css.db.sql import block
from tests import builders
from tests.builders import AT, DAY, OPERATOR
from tests.records.suspended import DAY_SECONDS, LIVE, LONDON, NOON, aside, call, open_count, part, parts_of, rated, wait

NIGHT = Actor("batch", "night", "RETAIL", door="night")
MOBILE = "447700900123"
LENGTHS = (DAY_SECONDS, DAY_SECONDS, 5_000)
MANUAL = AssembleUsage(district_code="ZZ", supplier="NTHTEL", chain_id="G17", reason="The carrier has lost the rest.")


@pytest.fixture(autouse=True)
def _live(session: Session) -> None:
    """A district with a line whose number is ``LIVE``, in service since last summer."""
    zz = builders.district(session)
    builders.working_line(session, zz, builders.account(session, zz), number=LIVE, starts_on=date(2025, 6, 1))


def night(session: Session, on: date = DAY) -> BlockTotals:
    """The night's step to its end."""
    whole, after = BlockTotals(), ("", "")
    while (done := assemble_next(session, "ZZ", after, business_date=on, by=NIGHT)) is not None:
        totals, after = done
        assert totals.read == totals.written + totals.filtered
        whole = BlockTotals(
            read=whole.read + totals.read,
            written=whole.written + totals.written,
            filtered=whole.filtered + totals.filtered,
            amount=whole.amount + totals.amount,
            alarms=whole.alarms + totals.alarms,
        )
    return whole


def priced(found: RatedCall) -> tuple[Any, ...]:
    """Everything about a price."""
    return (
        found.account_id,
        found.started_at,
        found.duration_seconds,
        found.tariff_rate_id,
        found.band,
        found.chargeable_units,
        found.net_millionths,
        found.gross_millionths,
        found.zero_reason,
        found.wholesale_net_millionths,
        found.call_count,
    )


def unbroken(session: Session, start: datetime, seconds: int, to: str = LONDON) -> tuple[Any, ...]:
    """The price of the same call that came in one record."""
    (record,) = wait(session, [call(charged_number=LIVE, other_number=to, started_at=start, duration_seconds=seconds)], sequence=99)
    chosen = UsageChosen(usage_record_ids=(record,))
    replay_usage(session, ReplayUsage(district_code="ZZ", chosen=chosen, reason="Compare."), by=OPERATOR, at=AT)
    return priced(next(found for found in rated(session) if found.usage_record_id == record))


@pytest.mark.parametrize("to", [LONDON, MOBILE, "448081570123", "449098790123", "33140000000"])
@pytest.mark.parametrize("lengths", [LENGTHS, (60, 62), (1_800, 1_800, 1_800), (DAY_SECONDS,) * 5])
def test_a_long_call_costs_what_it_would_have_cost_unbroken(session: Session, lengths: tuple[int, ...], to: str) -> None:
    ids = wait(session, parts_of(NOON, lengths, other_number=to))
    totals = night(session)
    assert (totals.read, totals.written, totals.filtered) == (len(lengths), len(lengths), 0)
    (whole,) = rated(session)
    assert (whole.usage_record_id, whole.started_at, whole.duration_seconds) == (ids[0], NOON, sum(lengths))
    outcome = UsageOutcome.RATED if whole.zero_reason is None else UsageOutcome.ZERO_RATED
    assert {aside(session, key).settled_as for key in ids} == {outcome}
    assert priced(whole) == unbroken(session, NOON, sum(lengths), to)
    assert night(session) == BlockTotals()


def test_parts_come_in_any_order_over_files_and_the_last_of_them_completes_the_call(session: Session) -> None:
    first, second, third = parts_of(NOON, LENGTHS)
    ids = wait(session, [third], sequence=1) + wait(session, [first], sequence=2)
    totals = night(session)
    assert (totals.read, totals.written, totals.filtered, totals.alarms) == (2, 0, 2, ())
    assert {aside(session, key).reason_code for key in ids} == {"CSS700W"}
    ids += wait(session, [second], sequence=3, on=DAY + timedelta(days=1))
    assert night(session, DAY + timedelta(days=1)).written == 3
    (whole,) = rated(session)
    assert (whole.usage_record_id, whole.rated_on) == (ids[1], DAY + timedelta(days=1))
    assert {aside(session, key).settled_words for key in ids} == {"Put together by the night."}


def test_a_missing_part_is_an_alarm_once_after_a_week_and_completes_the_call_when_it_comes(session: Session) -> None:
    first, second, third = parts_of(NOON, LENGTHS)
    (key, _) = wait(session, [first, third])
    assert night(session, DAY + timedelta(days=7)).alarms == ()
    late = DAY + timedelta(days=8)
    assert night(session, late).alarms == (
        "CSS719W Parts of long calls wait for somebody: 2 for CSS702W; `css usage chains ZZ` shows them.",
    )
    assert (aside(session, key).reason_code, aside(session, key).words) == (
        "CSS702W",
        "Parts of a long call are missing too long: 'G17' lacks part 2.",
    )
    assert night(session, late).alarms == ()
    wait(session, [second], sequence=2, on=late)
    assert night(session, late).written == 3
    assert open_count(session) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"charged_number": "441632960124"}, "CSS703E"),
        ({"leg": "reverse"}, "CSS703E"),
        ({"is_last_part": True}, "CSS704E"),
        ({"part_number": 1}, "CSS701E"),
        ({"started_at": NOON + timedelta(hours=23)}, "CSS705E"),
        ({"started_at": NOON + timedelta(hours=24, seconds=3), "duration_seconds": DAY_SECONDS - 3}, "CSS706E"),
    ],
)
def test_parts_that_contradict_each_other_wait_with_the_reason_until_the_wrong_one_is_gone(
    session: Session, change: dict[str, Any], code: str
) -> None:
    parts = parts_of(NOON, LENGTHS)
    right = dict(parts[1])
    parts[1].update(change)
    ids = wait(session, parts)
    totals = night(session)
    assert (totals.written, totals.filtered) == (0, 3)
    assert totals.alarms[0].startswith(f"CSS719W Parts of long calls wait for somebody: 3 for {code}; ")
    assert {aside(session, key).reason_code for key in ids} == {code}
    chosen = UsageChosen(usage_record_ids=(ids[1],))
    write_off_usage(session, WriteOffUsage(district_code="ZZ", chosen=chosen, reason="Damaged."), by=OPERATOR, at=AT)
    wait(session, [right], sequence=2)
    assert night(session).written == 3
    assert rated(session)[0].duration_seconds == sum(LENGTHS)


def test_an_incomplete_call_is_priced_as_it_stands_by_authority(session: Session) -> None:
    parts = parts_of(NOON, LENGTHS)
    middle = parts.pop(1)
    wait(session, parts)
    with pytest.raises(CssError) as refused:
        assemble_usage(session, MANUAL, by=builders.CLERK, at=AT)
    assert refused.value.code == "CSS443E"
    done = assemble_usage(session, MANUAL, by=OPERATOR, at=AT)
    assert (done.looked_at, done.rated) == (2, 2)
    assert rated(session)[0].duration_seconds == DAY_SECONDS + 5_000
    (late,) = wait(session, [middle], sequence=2)
    night(session)
    assert aside(session, late).reason_code == "CSS707E"
    with pytest.raises(Conflict) as against:
        assemble_usage(session, MANUAL, by=OPERATOR, at=AT)
    assert against.value.code == "CSS715E"
    assert len(rated(session)) == 1


@pytest.mark.parametrize(
    ("parts", "command", "code"),
    [
        (parts_of(NOON, LENGTHS), replace(MANUAL, chain_id="G18"), "CSS714E"),
        (parts_of(NOON, LENGTHS), replace(MANUAL, supplier="STHTEL"), "CSS714E"),
        (parts_of(NOON, LENGTHS), replace(MANUAL, reason=""), "CSS710E"),
        (parts_of(NOON, LENGTHS), replace(MANUAL, district_code="QQ"), "CSS101E"),
        ([part(1, NOON, 60), part(1, NOON, 61)], MANUAL, "CSS715E"),
        ([{**part(1, NOON, 60), "charged_number": "441632960888"}], MANUAL, "CSS716E"),
    ],
)
def test_what_cannot_be_put_together_is_refused(
    session: Session, parts: Sequence[dict[str, Any]], command: AssembleUsage, code: str
) -> None:
    wait(session, parts)
    with pytest.raises(CssError) as refused:
        assemble_usage(session, command, by=OPERATOR, at=AT)
    assert refused.value.code == code
    assert rated(session) == []


def test_a_whole_call_that_has_no_price_waits_for_that_reason_and_is_replayed(session: Session) -> None:
    unknown = "441632960888"
    ids = wait(session, [{**one, "charged_number": unknown} for one in parts_of(NOON, LENGTHS)])
    assert night(session).filtered == 3
    assert {aside(session, key).reason_code for key in ids} == {"CSS412E"}
    assert replay_next(session, "ZZ", 0, business_date=DAY, by=NIGHT) is None, "parts are not priced one by one"
    chosen = UsageChosen(usage_record_ids=(ids[1],))
    command = ReplayUsage(district_code="ZZ", chosen=chosen, reason="Order completed.")
    assert replay_usage(session, command, by=OPERATOR, at=AT).still_waiting == 3
    session.execute(text("UPDATE css.service_number SET number = :number"), {"number": unknown})
    done = replay_usage(session, command, by=OPERATOR, at=AT)
    assert (done.looked_at, done.rated, len(rated(session))) == (3, 3, 1)
    assert {aside(session, key).settled_words for key in ids} == {"Order completed."}


def test_a_long_call_that_came_late_is_approved_whole(session: Session) -> None:
    ids = wait(session, parts_of(NOON - timedelta(days=119), LENGTHS))
    night(session)
    assert {aside(session, key).reason_code for key in ids} == {"CSS460W"}
    done = approve_late_usage(session, ApproveLateUsage(district_code="ZZ", reason="Agreed."), by=OPERATOR, at=AT)
    assert (done.looked_at, done.rated, len(rated(session))) == (3, 3, 1)


def test_a_part_is_never_accepted_as_a_call_of_its_own(session: Session) -> None:
    (key,) = wait(session, [{**part(1, NOON, 60), "outcome": "duplicate", "reason_code": "CSS666E"}])
    with pytest.raises(Conflict) as refused:
        accept_duplicate(session, AcceptDuplicate(district_code="ZZ", usage_record_id=key, reason="No."), by=OPERATOR, at=AT)
    assert refused.value.code == "CSS717E"


def test_pages_of_calls_are_looked_at_each_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.actions.long_calls.CHAINS_AT_ONCE", 2)
    for n in range(7):
        whole = parts_of(NOON + timedelta(days=n), (60, 60), chain_id=f"G{n}")
        wait(session, whole if n % 2 else whole[:1], sequence=n, supplier=f"CARRIER{n % 3}")
    totals = night(session)
    assert (totals.read, totals.written, totals.filtered) == (10, 6, 4)
    assert len(rated(session)) == 3


def test_an_id_that_a_carrier_uses_again_is_two_calls_and_the_books_agree(session: Session) -> None:
    earlier = NOON - timedelta(days=30)
    for n, start in enumerate((earlier, NOON)):
        wait(session, parts_of(start, LENGTHS), sequence=n)
    assert night(session).written == 6
    assert [one.started_at for one in rated(session)] == [earlier, NOON]
    settled = block("billing", "checks.calls_of_settled")
    asked = {"district": "ZZ", "since": DAY - timedelta(days=1), "limit": 9}
    assert session.execute(settled, asked).all() == []
    session.execute(text("DELETE FROM billing.rated_call"))
    assert len(session.execute(settled, asked).all()) == 1


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(st.integers(0, 20 * DAY_SECONDS), st.lists(st.integers(1, DAY_SECONDS), min_size=1, max_size=5)), min_size=1, max_size=5
    ),
    files=st.integers(1, 4),
    shuffle=st.randoms(use_true_random=False),
)
def test_however_parts_arrive_the_calls_are_those_that_were_made(
    session: Session, calls: list[tuple[int, list[int]]], files: int, shuffle: Random
) -> None:
    """A night after every file: in the end each call stands once, at the price of the whole."""
    savepoint = session.begin_nested()
    try:
        parts = [
            {**one, "chain_id": f"G{n}"}
            for n, (offset, lengths) in enumerate(calls)
            for one in parts_of(NOON - timedelta(days=21) + timedelta(seconds=offset), lengths)
        ]
        shuffle.shuffle(parts)
        for n in range(files):
            if parts[n::files]:
                wait(session, parts[n::files], sequence=n)
            night(session)
        assert open_count(session) == 0
        found = sorted(priced(one) for one in rated(session))
        session.execute(text("DELETE FROM billing.rated_call"))
        whole = [
            call(charged_number=LIVE, started_at=NOON - timedelta(days=21) + timedelta(seconds=offset), duration_seconds=sum(lengths))
            for offset, lengths in calls
        ]
        wait(session, whole, sequence=98)
        replay_usage(session, ReplayUsage(district_code="ZZ", reason="Compare."), by=OPERATOR, at=AT)
        assert found == sorted(priced(one) for one in rated(session))
    finally:
        savepoint.rollback()
