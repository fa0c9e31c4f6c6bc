"""Usage that waits is replayed, approved, accepted or written off: each record once, with who and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.actions.suspense import accept_duplicate, approve_late_usage, replay_next, replay_usage, write_off_usage
from billing.suspense_commands import AcceptDuplicate, ApproveLateUsage, ReplayUsage, UsageChosen, UsageSettled, WriteOffUsage
from billing.words import UsageOutcome, ZeroReason
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import Conflict, CssError, NotFound, Refused
from css.core.money import Money
from css.core.words import Role
from css.master.products import Product
from css.master.services import Service
from tests import builders
from tests.builders import AT, DAY, OPERATOR
from tests.records.suspended import LIVE, LONDON, NOON, UNKNOWN, aside, call, open_count, rated, state, wait

REPLAY = ReplayUsage(district_code="ZZ", reason="The order came late.")
BILLING = replace(OPERATOR, name="BILLER", roles=frozenset({Role.BILLING.value}))


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


def replayed(session: Session, **others: Any) -> UsageSettled:  # noqa: ANN401 - fields of the command
    return replay_usage(session, replace(REPLAY, **others), by=OPERATOR, at=AT)


def test_a_number_that_came_into_service_with_an_earlier_date_is_rated_once(session: Session, zz: builders.BuiltDistrict) -> None:
    (record,) = wait(session, [call()])
    first = replayed(session)
    assert (first.looked_at, first.rated, [(r.reason_code, r.record_count) for r in first.waiting]) == (1, 0, [("CSS412E", 1)])
    account = builders.account(session, zz)
    builders.working_line(session, zz, account, number=UNKNOWN)
    second = replayed(session)
    assert (second.looked_at, second.rated, second.zero_rated, second.waiting) == (1, 1, 0, ())
    (priced,) = rated(session)
    assert (priced.usage_record_id, priced.account_id, priced.rated_on, priced.rerating_id) == (record, account.id, DAY, None)
    assert second.net == Money(round(priced.net_millionths / 1_000_000))
    row = aside(session, record)
    assert (row.is_open, row.settled_as, row.settled_on, row.settled_by) == (False, UsageOutcome.RATED, DAY, "TESTER")
    assert (row.outcome, row.reason_code, row.settled_words) == (UsageOutcome.SUSPENDED, "CSS412E", "The order came late.")
    third = replayed(session)
    assert (third.looked_at, len(rated(session))) == (0, 1)


def test_what_costs_nothing_is_settled_as_zero_rated(session: Session, zz: builders.BuiltDistrict) -> None:
    (record,) = wait(session, [call(duration_seconds=0)])
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    assert replayed(session).zero_rated == 1
    assert aside(session, record).settled_as is UsageOutcome.ZERO_RATED
    assert rated(session)[0].zero_reason is ZeroReason.UNANSWERED


def test_what_still_waits_has_the_reason_it_has_now(session: Session, zz: builders.BuiltDistrict) -> None:
    (record,) = wait(session, [call(started_at=NOON - timedelta(days=1))])
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    assert [reason.reason_code for reason in replayed(session).waiting] == ["CSS413E"]
    row = aside(session, record)
    assert (row.is_open, row.reason_code, row.settled_on) == (True, "CSS413E", None)
    assert UNKNOWN in row.words


def test_a_preview_says_what_would_happen_and_changes_nothing(session: Session, zz: builders.BuiltDistrict) -> None:
    wait(session, [call(), call(started_at=NOON - timedelta(days=9), reason_code="CSS416E")])
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    session.commit()
    before = state(session)
    seen = replayed(session, preview=True)
    assert (seen.is_preview, seen.looked_at, seen.rated, seen.still_waiting) == (True, 2, 1, 1)
    assert state(session) == before
    done = replayed(session)
    assert done == replace(seen, is_preview=False)


CHOSEN: list[tuple[UsageChosen, set[int]]] = [
    (UsageChosen(reason_code="CSS416E"), {1}),
    (UsageChosen(supplier="STHTEL"), {3}),
    (UsageChosen(charged_number="4416329607"), {0, 1, 3}),
    (UsageChosen(charged_number="01632 9601"), {2}),
    (UsageChosen(set_aside_from=DAY), {3}),
    (UsageChosen(set_aside_before=DAY), {0, 1, 2}),
    (UsageChosen(charged_number="441632960777", reason_code="CSS412E", supplier="NTHTEL"), {0}),
    (UsageChosen(supplier="NOBODY"), set()),
]


def chosen_from(session: Session) -> list[int]:
    ids = wait(session, [call(), call(reason_code="CSS416E"), call(charged_number=LIVE)], on=DAY - timedelta(days=5))
    ids += wait(session, [call()], supplier="STHTEL")
    wait(session, [call(outcome="rejected"), call(outcome="duplicate")], sequence=2)
    return ids


@pytest.mark.parametrize(("chosen", "expected"), CHOSEN)
def test_records_are_chosen_by_any_of_what_is_known_of_them(
    session: Session, zz: builders.BuiltDistrict, chosen: UsageChosen, expected: set[int]
) -> None:
    ids = chosen_from(session)
    done = write_off_usage(session, WriteOffUsage(district_code=zz.code, chosen=chosen, reason="Test."), by=OPERATOR, at=AT)
    assert done.record_count == len(expected)
    assert {n for n, key in enumerate(ids) if not aside(session, key).is_open} == expected


def test_all_that_is_open_is_replayed_or_that_of_one_file(session: Session, zz: builders.BuiltDistrict) -> None:
    ids = chosen_from(session)
    assert replayed(session, district_code=zz.code).looked_at == 4
    assert replayed(session, chosen=UsageChosen(usage_file_id=ids[0] // 10_000_000)).looked_at == 3


def test_records_named_by_id_must_be_open(session: Session, zz: builders.BuiltDistrict) -> None:
    ids = wait(session, [call(), call(), call(outcome="rejected")])
    assert replayed(session, chosen=UsageChosen(usage_record_ids=(ids[1],))).looked_at == 1
    for other in (ids[2], 5):
        with pytest.raises(NotFound) as refused:
            replayed(session, chosen=UsageChosen(usage_record_ids=(ids[0], other)))
        assert refused.value.code == "CSS713E"


def test_a_late_call_waits_for_approval_and_is_then_billed_at_the_price_of_its_day(session: Session, zz: builders.BuiltDistrict) -> None:
    began = NOON - timedelta(days=119)
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN, starts_on=date(2025, 6, 1))
    late, other = wait(session, [call(started_at=began), call(charged_number=LIVE)])
    assert {reason.reason_code for reason in replayed(session).waiting} == {"CSS460W", "CSS412E"}
    approve = ApproveLateUsage(district_code="ZZ", reason="The customer agreed.")
    seen = approve_late_usage(session, replace(approve, preview=True), by=BILLING, at=AT)
    assert (seen.looked_at, seen.rated, open_count(session)) == (1, 1, 2)
    done = approve_late_usage(session, approve, by=BILLING, at=AT)
    assert (done.looked_at, done.rated) == (1, 1)
    assert (aside(session, late).settled_words, aside(session, other).is_open) == ("The customer agreed.", True)
    assert (rated(session)[0].started_at, rated(session)[0].rated_on) == (began, DAY)
    with pytest.raises(Refused) as refused:
        approve_late_usage(session, replace(approve, chosen=UsageChosen(reason_code="CSS412E")), by=BILLING, at=AT)
    assert refused.value.code == "CSS718E"


def test_what_is_written_off_is_rejected_with_its_reason_and_never_replayed(session: Session, zz: builders.BuiltDistrict) -> None:
    record, other = wait(session, [call(), call(reason_code="CSS416E")])
    command = WriteOffUsage(district_code="ZZ", chosen=UsageChosen(reason_code="CSS412E"), reason="Never ours.")
    done = write_off_usage(session, command, by=OPERATOR, at=AT)
    assert (done.record_count, done.duration_seconds) == (1, 122)
    row = aside(session, record)
    assert (row.is_open, row.settled_as, row.settled_words) == (False, UsageOutcome.REJECTED, "Never ours.")
    assert aside(session, other).is_open
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    assert replayed(session).looked_at == 1


def test_many_records_are_written_off_only_by_whoever_knows_how_many(
    session: Session, zz: builders.BuiltDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.actions.suspense.UNCOUNTED_MAX", 2)
    wait(session, [call(), call(), call()])
    command = WriteOffUsage(district_code="ZZ", chosen=UsageChosen(supplier="NTHTEL"), reason="Gone.")
    for expected, family in ((None, Refused), (2, Conflict), (4, Conflict)):
        with pytest.raises(family) as refused:
            write_off_usage(session, replace(command, expected_count=expected), by=OPERATOR, at=AT)
        assert refused.value.code == "CSS712E"
    assert open_count(session) == 3
    assert write_off_usage(session, replace(command, preview=True), by=OPERATOR, at=AT).record_count == 3
    assert open_count(session) == 3
    assert write_off_usage(session, replace(command, expected_count=3), by=OPERATOR, at=AT).record_count == 3
    assert open_count(session) == 0


def test_a_duplicate_that_was_a_call_of_its_own_is_priced_once(session: Session, zz: builders.BuiltDistrict) -> None:
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    twin, waiting = wait(session, [call(outcome="duplicate", reason_code="CSS666E", original_record_id=7), call()])
    command = AcceptDuplicate(district_code="ZZ", usage_record_id=twin, reason="Two calls, says the switch.")
    done = accept_duplicate(session, command, by=OPERATOR, at=AT)
    assert (done.looked_at, done.rated) == (1, 1)
    row = aside(session, twin)
    assert (row.outcome, row.settled_as, row.is_open) == (UsageOutcome.DUPLICATE, UsageOutcome.RATED, False)
    for record in (twin, waiting):
        with pytest.raises(Conflict) as refused:
            accept_duplicate(session, replace(command, usage_record_id=record), by=OPERATOR, at=AT)
        assert refused.value.code == "CSS717E"
    assert len(rated(session)) == 1


def test_a_duplicate_without_a_price_is_not_accepted(session: Session, zz: builders.BuiltDistrict) -> None:
    (twin,) = wait(session, [call(outcome="duplicate", reason_code="CSS666E", original_record_id=7)])
    with pytest.raises(Refused) as refused:
        accept_duplicate(session, AcceptDuplicate(district_code="ZZ", usage_record_id=twin, reason="Two."), by=OPERATOR, at=AT)
    assert refused.value.code == "CSS716E"


REFUSALS: list[tuple[str, Callable[[Session], object]]] = [
    ("CSS101E", lambda s: replay_usage(s, replace(REPLAY, district_code="QQ"), by=OPERATOR, at=AT)),
    ("CSS443E", lambda s: replay_usage(s, REPLAY, by=builders.CLERK, at=AT)),
    ("CSS443E", lambda s: replay_usage(s, REPLAY, by=builders.PARTNER_ACTOR, at=AT)),
    ("CSS443E", lambda s: write_off_usage(s, WriteOffUsage(district_code="ZZ", reason="No."), by=BILLING, at=AT)),
    ("CSS443E", lambda s: accept_duplicate(s, AcceptDuplicate(district_code="ZZ", usage_record_id=1, reason="No."), by=BILLING, at=AT)),
    ("CSS710E", lambda s: replay_usage(s, replace(REPLAY, reason="  "), by=OPERATOR, at=AT)),
    ("CSS711E", lambda s: write_off_usage(s, WriteOffUsage(district_code="ZZ", reason="All."), by=OPERATOR, at=AT)),
    ("CSS713E", lambda s: accept_duplicate(s, AcceptDuplicate(district_code="ZZ", usage_record_id=1, reason="No."), by=OPERATOR, at=AT)),
    ("CSS718E", lambda s: replay_usage(s, replace(REPLAY, chosen=UsageChosen(reason_code="412")), by=OPERATOR, at=AT)),
    ("CSS718E", lambda s: replay_usage(s, replace(REPLAY, chosen=UsageChosen(charged_number="44%")), by=OPERATOR, at=AT)),
    (
        "CSS718E",
        lambda s: replay_usage(s, replace(REPLAY, chosen=UsageChosen(set_aside_from=DAY, set_aside_before=DAY)), by=OPERATOR, at=AT),
    ),
]


@pytest.mark.parametrize(("code", "deed"), REFUSALS)
def test_what_cannot_be_done_is_refused_with_its_code(
    session: Session, zz: builders.BuiltDistrict, code: str, deed: Callable[[Session], object]
) -> None:
    with pytest.raises(CssError) as refused:
        deed(session)
    assert refused.value.code == code


def test_the_same_token_is_answered_again_and_done_once(session: Session, zz: builders.BuiltDistrict) -> None:
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    wait(session, [call()])
    first = replayed(session, token="T1")
    assert first.rated == 1
    assert replayed(session, token="T1") == first
    assert len(rated(session)) == 1


def test_every_deed_is_audited_with_its_reason(session: Session, zz: builders.BuiltDistrict) -> None:
    wait(session, [call()])
    replayed(session)
    write_off_usage(
        session, WriteOffUsage(district_code="ZZ", chosen=UsageChosen(reason_code="CSS412E"), reason="Never ours."), by=OPERATOR, at=AT
    )
    events = session.execute(select(AuditEvent).where(AuditEvent.subject_kind == "usage").order_by(AuditEvent.id)).scalars().all()
    assert [(event.verb, event.actor_name) for event in events] == [("replay_usage", "TESTER"), ("write_off_usage", "TESTER")]
    assert events[1].after is not None
    assert (events[1].after["reason"], events[1].after["records"]) == ("Never ours.", 1)


def test_the_night_tries_what_can_have_mended_itself_and_nothing_else(session: Session, zz: builders.BuiltDistrict) -> None:
    earlier = DAY - timedelta(days=1)
    account = builders.account(session, zz)
    mended, unknown, held, unpriced = wait(
        session,
        [
            call(),
            call(charged_number="441632960888"),
            call(reason_code="CSS460W"),
            call(reason_code="CSS416E", other_number=LONDON),
        ],
        on=earlier,
    )
    (fresh,) = wait(session, [call()], sequence=2)
    builders.working_line(session, zz, account, number=UNKNOWN)
    night = Actor("batch", "night", "RETAIL", door="night")
    done = replay_next(session, "ZZ", 0, business_date=DAY, by=night)
    assert done is not None
    totals, last = done
    assert (totals.read, totals.written, totals.filtered, totals.rejected) == (2, 2, 0, 0)
    assert last == unpriced
    assert [record.usage_record_id for record in rated(session)] == [mended, unpriced]
    assert all(aside(session, record).is_open for record in (unknown, held, fresh))
    assert aside(session, mended).settled_by == "night"
    assert replay_next(session, "ZZ", last, business_date=DAY, by=night) is None
    assert replay_next(session, "ZZ", 0, business_date=DAY, by=night) is None


def test_a_service_recorded_after_the_business_date_is_not_known_to_its_night(session: Session, zz: builders.BuiltDistrict) -> None:
    wait(session, [call()], on=DAY - timedelta(days=2))
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    night = Actor("batch", "night", "RETAIL", door="night")
    assert replay_next(session, "ZZ", 0, business_date=DAY - timedelta(days=1), by=night) is None
    session.execute(update(Service).values(start_recorded_on=DAY - timedelta(days=1)))
    done = replay_next(session, "ZZ", 0, business_date=DAY - timedelta(days=1), by=night)
    assert done is not None
    assert done[0].written == 1


def test_a_product_without_a_tariff_keeps_its_calls_waiting_until_it_has_one(session: Session, zz: builders.BuiltDistrict) -> None:
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    tariff = session.execute(select(Product.tariff_code).where(Product.code == "LINE-RES")).scalar_one()
    session.execute(update(Product).where(Product.code == "LINE-RES").values(tariff_code=None))
    wait(session, [call()])
    assert [reason.reason_code for reason in replayed(session).waiting] == ["CSS414E"]
    session.execute(update(Product).where(Product.code == "LINE-RES").values(tariff_code=tariff))
    assert replayed(session).rated == 1


def test_a_long_list_is_priced_in_pieces(session: Session, zz: builders.BuiltDistrict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.actions.settling.CHUNK_RECORDS", 7)
    monkeypatch.setattr("billing.actions.settling.STATEMENT_RECORDS", 3)
    builders.working_line(session, zz, builders.account(session, zz), number=UNKNOWN)
    wait(session, [call(duration_seconds=n % 5, charged_number=UNKNOWN if n % 3 else "441632960888") for n in range(50)])
    done = replayed(session)
    assert (done.looked_at, done.rated, done.zero_rated, done.still_waiting) == (50, 27, 6, 17)
    assert len(rated(session)) == 33
