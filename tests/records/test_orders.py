"""Orders as stories: placed, held, done, cancelled, and what each leaves on plant, service, number, listing and shelf."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.errors import Conflict, Refused
from css.core.words import AppointmentState, DirectoryEntryKind, FailureKind, HalfDay, LineState, PairState
from css.handover import BillableItem, ServiceFailure
from css.master.appointments import Appointment
from css.master.lines import LineListing
from css.master.plant import Pair
from css.master.services import Service, ServiceNumber
from orders.actions import cancel_order, delay_order, resume_order
from orders.commands.orders import CancelOrder, DelayOrder, ResumeOrder, Slot
from orders.model import KciEvent, OrderItem
from orders.queries.cards import order_card
from orders.words import ItemAction, KciKind, OrderState, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, DAY
from tests.records.ordering import PROMISED, a_cease, a_provide, commit, complete, line_of, pair_state, place, refused, stream

# --- a new line -----------------------------------------------------------------------------------------------------


def test_a_new_line_on_a_spare_pair_from_order_to_first_charge(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    placed = place(session, a_provide(zz, account, product_codes=("LINE-RES", "CALLER-DISPLAY"), care_level="4"))
    assert (placed.state, placed.committed_on, placed.plant_outcome) == (OrderState.COMMITTED, PROMISED, PlantOutcome.SPARE_PAIR)
    assert placed.number == zz.first_number
    line = line_of(session, placed.order_number)
    assert (line.state, line.pair_id, pair_state(session, line)) == (LineState.PLANNED, zz.pair_ids[0], PairState.SPARE)
    assert stream(session, placed.order_number) == [KciKind.ACKNOWLEDGED, KciKind.COMMITTED]

    complete(session, placed.order_number, PROMISED)
    session.refresh(line)
    assert (line.state, line.starts_on, line.account_id, pair_state(session, line)) == (
        LineState.WORKING,
        PROMISED,
        account.id,
        PairState.WORKING,
    )
    main, *others = session.execute(select(Service).where(Service.line_id == line.id).order_by(Service.id)).scalars()
    assert len(others) == 2  # caller display, and the care level that was asked for
    for service in (main, *others):
        assert (service.starts_on, service.start_recorded_on, service.ends_on) == (PROMISED, PROMISED, None)
        assert service.order_number == placed.order_number
    assert (main.care_level, main.minimum_term_ends_on) == ("4", date(2027, 3, 9))
    assert [service.care_level for service in others] == [None, None]
    number = session.execute(select(ServiceNumber)).scalar_one()
    assert (number.service_id, number.number, number.starts_at) == (main.id, placed.number, datetime(2026, 3, 9, tzinfo=UTC))
    listing = session.execute(select(LineListing)).scalar_one()
    assert (listing.directory_kind, listing.directory_name, listing.emergency_name) == (
        DirectoryEntryKind.ORDINARY,
        "Tansley A",
        "Mrs Ada Tansley",
    )
    charge = session.execute(select(BillableItem)).scalar_one()
    assert (charge.words, charge.reference, str(charge.gross_price)) == ("Connection of residential line", placed.order_number, "15000")
    assert (charge.account_id, charge.occurs_on, charge.business_date) == (account.id, PROMISED, PROMISED)
    assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 0
    assert stream(session, placed.order_number)[-1] is KciKind.COMPLETED
    items = session.execute(select(OrderItem)).scalars().all()
    assert {item.service_id for item in items} == {main.id, *(service.id for service in others)}


def test_the_number_starts_at_midnight_in_london_in_summer_too(session: Session) -> None:
    zz = builders.district(session)
    placed = place(session, a_provide(zz, builders.account(session, zz), required_on=date(2026, 4, 1)))
    complete(session, placed.order_number, date(2026, 4, 1))
    assert session.execute(select(ServiceNumber.starts_at)).scalar_one() == datetime(2026, 3, 31, 23, 0, tzinfo=UTC)


def test_a_stopped_line_is_started_again_the_next_working_day(session: Session) -> None:
    zz = builders.district(session)
    stopped_id = builders.stopped_line(session, zz)
    account = builders.account(session, zz, provider_code="BRACKWAT")
    placed = place(session, a_provide(zz, account, required_on=date(2026, 3, 3)))
    assert placed.plant_outcome is PlantOutcome.RESTART
    line = line_of(session, placed.order_number)
    assert (line.id, line.state) == (stopped_id, LineState.STOPPED)
    complete(session, placed.order_number, date(2026, 3, 3))
    session.refresh(line)
    assert (line.state, line.provider_id, line.account_id) == (LineState.WORKING, account.provider_id, account.id)
    assert (line.starts_on, pair_state(session, line)) == (DAY, PairState.WORKING)


def test_a_full_distribution_point_waits_for_building(session: Session) -> None:
    zz = builders.district(session, pairs=0)
    account = builders.account(session, zz)
    assert refused(session, a_provide(zz, account)) == {"CSS213E": "required_on"}
    placed = place(session, a_provide(zz, account, required_on=date(2026, 3, 23)))
    assert (placed.state, placed.plant_outcome, placed.number) == (OrderState.ACKNOWLEDGED, PlantOutcome.BUILD, zz.first_number)
    assert placed.committed_on is None, "nothing is promised before planning has looked"
    with pytest.raises(Refused, match="it cannot complete from there"):
        complete(session, placed.order_number, date(2026, 3, 23))
    commit(session, placed.order_number, date(2026, 3, 24))
    with pytest.raises(Refused, match="before one is built"):
        complete(session, placed.order_number, date(2026, 3, 24))
    session.add(Pair(distribution_point_id=zz.distribution_point_id, pair_number=1, state=PairState.SPARE))
    complete(session, placed.order_number, date(2026, 3, 24))
    line = line_of(session, placed.order_number)
    assert (line.state, pair_state(session, line)) == (LineState.WORKING, PairState.WORKING)


def test_at_a_silver_address_no_number_is_kept_and_the_network_comes_first(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    silver = a_provide(zz, account, address_key=zz.silver.address_key, required_on=date(2026, 3, 23))
    assert refused(session, replace(silver, number="01632 960123")) == {"CSS228E": "number"}
    placed = place(session, silver)
    assert (placed.state, placed.plant_outcome, placed.number) == (OrderState.ACKNOWLEDGED, PlantOutcome.BUILD, None)
    with pytest.raises(Refused, match="it cannot complete from there"):
        complete(session, placed.order_number, date(2026, 3, 23))
    commit(session, placed.order_number, date(2026, 3, 24), distribution_point="C1/DP1")
    complete(session, placed.order_number, date(2026, 3, 24))
    assert order_card(session, placed.order_number, by=CLERK).number == zz.first_number


def test_numbers_go_out_in_order_and_a_chosen_one_must_be_free(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account, number="441632960001")
    order = a_provide(zz, account, address_key=zz.gold[1].address_key)
    first, second = (place(session, replace(order, address_key=zz.gold[n].address_key)) for n in (1, 2))
    assert (first.number, second.number) == ("441632960000", "441632960002")
    assert refused(session, replace(order, number=line.number)) == {"CSS225E": "number"}
    assert refused(session, replace(order, number="01632 960002")) == {"CSS226E": "number"}
    assert refused(session, replace(order, number="020 7946 0123")) == {"CSS224E": "number"}
    assert place(session, replace(order, number="01632 960999")).number == "441632960999"


def test_a_ceased_number_rests_but_may_go_back_to_whose_it_was(session: Session) -> None:
    zz = builders.district(session)
    account, other = builders.account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, account, number=zz.first_number)
    ceased = place(session, a_cease(account, line.number))
    complete(session, ceased.order_number, date(2026, 3, 4))
    again = a_provide(zz, other, required_on=date(2026, 3, 10))
    assert refused(session, replace(again, number=line.number)) == {"CSS227E": "number"}
    assert place(session, replace(again, address_key=zz.gold[1].address_key, required_on=date(2026, 3, 12))).number == "441632960001"
    back = place(session, replace(again, account_number=account.number, number=line.number))
    assert (back.number, back.plant_outcome) == (line.number, PlantOutcome.RESTART)
    complete(session, back.order_number, date(2026, 3, 10))
    assert session.execute(select(func.count()).select_from(ServiceNumber).where(ServiceNumber.number == line.number)).scalar() == 2


# --- a cease --------------------------------------------------------------------------------------------------------


def test_a_cease_ends_all_that_works_on_the_line_and_leaves_it_stopped(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    built = builders.working_line(session, zz, account, features=("CALLER-DISPLAY", "CALL-WAITING"))
    placed = place(session, a_cease(account, "01632 960123", address_key=built.site.address_key))
    assert (placed.number, placed.plant_outcome, placed.committed_on) == (built.number, None, date(2026, 3, 4))
    card = order_card(session, placed.order_number, by=CLERK)
    assert [(item.action, item.product_code) for item in card.items] == [
        (ItemAction.REMOVE, "LINE-RES"),
        (ItemAction.REMOVE, "CALLER-DISPLAY"),
        (ItemAction.REMOVE, "CALL-WAITING"),
    ]
    complete(session, placed.order_number, date(2026, 3, 5))
    line = line_of(session, placed.order_number)
    session.refresh(line)
    assert (line.state, line.account_id, line.ends_on, pair_state(session, line)) == (LineState.STOPPED, None, None, PairState.STOPPED)
    ends = session.execute(select(Service.ends_on, Service.end_recorded_on).distinct()).all()
    assert [tuple(row) for row in ends] == [(date(2026, 3, 5), date(2026, 3, 5))]
    assert session.execute(select(ServiceNumber.ends_at)).scalar_one() == datetime(2026, 3, 6, tzinfo=UTC)
    assert session.execute(select(LineListing.ends_on)).scalar_one() == date(2026, 3, 5)
    # Late, but nobody is compensated for keeping the telephone a day longer; and a cease costs nothing to connect.
    assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 0
    assert session.execute(select(func.count()).select_from(BillableItem)).scalar() == 0


def test_a_pair_that_is_broken_stays_so_when_its_line_is_ceased(session: Session) -> None:
    """And nobody is promised the line to be started, until it is repaired."""
    zz = builders.district(session)
    account = builders.account(session, zz)
    built = builders.working_line(session, zz, account)
    placed = place(session, a_cease(account, built.number))
    session.get_one(Pair, built.pair_id).state = PairState.FAULTY
    complete(session, placed.order_number, date(2026, 3, 4))
    line = line_of(session, placed.order_number)
    assert (line.state, pair_state(session, line)) == (LineState.STOPPED, PairState.FAULTY)
    again = place(session, a_provide(zz, account, address_key=built.site.address_key, required_on=date(2026, 3, 16)))
    assert again.plant_outcome is PlantOutcome.SPARE_PAIR


def test_a_cease_is_refused_for_what_is_not_there(session: Session) -> None:
    zz = builders.district(session)
    account, other = builders.account(session, zz), builders.account(session, zz)
    built = builders.working_line(session, zz, account)
    assert refused(session, a_cease(other, built.number)) == {"CSS230E": "number"}
    assert refused(session, a_cease(account, "01632 960999")) == {"CSS230E": "number"}
    assert refused(session, a_cease(account, built.number, address_key=zz.gold[3].address_key)) == {"CSS242E": "address_key"}
    assert refused(session, a_cease(account, built.number, required_on=date(2026, 3, 3))) == {"CSS213E": "required_on"}
    first = place(session, a_cease(account, built.number))
    with pytest.raises(Conflict, match=first.order_number) as caught:
        place(session, a_cease(account, built.number))
    assert caught.value.code == "CSS207E"


# --- between --------------------------------------------------------------------------------------------------------


def test_a_held_order_goes_on_for_a_later_day_and_the_late_start_counts_from_the_promise(session: Session) -> None:
    zz = builders.district(session)
    placed = place(session, a_provide(zz, builders.account(session, zz)))
    number = placed.order_number
    delay_order(session, DelayOrder(order_number=number, problem_code="NETWORK_ISSUE", words="A cable is down."), by=CLERK, at=AT)
    changed = resume_order(session, ResumeOrder(order_number=number, target_on=date(2026, 3, 12)), by=CLERK, at=AT)
    assert (changed.state, changed.committed_on, changed.target_on, changed.kci_sequence) == (
        OrderState.COMMITTED,
        PROMISED,
        date(2026, 3, 12),
        5,
    )
    complete(session, number, date(2026, 3, 12))
    card = order_card(session, number, by=CLERK)
    assert [event.kind.value for event in card.kci] == [
        "ACKNOWLEDGED",
        "COMMITTED",
        "DELAY",
        "RESUMED",
        "REAPPOINTED",
        "COMPLETED",
    ]
    assert card.kci[2].problem_code == "NETWORK_ISSUE"
    failure = session.execute(select(ServiceFailure)).scalar_one()
    assert (failure.kind, failure.issue_on, failure.reference) == (FailureKind.DELAYED_START, PROMISED, number)
    assert (failure.promised_at, failure.put_right_at) == (
        datetime(2026, 3, 9, 23, 59, tzinfo=UTC),
        datetime(2026, 3, 12, tzinfo=UTC),
    )


def test_nothing_is_owed_for_a_start_that_the_customer_held_up(session: Session) -> None:
    zz = builders.district(session)
    placed = place(session, a_provide(zz, builders.account(session, zz)))
    number = placed.order_number
    delay_order(session, DelayOrder(order_number=number, problem_code="ACCESS_ISSUE", words="Nobody was in."), by=CLERK, at=AT)
    resume_order(session, ResumeOrder(order_number=number, target_on=date(2026, 3, 12)), by=CLERK, at=AT)
    complete(session, number, date(2026, 3, 12))
    assert session.execute(select(func.count()).select_from(ServiceFailure)).scalar() == 0


def test_each_event_carries_the_order_as_it_then_stood(session: Session) -> None:
    zz = builders.district(session)
    number = place(session, a_provide(zz, builders.account(session, zz))).order_number
    delay_order(session, DelayOrder(order_number=number, problem_code="OTHER", words="Snow."), by=CLERK, at=AT)
    resume_order(session, ResumeOrder(order_number=number, target_on=date(2026, 3, 13)), by=CLERK, at=AT)
    copies = session.execute(select(KciEvent.order_copy).order_by(KciEvent.sequence)).scalars().all()
    assert [(copy["state"], copy["committed_on"], copy["target_on"]) for copy in copies] == [
        ("acknowledged", None, None),
        ("committed", "2026-03-09", "2026-03-09"),
        ("held", "2026-03-09", "2026-03-09"),
        ("committed", "2026-03-09", "2026-03-09"),
        ("committed", "2026-03-09", "2026-03-13"),
    ]
    assert all(copy["address_key"] == zz.gold[0].address_key and copy["items"][0]["product_code"] == "LINE-RES" for copy in copies)
    assert "kci" not in copies[0]


def test_a_cancelled_order_gives_back_its_pair_its_number_and_its_slot(session: Session) -> None:
    zz = builders.district(session, pairs=1)
    account = builders.account(session, zz)
    slot = Slot(slot_on=date(2026, 3, 7), half_day=HalfDay.AM)
    placed = place(session, a_provide(zz, account, appointment=slot))
    assert session.execute(select(Appointment.state)).scalar_one() is AppointmentState.BOOKED
    done = cancel_order(session, CancelOrder(order_number=placed.order_number, reason="Moving elsewhere."), by=CLERK, at=AT)
    assert (done.state, done.kci_sequence) == (OrderState.CANCELLED, 3)
    assert session.execute(select(Appointment.state)).scalar_one() is AppointmentState.CANCELLED
    line = line_of(session, placed.order_number)
    session.refresh(line)
    assert (line.state, line.ends_on) == (LineState.RECOVERED, DAY)
    again = place(session, a_provide(zz, account))
    assert (again.plant_outcome, again.number) == (PlantOutcome.SPARE_PAIR, placed.number)


def test_a_cancel_is_too_late_from_four_o_clock_the_day_before(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    first = place(session, a_provide(zz, account))
    second = place(session, a_provide(zz, account))
    friday = datetime(2026, 3, 6, 16, 0, tzinfo=UTC)  # Monday's order: the working day before is a Friday
    with pytest.raises(Refused, match="Action too late to be performed"):
        cancel_order(session, CancelOrder(order_number=first.order_number, reason="No."), by=CLERK, at=friday)
    just_before = friday - timedelta(microseconds=1)
    done = cancel_order(session, CancelOrder(order_number=second.order_number, reason="No."), by=CLERK, at=just_before)
    assert done.state is OrderState.CANCELLED
