"""Reading the audit trail and the operators' records. Both are looked at by supervisors, and each look is itself an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from css.audit import AuditEvent, record
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, london_instant
from css.core.errors import BadMessage
from css.master.operator_changes import require_supervisor

EVENTS_SHOWN: Final = 50
EVENTS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One deed, or one look at what not everybody may see."""

    event_id: int
    occurred_at: datetime
    actor_kind: str
    actor_name: str
    provider_code: str
    door: str
    verb: str
    subject_kind: str
    subject_number: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def place(self) -> str:
        """For ``earlier_than``: where the next page begins."""
        return f"{self.occurred_at.isoformat()}/{self.event_id}"

    @property
    def changes(self) -> tuple[tuple[str, str, str], ...]:
        """What changed, as words: (what, what it was, what it became); empty texts for what was not said."""
        was, became = self.before or {}, self.after or {}
        names = dict.fromkeys((*was, *became))
        return tuple((name.replace("_", " "), said(was.get(name)), said(became.get(name))) for name in names)


def said(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as a person reads it."""
    match value:
        case None | "" | []:
            return ""
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(said(one) for one in value)
        case dict():
            return "; ".join(f"{str(name).replace('_', ' ')} {text}" for name, one in value.items() if (text := said(one)))
        case _:
            return str(value)


def audit_trail(  # noqa: PLR0913 - what may be asked for, each by its name at every door
    session: Session,
    *,
    by: Actor,
    actor_name: str = "",
    subject_number: str = "",
    subject_kind: str = "",
    verb: str = "",
    starts_on: date | None = None,
    through: date | None = None,
    earlier_than: str = "",
    limit: int = EVENTS_SHOWN,
) -> tuple[AuditRow, ...]:
    """Who did what, the latest first, 500 at most; ``earlier_than`` is the ``place`` of the last row seen.

    The days are London's, both of them inside. Uses the three indexes of the trail. For supervisors.

    Raises:
        Refused: CSS111E the actor may not.
        BadMessage: CSS178E ``earlier_than`` is no place on the trail.
    """
    require_supervisor(by)
    exactly = {
        AuditEvent.subject_number: subject_number.strip(),
        AuditEvent.subject_kind: subject_kind.strip().lower(),
        AuditEvent.verb: verb.strip().lower().replace("-", "_").replace(" ", "_"),
    }
    wanted: list[ColumnElement[bool]] = [column == value for column, value in exactly.items() if value]
    if who := actor_name.strip():
        # Operators are in capitals, nets are not, and nobody minds the difference at a keyboard.
        wanted.append(AuditEvent.actor_name.in_(sorted({who, who.upper(), who.lower()})))
    if starts_on is not None:
        wanted.append(AuditEvent.occurred_at >= london_instant(starts_on, time()))
    if through is not None:
        wanted.append(AuditEvent.occurred_at < london_instant(through + ONE_DAY, time()))
    if earlier_than:
        wanted.append(tuple_(AuditEvent.occurred_at, AuditEvent.id) < _place(earlier_than))
    statement = (
        select(
            AuditEvent.id.label("event_id"),
            AuditEvent.occurred_at,
            AuditEvent.actor_kind,
            AuditEvent.actor_name,
            AuditEvent.provider_code,
            AuditEvent.door,
            AuditEvent.verb,
            AuditEvent.subject_kind,
            AuditEvent.subject_number,
            AuditEvent.before,
            AuditEvent.after,
        )
        .where(*wanted)
        .order_by(AuditEvent.occurred_at.desc(), AuditEvent.id.desc())
        .limit(min(limit, EVENTS_MAX))
    )
    return tuple(AuditRow(**row._mapping) for row in session.execute(statement))  # noqa: SLF001 - SQLAlchemy's public name for it


def note_look(session: Session, what: tuple[str, str], told: Mapping[str, str], *, by: Actor, at: datetime, verb: str = "read") -> None:
    """Write on the trail that somebody looked at what not everybody may see: what it was, and on which screen or by what search."""
    record(session, by=by, at=at, verb=verb, subject=what, after={name: value for name, value in told.items() if value} or None)
    session.flush()


def _place(text: str) -> tuple[datetime, int]:
    instant, _, event_id = text.partition("/")
    try:
        when, number = datetime.fromisoformat(instant), int(event_id)
    except ValueError:
        when, number = None, 0
    if when is None or when.tzinfo is None or not 0 < number < 2**63:
        raise BadMessage("CSS178E", "{text} is no place on the audit trail.", text=repr(text[:60]), element="earlier_than")
    return when, number
