"""Lines that come from others, each told as a story up to the bills it causes on both sides; every amount is worked out by hand.

The stories happen in one town and one month, so that its nights are lived once: each yields the day on which it goes on.

Prices, in pence without VAT (VAT is 20%; homes are quoted with it, and the quoted price is in brackets):
  residential line to 31 March 2026   1883.333333 (2260)    from 1 April 1950 (2340)
  wholesale line to 31 March 2026      883.75                from 1 April  905.25
  caller display                       270.833333 (325)      wholesale 95
  a start of a stopped line           3750 (4500)            a takeover 2083.333333 (2500), wholesale 525
  a transfer                             nothing for homes   wholesale 325
  a month of a minimum term left       750 (900)
  3m 02s to a mobile by day             49.92 (9.9 + 4 x 12.5 = 59.9), 50 on the bill
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from billing.checks import check_books
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.errors import Refused
from css.db.engine import transaction
from css.master.services import Service
from orders.actions import cancel_other, complete_order, place_order
from orders.commands.orders import CancelOther, CompleteOrder, OrderPlaced, PlaceOrder
from orders.queries.cards import open_orders, order_card
from orders.words import CancelOtherReason, OrderState
from tests import builders
from tests.builders import CLERK, OPERATOR, PARTNER_ACTOR, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.gaining import (
    OTHER,
    OTHER_ACTOR,
    a_start,
    a_takeover,
    a_transfer,
    cease_of,
    kinds_of,
    other_partner,
    outbox_of,
    partners_account,
    plant_of,
    uses_of,
    with_changes,
)
from tests.records.ordering import a_cease
from tests.scenarios.nights import CallMade, bill_lines, bill_totals, carrier_file, nights_through

MONDAY_9 = date(2026, 3, 9)
APRIL = date(2026, 4, 1)
A_MOBILE = "447700900456"


def march(day: int, hour: int = 10, minute: int = 0) -> datetime:
    return london_instant(date(2026, 3, day), time(hour, minute))


@dataclass
class Town:
    """A district that lives from day to day."""

    engine: Engine
    home: Path
    today: date
    files: list[date] = field(default_factory=list)

    def nights_to(self, day: date) -> None:
        """Every night until the morning of a day."""
        nights_through(self.engine, "ZZ", self.today, day - timedelta(days=1), self.home)
        self.today = day

    def place(self, command: PlaceOrder, by: Actor = CLERK) -> OrderPlaced:
        with transaction(self.engine) as session:
            return place_order(session, command, by=by, at=london_instant(self.today, time(10)))

    def done(self, order: OrderPlaced) -> None:
        with transaction(self.engine) as session:
            command = CompleteOrder(order_number=order.order_number, done_on=self.today)
            complete_order(session, command, by=OPERATOR, at=london_instant(self.today, time(15)))

    def call(self, number: str) -> None:
        """Three minutes and two seconds to a mobile, at noon today."""
        self.files.append(self.today)
        made = CallMade(number, A_MOBILE, london_instant(self.today, time(12)), 182)
        carrier_file(self.home, "ZZ", self.today, len(self.files), [made])

    def lines(self, account: BuiltAccount, issue_on: date) -> list[tuple[str, int]]:
        return bill_lines(self.engine, account.number)[issue_on]

    def figures(self, account: BuiltAccount) -> list[tuple[date, str, int, int, int]]:
        """Of every bill: when, which kind, net, VAT, with VAT."""
        return [
            (issue_on, kind, told["invoice_net"], told["invoice_vat"], told["invoice_gross"])
            for issue_on, kind, told in bill_totals(self.engine, account.number)
        ]

    def books(self) -> None:
        with transaction(self.engine) as session:
            assert check_books(session, "ZZ") == ()


def bound_until(session: Session, line: BuiltLine, day: date) -> None:
    """The line was promised until a day."""
    session.execute(update(Service).where(Service.id == line.service_id).values(minimum_term_ends_on=day))


def a_stopped_line_is_started_for_somebody_else(the: Town, where: BuiltDistrict) -> Iterator[date]:
    with transaction(the.engine) as session:
        was, now = builders.account(session, where), builders.account(session, where)
        line = builders.working_line(session, where, was, site=where.gold[0])
    # Monday 2 March: the first occupant gives the line up, for the 4th. On Friday the next one has it started, for Monday.
    cease = the.place(a_cease(was, line.number))
    yield date(2026, 3, 4)
    the.done(cease)
    yield date(2026, 3, 6)
    start = the.place(a_start(where, now, required_on=date(2026, 3, 9)))
    assert start.number == line.number, "the number goes back to the line, however shortly it has rested"
    yield date(2026, 3, 9)
    the.done(start)
    yield date(2026, 4, 2)

    # The first: 2 of 31 days, 1883.333333 x 2/31 = 121.51 -> 122; VAT 24.4 -> 24.
    assert the.figures(was) == [(date(2026, 3, 4), "final", 122, 24, 146)]
    # The next: 23 of 31 days, 1397.31 -> 1397; April 1950; the start 3750. Net 7097, VAT 1419.4 -> 1419.
    assert sorted(the.lines(now, APRIL)) == [("one-off", 3750), ("part-period", 1397), ("rental", 1950)]
    assert the.figures(now) == [(APRIL, "bill", 7097, 1419, 8516)]


def a_line_is_taken_over_by_who_moves_in(the: Town, where: BuiltDistrict) -> Iterator[date]:
    with transaction(the.engine) as session:
        leaver, mover = builders.account(session, where), builders.account(session, where)
        line = builders.working_line(session, where, leaver, features=("CALLER-DISPLAY",))
        bound_until(session, line, date(2027, 3, 2))
    yield MONDAY_9
    # Monday 9 March, for the 16th. Both ring a mobile at noon, the leaver on Friday, the mover on the day itself.
    taken = the.place(a_takeover(mover, line.site, number=line.number, required_on=date(2026, 3, 16)))
    yield date(2026, 3, 13)
    the.call(line.number)
    yield date(2026, 3, 16)
    the.done(taken)
    the.call(line.number)
    yield date(2026, 4, 2)

    # The leaver: 2 to 16 March is 14 of 31 days: line 850.54 -> 851, caller display 122.31 -> 122. Promised until 2 March 2027:
    # eleven months and 14 of the 28 days from 16 February are left, 11.5 x 750 = 8625. Net 9648 with the call, VAT 1929.6 -> 1930.
    assert sorted(net for _, net in the.lines(leaver, date(2026, 3, 16))) == [50, 122, 851, 8625]
    assert the.figures(leaver) == [(date(2026, 3, 16), "final", 9648, 1930, 11578)]
    # The mover: 16 of 31 days, 972.04 -> 972; April 1950; the takeover 2083; the call of the day itself. Net 5055, VAT 1011.
    assert sorted(the.lines(mover, APRIL)) == [("calls", 50), ("one-off", 2083), ("part-period", 972), ("rental", 1950)]
    assert the.figures(mover) == [(APRIL, "bill", 5055, 1011, 6066)]


def journey_3_a_partner_takes_over_a_line_and_the_loser_may_stop_it_in_time(the: Town, where: BuiltDistrict) -> Iterator[date]:
    with transaction(the.engine) as session:
        leaver, partner = builders.account(session, where), partners_account(session, where)
        line = builders.working_line(session, where, leaver)
        bound_until(session, line, date(2027, 3, 2))
    yield MONDAY_9

    # Monday 9 March: the partner orders for the 16th. The line's own people see an order nobody of theirs asked for.
    first = the.place(
        a_takeover(partner, line.site, number=line.number, required_on=date(2026, 3, 16), token="first", customer_reference="BW-1"),
        PARTNER_ACTOR,
    )
    with Session(the.engine) as session:
        (seen,) = open_orders(session, by=CLERK, account_number=leaver.number)
        assert (seen.kind.value, seen.state, seen.target_on) == ("cease", OrderState.COMMITTED, date(2026, 3, 16))
        card = order_card(session, seen.order_number, by=CLERK)
        assert card.no_return_at == march(13, 16)
    # Friday, a second before four: she is not moving. The partner is told; nobody owes anything.
    yield date(2026, 3, 13)
    stop = CancelOther(order_number=seen.order_number, reason=CancelOtherReason.NOT_MOVING)
    with transaction(the.engine) as session:
        assert cancel_other(session, stop, by=CLERK, at=march(13, 16) - timedelta(seconds=1)).state is OrderState.CANCELLED
    with Session(the.engine) as session:
        assert kinds_of(session, first.order_number) == ["ACKNOWLEDGED", "COMMITTED", "TERMINATED"]
        assert kinds_of(session, seen.order_number) == ["CREATED", "CANCELLED"]
        assert plant_of(session, line.id) == ("working", "RETAIL", leaver.id, "working")

    # Monday 16 March: she moves after all, and the partner orders again, for the 23rd. On Friday at four it is too late to stop.
    yield date(2026, 3, 16)
    second = the.place(
        a_takeover(partner, line.site, number=line.number, token="second", customer_reference="BW-2", required_on=date(2026, 3, 23)),
        PARTNER_ACTOR,
    )
    yield date(2026, 3, 20)
    with Session(the.engine) as session:
        cease = cease_of(session, second.order_number)
        with pytest.raises(Refused, match="Action too late to be performed"):
            cancel_other(session, CancelOther(order_number=cease, reason=CancelOtherReason.NOT_MOVING), by=CLERK, at=march(20, 16))
    yield date(2026, 3, 23)
    the.done(second)
    yield date(2026, 4, 2)

    with Session(the.engine) as session:
        assert plant_of(session, line.id) == ("working", "BRACKWAT", partner.id, "working")
        assert [use[0] for use in uses_of(session, line.number)] == [leaver.id, partner.id]
        assert kinds_of(session, cease) == ["CREATED", "COMPLETED"]
        assert kinds_of(session, second.order_number) == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
        told = outbox_of(session, "BRACKWAT")
        assert [
            (message["OrderNumber"], message["Kind"])
            for message in told
            if message.get("OrderNumber") in {first.order_number, second.order_number}
        ] == [
            *((first.order_number, kind) for kind in ("ACKNOWLEDGED", "COMMITTED", "TERMINATED")),
            *((second.order_number, kind) for kind in ("ACKNOWLEDGED", "COMMITTED", "COMPLETED")),
        ]
    # The leaver's final bill: 21 of 31 days, 1275.81 -> 1276; eleven months and 7 of the 28 days from 23 February, 11.25 x 750
    # = 8437.5 -> 8438. Net 9714, VAT 1942.8 -> 1943.
    assert sorted(net for _, net in the.lines(leaver, date(2026, 3, 23))) == [1276, 8438]
    assert the.figures(leaver) == [(date(2026, 3, 23), "final", 9714, 1943, 11657)]
    # The partner's: 9 of 31 days, 256.57 -> 257; April 905.25 -> 905; the takeover 525, once. Net 1687, VAT 337.4 -> 337.
    assert sorted(the.lines(partner, APRIL)) == [("one-off", 525), ("part-period", 257), ("rental", 905)]
    assert the.figures(partner) == [(APRIL, "bill", 1687, 337, 2024)]


def a_line_goes_to_another_provider_as_it_is(the: Town, where: BuiltDistrict) -> Iterator[date]:
    with transaction(the.engine) as session:
        losing, gaining = partners_account(session, where), partners_account(session, where, OTHER)
        line = builders.working_line(session, where, losing, features=("CALLER-DISPLAY",))
    yield MONDAY_9
    # Monday 9 March, for the 23rd, ten working days on. Between two partners; each has its own stream.
    order = the.place(a_transfer(gaining, line, required_on=date(2026, 3, 23)), OTHER_ACTOR)
    yield date(2026, 3, 23)
    the.done(order)
    yield date(2026, 4, 2)
    with Session(the.engine) as session:
        cease = cease_of(session, order.order_number)
        assert [message["Kind"] for message in outbox_of(session, "BRACKWAT") if message.get("OrderNumber") == cease] == [
            "CREATED",
            "COMPLETED",
        ]

    # The loser: 21 of 31 days, line 598.67 -> 599, caller display 64.35 -> 64. Net 663, VAT 132.6 -> 133.
    assert sorted(net for _, net in the.lines(losing, date(2026, 3, 23))) == [64, 599]
    assert the.figures(losing) == [(date(2026, 3, 23), "final", 663, 133, 796)]
    # The gainer: 9 of 31 days, line 257, caller display 27.58 -> 28; April 905 and 95; the transfer 325. Net 1610, VAT 322.
    assert sorted(the.lines(gaining, APRIL)) == [
        ("one-off", 325),
        ("part-period", 28),
        ("part-period", 257),
        ("rental", 95),
        ("rental", 905),
    ]
    assert the.figures(gaining) == [(APRIL, "bill", 1610, 322, 1932)]


def a_line_comes_back_from_a_partner_and_is_changed_on_the_way(the: Town, where: BuiltDistrict) -> Iterator[date]:
    with transaction(the.engine) as session:
        losing, home = partners_account(session, where), builders.account(session, where)
        line = builders.working_line(session, where, losing, features=("CALL-WAITING",))
    yield MONDAY_9
    command = with_changes(
        home, line, required_on=date(2026, 3, 23), remove_codes=("CALL-WAITING",), product_codes=("CALLER-DISPLAY",), care_level="3"
    )
    order = the.place(command)
    yield date(2026, 3, 23)
    the.done(order)
    the.call(line.number)
    yield date(2026, 4, 2)

    # The partner: 21 of 31 days, line 599, call waiting 110 x 21/31 = 74.52 -> 75. Net 674, VAT 134.8 -> 135.
    assert the.figures(losing) == [(date(2026, 3, 23), "final", 674, 135, 809)]
    # The home: 9 of 31 days of line 546.77 -> 547, caller display 78.63 -> 79, care level 3 at 750 (900) 217.74 -> 218; April
    # 1950, 271 and 750; the call 50. Coming from another provider costs nothing. Net 3865, VAT 773.
    assert sorted(the.lines(home, APRIL)) == [
        ("calls", 50),
        ("part-period", 79),
        ("part-period", 218),
        ("part-period", 547),
        ("rental", 271),
        ("rental", 750),
        ("rental", 1950),
    ]
    assert the.figures(home) == [(APRIL, "bill", 3865, 773, 4638)]


STORIES = (
    a_stopped_line_is_started_for_somebody_else,
    a_line_is_taken_over_by_who_moves_in,
    journey_3_a_partner_takes_over_a_line_and_the_loser_may_stop_it_in_time,
    a_line_goes_to_another_provider_as_it_is,
    a_line_comes_back_from_a_partner_and_is_changed_on_the_way,
)


@pytest.mark.timeout(200)
def test_lines_come_from_others_and_both_sides_are_billed(fresh_engine: Engine, tmp_path: Path) -> None:
    with transaction(fresh_engine) as session:
        where = builders.district(session, sites=len(STORIES), pairs=len(STORIES))
        other_partner(session)
    the = Town(fresh_engine, tmp_path, builders.DAY)
    stories = [story(the, where) for story in STORIES]
    days = dict.fromkeys(stories, the.today)
    while days:
        story = min(days, key=lambda each: days[each])
        the.nights_to(days[story])
        on = next(story, None)
        if on is None:
            del days[story]
        else:
            days[story] = on
    the.books()
