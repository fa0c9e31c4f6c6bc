"""FL03 one fault with its clock, its tests and its story; with the other screens of faults it is the family's pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from billing.queries.promises import MoneyTold, money_of
from billing.queries.worth import RepairWorth
from billing.words import OutsideKind
from css.audit import record
from css.core.words import Role
from css.redress.explain import explain_fault
from css.redress.worth import worth_of_card
from css.web.desk import Desk
from css.web.filters import span
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, go, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.customers import STAFF
from css.web.screens.deeds import page_of
from css.web.screens.fault_damage import PAGES as DAMAGE
from css.web.screens.fault_deeds import FAULT, in_hand, possible
from css.web.screens.fault_entry import PAGES as REPORTING
from css.web.screens.fault_fields import CONTROL, DESK, FIELD, TEST_KEYS
from css.web.screens.fault_next import CRAFTS, LOCATIONS, next_step
from css.web.screens.fault_queue import PAGES as QUEUE
from css.web.screens.fault_tests import SHOWN, TEST_OF, latest_tests, polls, run_test
from repairs.queries.cards import FaultCard
from repairs.queries.clock import fault_clock
from repairs.queries.outages import outage_of_line
from repairs.queries.pairs import pair_changes
from repairs.queries.redress import redress_facts
from repairs.words import OPEN_STATES

FL03: Final = Screen(
    code="FL03",
    title="Fault",
    family="Faults",
    help=(
        "Where a fault stands, who does what next, by when it must be cleared and how that is reckoned, what its clock has done and why, "
        "its tests and visits, what is owed if it is put right late, and its story, newest first. F11 explains every minute and every "
        "penny in sentences to read out. Shift+F5 tests the line for it in seconds, Shift+F11 in minutes; what can be done to it is listed "
        "at the end, the commonest on keys."
    ),
    roles=STAFF | {Role.CONTRACTOR},
    response=ResponseClass.R1,
    takes="fault number [explain]",
    keys=(
        Key(name="F11", label="explain"),
        Key(name="S-F1", label="appoint", roles=DESK),
        Key(name="S-F2", label="amend", roles=DESK),
        Key(name="S-F3", label="diagnose", roles=FIELD),
        Key(name="S-F4", label="assign", roles=CONTROL),
        *TEST_KEYS,
        Key(name="S-F6", label="park", roles=FIELD),
        Key(name="S-F7", label="resume", roles=DESK | FIELD),
        Key(name="S-F8", label="clear", roles=FIELD),
        Key(name="S-F9", label="reject", roles=DESK),
        Key(name="S-F10", label="chase", roles=DESK),
    ),
)

EXPLAIN: Final = "explain"
_KEYS: Final = {
    "S-F1": "appoint",
    "S-F2": "amend",
    "S-F3": "diagnose",
    "S-F4": "assign",
    "S-F6": "park",
    "S-F7": "resume",
    "S-F8": "clear",
    "S-F9": "reject",
    "S-F10": "chase",
}


@dataclass(frozen=True, slots=True)
class Money:
    """What a fault comes to."""

    worth: RepairWorth | None
    """By the one rule, were it put right now or when it was; None where no promise of the kind was made."""
    told: MoneyTold
    charge_words: str | None


def show_fault(at_desk: Desk, arguments: Arguments) -> Response:
    """One fault. Who looked is written down: it says whose line is dead and when somebody is in."""
    if not arguments:
        return go("FL04") if at_desk.may(STAFF) else go("FL06")
    if arguments[1:2] == (EXPLAIN,):
        return _explained(at_desk, arguments[0])
    with at_desk.doing() as session:
        clock = fault_clock(session, arguments[0], by=at_desk.by, at=at_desk.at)
        card = clock.card
        number = card.summary.fault_number
        tests = latest_tests(session, at_desk, card.line_id, SHOWN) if card.line_id is not None else ()
        # An outage the fault was taken from, and one that was declared over a line whose fault is another matter, are not its own.
        outage = outage_of_line(session, card.line_id, by=at_desk.by) if card.line_id is not None and card.outage_id is not None else None
        moves = pair_changes(session, card.line_id, by=at_desk.by) if card.line_id is not None else ()
        money = _money(session, at_desk, card)
        record(session, by=at_desk.by, at=at_desk.at, verb="read", subject=("fault", number), after={"screen": FL03.code})
    deeds = possible(card, at_desk)
    is_testable = card.line_id is not None and card.outage_id is None and card.summary.state in OPEN_STATES
    return show(
        at_desk,
        FL03,
        in_hand=in_hand(card) if at_desk.may(STAFF) else None,
        links={
            **({} if at_desk.may(STAFF) else {"F3": address("FL06")}),
            "F11": address("FL03", number, EXPLAIN),
            **{key: address("FL02", number, deed) for key, deed in _KEYS.items() if deed in deeds},
        },
        without=frozenset() if is_testable else frozenset(TEST_OF),
        polls_seconds=polls(*tests),
        card=card,
        late=clock.is_late,
        clock=clock,
        tests=tests,
        moves=[one for one in moves if one.fault_number == number],
        outage=outage,
        next_step=next_step(card, at_desk.at),
        locations=LOCATIONS,
        crafts=CRAFTS,
        money=money,
        is_open=card.summary.state in OPEN_STATES,
        deeds=[(name, FAULT.deeds[name].words) for name in deeds],
        span=span,
    )


def act_fault(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Shift+F5 and Shift+F11 test the line, and judge the fault by it."""
    key = posted.get("key", "")
    if not arguments or key not in TEST_OF or not at_desk.may(DESK | FIELD):
        return show_fault(at_desk, arguments)
    with at_desk.reading() as session:
        card = FAULT.read(session, arguments[0], at_desk.by)
    if card.summary.number is None:
        return show_fault(at_desk, arguments)
    asked = run_test(at_desk, key, card.summary.number, card.summary.fault_number)
    flash(*asked.told)
    return go("FL03", card.summary.fault_number)


