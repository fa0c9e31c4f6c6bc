"""Numbers that come from other networks and go to them: whose they are at every moment, and what nobody may be given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from css.core.calendar import start_of_day
from css.core.errors import Refused
from css.core.words import EndReason, LineState, PairState, PortDirection
from css.master.guiding import number_in_use
from css.master.lines import Line, LineListing
from css.master.plant import Pair
from css.master.services import Service
from orders.actions import cancel_order
from orders.commands.orders import CancelOrder
from orders.model import CustomerOrder
from orders.queries.cards import order_card
from orders.queries.entry import free_numbers
from orders.queries.numbers import number_card
from orders.rules.plant import NumberState
from orders.words import ItemAction, OrderState, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, PARTNER_ACTOR, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.numbering import FOREIGN, a_new_line, a_port_in, a_port_out, a_renumber, ports, reserve
from tests.records.ordering import a_cease, a_provide, complete, line_of, place, refused

PORTED_ON = date(2026, 3, 11)


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return builders.account(session, zz)


@pytest.fixture
def line(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> BuiltLine:
    return builders.working_line(session, zz, account, number="441632960005", features=("CALL-WAITING",))


def ported_out(session: Session, account: BuiltAccount, number: str) -> str:
    """A port out, done; gives the order's number."""
    placed = place(session, a_port_out(account, number))
    complete(session, placed.order_number, PORTED_ON)
    return placed.order_number


# --- in ----------------------------------------------------------------------------------------------------------------


def test_a_number_is_ported_in_to_a_new_line(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_port_in(account, **a_new_line(zz)))
    assert (placed.number, placed.plant_outcome, placed.state) == (FOREIGN, PlantOutcome.SPARE_PAIR, OrderState.COMMITTED)
    assert number_card(session, FOREIGN, by=CLERK, at=AT).state is NumberState.KEPT
    assert number_in_use(session, FOREIGN, start_of_day(PORTED_ON)) is None
    complete(session, placed.order_number, PORTED_ON)
    assert ports(session) == [(FOREIGN, "in", "KELDER", PORTED_ON, None)]
    guided = number_in_use(session, FOREIGN, start_of_day(PORTED_ON))
    assert guided is not None
    assert (guided.account_number, guided.product_code) == (account.number, "LINE-RES")
    assert number_in_use(session, FOREIGN, datetime(2026, 3, 10, 23, 59, tzinfo=UTC)) is None
    made = line_of(session, placed.order_number)
    listing = session.execute(select(LineListing).where(LineListing.line_id == made.id)).scalar_one()
    assert (made.state, listing.emergency_name) == (LineState.WORKING, "Mrs Ada Tansley")
    card = number_card(session, FOREIGN, by=CLERK, at=start_of_day(PORTED_ON))
    assert (card.state, card.ported, card.network_name, card.exchange_code) == (
        NumberState.IN_USE,
        PortDirection.IN,
        "Kelder Telecom",
        None,
    )


def test_a_number_is_ported_in_to_a_working_line_in_place_of_its_own(session: Session, account: BuiltAccount, line: BuiltLine) -> None:
    placed = place(session, a_port_in(account, number=line.number))
    card = order_card(session, placed.order_number, by=CLERK)
    assert {(item.product_code, item.action) for item in card.items} == {("LINE-RES", ItemAction.KEEP), ("CALL-WAITING", ItemAction.KEEP)}
    assert number_in_use(session, line.number, AT) is not None
    complete(session, placed.order_number, PORTED_ON)
    guided = number_in_use(session, FOREIGN, start_of_day(PORTED_ON))
    assert guided is not None
    assert (guided.line_id, guided.service_id) == (line.id, line.service_id), "the service goes on"
    assert number_in_use(session, line.number, start_of_day(PORTED_ON)) is None
    assert number_card(session, line.number, by=CLERK, at=start_of_day(PORTED_ON)).state is NumberState.RESTING
    assert session.execute(select(Service.ends_on).where(Service.line_id == line.id)).scalars().all() == [None, None]


def test_a_ported_number_goes_back_to_its_network_when_it_is_ceased(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_port_in(account, **a_new_line(zz)))
    complete(session, placed.order_number, PORTED_ON)
    gone = place(session, replace(a_cease(account, FOREIGN), required_on=date(2026, 3, 16)))
    complete(session, gone.order_number, date(2026, 3, 16))
    assert ports(session) == [(FOREIGN, "in", "KELDER", PORTED_ON, date(2026, 3, 17))]
    later = datetime(2027, 3, 1, tzinfo=UTC)
    assert number_card(session, FOREIGN, by=CLERK, at=later).state is NumberState.NOT_OURS
    again = a_provide(zz, account, number=FOREIGN, required_on=date(2026, 3, 23))
    assert refused(session, again) == {"CSS224E": "number"}, "not even its last user has it from us"
    assert FOREIGN not in free_numbers(session, zz.gold[0].address_key, at=later, ending=FOREIGN[-4:])
    back = place(session, a_port_in(account, **a_new_line(zz), required_on=date(2026, 3, 25)))
    complete(session, back.order_number, date(2026, 3, 25))
    assert ports(session)[1:] == [(FOREIGN, "in", "KELDER", date(2026, 3, 25), None)]


