"""OR03 an order's progress, OR04 the work list; what is done to an order is in ``order_deeds`` (OR02)."""

from __future__ import annotations

from typing import Final

from flask import Response
from sqlalchemy.orm import Session

from css.audit import record
from css.core.errors import NotFound
from css.web.desk import Desk, status_of
from css.web.form import COMMIT, REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import STAFF
from css.web.screens.deeds import page_of
from css.web.screens.order_deed_fields import DESK, FIELD
from css.web.screens.order_deeds import ORDER, in_hand, possible
from css.web.screens.order_prompts import KIND_OF, kind_keyed
from css.web.screens.work_lists import after_of, packed, page_links, place_of, unpacked
from orders.queries.cards import OrderCard
from orders.queries.links import orders_beside
from orders.queries.notes import order_notes
from orders.queries.tasks import TaskRow, order_tasks
from orders.queries.work import WorkPage, exchanges_of, order_progress, work_page
from orders.rules.jeopardy import Jeopardy
from orders.rules.kinds import KINDS
from orders.rules.problems import PROBLEMS, Effect
from orders.words import OrderState, TaskState

OPEN: Final = {state.value.upper(): state for state in (OrderState.COMMITTED, OrderState.HELD, OrderState.ACKNOWLEDGED)}
REASONS: Final = {reason.value.upper().replace(" ", "-"): reason for reason in Jeopardy}
DAYS_OLD_MAX: Final = 3650

