"""FL02 clear or withdraw a fault, FL03 one fault with its story; with the report and the work list they are the family's pages."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import Response

from billing.queries.worth import repair_worth
from css.audit import record
from css.core.words import Role
from css.web.desk import Desk
from css.web.filters import instant, span
from css.web.form import Form
from css.web.page import Arguments, Page
from css.web.rendering import Choices, InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import STAFF
from css.web.screens.deeds import Deed, Record, page_of
from css.web.screens.fault_entry import DESK
from css.web.screens.fault_entry import PAGES as REPORTING
from css.web.screens.fault_queue import PAGES as QUEUE
from repairs.actions import clear_fault, withdraw_fault
from repairs.commands.faults import ClearFault, WithdrawFault
from repairs.queries.cards import FaultCard, clear_codes, fault_card
from repairs.queries.clock import fault_clock
from repairs.rules.lifecycle import MOVES
from repairs.words import OPEN_STATES, FaultState

FIELD: Final = frozenset({Role.REPAIR, Role.SUPERVISOR})

FL02: Final = Screen(
    code="FL02",
    title="Change a fault",
    family="Faults",
    help=(
        "Say that a fault is cleared or that the customer takes it back. Enter shows whether it is in time; F6 does it. If somebody "
        "changed it meanwhile, both are shown and you decide again."
    ),
    roles=DESK,
    response=ResponseClass.R2,
    takes="fault clear|withdraw",
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10),
        Field(name="was_state", label="State", help="How it stood.", kind="hidden", length_max=20),
        Field(name="was_due", label="Due", help="When it was due.", kind="hidden", length_max=40),
        Field(
            name="clear_code",
            label="Clear code",
            help="Where the fault was; F4 lists the codes.",
            kind="code",
            length_max=4,
            is_required=True,
            deeds=frozenset({"clear"}),
        ),
        Field(
            name="words", label="What was done", help="For whoever comes next.", kind="words", length_max=500, deeds=frozenset({"clear"})
        ),
        Field(
            name="reason",
            label="Reason",
            help="Why the report is taken back.",
            kind="words",
            length_max=500,
            is_required=True,
            deeds=frozenset({"withdraw"}),
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="commit", sends=True)),
    in_menu=False,
    converses=True,
)

FL03: Final = Screen(
    code="FL03",
    title="Fault",
    family="Faults",
    help=(
        "Where a fault stands, by when it must be cleared and how that is reckoned, what its clock has done, what is owed if it is put "
        "right late, and its story, newest first."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="fault number",
    keys=(Key(name="S-F8", label="clear", roles=FIELD), Key(name="S-F9", label="withdraw", roles=DESK)),
)

_KEYS: Final = {"S-F8": "clear", "S-F9": "withdraw"}


# --- FL03 ---------------------------------------------------------------------------------------------------------------


def show_fault(at_desk: Desk, arguments: Arguments) -> Response:
    """One fault. Who looked is written down: it says whose line is dead and when somebody is in."""
    if not arguments:
        return go("FL04")
    with at_desk.doing() as session:
        clock = fault_clock(session, arguments[0], by=at_desk.by, at=at_desk.at)
        summary = clock.card.summary
        is_open = summary.state in OPEN_STATES
        worth = (
            repair_worth(
                session,
                summary.account_number,
                reported_at=summary.reported_at,
                put_right_at=summary.cleared_at or at_desk.at,
                by=at_desk.by,
            )
            if clock.card.is_total_loss and summary.state is not FaultState.WITHDRAWN
            else None
        )
        record(session, by=at_desk.by, at=at_desk.at, verb="read", subject=("fault", summary.fault_number), after={"screen": FL03.code})
    return show(
        at_desk,
        FL03,
        in_hand=_in_hand(clock.card),
        links={key: address("FL02", summary.fault_number, deed) for key, deed in _KEYS.items() if deed in MOVES[summary.state]},
        card=clock.card,
        late=clock.is_late,
        clock=clock,
        worth=worth,
        is_open=is_open,
        span=span,
    )


def _in_hand(card: FaultCard) -> InHand:
    return InHand(card.summary.account_number, card.contact_name, card.summary.number, ring=card.contact_phone)


# --- FL02 ---------------------------------------------------------------------------------------------------------------


def _clear(form: Form, card: FaultCard, _: date) -> ClearFault | None:
    if form.has_errors:
        return None
    number, words = card.summary.fault_number, form.text("words")
    return ClearFault(fault_number=number, clear_code=form.code("clear_code"), words=words, row_version=form.version())


def _withdraw(form: Form, card: FaultCard, _: date) -> WithdrawFault | None:
    if form.has_errors:
        return None
    return WithdrawFault(fault_number=card.summary.fault_number, reason=form.text("reason"), row_version=form.version())


def _clear_codes(_form: Form, _card: FaultCard) -> Choices:
    return {"clear_code": tuple((one.code, one.words) for one in clear_codes())}


def _seen(card: FaultCard) -> dict[str, tuple[str, str]]:
    return {"was_state": ("State", card.summary.state.value), "was_due": ("Due", instant(card.summary.due_at))}


def _said(_: str, __: FaultCard, done: Any) -> tuple[str, str]:  # noqa: ANN401 - both deeds answer alike
    return f"Fault {done.fault_number} is {done.state.value} now.", "CSS378I"


def _besides(card: FaultCard, at_desk: Desk) -> dict[str, Any]:
    return {"late": (card.summary.cleared_at or at_desk.at) > card.summary.due_at}


FAULT: Final = Record(
    kind="fault",
    screen=FL02,
    shown_by="FL03",
    deeds={
        "clear": Deed("service is restored", FIELD, clear_fault, _clear, choices=_clear_codes),
        "withdraw": Deed("the customer takes the report back", DESK, withdraw_fault, _withdraw),
    },
    read=lambda session, number, by: fault_card(session, number, by=by),
    number=lambda card: card.summary.fault_number,
    version=lambda card: card.row_version,
    seen=_seen,
    in_hand=_in_hand,
    unknown=("CSS386E", "Say what is done: FL02 with the fault and one of {deeds}."),
    said=_said,
    besides=_besides,
)


PAGES: Final = (
    *REPORTING,
    page_of(FAULT),
    Page(FL03, show_fault),
    *QUEUE,
)
