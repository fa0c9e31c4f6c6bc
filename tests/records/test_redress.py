"""Promises not kept, credited in the moment they are known: at once, once, in balance, and explained to the penny."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from billing.actions.redress_terms import set_compensation_policy, set_compensation_rate, set_guarantee_rate, set_outside_nominal
from billing.model import CreditedDay, OutsideItem, Posting
from billing.queries import failures_to_take
from billing.queries.redress_terms import redress_terms
from billing.redress_commands import SetCompensationPolicy, SetCompensationRate, SetGuaranteeRate, SetOutsideNominal
from billing.words import DayCount, OutsideKind
from css.core.actor import Actor
from css.core.calendar import start_of_day
from css.core.errors import CssError
from css.core.money import Money, total
from css.core.words import FailureKind, Role, Segment
from css.db.engine import transaction
from css.handover import ServiceFailure, leave_service_failure
from css.redress.credited import credited
from css.redress.explain import FaultExplained, explain_fault
from css.redress.verbs import clear_fault
from css.redress.worth import fault_worth
from repairs.actions import park_fault, reject_clear, report_damage, resume_fault
from repairs.commands.faults import ClearFault, ParkFault, RejectClear, ReportDamage, ResumeFault
from repairs.words import ParkReason
from tests import builders
from tests.records.billed import bills, night
from tests.records.faults import AT, BY, FIELD, Town, build, codes, refusal, report, withdraw

KEEPER = Actor("operator", "KEEPER", "RETAIL", frozenset({Role.BILLING.value}), "screen")
TRIGGER = date(2026, 3, 4)
"""Reported on Monday 2 March 2026: two full working days after it."""


def clear(session: Session, number: str, at: datetime, code: str = "EX") -> None:
    clear_fault(session, ClearFault(fault_number=number, clear_code=code), by=FIELD, at=at)


def items(session: Session) -> list[OutsideItem]:
    return list(session.execute(select(OutsideItem).order_by(OutsideItem.id)).scalars())


def days(session: Session) -> list[int]:
    return [day.day for day in session.execute(select(CreditedDay.day).order_by(CreditedDay.day)).scalars()]


def postings(session: Session) -> list[tuple[str, int]]:
    rows = session.execute(select(Posting.nominal_code, Posting.amount).order_by(Posting.id))
    return [(row.nominal_code, row.amount.pence) for row in rows]


def explained(session: Session, number: str, by: Actor = BY, at: datetime = AT + timedelta(days=30)) -> FaultExplained:
    return explain_fault(session, number, by=by, at=at)


def test_a_late_repair_is_credited_with_the_clear_and_stands_on_the_next_bill(session: Session) -> None:
    town = build(session)
    number = report(session).fault_number
    clear(session, number, AT + timedelta(days=5))  # Saturday morning
    (item,) = items(session)
    assert (item.kind, item.amount, item.words, item.reference) == (
        OutsideKind.COMPENSATION,
        Money(-2994),
        "Delayed repair, 3 days at £9.98",
        number,
    )
    assert days(session) == [4, 5, 6]
    assert postings(session) == [("DEBTORS", -2994), ("COMPENSATION", 2994)]
    assert failures_to_take(session, "ZZ", AT.date()) == (), "nothing is left for the night"
    assert explained(session, number).promises[0].bill_words.startswith("It waits for ")
    night(session, date(2026, 4, 30))
    (bill,) = bills(session, town.account)
    assert bill.outside_total == Money(-2994)
    assert bill.invoice_gross + Money(-2994) == bill.amount_due
    assert bill.number is not None
    told = explained(session, number)
    assert told.promises[0].bill_number == bill.number
    assert told.promises[0].bill_words == f"It is credited on bill {bill.number}."


def test_what_is_not_put_right_late_or_not_ours_is_worth_nothing(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    clear(session, number, start_of_day(date(2026, 3, 5)) - timedelta(minutes=1))
    assert total(item.amount for item in items(session)) == Money(0)
    assert "Nothing is owed" in " ".join(explained(session, number).words) or not explained(session, number).credited
    other = report(session, at=AT + timedelta(days=9)).fault_number
    clear(session, other, AT + timedelta(days=20), "CE")
    assert days(session) == []
    assert "no fault of the network" in " ".join(explained(session, other).words)


def test_a_pause_stops_nothing_but_the_customers_own_delay_does(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    parked = ParkFault(fault_number=number, reason=ParkReason.PERMISSION, words="The farmer is asked.")
    park_fault(session, parked, by=FIELD, at=AT + timedelta(days=1))
    resume_fault(session, ResumeFault(fault_number=number), by=FIELD, at=AT + timedelta(days=3))
    held = replace(parked, reason=ParkReason.NO_ACCESS, words="Nobody in.")
    park_fault(session, held, by=FIELD, at=AT + timedelta(days=4))
    resume_fault(session, ResumeFault(fault_number=number), by=FIELD, at=AT + timedelta(days=5))
    worth = fault_worth(session, number, by=BY, at=AT + timedelta(days=6))
    clear(session, number, AT + timedelta(days=6))
    assert days(session) == [4, 5, 7], "parked on the 4th it counts; held by the customer on the 6th it does not"
    assert worth is not None
    assert (worth.amount, worth.credited) == (Money(998 * 3), Money(0)), "what was told beforehand is what was given"
    told = {day.day.day: (day.amount.pence, day.words) for day in explained(session, number).promises[0].days}
    assert told[6] == (0, "the customer held it up at 23:59")
    assert told[7] == (998, "still dead at 23:59")


def test_a_rejected_clear_gives_the_further_days_and_none_twice(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    clear(session, number, AT + timedelta(days=4))
    reject_clear(session, RejectClear(fault_number=number, reason="Dead as before."), by=BY, at=AT + timedelta(days=4, hours=1))
    clear(session, number, AT + timedelta(days=7))
    assert days(session) == [4, 5, 6, 7, 8]
    assert [(item.amount.pence, item.words) for item in items(session)] == [
        (-1996, "Delayed repair, 2 days at £9.98"),
        (-2994, "Delayed repair, 3 more days at £9.98"),
    ]
    second = explained(session, number).promises[1]
    assert [day.words for day in second.days if day.day.day == 4] == [f"credited before, for {number}"]


def test_a_forced_second_fault_of_a_line_gives_no_day_again(session: Session) -> None:
    build(session)
    first = report(session).fault_number
    second = report(session, forced_reason="It is another matter.", at=AT + timedelta(days=1)).fault_number
    clear(session, second, AT + timedelta(days=5))
    clear(session, first, AT + timedelta(days=6))
    assert days(session) == [4, 5, 6, 7]
    assert total(item.amount for item in items(session)) == Money(-998 * 4)


def test_a_providers_late_repair_is_a_guarantee(session: Session) -> None:
    town = build(session)
    partner = builders.PARTNER_ACTOR
    number = report(session, number=town.carrier_line.number, by=partner, symptom_code="NDT").fault_number
    due_at = explained(session, number).due_at
    clear(session, number, due_at + timedelta(days=2, hours=1))
    (item,) = items(session)
    assert (item.kind, item.words) == (OutsideKind.GUARANTEE, "Guarantee for a delayed repair, 3 days at £5.00")
    assert postings(session) == [("DEBTORS", -1500), ("GUARANTEES", 1500)]
    told = explained(session, number, by=partner)
    assert (told.credited, told.promises[0].nominal_code) == (Money(1500), None), "where it stands in our books is ours"
    assert refusal(explain_fault, session, report(session).fault_number, by=partner, at=AT).code == "CSS313E"


def test_a_firm_is_told_why_it_gets_neither(session: Session) -> None:
    zz = builders.district(session)
    firm = builders.working_line(session, zz, builders.account(session, zz, segment=Segment.BUSINESS))
    number = report(session, number=firm.number).fault_number
    clear(session, number, AT + timedelta(days=9))
    (item,) = items(session)
    assert item.amount == Money(0)
    assert "guarantees are for providers" in " ".join(explained(session, number).words)
    assert postings(session) == []


def test_damage_and_a_report_taken_back_are_explained_too(session: Session) -> None:
    build(session)
    told = ReportDamage(
        district_code="ZZ", exchange_code="WREN", place_words="Pole 7", contact_name="Ada", contact_phone="07700 900123", words="It leans."
    )
    damage = report_damage(session, told, by=BY, at=AT).fault_number
    assert explained(session, damage).words[-1] == "Damage is a place: there is nobody to compensate and nobody to charge."
    number = report(session).fault_number
    withdraw(session, number)
    assert explained(session, number).words[-1] == "The report was taken back: nothing is owed for it."
    assert explained(session, number).worth is None


def test_an_open_fault_is_told_what_it_is_worth_by_now(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    words = explained(session, number, at=AT).words[-1]
    assert words == "Nothing is owed by now. Put right by 23:59 on 4 March 2026, nothing will be."
    late = explained(session, number, at=AT + timedelta(days=4)).words[-1]
    assert late.startswith("Were it put right now, by a fault of the network, it would come to £19.96")


# --- a room's verb and the credit are one deed ----------------------------------------------------------------------------


def test_what_a_verb_leaves_is_credited_with_it_or_not_at_all(session: Session) -> None:
    town = build(session)

    def late(session: Session, command: str, *, by: Actor, at: datetime) -> str:
        for number in (1, 2):
            leave_service_failure(
                session,
                source_key=f"order/{command}/missed-appointment/{number}",
                district_code="ZZ",
                account_id=town.account.id,
                line_id=town.line.id,
                kind=FailureKind.MISSED_APPOINTMENT,
                reference=command,
                issue_on=at.date(),
                promised_at=at,
                put_right_at=at,
                business_date=at.date(),
            )
        return by.name

    assert credited(late)(session, "ZZO00000018", by=BY, at=AT) == BY.name
    assert [item.amount.pence for item in items(session)] == [-3119, 0], "one sum for a day on a line"
    assert credited(late)(session, "ZZO00000018", by=BY, at=AT) == BY.name
    assert len(items(session)) == 2, "left again is not left"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["EX", "EX", "CE"]), st.booleans()), min_size=1, max_size=4))
def test_whatever_is_cleared_and_rejected_again_no_day_is_given_twice(session: Session, deeds: list[tuple[int, str, bool]]) -> None:
    with session.begin_nested() as life:
        build(session)
        now = AT
        number = report(session).fault_number
        for hours, code, again in deeds:
            now += timedelta(hours=hours)
            clear(session, number, now, code)
            if not again:
                break
            reject_clear(session, RejectClear(fault_number=number, reason="Dead."), by=BY, at=now)
        given_days = session.execute(select(CreditedDay.day, CreditedDay.amount)).all()
        paid = -sum(item.amount.pence for item in items(session))
        assert paid == 998 * len(given_days) >= 0
        assert all(TRIGGER <= row.day <= now.date() for row in given_days)
        assert sum(amount for _, amount in postings(session)) == 0
        life.rollback()
    session.expunge_all()


# --- what it costs, how days count, and where it stands in the books ------------------------------------------------------


def test_amounts_policy_and_nominal_are_set_for_days_to_come(session: Session) -> None:
    build(session)
    on = date(2026, 3, 3)
    with_policy = SetCompensationPolicy(starts_on=on, day_count=DayCount.DAYS_BEGUN, working_days=1)
    set_compensation_policy(session, with_policy, by=KEEPER, at=AT)
    rate = SetCompensationRate(kind=FailureKind.DELAYED_REPAIR, starts_on=on, amount=Money(2000))
    set_compensation_rate(session, rate, by=KEEPER, at=AT)
    set_compensation_rate(session, replace(rate, amount=Money(2100)), by=KEEPER, at=AT)
    promised = SetGuaranteeRate(kind=FailureKind.DELAYED_REPAIR, care_level="4", starts_on=on, amount=Money(700), days_max=9)
    set_guarantee_rate(session, promised, by=KEEPER, at=AT)
    set_outside_nominal(session, SetOutsideNominal(kind=OutsideKind.COMPENSATION, starts_on=on, nominal_code="RENTALS"), by=KEEPER, at=AT)
    terms = redress_terms(session)
    assert (terms.policies[-1].working_days, terms.guarantees[-1].amount) == (1, terms.guarantees[-1].amount)
    assert Money(2100) in {row.amount for row in terms.compensation}
    assert ("compensation", on, "RENTALS") in {(row.kind.value, row.starts_on, row.nominal_code) for row in terms.nominals}
    number = report(session).fault_number
    clear(session, number, AT + timedelta(days=5))
    assert items(session)[0].amount == Money(-2994), "what began before is counted and paid as before"


def test_the_nominal_changes_with_the_business_date_and_the_books_balance(session: Session) -> None:
    town = build(session)
    on = date(2026, 3, 3)
    command = SetOutsideNominal(kind=OutsideKind.COMPENSATION, starts_on=on, nominal_code="RENTALS")
    set_outside_nominal(session, command, by=KEEPER, at=AT)
    clear(session, report(session).fault_number, AT + timedelta(days=5))
    night(session, date(2026, 3, 2))
    number = report(session, number=town.line.number, at=AT + timedelta(days=8)).fault_number
    clear(session, number, AT + timedelta(days=13))
    against = [(code, pence) for code, pence in postings(session) if code in {"COMPENSATION", "RENTALS"} and pence > 0]
    assert against == [("COMPENSATION", 2994), ("RENTALS", 3 * 998)]
    assert session.execute(text("SELECT sum(amount) FROM billing.posting")).scalar() == 0


@pytest.mark.parametrize(
    ("verb", "command", "wrong"),
    [
        (
            set_compensation_policy,
            {"starts_on": date(2026, 3, 2), "working_days": 21},
            [("CSS890E", "starts_on"), ("CSS891E", "working_days")],
        ),
        (set_compensation_rate, {"kind": FailureKind.DELAYED_START, "amount": Money(-1)}, [("CSS891E", "amount")]),
        (set_guarantee_rate, {"kind": FailureKind.DELAYED_START, "care_level": "4"}, [("CSS892E", "care_level")]),
        (
            set_guarantee_rate,
            {"kind": FailureKind.DELAYED_REPAIR, "care_level": "9", "days_max": 0},
            [("CSS891E", "days_max"), ("CSS892E", "care_level")],
        ),
        (set_outside_nominal, {"kind": OutsideKind.COMPENSATION, "nominal_code": "DEBTORS"}, [("CSS893E", "nominal_code")]),
        (set_outside_nominal, {"kind": OutsideKind.TRANSFER, "nominal_code": "RENTALS"}, [("CSS893E", "kind")]),
    ],
)
def test_what_cannot_be_set_is_refused(
    session: Session, verb: Callable[..., Any], command: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    build(session)
    kinds: dict[Callable[..., Any], tuple[type, dict[str, Any]]] = {
        set_compensation_policy: (SetCompensationPolicy, {"day_count": DayCount.DAYS_BEGUN, "working_days": 2}),
        set_compensation_rate: (SetCompensationRate, {"amount": Money(100)}),
        set_guarantee_rate: (SetGuaranteeRate, {"amount": Money(100)}),
        set_outside_nominal: (SetOutsideNominal, {}),
    }
    kind, usual = kinds[verb]
    asked = kind(**{"starts_on": date(2026, 3, 3)} | usual | command)
    assert codes(refusal(verb, session, asked, by=KEEPER, at=AT)) == wrong
    assert refusal(verb, session, asked, by=builders.PARTNER_ACTOR, at=AT).code == "CSS443E"


# --- races ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_faults(fresh_engine: Engine) -> tuple[Engine, Town, tuple[str, str]]:
    with transaction(fresh_engine) as session:
        town = build(session)
        first = report(session).fault_number
        second = report(session, forced_reason="It is another matter.").fault_number
    return fresh_engine, town, (first, second)


def test_two_faults_of_a_line_cleared_at_one_moment_give_each_day_once(two_faults: tuple[Engine, Town, tuple[str, str]]) -> None:
    engine, _, numbers = two_faults
    ready, failed = Barrier(2), list[Exception]()

    def work(number: str) -> None:
        try:
            with transaction(engine) as session:
                ready.wait(10)
                clear(session, number, AT + timedelta(days=6))
        except (CssError, Exception) as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    workers = [Thread(target=work, args=(number,)) for number in numbers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert not failed
    with transaction(engine) as session:
        assert days(session) == [4, 5, 6, 7]
        assert sorted(item.amount.pence for item in items(session)) == [-998 * 4, 0]
        assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 2
