"""One gate before every screen that shows what only the customer may hear (``Screen.discloses``).

A screen's functions ask ``may_disclose`` in the session they read in, before they show anything; where it says no, they
answer with ``ask_first``. (Reasons: docs/decisions/0135.)
"""

from __future__ import annotations

from flask import Response, flash
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import AuditEvent, record
from css.care.queries import is_caller_checked
from css.care.queries.callers import OpenCheck
from css.web.desk import Desk
from css.web.rendering import go
from css.web.screen import Screen

DISCLOSE = "disclose"


def knows_caller(session: Session, at_desk: Desk, customer_number: str) -> bool:
    """Whether the caller is made sure of: for screens that are open to every caller, but say less to one nobody knows."""
    session_id = at_desk.on_duty.session_id
    return is_caller_checked(session, customer_number, at_desk.at, by=at_desk.by, operator_session_id=session_id) is not None


def may_disclose(session: Session, at_desk: Desk, screen: Screen, customer_number: str, subject: tuple[str, str]) -> bool:
    """Whether this operator, in this sign-on, has made sure of the caller for this customer and the call is not over.

    If so, writes that the screen was opened: one ``disclose`` event for each caller check, screen and subject
    (kind and number as read out, as for ``css.audit.record``). So the session must be one that commits.
    """
    by, session_id = at_desk.by, at_desk.on_duty.session_id
    check = is_caller_checked(session, customer_number, at_desk.at, by=by, operator_session_id=session_id)
    if check is None:
        return False
    note_disclosure(session, at_desk, screen, check, subject)
    return True


def note_disclosure(session: Session, at_desk: Desk, screen: Screen, check: OpenCheck, subject: tuple[str, str]) -> None:
    """Write, once for each check, screen and subject, that the screen was opened. Uses ix_audit_event_actor_name_occurred_at."""
    told = {"screen": screen.code, "caller_check_id": check.check_id}
    before = select(AuditEvent.id).where(
        AuditEvent.actor_name == at_desk.by.name,
        AuditEvent.occurred_at >= check.checked_at,
        AuditEvent.verb == DISCLOSE,
        AuditEvent.subject_kind == subject[0],
        AuditEvent.subject_number == subject[1],
        AuditEvent.after == told,
    )
    if session.execute(before.limit(1)).scalar() is None:
        record(session, by=at_desk.by, at=at_desk.at, verb=DISCLOSE, subject=subject, after=told)
        session.flush()


def ask_first(account_number: str) -> Response:
    """To the customer's page, which asks who is calling, with a message that says why (CSS921W)."""
    flash("First make sure who is calling: Shift+F6.", "CSS921W")
    return go("CU03", account_number)
