"""Moves to other premises and within the same: what goes on, what is left behind, and which number can come along."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import start_of_day
from css.core.errors import CssError
from css.core.words import BarKind, DirectoryEntryKind, EndReason, HalfDay, LineState, PairState
from css.master.lines import Line, LineBar, LineListing
from css.master.plant import Pair
from css.master.products import Product
from css.master.services import Service, ServiceNumber
from orders.actions import cancel_order
from orders.commands.orders import CancelOrder, Slot
from orders.model import CustomerOrder, OrderItem
from orders.words import ItemAction, OrderKind, OrderState, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, BuiltLine
from tests.records.ordering import PROMISED, a_cease, complete, line_of, pair_state, place, refused
from tests.records.places import a_firm, a_move, an_order, auxiliaries, elsewhere, lines_of, paid_for, spare_pairs, working_count

LATER = date(2026, 3, 30)
TERM = date(2026, 10, 14)


def a_line(session: Session, zz: builders.BuiltDistrict, features: tuple[str, ...] = ("CALLER-DISPLAY",)) -> BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz), features=features)


def services_on(session: Session, line_id: int) -> list[tuple[str, date, date | None, EndReason | None]]:
    found = (
        select(Product.code, Service.starts_on, Service.ends_on, Service.end_reason)
        .join(Product, Product.id == Service.product_id)
        .where(Service.line_id == line_id)
        .order_by(Service.id)
    )
    return [(row.code, row.starts_on, row.ends_on, row.end_reason) for row in session.execute(found)]


def numbers_on(session: Session, line_id: int) -> list[tuple[str, datetime, datetime | None]]:
    found = (
        select(ServiceNumber.number, ServiceNumber.starts_at, ServiceNumber.ends_at)
        .join(Service, Service.id == ServiceNumber.service_id)
        .where(Service.line_id == line_id)
        .order_by(ServiceNumber.id)
    )
    return [(row.number, row.starts_at, row.ends_at) for row in session.execute(found)]


def listings_on(session: Session, line_id: int) -> list[tuple[DirectoryEntryKind, str | None, str, date | None]]:
    found = select(LineListing).where(LineListing.line_id == line_id).order_by(LineListing.id)
    return [(one.directory_kind, one.directory_name, one.emergency_name, one.ends_on) for one in session.execute(found).scalars()]


def test_within_an_exchange_everything_goes_on_with_its_number(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    session.get_one(Service, line.service_id).minimum_term_ends_on = TERM
    placed = place(session, a_move(line.account, line.number, zz.gold[1], emergency_name="Miss Bea Tansley"))
    assert (placed.number, placed.plant_outcome, placed.committed_on) == (line.number, PlantOutcome.SPARE_PAIR, PROMISED)
    new = line_of(session, placed.order_number)
    assert (new.state, new.site_id) == (LineState.PLANNED, zz.gold[1].id)
    complete(session, placed.order_number, PROMISED)
    session.expire_all()
    old = session.get_one(Line, line.id)
    assert (old.state, old.account_id, pair_state(session, old)) == (LineState.STOPPED, None, PairState.STOPPED)
    assert (new.state, new.account_id, new.starts_on, pair_state(session, new)) == (
        LineState.WORKING,
        line.account.id,
        PROMISED,
        PairState.WORKING,
    )
    assert services_on(session, old.id) == [
        ("LINE-RES", builders.DAY, PROMISED, EndReason.MOVED),
        ("CALLER-DISPLAY", builders.DAY, PROMISED, EndReason.MOVED),
    ]
    assert services_on(session, new.id) == [("LINE-RES", PROMISED, None, None), ("CALLER-DISPLAY", PROMISED, None, None)]
    main = session.execute(select(Service).where(Service.line_id == new.id).order_by(Service.id)).scalars().first()
    assert main is not None
    assert (main.minimum_term_ends_on, main.care_level) == (TERM, "1"), "no term begins anew"
    passed_at = start_of_day(PROMISED)
    assert numbers_on(session, old.id) == [(line.number, start_of_day(builders.DAY), passed_at)]
    assert numbers_on(session, new.id) == [(line.number, passed_at, None)]
    assert [one[3] for one in listings_on(session, old.id)] == [PROMISED]
    assert listings_on(session, new.id) == [(DirectoryEntryKind.ORDINARY, "Tansley A", "Miss Bea Tansley", None)]


def test_the_items_show_the_whole_line_and_then_its_new_services(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    placed = place(session, a_move(line.account, line.number, zz.gold[1]))
    found = (
        select(OrderItem)
        .join(CustomerOrder, CustomerOrder.id == OrderItem.order_id)
        .where(CustomerOrder.number == placed.order_number)
        .order_by(OrderItem.item_number)
    )
    items = list(session.execute(found).scalars())
    assert [(item.action, item.service_id) for item in items] == [
        (ItemAction.KEEP, line.service_id),
        (ItemAction.KEEP, line.feature_service_ids[0]),
    ]
    complete(session, placed.order_number, PROMISED)
    session.expire_all()
    new = line_of(session, placed.order_number)
    now = set(session.execute(select(Service.id).where(Service.line_id == new.id)).scalars())
    assert {item.service_id for item in items} == now


def test_a_number_does_not_leave_its_exchange(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    there = elsewhere(session, zz)
    with pytest.raises(CssError, match="is a number of Wrenford exchange and cannot be kept at Oakholt exchange: ask for a new") as caught:
        place(session, a_move(line.account, line.number, there.site))
    assert (caught.value.code, caught.value.element) == ("CSS285E", "keeps_number")


def test_to_another_exchange_the_line_gets_a_new_number_and_the_old_one_rests(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    there = elsewhere(session, zz)
    placed = place(session, a_move(line.account, line.number, there.site, keeps_number=False))
    assert placed.number == "441632700000"
    order = session.execute(select(CustomerOrder).where(CustomerOrder.number == placed.order_number)).scalar_one()
    assert (order.kept_number, order.old_number, order.from_line_id) == ("441632700000", line.number, line.id)
    complete(session, placed.order_number, PROMISED)
    new = line_of(session, placed.order_number)
    assert numbers_on(session, new.id) == [("441632700000", start_of_day(PROMISED), None)]
    assert numbers_on(session, line.id) == [(line.number, start_of_day(builders.DAY), start_of_day(PROMISED + timedelta(days=1)))]
    again = a_line(session, zz)
    move = a_move(again.account, again.number, zz.gold[3], required_on=LATER, new_number=line.number)
    assert refused(session, move) == {"CSS227E": "new_number"}


def test_a_new_number_can_be_chosen(session: Session) -> None:
    zz = builders.district(session)
    line, other = a_line(session, zz), a_line(session, zz)
    placed = place(session, a_move(line.account, line.number, zz.gold[2], new_number="01632 960777"))
    assert placed.number == "441632960777"
    move = a_move(other.account, other.number, zz.gold[3], new_number="01632 960777")
    assert refused(session, move) == {"CSS226E": "new_number"}


def test_the_own_number_asked_for_as_the_new_one_is_kept(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    placed = place(session, a_move(line.account, line.number, zz.gold[1], new_number=line.number))
    assert placed.number == line.number


def test_a_stopped_line_at_the_new_address_works_again(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    stopped = builders.stopped_line(session, zz, site=zz.gold[1])
    placed = place(session, a_move(line.account, line.number, zz.gold[1], required_on=date(2026, 3, 3)))
    assert (placed.plant_outcome, line_of(session, placed.order_number).id) == (PlantOutcome.RESTART, stopped)
    complete(session, placed.order_number, date(2026, 3, 3))
    session.expire_all()
    assert session.get_one(Line, stopped).state is LineState.WORKING


def test_where_a_pair_must_be_built_nothing_is_promised(session: Session) -> None:
    zz = builders.district(session, pairs=1)
    line = a_line(session, zz)
    placed = place(session, a_move(line.account, line.number, zz.gold[1], required_on=LATER))
    assert (placed.state, placed.committed_on, placed.plant_outcome) == (OrderState.ACKNOWLEDGED, None, PlantOutcome.BUILD)


def test_a_move_to_where_the_line_is_is_a_move_within_the_premises(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    assert refused(session, a_move(line.account, line.number, line.site)) == {"CSS285E": "address_key"}


def test_the_line_that_is_left_has_no_other_order_meanwhile(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    place(session, a_move(line.account, line.number, zz.gold[1]))
    assert refused(session, a_cease(line.account, line.number)) == {"CSS207E": "number"}
    assert refused(session, a_move(line.account, line.number, zz.gold[2])) == {"CSS207E": "number"}


def test_a_move_that_is_cancelled_leaves_the_line_where_it_is(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    placed = place(session, a_move(line.account, line.number, zz.gold[1], keeps_number=False))
    cancel_order(session, CancelOrder(order_number=placed.order_number, reason="Staying"), by=CLERK, at=AT)
    session.expire_all()
    assert session.get_one(Line, line.id).state is LineState.WORKING
    assert line_of(session, placed.order_number).state is LineState.RECOVERED
    assert place(session, a_move(line.account, line.number, zz.gold[1], new_number=placed.number)).number == placed.number


def test_the_directory_entry_comes_along_unless_the_order_says_otherwise(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    move = a_move(line.account, line.number, zz.gold[1], directory_kind=DirectoryEntryKind.EX_DIRECTORY)
    placed = place(session, move)
    complete(session, placed.order_number, PROMISED)
    new = line_of(session, placed.order_number)
    assert listings_on(session, new.id) == [(DirectoryEntryKind.EX_DIRECTORY, None, "Mrs Ada Tansley", None)]


@pytest.mark.parametrize("put_on_at", [AT, start_of_day(PROMISED) + timedelta(hours=9)])
def test_a_bar_for_debt_moves_with_the_line(session: Session, put_on_at: datetime) -> None:
    """It moves at the beginning of the day; one put on in the morning of that day was on neither line before."""
    zz = builders.district(session)
    line = a_line(session, zz)
    session.add(LineBar(line_id=line.id, kind=BarKind.OUTGOING, starts_at=put_on_at, reference="ZZO00000001"))
    placed = place(session, a_move(line.account, line.number, zz.gold[1]))
    complete(session, placed.order_number, PROMISED)
    new = line_of(session, placed.order_number)
    bars = session.execute(
        select(LineBar.line_id, LineBar.kind, LineBar.starts_at, LineBar.ends_at, LineBar.reference).order_by(LineBar.id)
    ).all()
    moved_at = max(put_on_at, start_of_day(PROMISED))
    assert [tuple(bar) for bar in bars] == [
        (line.id, BarKind.OUTGOING, put_on_at, moved_at, "ZZO00000001"),
        (new.id, BarKind.OUTGOING, moved_at, None, "ZZO00000001"),
    ]


def test_an_installation_moves_with_all_its_lines(session: Session) -> None:
    zz = builders.district(session, pairs=8)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 4)).order_number, PROMISED)
    placed = place(session, a_move(firm, line.number, zz.gold[1], required_on=LATER))
    new = line_of(session, placed.order_number)
    assert placed.plant_outcome is PlantOutcome.SPARE_PAIR
    assert len({one.pair_id for one in auxiliaries(session, new.id)} - {None, new.pair_id}) == 3
    complete(session, placed.order_number, LATER)
    assert (working_count(session, line.id), working_count(session, new.id)) == (0, 3)
    assert paid_for(session, new.id) == [(3, LATER, None)]
    assert spare_pairs(session, zz.distribution_point_id) == 8 - 5, "four working at the new address, one stopped at the old"
    assert session.execute(select(Pair.state).where(Pair.id == line.pair_id)).scalar_one() is PairState.STOPPED


def test_an_installation_that_finds_too_few_pairs_waits_for_building(session: Session) -> None:
    zz = builders.district(session, pairs=6)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 4)).order_number, PROMISED)
    placed = place(session, a_move(firm, line.number, zz.gold[1], required_on=date(2026, 4, 20)))
    assert (placed.state, placed.plant_outcome) == (OrderState.ACKNOWLEDGED, PlantOutcome.BUILD)
    new = line_of(session, placed.order_number)
    assert [one.pair_id is None for one in auxiliaries(session, new.id)] == [False, True, True]


def test_a_shift_changes_nothing_but_where_the_socket_is(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    slot = Slot(slot_on=date(2026, 3, 5), half_day=HalfDay.PM)
    placed = place(session, an_order(OrderKind.SHIFT, line.account, line.number, appointment=slot))
    assert (placed.committed_on, placed.plant_outcome, placed.number) == (PROMISED, None, line.number)
    complete(session, placed.order_number, PROMISED)
    session.expire_all()
    assert session.get_one(Line, line.id).state is LineState.WORKING
    assert services_on(session, line.id) == [("LINE-RES", builders.DAY, None, None), ("CALLER-DISPLAY", builders.DAY, None, None)]
    assert numbers_on(session, line.id) == [(line.number, start_of_day(builders.DAY), None)]
    assert len(listings_on(session, line.id)) == 1
    assert spare_pairs(session, zz.distribution_point_id) == 5


def test_a_shift_has_the_lead_time_of_a_visit(session: Session) -> None:
    zz = builders.district(session)
    line = a_line(session, zz)
    shift = an_order(OrderKind.SHIFT, line.account, line.number, required_on=date(2026, 3, 6))
    assert refused(session, shift) == {"CSS213E": "required_on"}
