"""How many lines an installation has: pairs kept and given back, one service for all of them, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.words import HalfDay, LineState, PairState
from css.master.cards import account_card
from css.master.plant import Pair
from css.master.queries import site_by_key
from orders.actions import cancel_order
from orders.actions.commit import commit_order
from orders.actions.tasks import complete_task
from orders.commands.orders import CancelOrder, CommitOrder, CompleteTask, Slot
from orders.model import CustomerOrder, OrderItem, OrderTask
from orders.words import ItemAction, OrderKind, OrderState, PlantOutcome, TaskKind
from tests import builders
from tests.builders import AT, CLERK, SYSTEM
from tests.records.ordering import PROMISED, a_cease, complete, place, refused
from tests.records.places import a_firm, an_order, auxiliaries, lines_of, paid_for, spare_pairs, working_count

LATER = date(2026, 3, 30)


def test_lines_are_added_each_on_a_pair_of_its_own(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    placed = place(session, lines_of(firm, line.number, 4))
    assert (placed.state, placed.plant_outcome, placed.number) == (OrderState.COMMITTED, PlantOutcome.SPARE_PAIR, line.number)
    planned = auxiliaries(session, line.id)
    assert [one.state for one in planned] == [LineState.PLANNED] * 3
    assert len({one.pair_id for one in planned} - {None, line.pair_id}) == 3, "a spare pair is kept for each"
    complete(session, placed.order_number, PROMISED)
    assert working_count(session, line.id) == 3
    assert {one.starts_on for one in auxiliaries(session, line.id)} == {PROMISED}
    assert paid_for(session, line.id) == [(3, PROMISED, None)]
    assert spare_pairs(session, zz.distribution_point_id) == 6 - 4


def test_more_lines_end_the_old_service_and_open_one_of_the_new_number(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 2)).order_number, PROMISED)
    placed = place(session, lines_of(firm, line.number, 5, required_on=LATER))
    complete(session, placed.order_number, LATER)
    assert working_count(session, line.id) == 4
    assert paid_for(session, line.id) == [(1, PROMISED, LATER), (4, LATER, None)]
    items = session.execute(
        select(OrderItem.action, OrderItem.quantity)
        .join(CustomerOrder, CustomerOrder.id == OrderItem.order_id)
        .where(CustomerOrder.number == placed.order_number)
        .order_by(OrderItem.item_number)
    ).all()
    assert [tuple(row) for row in items] == [(ItemAction.REMOVE, 1), (ItemAction.ADD, 4)]


def test_lines_taken_off_are_the_newest_and_their_pairs_are_spare_again(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 5)).order_number, PROMISED)
    placed = place(session, lines_of(firm, line.number, 2, required_on=LATER))
    assert placed.plant_outcome is None, "no pair is needed"
    complete(session, placed.order_number, LATER)
    states = [(one.state, one.ends_on) for one in auxiliaries(session, line.id)]
    assert states == [(LineState.WORKING, None), *[(LineState.RECOVERED, LATER)] * 3]
    assert spare_pairs(session, zz.distribution_point_id) == 6 - 2
    assert paid_for(session, line.id) == [(4, PROMISED, LATER), (1, LATER, None)]


def test_a_conversion_leaves_one_line(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 3)).order_number, PROMISED)
    complete(session, place(session, an_order(OrderKind.CONVERT, firm, line.number, required_on=LATER)).order_number, LATER)
    assert working_count(session, line.id) == 0
    assert paid_for(session, line.id) == [(2, PROMISED, LATER)]
    assert spare_pairs(session, zz.distribution_point_id) == 5
    assert refused(session, an_order(OrderKind.CONVERT, firm, line.number, required_on=date(2026, 4, 20))) == {"CSS284E": "number"}


@pytest.mark.parametrize(("count", "code"), [(1, "CSS283E"), (0, "CSS283E"), (201, "CSS284E"), (3, "CSS284E")])
def test_a_number_of_lines_that_cannot_be_is_refused(session: Session, count: int, code: str) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 3)).order_number, PROMISED)
    assert refused(session, lines_of(firm, line.number, count, required_on=LATER)) == {code: "line_count"}


def test_below_two_the_way_out_is_named(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    with pytest.raises(CssError, match="order a conversion to a single line"):
        place(session, lines_of(firm, line.number, 1))


def test_a_home_has_a_single_line(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account)
    assert refused(session, lines_of(account, line.number, 2)) == {"CSS286E": "line_count"}


def test_six_more_lines_can_have_a_slot_and_seven_cannot(session: Session) -> None:
    zz = builders.district(session, pairs=12)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    slot = Slot(slot_on=date(2026, 3, 5), half_day=HalfDay.AM)
    assert refused(session, lines_of(firm, line.number, 8, appointment=slot)) == {"CSS287E": "appointment"}
    placed = place(session, lines_of(firm, line.number, 7, appointment=slot))
    appointment_id = session.execute(select(CustomerOrder.appointment_id).where(CustomerOrder.number == placed.order_number)).scalar_one()
    assert appointment_id is not None


def test_seven_more_lines_have_the_lead_time_of_a_visit(session: Session) -> None:
    zz = builders.district(session, pairs=12)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    assert refused(session, lines_of(firm, line.number, 8, required_on=date(2026, 3, 6))) == {"CSS213E": "required_on"}
    assert place(session, lines_of(firm, line.number, 8)).committed_on == PROMISED


def test_lines_taken_off_need_nobody_to_visit(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 4)).order_number, PROMISED)
    slot = Slot(slot_on=date(2026, 3, 12), half_day=HalfDay.AM)
    assert refused(session, lines_of(firm, line.number, 2, required_on=LATER, appointment=slot)) == {"CSS287E": "appointment"}
    placed = place(session, lines_of(firm, line.number, 2, required_on=date(2026, 3, 11)))
    assert placed.committed_on == date(2026, 3, 11), "two working days"


def test_without_enough_pairs_the_lines_wait_for_a_survey_and_those_there_are_are_kept(session: Session) -> None:
    zz = builders.district(session, pairs=3)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    placed = place(session, lines_of(firm, line.number, 5, required_on=LATER))
    assert (placed.state, placed.plant_outcome, placed.committed_on) == (OrderState.ACKNOWLEDGED, PlantOutcome.BUILD, None)
    assert [one.pair_id is None for one in auxiliaries(session, line.id)] == [False, False, True, True]
    tasks = session.execute(
        select(OrderTask.kind)
        .join(CustomerOrder, CustomerOrder.id == OrderTask.order_id)
        .where(CustomerOrder.number == placed.order_number)
    ).scalars()
    assert TaskKind.SURVEY in set(tasks)


def test_a_cancelled_order_for_lines_gives_its_pairs_back(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    placed = place(session, lines_of(firm, line.number, 6))
    cancel_order(session, CancelOrder(order_number=placed.order_number, reason="Changed plans"), by=CLERK, at=AT)
    assert {one.state for one in auxiliaries(session, line.id)} == {LineState.RECOVERED}
    assert place(session, lines_of(firm, line.number, 6)).plant_outcome is PlantOutcome.SPARE_PAIR, "all five are to be had again"


def test_a_cease_takes_the_auxiliary_lines_out(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 4)).order_number, PROMISED)
    placed = place(session, a_cease(firm, line.number, required_on=LATER))
    complete(session, placed.order_number, LATER)
    assert working_count(session, line.id) == 0
    assert paid_for(session, line.id) == [(3, PROMISED, LATER)]
    assert spare_pairs(session, zz.distribution_point_id) == 5, "only the line with the number is left in place"
    assert session.execute(select(Pair.state).where(Pair.id == line.pair_id)).scalar_one() is PairState.STOPPED


def test_a_pair_that_broke_meanwhile_is_told_and_nothing_is_done(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    placed = place(session, lines_of(firm, line.number, 3))
    broken = auxiliaries(session, line.id)[0]
    session.get_one(Pair, broken.pair_id).state = PairState.FAULTY
    session.flush()
    with pytest.raises(CssError) as caught:
        complete(session, placed.order_number, PROMISED)
    assert caught.value.code == "CSS234E"
    assert working_count(session, line.id) == 0


def test_an_installation_counts_as_one_line_where_lines_are_counted(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 4)).order_number, PROMISED)
    card = account_card(session, firm.number, by=CLERK)
    assert (card.line_count, [one.line_id for one in card.lines]) == (1, [line.id])
    site = site_by_key(session, line.site.address_key)
    assert site is not None
    assert (site.working_lines, site.stopped_lines) == (1, ())


def test_an_order_is_repeated_by_its_token_and_one_line_has_one_order(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    command = lines_of(firm, line.number, 3, token="once")
    first = place(session, command)
    assert place(session, command) == first
    assert len(auxiliaries(session, line.id)) == 2
    assert refused(session, replace(command, token="", line_count=4)) == {"CSS207E": "number"}


def test_lines_that_are_built_get_a_pair_each_when_the_plant_is_there(session: Session) -> None:
    zz = builders.district(session, pairs=3)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    placed = place(session, lines_of(firm, line.number, 5, required_on=LATER))
    commit = CommitOrder(order_number=placed.order_number, committed_on=LATER)
    assert commit_order(session, commit, by=SYSTEM, at=AT).state is OrderState.COMMITTED
    built = CompleteTask(
        order_number=placed.order_number,
        task=TaskKind.PLANT,
        checks=("PAIR_BUILT", "PAIR_TESTED", "RECORDED"),
        done_on=builders.DAY,
    )
    complete_task(session, built, by=SYSTEM, at=AT)
    assert len({one.pair_id for one in auxiliaries(session, line.id)} - {None, line.pair_id}) == 4
    complete(session, placed.order_number, LATER)
    assert working_count(session, line.id) == 4
    assert paid_for(session, line.id) == [(4, LATER, None)]


def test_lines_that_wait_for_building_take_pairs_that_became_spare_meanwhile(session: Session) -> None:
    zz = builders.district(session, pairs=3)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    placed = place(session, lines_of(firm, line.number, 5, required_on=LATER))
    commit_order(session, CommitOrder(order_number=placed.order_number, committed_on=LATER), by=SYSTEM, at=AT)
    with pytest.raises(CssError) as caught:
        complete(session, placed.order_number, LATER)
    assert caught.value.code == "CSS233E"
    session.add_all(Pair(distribution_point_id=zz.distribution_point_id, pair_number=n, state=PairState.SPARE) for n in (41, 42))
    complete(session, placed.order_number, LATER)
    assert working_count(session, line.id) == 4
    assert spare_pairs(session, zz.distribution_point_id) == 0


def test_auxiliary_lines_are_not_taken_off_as_a_feature(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 3)).order_number, PROMISED)
    with pytest.raises(CssError, match="what changes it is a change of the number of lines") as caught:
        place(session, an_order(OrderKind.FEATURES, firm, line.number, remove_codes=("AUX-LINE",), required_on=LATER))
    assert caught.value.code == "CSS270E"


def test_a_transfer_takes_the_whole_installation_along(session: Session) -> None:
    zz = builders.district(session)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    complete(session, place(session, lines_of(firm, line.number, 3)).order_number, PROMISED)
    partner = builders.account(session, zz, provider_code="BRACKWAT")
    postcode, agreed = line.site.postcode, "Ada Tansley"
    gains = an_order(OrderKind.TRANSFER, partner, line.number, postcode=postcode, consented_by=agreed, required_on=LATER)
    complete(session, place(session, gains).order_number, LATER)
    assert {(one.state, one.account_id, one.provider_id) for one in auxiliaries(session, line.id)} == {
        (LineState.WORKING, partner.id, partner.provider_id)
    }
    assert paid_for(session, line.id) == [(2, PROMISED, LATER), (2, LATER, None)]
