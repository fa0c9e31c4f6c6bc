"""AD04 requests for a second person, AD07 the decision on one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.errors import NotFound
from css.core.words import Role
from css.master.approvals import (
    APPROVERS,
    RequestRow,
    approval,
    approvals_decided,
    approvals_waiting,
    refuse_approval,
    withdraw_approval,
)
from css.master.audit_trail import note_look, said
from css.master.operator_commands import Decided, RefuseApproval, WithdrawApproval
from css.master.operators import ApprovalState
from css.web.approvals import Approve, approve, who_could_sign
from css.web.desk import Desk, converse
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen

ASKERS: Final = frozenset({Role.CLERK, Role.BILLING, Role.SUPERVISOR})
DECIDED_SHOWN: Final = 20
YES, NO, BACK = "Y", "N", "W"
DECISIONS: Final = {YES: "do it", NO: "refuse", BACK: "withdraw"}

AD04: Final = Screen(
    code="AD04",
    title="Second persons",
    family="Supervision",
    help=(
        "What was asked for above somebody's limit and waits for a second person, the oldest first; then what was decided lately. The "
        "number in front opens a request. Billing and supervisors see all of them, everybody else their own. Nobody decides their own."
    ),
    roles=ASKERS,
    response=ResponseClass.R1,
    polls_seconds=10,
)

AD07: Final = Screen(
    code="AD07",
    title="Decide a request",
    family="Supervision",
    help=(
        "A request as it was asked, and what it would do now. Y does exactly that, by whoever asked and with you as the second person; N "
        "refuses it with a reason that the asker reads; W takes your own back. Enter shows the effect, F6 decides. What the rooms refuse "
        "by now is told, and the request stays."
    ),
    roles=ASKERS,
    response=ResponseClass.R2,
    takes="request",
    in_menu=False,
    fields=(
        Field(
            name="decision",
            label="Decision",
            help="Y do it, N refuse it; W withdraw your own.",
            kind="code",
            length_max=1,
            is_required=True,
        ),
        Field(name="reason", label="Why", help="For a refusal; whoever asked reads it.", length_max=200),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="decide", sends=True)),
    converses=True,
)


# --- AD04 ---------------------------------------------------------------------------------------------------------------


def show_requests(at_desk: Desk, arguments: Arguments) -> Response:
    if arguments:
        return go("AD07", arguments[0])
    with at_desk.reading() as session:
        waiting = approvals_waiting(session, by=at_desk.by)
        decided = approvals_decided(session, by=at_desk.by, limit=DECIDED_SHOWN)
    return show(at_desk, AD04, waiting=waiting, decided=decided)


def version_of_requests(at_desk: Desk, _: Arguments) -> str:
    """Another one asked for or decided is another list."""
    with at_desk.reading() as session:
        waiting = approvals_waiting(session, by=at_desk.by)
        decided = approvals_decided(session, by=at_desk.by, limit=1)
    latest = decided[0].decided_at if decided else None
    return f"{'.'.join(str(one.request_id) for one in waiting)}-{latest.timestamp() if latest else 0}"


# --- AD07 ---------------------------------------------------------------------------------------------------------------


def show_decision(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.doing() as session:
        row = _request(session, at_desk, arguments)
        note_look(session, ("approval request", str(row.request_id)), {"screen": AD07.code}, by=at_desk.by, at=at_desk.at)
        could = who_could_sign(session, row)
    usual = BACK if row.asked_by == at_desk.by.name else YES if APPROVERS & at_desk.by.roles else ""
    return _decision(at_desk, Form.blank(AD07, decision=usual if row.state is ApprovalState.ASKED else ""), row, could)


def act_decision(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    with at_desk.reading() as session:
        row = _request(session, at_desk, arguments)
        could = who_could_sign(session, row)
    form = Form.posted(AD07, posted)
    if form.key == REFRESH:
        form.errors.clear()
        return _decision(at_desk, form, row, could)
    decision = form.member("decision", str, {code: code for code in DECISIONS})
    outcome = converse(at_desk, form, lambda: _command(form, row, decision), _DEEDS[decision or YES], leads_to=lambda _: address("AD04"))
    if outcome.done is not None:
        flash(f"Request {outcome.done.request_id}: {outcome.done.state}. {outcome.done.words}.", "CSS199I")
        return go("AD04")
    return _decision(at_desk, form, row, could, status=outcome.status, effect=outcome.effect)


def _request(session: Session, at_desk: Desk, arguments: Arguments) -> RequestRow:
    number = arguments[0] if arguments else ""
    if not (number.isascii() and number.isdigit() and len(number) < len(str(2**63))):
        raise NotFound("CSS180E", "There is no request {request_id} for you to see.", request_id=number[:20], element="request_id")
    return approval(session, int(number), by=at_desk.by)


def _command(form: Form, row: RequestRow, decision: str | None) -> Any:  # noqa: ANN401 - one of three commands
    if decision == NO and not form.text("reason"):
        form.wrong("reason", "CSS360E", "{label} must be keyed.")
    if form.has_errors:
        return None
    if decision == NO:
        return RefuseApproval(request_id=row.request_id, reason=form.text("reason"))
    return WithdrawApproval(request_id=row.request_id) if decision == BACK else Approve(request_id=row.request_id)


_DEEDS: Final[dict[str, Callable[..., Decided]]] = {YES: approve, NO: refuse_approval, BACK: withdraw_approval}


def _decision(
    at_desk: Desk, form: Form, row: RequestRow, could: tuple[str, ...], *, status: int = 200, effect: Decided | None = None
) -> Response:
    form.subject = f"request {row.request_id}"
    is_open = row.state is ApprovalState.ASKED
    return show(
        at_desk,
        AD07,
        form=form,
        status=status,
        links={"F3": address("AD04"), "F12": address("AD04")},
        choices={"decision": tuple(DECISIONS.items())} if is_open else {},
        without=frozenset() if is_open else frozenset({"Enter", "F6"}),
        row=row,
        told=tuple((name.replace("_", " "), text) for name, value in row.command.items() if (text := said(value))),
        could=could,
        is_open=is_open,
        effect=effect,
    )


PAGES: Final = (Page(AD04, show_requests, version=version_of_requests), Page(AD07, show_decision, act_decision))
