"""One gate before every screen that shows what only the customer may hear (``Screen.discloses``).

A screen's functions ask ``may_disclose`` in the session they read in, before they show anything; where it says no, they
answer with ``ask_first``. The screens that are open to every caller ask ``knows_caller`` before they show what a caller is
asked for, and leave a ``read`` event. (Reasons: docs/decisions/0135.)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, flash
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import AuditEvent, record
from css.care.queries import is_caller_checked
from css.care.queries.callers import OpenCheck
from css.care.rules.caller import OPEN_FOR
from css.web.desk import Desk
from css.web.rendering import go
from css.web.screen import Screen

DISCLOSE = "disclose"
READ = "read"
SEARCH = "search"


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
    """Write, once for each check, screen and subject, that the screen was opened."""
    _note_once(session, at_desk, DISCLOSE, subject, {"screen": screen.code, "caller_check_id": check.check_id}, since=check.checked_at)


def note_read(session: Session, at_desk: Desk, screen: Screen, subject: tuple[str, str]) -> None:
    """Write that somebody was looked at on a screen that is open to every caller: once for as long as a check would last."""
    _note_once(session, at_desk, READ, subject, {"screen": screen.code}, since=at_desk.at - OPEN_FOR)


def note_search(session: Session, at_desk: Desk, screen: Screen, said: Mapping[str, str], found: int) -> None:
    """Write what customers were looked for by, and how many were found; not who they were."""
    told = {name: value for name, value in said.items() if value} | {"found": str(found)}
    record(session, by=at_desk.by, at=at_desk.at, verb=SEARCH, subject=("customers", screen.code), after=told)
    session.flush()


def _note_once(session: Session, at_desk: Desk, verb: str, subject: tuple[str, str], told: dict[str, Any], *, since: datetime) -> None:
    """Uses ix_audit_event_actor_name_occurred_at."""
    before = select(AuditEvent.id).where(
        AuditEvent.actor_name == at_desk.by.name,
        AuditEvent.occurred_at >= since,
        AuditEvent.verb == verb,
        AuditEvent.subject_kind == subject[0],
        AuditEvent.subject_number == subject[1],
        AuditEvent.after == told,
    )
    if session.execute(before.limit(1)).scalar() is None:
        record(session, by=at_desk.by, at=at_desk.at, verb=verb, subject=subject, after=told)
        session.flush()


def ask_first(account_number: str) -> Response:
    """To the customer's page, which asks who is calling, with a message that says why (CSS921W)."""
    flash("First make sure who is calling: Shift+F6.", "CSS921W")
    return go("CU03", account_number)
