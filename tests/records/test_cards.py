"""A customer, an account, a line on one page; and what an address has behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from css.core.codec import to_plain
from css.core.errors import BadMessage, NotFound
from css.core.words import AddressMatch, ContactPointKind, LineState, PairState, PriceKind, ProductKind, Segment
from css.master.cards import account_card, customer_card, line_card, line_card_by_id
from css.master.commands import ReachAt
from css.master.find import find_customers
from css.master.guiding import number_in_use
from css.master.queries import districts, product_prices, products, providers, site_by_key, sites_by_postcode
from css.master.services import ServiceNumber
from tests import builders

BY = builders.CLERK
SENT_FOR_A_CUSTOMER = 6


def _cease(session: Session, line: builders.BuiltLine, on: date) -> None:
    """As an order leaves it: services and number over, the line stopped in place."""
    ids = {"line": line.id, "service": line.service_id, "on": on, "pair": line.pair_id}
    session.execute(text("UPDATE css.service_number SET ends_at = :on WHERE service_id = :service"), ids)
    session.execute(text("UPDATE css.service SET ends_on = :on, end_recorded_on = :on WHERE line_id = :line"), ids)
    session.execute(text("UPDATE css.line SET state = 'stopped', account_id = NULL WHERE id = :line"), ids)
    session.execute(text("UPDATE css.pair SET state = 'stopped' WHERE id = :pair"), ids)


def test_the_customer_on_one_page(session: Session) -> None:
    zz = builders.district(session)
    points = (
        ReachAt(kind=ContactPointKind.PHONE, value="01632 960555"),
        ReachAt(kind=ContactPointKind.MOBILE, value="07700900123", is_preferred=True),
    )
    number = builders.customer(session, zz, reach_at=points, password_phrase="red kite", is_vulnerable=True)
    payer = builders.customer(session, zz, first_name="Carl")
    account = builders.account(session, zz, customer_number=number, payer_customer_number=payer)
    line = builders.working_line(session, zz, account, features=("CALLER-DISPLAY", "CALL-WAITING"), care_level="2")
    card = customer_card(session, number, by=BY)
    assert (card.customer.name, card.customer.password_phrase, card.customer.is_vulnerable) == ("Mrs Ada Tansley", "red kite", True)
    assert [(point.value, point.is_preferred) for point in card.customer.contact_points] == [
        ("447700900123", True),
        ("441632960555", False),
    ]
    assert [(one.number, one.provider_code, one.payer_customer_number) for one in card.accounts] == [(account.number, "RETAIL", payer)]
    assert card.accounts[0].billing_address_lines == ("14 Larkspur Close", "Wrenford")
    (shown,) = card.lines
    assert (card.line_count, shown.line_id, shown.number, shown.state) == (1, line.id, "441632960123", LineState.WORKING)
    assert (shown.address_key, shown.match, shown.postcode) == (line.site.address_key, AddressMatch.GOLD, line.site.postcode)
    assert (shown.directory_name, shown.emergency_name) == ("Tansley A", "Mrs Ada Tansley")
    assert [(one.product_code, one.care_level) for one in shown.services] == [
        ("LINE-RES", "2"),
        ("CALLER-DISPLAY", None),
        ("CALL-WAITING", None),
    ]
    assert card.past_lines == ()


def test_a_line_that_is_gone_is_past_and_its_next_occupant_nobodys_business(session: Session) -> None:
    zz = builders.district(session, on=date(2026, 4, 1))
    old, new = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, old)
    _cease(session, line, date(2026, 3, 9))
    # The next occupant starts the stopped line again.
    session.execute(text("UPDATE css.line SET state = 'working', account_id = :new WHERE id = :line"), {"new": new.id, "line": line.id})
    service = builders.service(session, line.id, new, "LINE-RES", where=zz, starts_on=date(2026, 3, 20))
    session.add(ServiceNumber(service_id=service, number="441632960777", starts_at=datetime(2026, 3, 20, tzinfo=UTC)))
    session.flush()
    card = account_card(session, old.number, by=BY)
    assert (card.line_count, card.lines) == (0, ())
    (past,) = card.past_lines
    assert (past.number, past.product_code, past.ends_on) == ("441632960123", "LINE-RES", date(2026, 3, 9))
    (shown,) = account_card(session, new.number, by=BY).lines
    assert (shown.number, [one.service_id for one in shown.services]) == ("441632960777", [service])


def test_a_service_that_is_over_is_on_the_lines_page_only(session: Session) -> None:
    zz = builders.district(session, on=date(2026, 4, 1))
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account)
    builders.service(session, line.id, account, "CALL-SIGN", where=zz, ends_on=date(2026, 4, 1))
    to_come = builders.service(session, line.id, account, "CALL-WAITING", where=zz, starts_on=date(2026, 5, 1))
    (shown,) = account_card(session, account.number, by=BY).lines
    assert [one.service_id for one in shown.services] == [line.service_id, to_come]
    assert [one.product_code for one in line_card(session, "01632 960123", by=BY).line.services] == [
        "LINE-RES",
        "CALL-SIGN",
        "CALL-WAITING",
    ]


def test_the_line_on_one_page(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account)
    card = line_card(session, line.number, by=BY)
    assert (card.exchange_code, card.cabinet_code, card.distribution_point_code) == ("WREN", "C1", "DP1")
    assert (card.pair_number, card.pair_state) == (1, PairState.WORKING)
    assert card.account is not None
    assert card.account.number == account.number
    assert card.customer is not None
    assert card.customer.number == account.customer_number
    assert [(one.number, one.ends_at) for one in card.numbers] == [(line.number, None)]
    _cease(session, line, date(2026, 3, 9))
    stopped = line_card(session, line.number, by=BY)
    assert (stopped.line.state, stopped.account, stopped.line.number) == (LineState.STOPPED, None, line.number)


def test_a_partner_sees_its_own_and_gets_the_same_answer_for_anothers_as_for_none(session: Session) -> None:
    zz = builders.district(session)
    retail, own = builders.account(session, zz), builders.account(session, zz, provider_code="BRACKWAT")
    theirs, ours = builders.working_line(session, zz, retail), builders.working_line(session, zz, own)
    partner = builders.PARTNER_ACTOR
    assert account_card(session, own.number, by=partner).line_count == 1
    assert customer_card(session, own.customer_number, by=partner).customer.password_phrase is None
    assert line_card(session, ours.number, by=partner).line.line_id == ours.id
    for refused, code in (
        (lambda: account_card(session, retail.number, by=partner), "CSS105E"),
        (lambda: customer_card(session, retail.customer_number, by=partner), "CSS102E"),
        (lambda: line_card(session, theirs.number, by=partner), "CSS106E"),
        (lambda: line_card_by_id(session, theirs.id, by=partner), "CSS108E"),
    ):
        with pytest.raises(NotFound) as error:
            refused()
        assert error.value.code == code
    both = builders.account(session, zz, provider_code="BRACKWAT", customer_number=retail.customer_number)
    card = customer_card(session, retail.customer_number, by=partner)
    assert ([one.number for one in card.accounts], card.line_count) == ([both.number], 0)


def test_a_number_guides_from_its_first_instant_to_its_last(session: Session) -> None:
    zz = builders.district(session)
    line = builders.working_line(session, zz, builders.account(session, zz), care_level="3")
    starts, ends = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, 8, tzinfo=UTC)
    session.execute(update(ServiceNumber).where(ServiceNumber.number == line.number).values(ends_at=ends))
    guided = number_in_use(session, line.number, starts)
    assert guided is not None
    assert (guided.line_id, guided.service_id, guided.account_number) == (line.id, line.service_id, line.account.number)
    assert (guided.provider_code, guided.product_code, guided.care_level, guided.segment) == (
        "RETAIL",
        "LINE-RES",
        "3",
        Segment.RESIDENTIAL,
    )
    assert number_in_use(session, line.number, starts.replace(microsecond=0) - (ends - starts)) is None
    assert number_in_use(session, line.number, ends) is None
    assert number_in_use(session, line.number, starts, by=builders.PARTNER_ACTOR) is None


@pytest.mark.parametrize("lines", [1, 12])
def test_as_many_statements_for_twelve_lines_as_for_one(
    session: Session, lines: int, query_count: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    zz = builders.district(session, pairs=12, sites=12)
    account = builders.account(session, zz)
    for _ in range(lines):
        builders.working_line(session, zz, account, features=("CALL-WAITING",))
    with query_count() as sent:
        card = customer_card(session, account.customer_number, by=BY)
    assert len(sent) == SENT_FOR_A_CUSTOMER
    assert len(card.lines) == card.line_count == lines
    cut = customer_card(session, account.customer_number, by=BY, lines=1)
    assert (cut.line_count, len(cut.lines)) == (lines, 1)


def test_every_page_and_list_is_plain_json_for_scripts(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account)
    rows = (
        customer_card(session, account.customer_number, by=BY),
        account_card(session, account.number, by=BY),
        line_card(session, line.number, by=BY),
        sites_by_postcode(session, line.site.postcode),
        products(session, Segment.BUSINESS, builders.DAY),
        districts(session),
        providers(session, by=BY),
        find_customers(session, "Tansley", by=BY),
    )
    assert '"number": "441632960123"' in json.dumps(to_plain(rows))


# Addresses.


def test_an_address_comes_with_what_the_network_has_there(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    first = builders.working_line(session, zz, account)
    ceased = builders.working_line(session, zz, account, site=first.site)
    _cease(session, ceased, date(2026, 3, 9))
    gold = site_by_key(session, first.site.address_key.lower())
    assert gold is not None
    assert (gold.match, gold.working_lines, gold.spare_pairs) == (AddressMatch.GOLD, 1, 4)
    assert [(one.line_id, one.number) for one in gold.stopped_lines] == [(ceased.id, "441632960124")]
    silver = site_by_key(session, zz.silver.address_key)
    assert silver is not None
    assert (silver.match, silver.working_lines, silver.stopped_lines, silver.spare_pairs) == (AddressMatch.SILVER, 0, (), 0)
    assert site_by_key(session, "A99999999999") is None


def test_addresses_of_a_postcode_gold_first_and_houses_in_order(session: Session) -> None:
    zz = builders.district(session, sites=11)
    found = sites_by_postcode(session, zz.silver.postcode.replace(" ", "").lower())
    assert [one.premises for one in found] == [str(n) for n in range(1, 13)]
    assert [one.match for one in found] == [AddressMatch.GOLD] * 11 + [AddressMatch.SILVER]
    assert [one.premises for one in sites_by_postcode(session, zz.silver.postcode, " 7 ")] == ["7"]
    with pytest.raises(BadMessage):
        sites_by_postcode(session, "nowhere")


# Lists.


def test_products_of_a_segment_at_the_prices_of_a_day(session: Session) -> None:
    homes = products(session, Segment.RESIDENTIAL, date(2026, 3, 31))
    assert homes[0].code == "LINE-RES"
    assert {price.kind: price.gross_price.pence for price in homes[0].prices} == {
        PriceKind.RENTAL: 2260,
        PriceKind.CONNECTION: 15000,
        PriceKind.TERMINATION: 900,
    }
    assert [product.kind for product in homes] == sorted((product.kind for product in homes), key=list(ProductKind).index)
    assert "LINE-BUS" not in {product.code for product in homes}
    assert products(session, Segment.RESIDENTIAL, date(2009, 9, 30)) == ()
    (line,) = product_prices(session, "LINE-WHO")
    assert {price.segment for price in line.prices} == {Segment.WHOLESALE}
    assert product_prices(session, "SOCKS") == ()


def test_districts_and_providers_are_listed(session: Session) -> None:
    builders.district(session)
    (zz,) = districts(session)
    assert (zz.code, zz.business_date, zz.closed_through) == ("ZZ", builders.DAY, date(2026, 3, 1))
    assert [one.code for one in providers(session, by=BY)] == ["RETAIL", "BRACKWAT"]
    stranger = replace(builders.PARTNER_ACTOR, provider_code="HOLLIN")
    assert [one.code for one in providers(session, by=stranger)] == ["RETAIL"]