def _money(session: Session, at_desk: Desk, card: FaultCard) -> Money | None:
    """What it comes to by the rule, by now or by its clear, and what was credited and charged; nothing of damage, nor to who may not."""
    account = card.summary.account_number
    if account is None or not at_desk.may(STAFF):
        return None
    facts = redress_facts(session, card.summary.fault_number, by=at_desk.by, at=at_desk.at)
    worth = worth_of_card(session, card, facts, by=at_desk.by, at=at_desk.at)
    told = money_of(session, account, card.summary.fault_number, by=at_desk.by)
    is_guarantee = worth is not None and worth.kind is OutsideKind.GUARANTEE
    return Money(worth if card.is_total_loss or is_guarantee else None, told, facts.charge_words)


def _explained(at_desk: Desk, fault_number: str) -> Response:
    """F11: every minute and every penny in sentences to read out."""
    with at_desk.doing() as session:
        told = explain_fault(session, fault_number, by=at_desk.by, at=at_desk.at)
        card = FAULT.read(session, fault_number, at_desk.by)
        record(
            session,
            by=at_desk.by,
            at=at_desk.at,
            verb="read",
            subject=("fault", told.fault_number),
            after={"screen": FL03.code, "view": EXPLAIN},
        )
    here = address("FL03", told.fault_number)
    return show(
        at_desk,
        FL03,
        in_hand=in_hand(card) if at_desk.may(STAFF) else None,
        links={"F3": here, "F12": here, "F11": here},
        without=frozenset(TEST_OF),
        card=card,
        late=(card.summary.cleared_at or at_desk.at) > card.summary.due_at,
        next_step=next_step(card, at_desk.at),
        locations=LOCATIONS,
        crafts=CRAFTS,
        explained=told,
    )


PAGES: Final = (
    *REPORTING,
    *DAMAGE,
    page_of(FAULT),
    Page(FL03, show_fault, act_fault),
    *QUEUE,
)
