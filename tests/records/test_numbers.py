"""Numbers reserved, released, lapsed and used; who has what; and what an address has to offer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import NotFound, Refused
from css.core.words import PortDirection, Role
from css.master.numbers import NumberReservation, PortedNumber, Quarantine
from css.master.plant import NumberBlock
from orders.actions import cancel_order, numbers
from orders.actions.reserve import PARTNER_RESERVATIONS_MAX
from orders.commands.numbers import NumberReleased
from orders.commands.orders import CancelOrder
from orders.queries.entry import free_numbers
from orders.queries.numbers import networks, number_card, number_stock, ported_numbers, reserved_numbers
from orders.queries.plant import plant_at
from orders.rules.plant import NumberState
from orders.words import OrderKind, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, DAY, PARTNER_ACTOR, BuiltAccount, BuiltDistrict
from tests.records.numbering import FOREIGN, a_renumber, release, reserve
from tests.records.ordering import a_cease, a_provide, complete, place, refused

TOMORROW = AT + timedelta(days=1)


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return builders.account(session, zz)


# --- reserving ---------------------------------------------------------------------------------------------------------


def test_a_reserved_number_is_nobody_elses_for_a_day(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    kept = reserve(session, zz, "01632 960007", by=PARTNER_ACTOR)
    assert (kept.number, kept.provider_code, kept.reserved_until_at) == ("441632960007", "BRACKWAT", TOMORROW)
    assert refused(session, a_provide(zz, account, number=kept.number)) == {"CSS262E": "number"}
    with pytest.raises(Refused, match="reserved for somebody else") as caught:
        reserve(session, zz, kept.number)
    assert caught.value.code == "CSS262E"
    assert kept.number not in free_numbers(session, zz.gold[0].address_key, at=AT, ending="07")
    assert kept.number in free_numbers(session, zz.gold[0].address_key, at=TOMORROW, ending="07"), "it lapses by itself"
    assert reserve(session, zz, kept.number, at=TOMORROW).provider_code == "RETAIL"


def test_the_next_free_number_is_reserved_where_none_is_named_and_passed_over_by_orders(
    session: Session, zz: BuiltDistrict, account: BuiltAccount
) -> None:
    assert [reserve(session, zz).number for _ in range(2)] == ["441632960000", "441632960001"]
    assert place(session, a_provide(zz, account)).number == "441632960002", "an order takes even the own provider's only by name"


def test_an_order_by_the_number_spends_the_reservation(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    kept = reserve(session, zz, "01632 960007")
    placed = place(session, a_provide(zz, account, number=kept.number))
    row = session.execute(select(NumberReservation).execution_options(populate_existing=True)).scalar_one()
    assert (placed.number, row.order_number, row.ends_at) == (kept.number, placed.order_number, AT)
    assert reserved_numbers(session, by=CLERK, at=AT) == ()
    cancel_order(session, CancelOrder(order_number=placed.order_number, reason="No."), by=CLERK, at=AT)
    assert reserve(session, zz, kept.number, by=PARTNER_ACTOR).number == kept.number, "nothing is kept for a dead order"


def test_a_reservation_is_given_back_by_who_has_it_or_by_the_house(session: Session, zz: BuiltDistrict) -> None:
    reserve(session, zz, "01632 960007", by=PARTNER_ACTOR)
    reserve(session, zz, "01632 960008")
    assert release(session, "01632 960007", by=PARTNER_ACTOR) == NumberReleased(number="441632960007", provider_code="BRACKWAT")
    with pytest.raises(NotFound) as theirs:
        release(session, "01632 960008", by=PARTNER_ACTOR)
    with pytest.raises(NotFound) as nobodys:
        release(session, "01632 960009", by=PARTNER_ACTOR)
    assert str(theirs.value).replace("960008", "") == str(nobodys.value).replace("960009", "")
    reserve(session, zz, "01632 960007", by=PARTNER_ACTOR)
    assert release(session, "01632 960007").provider_code == "BRACKWAT", "the numbers are the house's"
    with pytest.raises(NotFound) as lapsed:
        release(session, "01632 960008", at=TOMORROW)
    assert lapsed.value.code == "CSS268E"


def test_whose_reservation_it_is_already_is_told_so(session: Session, zz: BuiltDistrict) -> None:
    reserve(session, zz, "01632 960007")
    with pytest.raises(Refused, match="reserved for you already, until 10:00 on 3 March 2026") as caught:
        reserve(session, zz, "01632 960007")
    assert caught.value.code == "CSS267E"


def test_a_number_is_reserved_for_a_partners_account_by_the_desk(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    theirs = builders.account(session, zz, provider_code="BRACKWAT")
    assert reserve(session, zz, account_number=theirs.number).provider_code == "BRACKWAT"
    with pytest.raises(NotFound):
        reserve(session, zz, by=PARTNER_ACTOR, account_number=account.number)


def test_a_number_that_rests_is_reserved_for_whose_it_was_only(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    line = builders.working_line(session, zz, account)
    complete(session, place(session, a_cease(account, line.number)).order_number, date(2026, 3, 4))
    later = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
    with pytest.raises(Refused, match="rests until 3 June 2026") as caught:
        reserve(session, zz, line.number, at=later)
    assert caught.value.code == "CSS227E"
    assert reserve(session, zz, line.number, at=later, account_number=account.number).number == line.number


def test_what_cannot_be_reserved(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    biller = Actor("operator", "BILLER", "RETAIL", frozenset({Role.BILLING.value}), "screen")
    line = builders.working_line(session, zz, account, site=zz.gold[1])
    kept = place(session, a_provide(zz, account, number="01632 960033")).number
    for wanted, code in ((kept, "CSS226E"), (line.number, "CSS225E"), ("020 7946 0123", "CSS224E")):
        with pytest.raises(Refused) as caught:
            reserve(session, zz, wanted)
        assert caught.value.code == code
    for others, code in (({"address_key": zz.silver.address_key}, "CSS228E"), ({"by": biller}, "CSS203E")):
        with pytest.raises(Refused) as caught:
            reserve(session, zz, "01632 960044", **others)
        assert caught.value.code == code
    with pytest.raises(NotFound):
        reserve(session, zz, address_key="A99999999999")


def test_a_partner_keeps_not_more_than_twenty(session: Session, zz: BuiltDistrict) -> None:
    for _ in range(PARTNER_RESERVATIONS_MAX):
        reserve(session, zz, by=PARTNER_ACTOR)
    with pytest.raises(Refused) as caught:
        reserve(session, zz, by=PARTNER_ACTOR)
    assert caught.value.code == "CSS269E"
    assert reserve(session, zz).number == "441632960020"
    assert reserve(session, zz, by=PARTNER_ACTOR, at=TOMORROW).number == "441632960000"


def test_a_token_reserves_once_and_every_deed_is_audited(session: Session, zz: BuiltDistrict) -> None:
    assert reserve(session, zz, token="n-1") == reserve(session, zz, token="n-1")
    release(session, "01632 960000")
    events = session.execute(select(AuditEvent.verb, AuditEvent.subject_number).order_by(AuditEvent.id))
    assert [tuple(event) for event in events if "number" in event.verb] == [
        ("reserve_number", "441632960000"),
        ("release_number", "441632960000"),
    ]


def test_the_last_number_of_an_exchange_goes_to_one(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    session.execute(text("UPDATE css.number_block SET last_number = first_number"))
    reserve(session, zz, by=PARTNER_ACTOR)
    assert refused(session, a_provide(zz, account)) == {"CSS229E": "address_key"}
    with pytest.raises(Refused) as caught:
        reserve(session, zz)
    assert caught.value.code == "CSS229E"
    release(session, "01632 960000")
    assert place(session, a_provide(zz, account)).number == "441632960000"


# --- resting -----------------------------------------------------------------------------------------------------------


def test_how_long_a_number_rests_is_a_row_of_the_day_it_was_ceased(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    session.add(Quarantine(starts_on=date(2026, 3, 6), days=7))
    first, second = (builders.working_line(session, zz, account, number=f"44163296000{n}") for n in range(2))
    complete(session, place(session, a_cease(account, first.number)).order_number, date(2026, 3, 4))
    complete(session, place(session, a_cease(account, second.number, required_on=date(2026, 3, 9))).order_number, date(2026, 3, 9))
    at = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)
    cards = [number_card(session, line.number, by=CLERK, at=at) for line in (first, second)]
    assert [card.state for card in cards] == [NumberState.RESTING, NumberState.FREE]
    assert cards[0].rests_until_at == datetime(2026, 6, 3, 0, 0, tzinfo=UTC)
    assert free_numbers(session, zz.gold[3].address_key, at=at)[:2] == ("441632960001", "441632960002")
    assert free_numbers(session, zz.gold[3].address_key, at=at - timedelta(days=1))[:1] == ("441632960002",)
    assert free_numbers(session, zz.gold[3].address_key, at=datetime(2026, 6, 3, 0, 0, tzinfo=UTC))[:1] == ("441632960000",)


# --- who has what ------------------------------------------------------------------------------------------------------


def test_a_numbers_card_says_who_has_it_and_who_had_it(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    line = builders.working_line(session, zz, account)
    card = number_card(session, "01632 960123", by=CLERK, at=AT)
    assert (card.state, card.exchange_name, card.order_number) == (NumberState.IN_USE, "Wrenford", None)
    assert [(use.account_number, use.line_id, use.ends_at) for use in card.uses] == [(account.number, line.id, None)]
    placed = place(session, a_renumber(account, line.number, "01632 960200"))
    kept = number_card(session, "01632 960200", by=CLERK, at=AT)
    assert (kept.state, kept.order_number, kept.uses) == (NumberState.KEPT, placed.order_number, ())
    complete(session, placed.order_number, date(2026, 3, 4))
    after = number_card(session, "01632 960123", by=CLERK, at=datetime(2026, 3, 5, tzinfo=UTC))
    assert (after.state, after.uses[0].ends_at) == (NumberState.RESTING, datetime(2026, 3, 4, tzinfo=UTC))
    assert number_card(session, "01632 960777", by=CLERK, at=AT).state is NumberState.FREE
    stranger = number_card(session, FOREIGN, by=CLERK, at=AT)
    assert (stranger.state, stranger.exchange_code) == (NumberState.NOT_OURS, None)


def test_a_partner_learns_that_a_number_is_taken_and_not_by_whom(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    line = builders.working_line(session, zz, account)
    reserve(session, zz, "01632 960300")
    placed = place(session, a_provide(zz, account, address_key=zz.gold[1].address_key, number="01632 960301"))
    seen = [number_card(session, number, by=PARTNER_ACTOR, at=AT) for number in (line.number, "01632 960300", "01632 960301")]
    assert [card.state for card in seen] == [NumberState.IN_USE, NumberState.RESERVED, NumberState.KEPT]
    assert all((card.order_number, card.reserved_for, card.reserved_until_at, card.uses) == (None, None, None, ()) for card in seen)
    assert number_card(session, "01632 960301", by=CLERK, at=AT).order_number == placed.order_number
    assert reserved_numbers(session, by=PARTNER_ACTOR, at=AT) == ()
    mine = reserve(session, zz, "01632 960302", by=PARTNER_ACTOR)
    assert [row.number for row in reserved_numbers(session, by=PARTNER_ACTOR, at=AT)] == [mine.number]
    assert [row.number for row in reserved_numbers(session, by=CLERK, at=AT)] == ["441632960300", mine.number]


def test_the_stock_of_an_exchange_counts_each_number_once(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    lines = [builders.working_line(session, zz, account, number=f"44163296000{n}") for n in range(3)]
    complete(session, place(session, a_cease(account, lines[0].number)).order_number, date(2026, 3, 4))
    reserve(session, zz, "01632 960100")
    place(session, a_renumber(account, lines[1].number, "01632 960101", required_on=date(2026, 3, 9)))
    session.add(PortedNumber(number="441632960102", direction=PortDirection.OUT, network_code="KELDER", starts_on=DAY))
    session.add(NumberBlock(exchange_id=zz.exchange_id, first_number="441632965000", last_number="441632965009"))
    session.flush()
    (stock,) = number_stock(session, "ZZ", at=AT)
    assert (stock.size, stock.in_use, stock.ported_out, stock.kept, stock.reserved, stock.resting) == (1010, 2, 1, 1, 1, 1)
    assert stock.free == 1010 - 6
    assert number_stock(session, "QQ", at=AT) == ()


def test_the_networks_and_what_is_with_them(session: Session, zz: BuiltDistrict) -> None:
    assert [row.code for row in networks(session)] == ["KELDER", "NORSEA"]
    session.add(PortedNumber(number=zz.first_number, direction=PortDirection.OUT, network_code="KELDER", starts_on=DAY))
    session.add(PortedNumber(number=FOREIGN, direction=PortDirection.IN, network_code="NORSEA", starts_on=DAY))
    session.flush()
    assert [row.number for row in ported_numbers(session, network_code="kelder")] == [zz.first_number]
    assert [row.network_name for row in ported_numbers(session, direction=PortDirection.IN)] == ["Norsea Communications"]
    assert len(ported_numbers(session)) == 2


# --- what an address has -----------------------------------------------------------------------------------------------


def test_the_plant_at_an_address_tells_stopped_lines_with_their_numbers(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    site = zz.gold[0]
    lines = [builders.working_line(session, zz, account, site=site) for _ in range(3)]
    for ceased in [place(session, a_cease(account, line.number)) for line in lines[:2]]:
        complete(session, ceased.order_number, date(2026, 3, 4))
    at = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
    reserve(session, zz, lines[0].number, at=at, account_number=account.number)
    found = plant_at(session, site.address_key, at=at)
    assert (found.working_lines, found.stopped_lines, found.spare_pairs, found.outcome) == (1, 2, 3, PlantOutcome.RESTART)
    assert [(each.number, each.is_number_gone) for each in found.stopped] == [(lines[0].number, True), (lines[1].number, False)]
    assert {each.rests_until_at for each in found.stopped} == {datetime(2026, 6, 3, 0, 0, tzinfo=UTC)}
    assert found.words == "There is 1 working line, 2 stopped lines and 3 spare pairs: a stopped line can be started again."
    kinds = {row.kind: row.earliest_on for row in found.earliest if not row.needs_visit}
    assert kinds[OrderKind.START] == date(2026, 3, 5)
    assert kinds[OrderKind.TAKEOVER] == date(2026, 3, 11)
    again = place(session, a_provide(zz, account, address_key=site.address_key, required_on=date(2026, 3, 12)))
    assert again.plant_outcome is PlantOutcome.RESTART
    assert [each.number for each in plant_at(session, site.address_key, at=at).stopped] == [lines[1].number], "one is spoken for"


def test_where_there_is_nothing_and_where_nobody_knows(session: Session) -> None:
    zz = builders.district(session, pairs=1)
    builders.working_line(session, zz, builders.account(session, zz))
    full = plant_at(session, zz.gold[1].address_key, at=AT)
    assert (full.outcome, full.is_surveyed_first, full.stopped) == (PlantOutcome.BUILD, True, ())
    assert "no working lines, no stopped lines and no spare pairs: a pair must be built first" in full.words
    silver = plant_at(session, zz.silver.address_key, at=AT)
    assert (silver.outcome, silver.match.value, silver.is_surveyed_first) == (PlantOutcome.BUILD, "silver", True)
    assert "(silver)" in silver.words
    assert "no number can be kept" in silver.words
    with pytest.raises(NotFound):
        plant_at(session, "A99999999999", at=AT)


def test_a_renumbered_line_may_go_back_and_the_choice_is_checked(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    line = builders.working_line(session, zz, account)
    assert refused(session, a_renumber(account, line.number, line.number)) == {"CSS225E": "new_number"}
    assert refused(session, a_renumber(account, line.number, "020 7946 0123")) == {"CSS224E": "new_number"}
    assert refused(session, a_renumber(account, "01632 960999")) == {"CSS230E": "number"}
    assert refused(session, replace(a_renumber(account, line.number), product_codes=("CALL-WAITING",))) == {"CSS223E": "product_codes"}
    first = place(session, a_renumber(account, line.number))
    assert first.number == "441632960000"
    complete(session, first.order_number, date(2026, 3, 4))
    back = place(session, a_renumber(account, first.number, line.number, required_on=date(2026, 3, 6)))
    complete(session, back.order_number, date(2026, 3, 6))
    uses = session.execute(text("SELECT number, starts_at::date, ends_at::date FROM css.service_number ORDER BY starts_at"))
    assert [tuple(use) for use in uses] == [
        (line.number, date(2026, 3, 2), date(2026, 3, 4)),
        ("441632960000", date(2026, 3, 4), date(2026, 3, 6)),
        (line.number, date(2026, 3, 6), None),
    ]


def test_a_number_taken_while_it_was_looked_for_is_passed_over(
    session: Session, zz: BuiltDistrict, account: BuiltAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = reserve(session, zz, by=PARTNER_ACTOR).number
    looks = [(taken,), (taken,), ("441632960001",)]
    monkeypatch.setattr(numbers, "available_numbers", lambda *_, **__: looks.pop(0))
    assert place(session, a_provide(zz, account)).number == "441632960001"
    looks[:] = [(taken,)] * 3
    assert refused(session, a_provide(zz, account, address_key=zz.gold[1].address_key)) == {"CSS231E": None}