OR03: Final = Screen(
    code="OR03",
    title="Order progress",
    family="Orders",
    help=(
        "Where an order stands, what was promised and what is worked to, what happens next, its tasks, the orders beside it, every "
        "event the customer was told of, newest first, what is written down about it, what came of it (charges left for billing, promises "
        "not kept) and what can be done. The number in front of a deed, a task or an order opens it."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="order number",
    keys=(
        Key(name="S-F1", label="amend", roles=DESK),
        Key(name="S-F2", label="take", roles=FIELD),
        Key(name="S-F4", label="visit missed", roles=FIELD),
        Key(name="S-F5", label="done", roles=FIELD),
        Key(name="S-F6", label="delay", roles=FIELD),
        Key(name="S-F7", label="goes on", roles=FIELD),
        Key(name="S-F8", label="chase", roles=FIELD),
        Key(name="S-F9", label="cancel", roles=DESK),
    ),
)

OR04: Final = Screen(
    code="OR04",
    title="Order work list",
    family="Orders",
    help=(
        "The open orders of a district, those that were escalated first, then those in danger and of them the worst, then by the day they "
        "are worked for. Enter on a filter narrows the list; F7 and F8 turn its pages. Key the number in front to open one. F6 leads to "
        "taking the first of the list that nobody sees through."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="[district [state]]",
    fields=(
        Field(name="state", label="State", help="COMMITTED, HELD or ACKNOWLEDGED; empty for all.", kind="code", length_max=12, width=12),
        Field(
            name="problem_code", label="Held up by", help="A problem code; finds held orders only.", kind="code", length_max=32, width=20
        ),
        Field(name="exchange_code", label="Exchange", help="Where the line is.", kind="code", length_max=8, width=8),
        Field(name="kind", label="Kind", help="Two letters, as in order entry; empty for all.", kind="code", length_max=2, width=4),
        Field(
            name="reason",
            label="At risk because",
            help="Why it wants watching: LATE, MISSED, TASK-FAILED ...; F4 lists the reasons.",
            kind="code",
            length_max=16,
            width=14,
        ),
        Field(name="owner", label="Seen through by", help="An operator's code; ME for yours.", kind="code", length_max=10, width=8),
        Field(name="days_old", label="Days old", help="Placed at least so many days ago.", kind="number", length_max=4, width=4),
    ),
    keys=(
        Key(name="Enter", label="narrow", sends=True),
        Key(name="F6", label="take the next", sends=True, roles=FIELD),
        Key(name="F7", label="page back"),
        Key(name="F8", label="page on"),
    ),
)

_KEYS: Final = {
    "S-F1": "amend",
    "S-F2": "take",
    "S-F4": "missed",
    "S-F5": "complete",
    "S-F6": "delay",
    "S-F7": "resume",
    "S-F8": "chase",
    "S-F9": "cancel",
}


# --- OR03 ---------------------------------------------------------------------------------------------------------------


def show_progress(at_desk: Desk, arguments: Arguments) -> Response:
    """One order. Who looked is written down: it says where a line is going, and to whom."""
    if not arguments:
        return go("OR04")
    with at_desk.doing() as session:
        progress = order_progress(session, arguments[0], by=at_desk.by)
        card = progress.card
        tasks = order_tasks(session, card.order_number, by=at_desk.by)
        beside = orders_beside(session, card.order_number, by=at_desk.by)
        notes = order_notes(session, card.order_number, by=at_desk.by)
        record(session, by=at_desk.by, at=at_desk.at, verb="read", subject=("order", card.order_number), after={"screen": OR03.code})
    may = possible(card, tasks)
    return show(
        at_desk,
        OR03,
        in_hand=in_hand(card),
        links={key: address("OR02", card.order_number, deed) for key, deed in _KEYS.items() if deed in may},
        card=card,
        progress=progress,
        tasks=tasks,
        first=_first(card, tasks),
        beside=beside,
        notes=notes,
        deeds=[(name, ORDER.deeds[name].words) for name in may if at_desk.may(ORDER.deeds[name].roles)],
        title=KINDS[card.kind].title,
    )


def _first(card: OrderCard, tasks: tuple[TaskRow, ...]) -> TaskRow | None:
    """Of an order that is worked on: the first task that waits for no other."""
    if card.state is not OrderState.COMMITTED or card.caused_by is not None:
        return None
    return next((task for task in tasks if task.state in {TaskState.OPEN, TaskState.FAILED} and not task.waits_for), None)


# --- OR04 ---------------------------------------------------------------------------------------------------------------


def show_list(at_desk: Desk, arguments: Arguments) -> Response:
    names = [field.name for field in OR04.fields]
    return _list(at_desk, arguments, Form.blank(OR04, **dict(zip(names, unpacked(arguments, len(names)), strict=True))))


def act_list(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter narrows: the filters go into the address. F5 looks again at the same page. F6 leads to taking the next order."""
    form = Form.posted(OR04, posted)
    if form.key == REFRESH or form.has_errors:
        return _list(at_desk, arguments, form)
    if form.key == COMMIT and at_desk.may(FIELD) and not _wrong(form):
        return _take_next(at_desk, arguments, form)
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
    filters = packed([form.code(field.name) for field in OR04.fields])
    return go("OR04", chosen, filters) if not _wrong(form) else _list(at_desk, arguments, form)


def _wrong(form: Form) -> bool:
    """Whether a filter cannot be read; then the whole list is shown."""
    form.member("state", OrderState, OPEN)
    form.member("problem_code", str, {code: code for code in PROBLEMS})
    form.member("reason", Jeopardy, REASONS)
    form.member("kind", str, {code: code for code in KIND_OF})
    typed = form.text("days_old")
    if typed and not (typed.isascii() and typed.isdigit() and int(typed) <= DAYS_OLD_MAX):
        form.wrong("days_old", "CSS935E", "{label}: a whole number of days, at most {most}.", most=DAYS_OLD_MAX)
    return bool(form.errors)


def _take_next(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    """To the deed of taking the first order of the list that nobody sees through: nothing is done that was not shown."""
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
        page = _asked(session, at_desk, chosen, form, after_of(arguments))
    free = next((row.order_number for row in page.rows if row.owner is None), None)
    if free is None:
        form.general.append(NotFound("CSS850E", "Every order on this page has somebody who sees it through; F8 goes on to the next page."))
        return _list(at_desk, arguments, form)
    return go("OR02", free, "take")


def _asked(session: Session, at_desk: Desk, chosen: str, form: Form, after: str) -> WorkPage:
    """The page of the list that the filters ask for."""
    owner = form.code("owner")
    return work_page(
        session,
        chosen,
        by=at_desk.by,
        state=OPEN.get(form.code("state")),
        problem_code=form.code("problem_code") or None,
        exchange_code=form.code("exchange_code") or None,
        days_old=int(form.text("days_old") or 0),
        kind=kind_keyed(form.code("kind")),
        reason=REASONS.get(form.code("reason")),
        owner=(at_desk.by.name if owner == "ME" else owner) or None,
        after=after,
    )


def _list(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    wrong = _wrong(form)
    form.at_command = not wrong
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        exchanges = exchanges_of(session, chosen)
        page = _asked(session, at_desk, chosen, Form.blank(OR04) if wrong else form, "" if wrong else after_of(arguments))
    filters = "" if wrong else packed([form.code(field.name) for field in OR04.fields])
    return show(
        at_desk,
        OR04,
        form=form,
        status=status_of(form) if form.has_errors else 200,
        links=page_links("OR04", chosen, filters, page.back, page.forward),
        choices={
            "state": tuple((code, state.value) for code, state in OPEN.items()),
            "problem_code": tuple((one.code, one.words) for one in PROBLEMS.values() if Effect.DELAY in one.effects),
            "exchange_code": exchanges,
            "kind": tuple((rule.screen, rule.title) for rule in KINDS.values()),
            "reason": tuple((code, reason.value) for code, reason in REASONS.items()),
        },
        page=page,
        places=places,
        chosen=chosen,
    )


PAGES: Final = (page_of(ORDER), Page(OR03, show_progress), Page(OR04, show_list, act_list))
