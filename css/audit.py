"""Who did what, and the first answer to every token.

Every action writes one append-only event: who, when, what, before and after. Every command that a person or a partner
can repeat carries a token; ``answered`` gives the first answer again instead of doing the deed twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast, get_type_hints

from sqlalchemy import Index, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from css.core.actor import Actor
from css.core.calendar import to_london
from css.core.codec import from_plain, to_plain
from css.core.errors import Conflict
from css.db.base import Base, Id
from css.db.ddl import stored


class AuditEvent(Base):
    """One deed. Rows are only ever added; a trigger refuses anything else."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_subject", "subject_kind", "subject_number"),
        Index("ix_audit_event_actor_name_occurred_at", "actor_name", "occurred_at"),
        Index("ix_audit_event_occurred_at", "occurred_at"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    occurred_at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_name: Mapped[str]
    provider_code: Mapped[str]
    """The provider acted for."""
    door: Mapped[str]
    """By which door: a screen, the gateway, the command line, the night."""
    verb: Mapped[str]
    subject_kind: Mapped[str]
    """What it was done to: account, order, fault, bill run."""
    subject_number: Mapped[str]
    """What people read out: the account, order, fault or bill number."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What it was, as far as the deed changed it."""
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What it became, or the command."""


class CommandAnswer(Base):
    """The first answer to a token, for the actor who used it."""

    __tablename__ = "command_answer"
    __table_args__ = ({"schema": "css"},)

    actor_kind: Mapped[str] = mapped_column(primary_key=True)
    actor_name: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    """Chosen by the asker."""
    verb: Mapped[str]
    command_sha256: Mapped[str]
    """So that the same token with another command is refused."""
    answer: Mapped[dict[str, Any]]
    """What is answered again."""
    answered_at: Mapped[datetime]
    """When it was answered first."""


_TAKE_TOKEN: Final = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("token", type_=Text), 0)))


stored(
    "css.append_only",
    """
CREATE FUNCTION css.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
-- What is posted or audited is never edited; a correction is a new row.
BEGIN
  RAISE EXCEPTION 'rows of %.% are only ever added', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
""",
    "DROP FUNCTION css.append_only()",
)


def append_only(table: str) -> None:
    """Let the database refuse to change or delete rows of ``schema.table``."""
    name = f"{table.split('.')[1]}_append_only"
    stored(
        name,
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION css.append_only()",
        f"DROP TRIGGER {name} ON {table}",
    )


append_only("css.audit_event")


def record(
    session: Session,
    *,
    by: Actor,
    at: datetime,
    verb: str,
    subject: tuple[str, str],
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add one audit event. ``subject`` is (kind, number as read out); before and after hold plain JSON values."""
    session.add(
        AuditEvent(
            occurred_at=at,
            actor_kind=by.kind,
            actor_name=by.name,
            provider_code=by.provider_code,
            door=by.door,
            verb=verb,
            subject_kind=subject[0],
            subject_number=subject[1],
            before=to_plain(before),
            after=to_plain(after),
        )
    )


def last_changed(session: Session, subject: tuple[str, str], verbs: Collection[str]) -> str:
    """Who did one of these verbs to a subject last, and when, in words for a conflict. Uses ix_audit_event_subject."""
    row = session.execute(
        select(AuditEvent.actor_name, AuditEvent.occurred_at)
        .where(AuditEvent.subject_kind == subject[0], AuditEvent.subject_number == subject[1], AuditEvent.verb.in_(verbs))
        .order_by(AuditEvent.id.desc())
        .limit(1)
    ).one_or_none()
    return "somebody" if row is None else f"{row.actor_name} at {to_london(row.occurred_at):%H:%M on %d/%m/%Y}"


class Tokened(Protocol):
    """A command that can be repeated. An empty token means: never repeated, do not remember."""

    @property
    def token(self) -> str: ...


CommandT = TypeVar("CommandT", bound=Tokened)
ResultT = TypeVar("ResultT")
More = ParamSpec("More")
Action = Callable[Concatenate[Session, CommandT, More], ResultT]


_SECRETS = frozenset({"password", "old_password", "password_phrase", "push_key"})
"""What goes into no digest: it could be guessed from one at leisure."""


def _without_secrets(said: dict[str, Any]) -> dict[str, Any]:
    return {name: _without_secrets(one) if isinstance(one, dict) else one for name, one in said.items() if name not in _SECRETS}


def answered(action: Action[CommandT, More, ResultT]) -> Action[CommandT, More, ResultT]:
    """Make an action repeatable: the same token with the same command gets the first answer, and nothing is done twice.

    The token is taken under a transaction lock first, so two people pressing the key at once is one deed.

    Raises:
        Conflict: CSS110E when the token came before with another command.
    """
    result_type = get_type_hints(action)["return"]

    @wraps(action)
    def once(session: Session, command: CommandT, /, *args: More.args, **kwargs: More.kwargs) -> ResultT:
        token = command.token
        if not token:
            return action(session, command, *args, **kwargs)
        by = cast("Actor", kwargs["by"])
        at = cast("datetime", kwargs["at"])
        said = _without_secrets(to_plain(command))
        digest = hashlib.sha256(json.dumps([type(command).__name__, said], sort_keys=True).encode()).hexdigest()
        session.execute(_TAKE_TOKEN, {"token": f"{by.kind}/{by.name}/{token}"})
        first = session.get(CommandAnswer, (by.kind, by.name, token))
        if first is not None:
            if first.command_sha256 != digest:
                raise Conflict(
                    "CSS110E",
                    "Token {token} was used before for another command; use a new token for a new deed.",
                    token=token,
                    element="token",
                )
            return cast("ResultT", from_plain(first.answer, result_type))
        result = action(session, command, *args, **kwargs)
        session.add(
            CommandAnswer(
                actor_kind=by.kind,
                actor_name=by.name,
                token=token,
                verb=action.__name__,
                command_sha256=digest,
                answer=to_plain(result),
                answered_at=at,
            )
        )
        return result

    return once
