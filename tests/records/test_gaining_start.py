"""A stopped line at an address works again: which one, with which number, and what comes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import start_of_day
from css.core.errors import CssError
from css.core.words import PairState, PortDirection
from css.master.lines import Line
from css.master.numbers import PortedNumber
from css.master.plant import Pair
from orders.actions import cancel_order
from orders.commands.orders import CancelOrder
from orders.model import CustomerOrder
from orders.queries.cards import order_card
from orders.words import OrderState, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, DAY, PARTNER_ACTOR, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.gaining import (
    STARTED,
    Working,
    a_start,
    holds_of,
    kinds_of,
    listings_of,
    partners_account,
    plant_of,
    services_on,
    uses_of,
)
from tests.records.ordering import a_cease, a_provide, complete, place, refused

CEASED = date(2026, 3, 4)
RESTARTED = date(2026, 3, 6)
LATER = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def stopped(session: Session, zz: BuiltDistrict, was: BuiltAccount, **others: object) -> BuiltLine:
    """A line that worked for somebody and was ceased on the 4th of March, the business date now."""
    line = builders.working_line(session, zz, was, site=zz.gold[0], **others)  # type: ignore[arg-type]
    ceased = place(session, a_cease(was, line.number))
    complete(session, ceased.order_number, CEASED)
    return line


def test_the_line_works_again_with_its_number(session: Session) -> None:
    zz = builders.district(session)
    was, now = builders.account(session, zz), partners_account(session, zz)
    line = stopped(session, zz, was, features=("CALLER-DISPLAY",))
    placed = place(session, a_start(zz, now, required_on=RESTARTED), by=PARTNER_ACTOR, at=LATER)
    assert (placed.state, placed.committed_on, placed.number) == (OrderState.COMMITTED, RESTARTED, line.number)
    assert placed.plant_outcome is PlantOutcome.RESTART
    assert holds_of(session, now) == [("open-order", placed.order_number)]
    complete(session, placed.order_number, RESTARTED)
    assert plant_of(session, line.id) == ("working", "BRACKWAT", now.id, "working")
    assert services_on(session, line.id) == [
        Working("CALLER-DISPLAY", was.id, DAY, CEASED, "ceased"),
        Working("LINE-RES", was.id, DAY, CEASED, "ceased"),
        Working("LINE-WHO", now.id, RESTARTED, None, None),
    ]
    assert uses_of(session, line.number) == [
        (was.id, start_of_day(DAY), start_of_day(date(2026, 3, 5))),
        (now.id, start_of_day(RESTARTED), None),
    ]
    assert listings_of(session, line.id)[-1] == ("DE", "Marlow B", "Mr Ben Marlow", RESTARTED, None)
    assert kinds_of(session, placed.order_number) == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
    assert holds_of(session, now) == []


def test_nobody_loses_a_stopped_line(session: Session) -> None:
    zz = builders.district(session)
    stopped(session, zz, builders.account(session, zz))
    placed = place(session, a_start(zz, builders.account(session, zz), required_on=RESTARTED), at=LATER)
    order = session.execute(select(CustomerOrder.id).where(CustomerOrder.number == placed.order_number)).scalar_one()
    assert session.execute(select(CustomerOrder).where(CustomerOrder.caused_by_id == order)).first() is None


def test_the_number_is_kept_from_others_until_then_and_free_again_when_given_up(session: Session) -> None:
    zz = builders.district(session)
    was, now = builders.account(session, zz), builders.account(session, zz)
    line = stopped(session, zz, was)
    placed = place(session, a_start(zz, now, required_on=RESTARTED), at=LATER)
    again = a_provide(zz, was, address_key=zz.gold[1].address_key, number=f"+{line.number}", required_on=date(2026, 3, 11))
    assert refused(session, again) == {"CSS226E": "number"}
    cancel_order(session, CancelOrder(order_number=placed.order_number, reason="No."), by=CLERK, at=LATER)
    assert plant_of(session, line.id)[0] == "stopped"
    assert place(session, again, at=LATER).number == line.number


def test_another_number_when_that_is_wanted(session: Session) -> None:
    zz = builders.district(session)
    was, now = builders.account(session, zz), builders.account(session, zz)
    line = stopped(session, zz, was)
    placed = place(session, a_start(zz, now, required_on=RESTARTED, keeps_number=False), at=LATER)
    assert placed.number not in {None, line.number}
    complete(session, placed.order_number, RESTARTED)
    assert [use[0] for use in uses_of(session, line.number)] == [was.id]
    assert [use[0] for use in uses_of(session, placed.number or "")] == [now.id]


def test_a_number_of_ones_choice(session: Session) -> None:
    zz = builders.district(session)
    stopped(session, zz, builders.account(session, zz))
    placed = place(session, a_start(zz, builders.account(session, zz), required_on=RESTARTED, new_number="01632 960777"), at=LATER)
    assert placed.number == "441632960777"


def test_a_number_that_somebody_else_has_by_now_cannot_be_kept(session: Session) -> None:
    zz = builders.district(session)
    was, now = builders.account(session, zz), builders.account(session, zz)
    line = stopped(session, zz, was)
    place(
        session,
        a_provide(zz, was, address_key=zz.gold[1].address_key, number=f"+{line.number}", required_on=date(2026, 3, 11)),
        at=LATER,
    )
    placed = place(session, a_start(zz, now, required_on=RESTARTED), at=LATER)
    assert placed.number not in {None, line.number}


def test_a_number_that_went_to_another_network_cannot_be_kept(session: Session) -> None:
    zz = builders.district(session)
    was, now = builders.account(session, zz), builders.account(session, zz)
    line = stopped(session, zz, was)
    session.add(PortedNumber(number=line.number, direction=PortDirection.OUT, network_code="KELDER", starts_on=CEASED, order_number="ZZO"))
    session.flush()
    assert refused(session, a_start(zz, now, required_on=RESTARTED, number=f"+{line.number}")) == {"CSS263E": "number"}
    placed = place(session, a_start(zz, now, required_on=RESTARTED), at=LATER)
    assert placed.number not in {None, line.number}


def test_a_line_that_never_had_a_number_gets_the_next(session: Session) -> None:
    zz = builders.district(session)
    builders.stopped_line(session, zz, site=zz.gold[0])
    placed = place(session, a_start(zz, builders.account(session, zz)))
    assert placed.number == "441632960000"
    complete(session, placed.order_number, STARTED)


def test_of_several_the_number_says_which(session: Session) -> None:
    zz = builders.district(session)
    was, now = builders.account(session, zz), builders.account(session, zz)
    one, two = (builders.working_line(session, zz, was, site=zz.gold[0]) for _ in range(2))
    orders = [place(session, a_cease(was, line.number)) for line in (one, two)]
    for order in orders:
        complete(session, order.order_number, CEASED)
    placed = place(session, a_start(zz, now, required_on=RESTARTED, number=f"+{two.number}"), at=LATER)
    assert placed.number == two.number
    assert place(session, a_start(zz, now, required_on=RESTARTED), at=LATER).number == one.number
    assert refused(session, a_start(zz, now, required_on=RESTARTED)) == {"CSS257E": "address_key"}, "both are being started"


def test_there_must_be_one(session: Session) -> None:
    zz = builders.district(session)
    was, now = builders.account(session, zz), builders.account(session, zz)
    assert refused(session, a_start(zz, now)) == {"CSS257E": "address_key"}
    assert refused(session, a_start(zz, now, address_key=zz.silver.address_key)) == {"CSS257E": "address_key"}
    builders.working_line(session, zz, was, site=zz.gold[1])
    assert refused(session, a_start(zz, now, address_key=zz.gold[1].address_key)) == {"CSS257E": "address_key"}
    line_id = builders.stopped_line(session, zz, site=zz.gold[0])
    assert refused(session, a_start(zz, now, number="01632 960555")) == {"CSS257E": "number"}
    assert refused(session, a_start(zz, now, number="0")) == {"CSS081E": "number"}
    session.execute(select(Pair).join(Line, Line.pair_id == Pair.id).where(Line.id == line_id)).scalar_one().state = PairState.FAULTY
    session.flush()
    assert refused(session, a_start(zz, now)) == {"CSS257E": "address_key"}, "a pair in trouble starts no line"


def test_dates_and_names_are_asked_for_at_once(session: Session) -> None:
    zz = builders.district(session)
    builders.stopped_line(session, zz, site=zz.gold[0])
    found = refused(session, a_start(zz, builders.account(session, zz), required_on=DAY, emergency_name=None, postcode="ZZ1 1AA"))
    assert found == {"CSS213E": "required_on", "CSS221E": "emergency_name", "CSS223E": "postcode"}


def test_a_partner_starts_a_line_on_its_own_account_only(session: Session) -> None:
    zz = builders.district(session)
    builders.stopped_line(session, zz, site=zz.gold[0])
    with pytest.raises(CssError) as caught:
        place(session, a_start(zz, builders.account(session, zz)), by=PARTNER_ACTOR)
    assert caught.value.code == "CSS200E"
    assert (
        order_card(session, place(session, a_start(zz, partners_account(session, zz)), by=PARTNER_ACTOR).order_number, by=CLERK).placed_at
        == AT
    )


def test_a_line_that_was_ceased_today_works_from_tomorrow(session: Session) -> None:
    """Calls of the day it was ceased are still its last customer's; whoever reports the start too soon is told from when it counts."""
    zz = builders.district(session)
    line = builders.working_line(session, zz, builders.account(session, zz))
    complete(session, place(session, a_cease(line.account, line.number)).order_number, CEASED)
    start = place(session, a_start(zz, builders.account(session, zz), required_on=date(2026, 3, 5)), at=LATER).order_number
    with pytest.raises(CssError, match=f"ceased on 4 March 2026.*order {start} can be done from the next day on"):
        complete(session, start, CEASED)
    complete(session, start, date(2026, 3, 5))
    assert order_card(session, start, by=CLERK).state is OrderState.COMPLETED
