"""LN03 the record of a line: its wires, what works on it, and what happened to it, from every room that knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.care.queries import ContactRow, line_timeline
from css.core.calendar import london_date
from css.core.errors import NotFound
from css.core.ids import identify
from css.core.words import LineState, Role
from css.master.card_rows import LineRow
from css.master.cards import account_card
from css.master.line_story import LineEventKind, LineStory, line_story
from css.web.desk import Desk
from css.web.disclosure import ask_first, may_disclose
from css.web.filters import order_title
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.customers import STAFF, account_of
from css.web.screens.fault_fields import DESK as FAULTS_DESK
from css.web.screens.fault_fields import TEST_KEYS
from css.web.screens.fault_next import LOCATIONS
from css.web.screens.fault_tests import TEST_OF, latest_tests, polls, run_test
from css.web.screens.order_fields import DESK
from orders.queries.cards import OrderRow, orders_of_line
from orders.queries.numbers import NumberCard, number_card
from orders.rules.kinds import KINDS
from orders.rules.lifecycle import OPEN_STATES
from orders.words import OrderKind
from repairs.queries.cards import FaultRow, faults_of_line
from repairs.queries.outages import OutageNotice, outage_of_line
from repairs.queries.pairs import PairChangeRow, pair_changes
from repairs.queries.testing import LineTestRow
from repairs.words import OPEN_STATES as OPEN_FAULTS

EVENTS_SHOWN: Final = 60
TESTS_SHOWN: Final = 8
_ORDERS: Final = {"S-F1": OrderKind.FEATURES, "S-F3": OrderKind.MOVE, "S-F4": OrderKind.CEASE}
"""What is ordered most of a line there is."""

LN03: Final = Screen(
    code="LN03",
    title="Line record",
    family="Customers",
    help=(
        "One line: the exchange, cabinet, distribution point and pair that make it, what works on it and at which care level, how it is "
        "listed, whether it is barred for debt, how many lines are beside it, where its number is from or going, its tests with what was "
        "found, and what happened to it, newest first: services, numbers, orders, faults, contacts. The number in front of an event opens "
        "the order or fault behind it. Shift+F5 tests the line in seconds, Shift+F11 in minutes. The other keys begin an order for it; "
        "another kind is two letters keyed over, and the line stays. An account with several lines lists them first."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="telephone or account number",
    keys=(
        Key(name="S-F1", label="features", roles=DESK),
        Key(name="S-F2", label="fault", roles=frozenset({Role.CLERK, Role.REPAIR, Role.SUPERVISOR})),
        Key(name="S-F3", label="move", roles=DESK),
        Key(name="S-F4", label="cease", roles=DESK),
        *TEST_KEYS,
        Key(name="S-F7", label="open order"),
        Key(name="S-F8", label="open fault"),
    ),
    discloses=True,
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a line, whoever's room it comes from."""

    occurred_at: datetime
    is_whole_day: bool
    about: str
    words: str
    by: str = ""
    opens: tuple[str, str] | None = None
    """The screen and number behind it."""

    @property
    def on(self) -> date:
        return london_date(self.occurred_at)


@dataclass(frozen=True, slots=True)
class LinePage:
    """All that LN03 shows, from a fixed number of statements."""

    story: LineStory
    happenings: tuple[Happening, ...]
    open_order: OrderRow | None
    open_fault: FaultRow | None
    number: NumberCard | None
    """What has become of its number."""
    tests: tuple[LineTestRow, ...] = ()
    """Newest first."""
    moves: tuple[PairChangeRow, ...] = ()
    outage: OutageNotice | None = None


def compose(session: Session, at_desk: Desk, story: LineStory) -> LinePage:
    """The page of a line. What belongs to an account that had the line before is left out: it is somebody else's."""
    account, line = story.card.account, story.card.line
    orders: tuple[OrderRow, ...] = ()
    faults: tuple[FaultRow, ...] = ()
    contacts: tuple[ContactRow, ...] = ()
    if account is not None:
        orders = orders_of_line(session, line.line_id, by=at_desk.by, limit=EVENTS_SHOWN)
        orders = tuple(one for one in orders if one.account_number == account.number)
        faults = faults_of_line(session, line.line_id, by=at_desk.by, limit=EVENTS_SHOWN)
        faults = tuple(one for one in faults if one.account_number == account.number)
        contacts = line_timeline(session, line.line_id, by=at_desk.by, limit=EVENTS_SHOWN)
        contacts = tuple(one for one in contacts if one.account_number == account.number)
    found = [*_of_line(story), *_of_orders(orders), *_of_faults(faults), *_of_contacts(contacts)]
    return LinePage(
        story,
        tuple(sorted(found, key=lambda one: one.occurred_at)[::-1][:EVENTS_SHOWN]),
        next((one for one in orders if one.state in OPEN_STATES), None),
        next((one for one in faults if one.state in OPEN_FAULTS), None),
        number_card(session, line.number, by=at_desk.by, at=at_desk.at) if line.number else None,
        tests=latest_tests(session, at_desk, line.line_id, TESTS_SHOWN),
        moves=pair_changes(session, line.line_id, by=at_desk.by),
        outage=outage_of_line(session, line.line_id, by=at_desk.by),
    )