def test_a_ported_number_goes_back_when_the_line_is_renumbered(session: Session, account: BuiltAccount, line: BuiltLine) -> None:
    complete(session, place(session, a_port_in(account, number=line.number)).order_number, PORTED_ON)
    again = place(session, a_renumber(account, FOREIGN, required_on=date(2026, 3, 13)))
    complete(session, again.order_number, date(2026, 3, 13))
    assert ports(session) == [(FOREIGN, "in", "KELDER", PORTED_ON, date(2026, 3, 13))]


def test_what_is_wrong_with_a_port_in_comes_in_one_answer(
    session: Session, zz: BuiltDistrict, account: BuiltAccount, line: BuiltLine
) -> None:
    new = a_port_in(account, **a_new_line(zz))
    assert refused(session, replace(new, network_code="NOBODY", consented_by=None, authority=None)) == {
        "CSS266E": "network_code",
        "CSS250E": "consented_by",
        "CSS221E": "authority",
    }
    assert refused(session, replace(new, new_number="01632 960800")) == {"CSS264E": "new_number"}, "of our own range"
    assert refused(session, replace(new, new_number="020 7946 0123")) == {"CSS265E": "new_number"}
    assert refused(session, replace(new, new_number="07700 900123")) == {"CSS265E": "new_number"}
    assert refused(session, replace(new, new_number="+1 212 555 0123")) == {"CSS081E": "new_number"}
    assert refused(session, replace(new, required_on=date(2026, 3, 3), new_number=None)) == {
        "CSS213E": "required_on",
        "CSS221E": "new_number",
    }
    both = a_port_in(account, number=line.number, product_codes=("CALL-WAITING",), address_key=zz.gold[0].address_key)
    assert refused(session, both).keys() == {"CSS223E"}
    kept = place(session, new)
    assert refused(session, a_port_in(account, number=line.number)) == {"CSS226E": "new_number"}
    cancel_order(session, CancelOrder(order_number=kept.order_number, reason="No."), by=CLERK, at=AT)
    assert place(session, a_port_in(account, number=line.number)).number == FOREIGN
    assert ports(session) == []


def test_a_port_in_to_a_silver_address_keeps_the_number_and_waits_for_planning(
    session: Session, zz: BuiltDistrict, account: BuiltAccount
) -> None:
    command = a_port_in(account, **a_new_line(zz) | {"address_key": zz.silver.address_key}, required_on=date(2026, 3, 23))
    placed = place(session, command)
    assert (placed.state, placed.plant_outcome, placed.number) == (OrderState.ACKNOWLEDGED, PlantOutcome.BUILD, FOREIGN)


# --- out ---------------------------------------------------------------------------------------------------------------


def test_a_port_out_ceases_the_line_and_the_number_is_gone(
    session: Session, zz: BuiltDistrict, account: BuiltAccount, line: BuiltLine
) -> None:
    placed = place(session, a_port_out(account, line.number))
    assert {item.action for item in order_card(session, placed.order_number, by=CLERK).items} == {ItemAction.REMOVE}
    complete(session, placed.order_number, PORTED_ON)
    services = session.execute(select(Service).where(Service.line_id == line.id)).scalars().all()
    assert {(service.ends_on, service.end_reason, service.end_order_number) for service in services} == {
        (PORTED_ON, EndReason.PORTED_OUT, placed.order_number)
    }
    left = session.get_one(Line, line.id)
    pair = session.get_one(Pair, line.pair_id, populate_existing=True)
    assert (left.state, left.account_id, pair.state) == (LineState.STOPPED, None, PairState.STOPPED)
    assert session.execute(select(LineListing.ends_on).where(LineListing.line_id == line.id)).scalar_one() == PORTED_ON
    assert ports(session) == [(line.number, "out", "NORSEA", PORTED_ON, None)]
    assert number_in_use(session, line.number, datetime(2026, 3, 11, 9, 0, tzinfo=UTC)) is not None, "its last calls are billed"
    assert number_in_use(session, line.number, datetime(2026, 3, 12, 0, 0, tzinfo=UTC)) is None
    later = datetime(2027, 3, 1, tzinfo=UTC)
    card = number_card(session, line.number, by=CLERK, at=later)
    assert (card.state, card.network_code) == (NumberState.PORTED_OUT, "NORSEA")
    assert line.number not in free_numbers(session, zz.gold[0].address_key, at=later, limit=50)
    again = a_provide(zz, account, number=line.number, required_on=date(2026, 3, 20))
    assert refused(session, again) == {"CSS263E": "number"}
    with pytest.raises(Refused, match="went to another network"):
        reserve(session, zz, line.number, at=later, account_number=account.number)


