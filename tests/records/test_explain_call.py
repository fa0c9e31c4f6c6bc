"""A call explained: the line it came on, whose it is, every part of its price, the bill that took it, and what was corrected."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing.actions.rerating import rerate_usage
from billing.queries.explain_call import CallExplained, calls_of_number, explain_call
from billing.rerating_commands import RerateUsage
from billing.words import Leg, TariffState, ZeroReason
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound
from css.core.money import Price
from css.master.reference import PARTNER
from tests import builders
from tests.records.billed import bills, night
from tests.records.priced import FREEPHONE, LONDON, MOBILE, NOON, PREMIUM, call, correct_tariff, give_number, on_file, rated

START, MARCH, APRIL = date(2026, 3, 2), date(2026, 3, 5), date(2026, 4, 5)
CARRIER = Actor("partner", PARTNER, PARTNER)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    account = builders.account(session, zz, cycle_day=5)
    return builders.working_line(session, zz, account, starts_on=date(2026, 2, 1))


def explained(session: Session, record: int) -> CallExplained:
    return explain_call(session, record, by=builders.CLERK)


def rerate(session: Session, reason: str = "A price was wrong.") -> None:
    rerate_usage(session, RerateUsage(district_code="ZZ", from_on=START, reason=reason), by=builders.OPERATOR, at=builders.AT)


def test_the_whole_story_of_a_call(session: Session, home: builders.BuiltLine) -> None:
    first, second = rated(session, [call(home.number, MOBILE), call(home.number)], on=START, block_lines=1)
    night(session, MARCH)
    found = explained(session, second)
    (bill,) = bills(session, home.account)
    service, london = f"service {home.service_id} (LINE-RES, Residential line)", "Numbers that begin with 4420 are London (class GEO)"
    # 9.9 set-up and 3 units at 5.9 are 27.6 pence with VAT: 23 without.
    assert found.words == (
        "Record 2 of NTHTEL_1.csv, sequence 1 of NTHTEL, taken in by the night of 02/03/2026.",
        "On 02/03/2026 at 12:00:00 by London's clocks 01632 960123 called 020 7946 0123 for 2:02 (122 seconds).",
        f"From 01/02/2026 01632 960123 was the number of {service} of account {home.account.number}, a customer of RETAIL.",
        f"Tariff RES version 3, from 01/07/2015, its prices published with VAT in them. {london}; the call began in the day band.",
        *(part.words for part in found.components),
        "In all 23p before VAT and 27.6p with VAT at 20%: reckoned again from the stored prices, and what is stored.",
        *([found.words[-2]] if found.reckoned and found.reckoned.wholesale_net is not None else []),
        f"Rated on 02/03/2026: 23p before VAT for account {home.account.number}. Bill {bill.number} of 05/03/2026 took it.",
    )
    assert found.agrees
    assert found.file is not None
    assert found.file.raw is not None
    assert "+442079460123" in found.file.raw
    assert "+447700900123" in str(explained(session, first).file)
    assert sum(part.amount.millionths for part in found.components if part.amount and part.component != "vat") == 27_600_000


def test_a_call_is_explained_by_the_prices_it_was_charged_by_though_others_came_since(session: Session, home: builders.BuiltLine) -> None:
    (record,) = rated(session, [call(home.number)], on=START)
    before = explained(session, record)
    correct_tariff(session, "RES", START, percent=50)
    after = explained(session, record)
    assert (after.agrees, after.components, after.reckoned) == (True, before.components, before.reckoned)
    assert after.priced_by[0].state is TariffState.SUPERSEDED
    assert "It has been superseded since; the call was charged by it all the same." in after.words[3]

    rerate(session, "RES was keyed wrong.")
    corrected = explained(session, record)
    assert corrected.agrees
    assert corrected.reckoned is not None
    assert (corrected.reckoned.net, corrected.priced_by[0].version) == (Price.of("15.625"), 4)
    assert corrected.words[-1] == (
        f"Re-rating {corrected.rows[1].rerating_id} by TESTER on 02/03/2026 (RES was keyed wrong.): -7.375p before VAT for account "
        f"{home.account.number}. The next bill of the account will take it."
    )


def test_a_call_that_changed_hands_is_explained_on_the_account_that_has_it(
    session: Session, home: builders.BuiltLine, zz: builders.BuiltDistrict
) -> None:
    other = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=date(2026, 2, 1))
    (record,) = rated(session, [call(home.number)], on=START)
    night(session, MARCH)
    give_number(session, home.number, other.service_id, NOON - timedelta(hours=1))
    orphan = explained(session, record)
    assert orphan.guided is not None
    assert (orphan.guided.account_number, orphan.guided.number_since) == (home.account.number, None)
    rerate(session)
    found = explained(session, record)
    assert found.guided is not None
    assert (found.guided.account_number, found.agrees) == (other.account.number, True)
    assert [(row.account_number, row.call_count, row.bill_number is not None) for row in found.rows] == [
        (home.account.number, 1, True),
        (home.account.number, -1, False),
        (other.account.number, 1, False),
    ]
    rows = calls_of_number(session, home.number, NOON, by=builders.CLERK)
    assert {(row.account_number, row.call_count, row.is_corrected) for row in rows} == {
        (home.account.number, 0, True),
        (other.account.number, 1, True),
    }


@pytest.mark.parametrize(
    ("other_number", "seconds", "leg", "said"),
    [
        (PREMIUM, 300, Leg.OUTGOING, "access charge and 645.833333p service charge"),
        (FREEPHONE, 60, Leg.OUTGOING, "It costs nothing, and no bill shows it."),
        (LONDON, 0, Leg.OUTGOING, "and was not answered"),
        (LONDON, 60, Leg.DIVERTED, "01632 960123 diverted a call to 020 7946 0123"),
        (LONDON, 60, Leg.REVERSE, "020 7946 0123 called 01632 960123, which agreed to pay"),
    ],
)
def test_every_kind_of_call_adds_up(
    session: Session, home: builders.BuiltLine, other_number: str, seconds: int, leg: Leg, said: str
) -> None:
    (record,) = rated(session, [call(home.number, other_number, seconds, leg=leg)], on=START)
    found = explained(session, record)
    assert found.agrees
    assert said in " ".join(found.words)
    assert found.reckoned is not None
    assert (found.reckoned.zero_reason is None) == (found.reckoned.net > Price(0))


def test_a_stored_price_that_its_own_tariff_does_not_make_is_told(session: Session, home: builders.BuiltLine) -> None:
    (record,) = rated(session, [call(home.number)], on=START)
    session.execute(text("UPDATE billing.rated_call SET net_millionths = net_millionths + 1"))
    found = explained(session, record)
    assert not found.agrees
    assert "Stored is 23.000001p before VAT and 27.6p with VAT at 20%; but the stored prices make 23p and 27.6p." in found.words


def test_what_was_never_rated_says_why(session: Session, home: builders.BuiltLine) -> None:
    (stranger,) = rated(session, [call("441632960777")], on=START)
    words = explained(session, stranger).words
    assert words[1].startswith("On 02/03/2026 it was suspended: CSS412E")
    assert words[2] == "It waits to be settled and has no price yet."
    session.execute(
        text(
            "UPDATE billing.usage_set_aside SET settled_as = 'rejected', is_open = FALSE, settled_on = '2026-03-04', settled_by = 'BILLER',"
            " settled_words = 'Not ours.'"
        )
    )
    assert explained(session, stranger).words[2] == "BILLER settled it on 04/03/2026, and it was written off: Not ours."
    (waiting,) = on_file(session, [call(home.number)], on=MARCH, sequence=2)
    assert explained(session, waiting).words[-1] == "It has not been rated yet."


def test_there_is_no_such_record(session: Session, home: builders.BuiltLine) -> None:
    (record,) = rated(session, [call(home.number)], on=START)
    for missing in (record + 1, record - 1, 7, 999 * 10_000_000 + 1, 10**30):
        with pytest.raises(NotFound) as refusal:
            explained(session, missing)
        assert refusal.value.code == "CSS727E"


def test_a_partner_sees_only_its_own_calls(session: Session, home: builders.BuiltLine, zz: builders.BuiltDistrict) -> None:
    theirs = builders.working_line(session, zz, builders.account(session, zz, provider_code=PARTNER), starts_on=date(2026, 2, 1))
    ours, their_record = rated(session, [call(home.number), call(theirs.number)], on=START)
    with pytest.raises(NotFound):
        explain_call(session, ours, by=CARRIER)
    assert calls_of_number(session, home.number, NOON, by=CARRIER) == ()
    found = explain_call(session, their_record, by=CARRIER)
    assert [row.account_number for row in found.rows] == [theirs.account.number]
    assert len(calls_of_number(session, theirs.number, NOON, by=CARRIER)) == 1
    give_number(session, theirs.number, home.service_id, NOON - timedelta(hours=1))
    rerate(session)
    gone = explain_call(session, their_record, by=CARRIER)
    assert ([row.call_count for row in gone.rows], gone.components, gone.reckoned, gone.agrees) == ([1, -1], (), None, True)
    assert explain_call(session, their_record, by=builders.CLERK).agrees


def test_calls_are_found_by_number_and_time(session: Session, home: builders.BuiltLine) -> None:
    made = [call(home.number, at=NOON + timedelta(minutes=minutes)) for minutes in (0, 4, 6, 24 * 60)]
    late = call(home.number, FREEPHONE, at=NOON + timedelta(minutes=1))
    first, second, third, fourth = rated(session, made, on=START)
    (fifth,) = rated(session, [late], on=date(2026, 3, 20), sequence=2)

    def found(**when: object) -> list[int]:
        rows = calls_of_number(session, "01632 960123", **when, by=builders.CLERK)  # type: ignore[arg-type]
        return [row.usage_record_id for row in rows]

    assert found(at=NOON) == [first, fifth, second]
    assert found(from_on=START) == [first, fifth, second, third]
    assert found(to_on=date(2026, 3, 3)) == [fourth]
    assert found(from_on=START, to_on=date(2026, 3, 3)) == [first, fifth, second, third, fourth]
    assert found(from_on=date(2026, 2, 1), to_on=date(2026, 2, 28)) == []
    free = next(row for row in calls_of_number(session, home.number, NOON, by=builders.CLERK) if row.usage_record_id == fifth)
    assert (free.zero_reason, free.is_corrected, free.destination) == (ZeroReason.FREE, False, "Freephone")
    with pytest.raises(BadMessage) as refusal:
        found()
    assert refusal.value.code == "CSS728E"