def _of_line(story: LineStory) -> list[Happening]:
    """Master's part, oldest first, so that the sort leaves one day's events in their order. A stopped line is nobody's to name."""
    return [
        Happening(
            one.occurred_at, one.is_whole_day, one.kind.value, one.words, opens=("OR03", one.order_number) if one.order_number else None
        )
        for one in reversed(story.events)
        if story.card.account is not None or one.kind is not LineEventKind.LISTING
    ]


def _of_orders(orders: tuple[OrderRow, ...]) -> list[Happening]:
    return [
        Happening(
            one.placed_at, False, "order", f"{order_title(one.kind)} ordered, now {one.state.value}", opens=("OR03", one.order_number)
        )
        for one in orders
    ]


def _of_faults(faults: tuple[FaultRow, ...]) -> list[Happening]:
    found = []
    for one in faults:
        opens = ("FL03", one.fault_number)
        found.append(Happening(one.reported_at, False, "fault", f"Fault reported: {one.symptom_words}", opens=opens))
        if one.cleared_at is not None:
            found.append(Happening(one.cleared_at, False, "fault", f"Fault {one.state.value}: {one.symptom_words}", opens=opens))
    return found


def _of_contacts(contacts: tuple[ContactRow, ...]) -> list[Happening]:
    return [Happening(one.occurred_at, False, f"contact, {one.topic.value}", one.words, one.recorded_by) for one in contacts]


def show_line(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("CS01")
    if identify(arguments[0]).what == "telephone":
        return _line(at_desk, arguments[0])
    try:
        with at_desk.doing() as session:
            number, _ = account_of(session, arguments[0], at_desk)
            card = account_card(session, number, by=at_desk.by)
            opens = may_disclose(session, at_desk, LN03, card.customer.number, ("account", card.account.number))
    except NotFound as error:
        if error.code != "CSS381E":
            raise
        return go("CS01", arguments[0])
    if not opens:
        return ask_first(card.account.number)
    lines = [line for line in card.lines if line.number]
    if len(lines) == 1 and card.line_count == 1:
        return go("LN03", lines[0].number)
    return show(
        at_desk,
        LN03,
        in_hand=InHand(card.account.number, card.customer.name),
        page=None,
        lines=lines,
        line_count=card.line_count,
        without=frozenset(TEST_OF),
    )


def act_line(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Shift+F5 and Shift+F11 test the line."""
    key = posted.get("key", "")
    if key not in TEST_OF or not arguments or not at_desk.may(FAULTS_DESK) or identify(arguments[0]).what != "telephone":
        return show_line(at_desk, arguments)
    asked = run_test(at_desk, key, arguments[0])
    flash(*asked.told)
    return go("LN03", arguments[0])


def _line(at_desk: Desk, number: str) -> Response:
    with at_desk.doing() as session:
        story = line_story(session, number, by=at_desk.by)
        account, customer = story.card.account, story.card.customer
        if account is not None and customer is not None:
            # The line's number as it is now: what was asked for may be one it had before.
            subject = ("line", story.card.numbers[0].number)
            if not may_disclose(session, at_desk, LN03, customer.number, subject):
                return ask_first(account.number)
        page = compose(session, at_desk, story)
    line = story.card.line
    return show(
        at_desk,
        LN03,
        in_hand=InHand(account.number, customer.name, line.number) if account and customer else None,
        links=_links(page, line, account.number if account else ""),
        without=frozenset() if line.state is LineState.WORKING and line.number else frozenset(TEST_OF),
        polls_seconds=polls(*page.tests),
        locations=LOCATIONS,
        page=page,
        lines=(),
        line_count=1,
    )


def _links(page: LinePage, line: LineRow, account_number: str) -> dict[str, str]:
    works = line.state is LineState.WORKING and line.number
    orders = {key: KINDS[kind].screen for key, kind in _ORDERS.items() if account_number and works}
    return {
        **{key: address("OR01", account_number, letters, line.number) for key, letters in orders.items()},
        "S-F2": address("FL01", line.number) if works else "",
        "S-F7": address("OR03", page.open_order.order_number) if page.open_order else "",
        "S-F8": address("FL03", page.open_fault.fault_number) if page.open_fault else "",
    }


PAGES: Final = (Page(LN03, show_line, act_line),)