def test_a_number_that_went_out_comes_back_by_a_port_in_only(
    session: Session, zz: BuiltDistrict, account: BuiltAccount, line: BuiltLine
) -> None:
    ported_out(session, account, line.number)
    command = a_port_in(account, line.number, **a_new_line(zz, site=1), network_code="NORSEA", required_on=date(2026, 3, 20))
    placed = place(session, command)
    complete(session, placed.order_number, date(2026, 3, 20))
    assert ports(session) == [(line.number, "out", "NORSEA", PORTED_ON, date(2026, 3, 20))], "it is home: no more is to be told"
    guided = number_in_use(session, line.number, start_of_day(date(2026, 3, 20)))
    assert guided is not None
    assert guided.site_id == zz.gold[1].id
    gone = place(session, replace(a_cease(account, line.number), required_on=date(2026, 3, 25)))
    complete(session, gone.order_number, date(2026, 3, 25))
    assert number_card(session, line.number, by=CLERK, at=datetime(2026, 3, 27, tzinfo=UTC)).state is NumberState.RESTING
    assert number_card(session, line.number, by=CLERK, at=datetime(2027, 3, 1, tzinfo=UTC)).state is NumberState.FREE


def test_another_networks_number_goes_on_to_a_third_one(session: Session, account: BuiltAccount, line: BuiltLine) -> None:
    complete(session, place(session, a_port_in(account, number=line.number)).order_number, PORTED_ON)
    gone = place(session, a_port_out(account, FOREIGN, required_on=date(2026, 3, 20)))
    complete(session, gone.order_number, date(2026, 3, 20))
    assert ports(session) == [(FOREIGN, "in", "KELDER", PORTED_ON, date(2026, 3, 20))]
    assert number_card(session, FOREIGN, by=CLERK, at=datetime(2026, 3, 27, tzinfo=UTC)).state is NumberState.NOT_OURS


def test_a_port_out_that_is_cancelled_changes_nothing(session: Session, account: BuiltAccount, line: BuiltLine) -> None:
    placed = place(session, a_port_out(account, line.number))
    assert refused(session, a_renumber(account, line.number)) == {"CSS207E": "number"}
    cancel_order(session, CancelOrder(order_number=placed.order_number, reason="Stays."), by=CLERK, at=AT)
    assert ports(session) == []
    assert number_in_use(session, line.number, AT) is not None
    assert session.execute(select(CustomerOrder.kept_number)).scalar_one() is None


def test_what_is_wrong_with_a_port_out(session: Session, account: BuiltAccount, line: BuiltLine) -> None:
    wrong = a_port_out(account, line.number, network_code="NOBODY", required_on=date(2026, 3, 5))
    assert refused(session, wrong) == {"CSS266E": "network_code", "CSS213E": "required_on"}
    assert refused(session, a_port_out(account, "01632 960999")) == {"CSS230E": "number"}
    session.execute(text("UPDATE css.product SET is_riding = true WHERE code = 'CALL-WAITING'"))
    assert refused(session, a_port_out(account, line.number)) == {"CSS252E": "ends_riding"}
    assert place(session, a_port_out(account, line.number, ends_riding=True)).number == line.number


def test_two_networks_take_their_time_however_soon_there_is_a_line(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    builders.stopped_line(session, zz, site=zz.gold[0])
    command = a_port_in(account, **a_new_line(zz), required_on=date(2026, 3, 10))
    assert refused(session, command) == {"CSS213E": "required_on"}
    assert place(session, replace(command, required_on=PORTED_ON)).plant_outcome is PlantOutcome.RESTART


def test_a_partner_ports_for_its_own_accounts_only(session: Session, zz: BuiltDistrict, account: BuiltAccount, line: BuiltLine) -> None:
    theirs = builders.account(session, zz, provider_code="BRACKWAT")
    command = a_port_in(theirs, **a_new_line(zz, site=1) | {"product_codes": ("LINE-WHO",)})
    assert place(session, command, by=PARTNER_ACTOR).number == FOREIGN
    assert refused(session, a_port_out(account, line.number), by=PARTNER_ACTOR) == {"CSS200E": "account_number"}
    assert refused(session, a_port_out(theirs, line.number), by=PARTNER_ACTOR) == {"CSS230E": "number"}
