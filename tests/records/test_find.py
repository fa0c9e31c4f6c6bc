"""Finding a customer by whatever the caller can say, and only one's own to a partner."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.orm import Session

from css.core.errors import BadMessage
from css.core.ids import IdKind, make_id, slip_reference
from css.core.money import Money
from css.core.words import ContactPointKind, CustomerKind
from css.master.commands import ReachAt
from css.master.find import Criteria, FoundCustomer, criteria_of, find_by, find_customers, read_criteria
from css.master.services import ServiceNumber
from tests import builders


@dataclass(frozen=True)
class Town:
    zz: builders.BuiltDistrict
    tansley: builders.BuiltAccount
    line: builders.BuiltLine
    pottery: builders.BuiltAccount
    carrier: builders.BuiltAccount
    carrier_line: builders.BuiltLine


@pytest.fixture
def town(session: Session) -> Town:
    zz = builders.district(session)
    reach_at = (ReachAt(kind=ContactPointKind.MOBILE, value="07700 900123"), ReachAt(kind=ContactPointKind.EMAIL, value="ada@example.com"))
    tansley = builders.account(session, zz, customer_number=builders.customer(session, zz, reach_at=reach_at))
    pottery_customer = builders.customer(
        session, zz, kind=CustomerKind.ORGANISATION, surname=None, first_name=None, title=None, organisation_name="Tansley & Daughters"
    )
    pottery = builders.account(
        session,
        zz,
        customer_number=pottery_customer,
        billing_address_lines=("7 Kiln Yard",),
        billing_postcode="ZZ2 3LB",
        email="p@example.com",
    )
    carrier = builders.account(session, zz, provider_code="BRACKWAT", customer_number=builders.customer(session, zz, surname="Brack"))
    line = builders.working_line(session, zz, tansley)
    return Town(zz, tansley, line, pottery, carrier, builders.working_line(session, zz, carrier))


def _whys(found: tuple[FoundCustomer, ...]) -> list[tuple[str, str]]:
    return [(one.customer_number, one.why) for one in found]


def test_by_the_number_of_a_line_now_and_in_the_past(session: Session, town: Town) -> None:
    (found,) = find_customers(session, "01632 960123", by=builders.CLERK)
    assert found == FoundCustomer(
        customer_number=town.tansley.customer_number,
        name="Mrs Ada Tansley",
        kind=CustomerKind.PERSON,
        account_numbers=(town.tansley.number,),
        billing_postcode="ZZ4 7QT",
        is_vulnerable=False,
        why="telephone number in use",
        matched="441632960123",
    )
    session.execute(update(ServiceNumber).where(ServiceNumber.number == town.line.number).values(ends_at=datetime(2026, 3, 9, tzinfo=UTC)))
    again = builders.working_line(session, town.zz, town.pottery)
    # The number goes to somebody else: who has it now stands before who had it.
    session.execute(
        update(ServiceNumber)
        .where(ServiceNumber.service_id == again.service_id)
        .values(number=town.line.number, starts_at=datetime(2026, 3, 9, tzinfo=UTC))
    )
    assert _whys(find_customers(session, town.line.number, by=builders.CLERK)) == [
        (town.pottery.customer_number, "telephone number in use"),
        (town.tansley.customer_number, "telephone number in the past"),
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("07700900123", "number to be reached at"),
        (" ADA@example.com ", "e-mail address"),
    ],
)
def test_by_how_they_are_reached(session: Session, town: Town, said: str, why: str) -> None:
    assert _whys(find_customers(session, said, by=builders.CLERK)) == [(town.tansley.customer_number, why)]


def test_by_the_numbers_on_their_paper(session: Session, town: Town) -> None:
    slip = slip_reference(town.tansley.number, Money(1234))
    for said in (town.tansley.number, town.tansley.number.lower(), slip, town.tansley.customer_number):
        (found,) = find_customers(session, said, by=builders.CLERK)
        assert found.customer_number == town.tansley.customer_number
    assert find_customers(session, make_id("ZZ", IdKind.ORDER, 1), by=builders.CLERK) == ()


def test_by_the_address_for_bills_by_e_mail(session: Session, town: Town) -> None:
    assert _whys(find_customers(session, "p@example.com", by=builders.CLERK)) == [
        (town.pottery.customer_number, "e-mail address for bills")
    ]


def test_by_postcode_and_house(session: Session, town: Town) -> None:
    site = town.line.site
    at_site = (town.tansley.customer_number, "line at the address")
    assert at_site in _whys(find_customers(session, site.postcode.lower(), by=builders.CLERK))
    for said in (f"1 {site.postcode}", f"{site.postcode}, 1", f"1, {site.postcode.replace(' ', '')}"):
        assert _whys(find_customers(session, said, by=builders.CLERK)) == [at_site]
    assert find_customers(session, f"77 {site.postcode}", by=builders.CLERK) == ()
    assert _whys(find_customers(session, "ZZ2 3LB", by=builders.CLERK)) == [(town.pottery.customer_number, "billed at the address")]
    assert _whys(find_customers(session, "7 ZZ2 3LB", by=builders.CLERK)) == [(town.pottery.customer_number, "billed at the address")]


def test_by_name_the_whole_name_first(session: Session, town: Town) -> None:
    tansley, pottery = town.tansley.customer_number, town.pottery.customer_number
    assert _whys(find_customers(session, "TANSLEY", by=builders.CLERK)) == [(tansley, "name"), (pottery, "name begins so")]
    assert _whys(find_customers(session, "tans", by=builders.CLERK)) == [(tansley, "name begins so"), (pottery, "name begins so")]
    assert _whys(find_customers(session, "Tansley A", by=builders.CLERK)) == [(tansley, "name")]
    assert _whys(find_customers(session, "Tansley, A.", by=builders.CLERK)) == [(tansley, "name")]
    assert find_customers(session, "Tansley B", by=builders.CLERK) == ()
    assert _whys(find_customers(session, "Tansley & D", by=builders.CLERK)) == [(pottery, "name begins so")]


@pytest.mark.parametrize("said", ["%%", "__", "Tan%", "\\", "' OR 1=1 --"])
def test_signs_of_a_pattern_mean_themselves(session: Session, town: Town, said: str) -> None:
    try:
        assert find_customers(session, said, by=builders.CLERK) == ()
    except BadMessage as refused:
        assert refused.code == "CSS107E"  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("", "CSS107E"),
        ("  x ", "CSS107E"),
        ("ZZA00000013", "CSS054E"),
        ("960123", "CSS083E"),
        ("01632 96012", "CSS081E"),
    ],
)
def test_a_slip_is_told_and_too_little_too(session: Session, said: str, code: str) -> None:
    with pytest.raises(BadMessage) as refused:
        find_customers(session, said, by=builders.CLERK)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("3 Valleys Water", Criteria(name="3 Valleys Water")),
        ("Studio 54 Ltd", Criteria(name="Studio 54 Ltd")),
        ("O'Hara-Smith J", Criteria(name="O'Hara-Smith", initial="J")),
        ("Hill St", Criteria(name="Hill", initial="S")),
        ("Rose Cottage ZZ4 7QT", Criteria(postcode="ZZ4 7QT", house="Rose Cottage")),
    ],
)
def test_words_with_digits_are_still_words(said: str, read: Criteria) -> None:
    assert criteria_of(said) == read


def test_several_things_said_narrow_each_other(session: Session, town: Town) -> None:
    both = read_criteria(name="Tansley", postcode="zz2 3lb")
    assert _whys(find_by(session, both, by=builders.CLERK)) == [(town.pottery.customer_number, "billed at the address")]
    assert find_by(session, read_criteria(name="Brack", postcode="zz2 3lb"), by=builders.CLERK) == ()
    with pytest.raises(BadMessage) as refused:
        find_by(session, read_criteria(house="7"), by=builders.CLERK)
    assert refused.value.code == "CSS107E"


def test_a_partner_finds_only_customers_of_its_own_accounts(session: Session, town: Town) -> None:
    partner = builders.PARTNER_ACTOR
    assert _whys(find_customers(session, town.carrier_line.number, by=partner)) == [
        (town.carrier.customer_number, "telephone number in use")
    ]
    others = (town.line.number, town.tansley.number, town.tansley.customer_number, "Tansley", "ada@example.com", "ZZ2 3LB", "07700 900123")
    for said in others:
        assert find_customers(session, said, by=partner) == ()
    # A customer of both is found, but not by what is the other's, and without the other's account.
    own = builders.account(session, town.zz, provider_code="BRACKWAT", customer_number=town.tansley.customer_number)
    assert find_customers(session, town.line.number, by=partner) == ()
    (found,) = find_customers(session, "Tansley A", by=partner)
    assert found.account_numbers == (own.number,)


def test_one_statement_whatever_is_said(session: Session, town: Town, query_count: Callable[[], AbstractContextManager[list[str]]]) -> None:
    for said in ("Tansley A", "01632 960123", "ada@example.com", "1 ZZ4 7QT", town.tansley.number):
        with query_count() as sent:
            find_customers(session, said, by=builders.CLERK)
        assert len(sent) == 1


def test_fifty_at_most(session: Session, town: Town) -> None:
    for n in range(55):
        builders.customer(session, town.zz, surname=f"Zorn{n}")
    assert len(find_customers(session, "Zorn", by=builders.CLERK)) == 50
    assert len(find_customers(session, "Zorn", by=builders.CLERK, limit=3)) == 3


@pytest.mark.parametrize("said", ["Tansley A", "Tans", "01632 960123", "ada@example.com", "1 ZZ4 7QT", "ZZ2 3LB", "account"])
def test_every_way_in_has_its_index(session: Session, town: Town, said: str) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))
    connection = session.connection()
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    find_customers(session, town.tansley.number if said == "account" else said, by=builders.CLERK)
    event.remove(connection, "before_cursor_execute", note)
    ((statement, parameters),) = sent
    plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
    read_whole = [table for table in LARGE if f"Seq Scan on {table}" in plan]
    assert read_whole == [], plan


LARGE = ("customer", "account", "contact_point", "service_number", "service", "line", "site")
