"""Conversations: what is keyed into a screen lies in a row from the first key that reaches us until it is done or dropped.

So any worker, a restart, the Back button, a locked desk and tomorrow's operator go on where the last key left it. The
token in the form names the row; it is the operator's own, or parked and then anybody's who may use the screen. What was
keyed goes from the row when it is done. (Reasons: docs/decisions/0130.)
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, bindparam, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.audit import record
from css.core.errors import Conflict, NotFound, Refused
from css.master.conversations import Conversation, ConversationState
from css.master.operators import Operator
from css.web.session import OnDuty

TOKEN_FORM: Final = re.compile(r"^[A-Za-z0-9_-]{22}\Z")
TOKEN_BYTES: Final = 16
NOTICED_FOR: Final = timedelta(minutes=15)
"""How long after the last key others are told that somebody has the record open."""
DONE_KEPT: Final = timedelta(days=1)
"""How long a late F6 still finds where its first one led."""
LEFT_KEPT: Final = timedelta(days=7)
"""How long what was left half-keyed waits. What was parked on purpose waits four times as long."""
PARKED_KEPT: Final = timedelta(days=28)
LEFT_SHOWN: Final = 20

_COLUMNS: Final = (
    Conversation.token,
    Conversation.screen_code,
    Conversation.arguments,
    Conversation.below,
    Conversation.state,
    Conversation.keyed,
    Conversation.base,
    Conversation.seen,
    Conversation.is_checked,
    Conversation.subject,
    Conversation.label,
    Conversation.led_to,
    Conversation.touched_at,
)
_EMPTIED: Final[dict[str, Any]] = {"keyed": {}, "base": {}, "seen": "", "is_checked": False, "label": ""}
_OPEN: Final = (ConversationState.OPEN, ConversationState.PARKED)


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation as its row has it."""

    token: str
    operator_code: str
    screen_code: str
    arguments: str
    below: str | None
    state: ConversationState
    keyed: dict[str, str]
    base: dict[str, str]
    seen: str
    is_checked: bool
    subject: str | None
    label: str
    led_to: str | None
    touched_at: datetime

    @property
    def path(self) -> str:
        """Its screen's address, without its token."""
        return "/s/" + "/".join(part for part in (self.screen_code, self.arguments) if part)

    @property
    def is_touched(self) -> bool:
        """Whether anything was keyed over what the screen began with."""
        return self.keyed != self.base


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a conversation is held: a screen, what stands behind its code, and what it was opened on top of."""

    screen_code: str
    arguments: str
    below: str | None = None


def new_token() -> str:
    """A token nobody can guess: 22 letters, digits, dashes and underlines."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def keep(
    session: Session,
    token: str,
    spot: Spot,
    keyed: Mapping[str, str],
    *,
    base: Mapping[str, str],
    by: OnDuty,
    at: datetime,
    by_itself: bool = False,
) -> Kept:
    """Write down what is keyed, in the row of its token; the first time with what the screen began with (``base``).

    ``by_itself`` is what a browser sends without a key: it comes late, and undoes no leave-taking. A parked conversation
    is taken up by whoever keys into it. One that is done is given as it is: it led somewhere.

    Raises:
        Refused: CSS881E the token is of another screen's conversation.
        Conflict: CSS882E somebody else keys it now.
    """
    told = {
        "of_token": token,
        "of_operator": by.operator_code,
        "of_screen": spot.screen_code,
        "of_arguments": spot.arguments,
        "lies_below": spot.below if spot.below != token else None,
        "now_keyed": _storable(keyed),
        "first_shown": _storable(base),
        "now": at,
        "was_pressed": not by_itself,
    }
    mine_already = session.execute(_keeping(), told).one_or_none()
    if mine_already is not None:
        return Kept(operator_code=by.operator_code, **mine_already._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    if not by_itself:
        _take_up(session, token, spot, keyed, by=by, at=at)
    kept = _several(session, Conversation.token == token, 1)[0]
    if kept.operator_code != by.operator_code:
        raise _taken(kept.operator_code)
    if (kept.screen_code, kept.arguments) != (spot.screen_code, spot.arguments):
        raise _strange(spot)
    return kept


@cache
def _keeping() -> Any:  # noqa: ANN401 - SQLAlchemy's type of an INSERT with its columns is its own
    """Sent every two seconds by everybody who keys: built once, asked with values (docs/decisions/0143)."""
    row = insert(Conversation).values(
        token=bindparam("of_token"),
        operator_id=select(Operator.id).where(Operator.code == bindparam("of_operator")).scalar_subquery(),
        screen_code=bindparam("of_screen"),
        arguments=bindparam("of_arguments"),
        below=bindparam("lies_below"),
        keyed=bindparam("now_keyed"),
        base=bindparam("first_shown"),
        created_at=bindparam("now"),
        touched_at=bindparam("now"),
    )
    return row.on_conflict_do_update(
        index_elements=[Conversation.token],
        set_={
            "keyed": row.excluded.keyed,
            "below": row.excluded.below,
            "state": ConversationState.OPEN.value,
            "touched_at": row.excluded.touched_at,
            "row_version": Conversation.row_version + 1,
        },
        where=(Conversation.screen_code == row.excluded.screen_code)
        & (Conversation.arguments == row.excluded.arguments)
        & (Conversation.operator_id == row.excluded.operator_id)
        & (Conversation.state != ConversationState.DONE)
        & or_(Conversation.state == ConversationState.OPEN, bindparam("was_pressed", type_=Boolean)),
    ).returning(*_COLUMNS)


def _take_up(session: Session, token: str, spot: Spot, keyed: Mapping[str, str], *, by: OnDuty, at: datetime) -> None:
    """The row is there and not simply ours: done, of another screen, parked by a colleague, or under a colleague's hands."""
    found = session.execute(
        select(Conversation, Operator.code)
        .join(Operator, Operator.id == Conversation.operator_id)
        .where(Conversation.token == token)
        .with_for_update(of=Conversation)
        .execution_options(populate_existing=True)
    ).one()
    row, owner = found
    if (row.screen_code, row.arguments) != (spot.screen_code, spot.arguments):
        raise _strange(spot)
    if row.state is ConversationState.DONE:
        return
    if owner != by.operator_code and row.state is not ConversationState.PARKED:
        raise _taken(owner)
    if owner != by.operator_code:
        after = {"screen": spot.screen_code, "parked_by": owner}
        record(
            session, by=by.actor, at=at, verb="take_up_conversation", subject=("conversation", row.subject or spot.screen_code), after=after
        )
    row.operator_id = session.execute(select(_id_of(by))).scalar_one()
    row.state, row.keyed, row.touched_at, row.row_version = ConversationState.OPEN, _storable(keyed), at, row.row_version + 1
    # Whoever takes it up has seen nothing of its effect yet.
    row.seen = ""
    session.flush()


def look_up(session: Session, token: str, *, by: OnDuty) -> Kept:
    """A conversation to go on with. Error: CSS880E it is not there, or it is a colleague's and not parked."""
    kept = next(iter(_several(session, Conversation.token == token, 1)), None)
    if kept is None or (kept.operator_code != by.operator_code and kept.state is not ConversationState.PARKED):
        raise NotFound("CSS880E", "What was keyed there is not kept any more, or somebody else goes on with it. Open the screen anew.")
    return kept


def frame(session: Session, spot: Spot, *, by: OnDuty, at: datetime) -> str:
    """Remember a screen that another one is opened on top of; gives its token."""
    token = new_token()
    keep(session, token, spot, {}, base={}, by=by, at=at)
    return token


def note(
    session: Session,
    token: str,
    *,
    keyed: Mapping[str, str],
    base: Mapping[str, str],
    seen: str,
    is_checked: bool,
    subject: str | None,
    label: str,
) -> None:
    """Write down what a check made of a conversation: the values as they were understood, and whether an effect was shown."""
    session.execute(
        update(Conversation)
        .where(Conversation.token == token, Conversation.state.in_(_OPEN))
        .values(keyed=_storable(keyed), base=_storable(base), seen=seen, is_checked=is_checked, subject=subject, label=label)
        .execution_options(synchronize_session=False)
    )


class DoneAlreadyError(Exception):
    """The conversation was done by an earlier press; the deed of this one is taken back with its transaction."""

    def __init__(self, led_to: str) -> None:
        super().__init__(led_to)
        self.led_to = led_to


def finish(session: Session, token: str, led_to: str, *, by: OnDuty) -> None:
    """The deed is done, in this same transaction: nothing of what was keyed stays, only where it led.

    The row is the last word on whose conversation it is: of two people, or two windows, that press F6 at once, one does
    the deed, and the other's is taken back.

    Raises:
        DoneAlreadyError: somebody was first; where it led.
        Conflict: CSS882E it was parked, dropped, or taken up by a colleague meanwhile.
    """
    ended = (
        update(Conversation)
        .where(Conversation.token == token, Conversation.operator_id == _id_of(by), Conversation.state == ConversationState.OPEN)
        .values(state=ConversationState.DONE, led_to=led_to, **_EMPTIED)
        .returning(Conversation.id)
    )
    if session.execute(ended, execution_options={"synchronize_session": False}).scalar_one_or_none() is not None:
        return
    found = next(iter(_several(session, Conversation.token == token, 1)), None)
    if found is not None and found.state is ConversationState.DONE:
        raise DoneAlreadyError(found.led_to or "")
    raise _taken(found.operator_code if found is not None else "Somebody")


def _strange(spot: Spot) -> Refused:
    return Refused("CSS881E", "This form belongs to another screen. Open {screen} again and key it there.", screen=spot.screen_code)


def _taken(operator: str) -> Conflict:
    return Conflict(
        "CSS882E", "{operator} goes on with this now, or put it aside; nothing was done. Open the screen again.", operator=operator
    )


def drop(session: Session, token: str) -> None:
    """It is not wanted any more."""
    session.execute(
        update(Conversation)
        .where(Conversation.token == token, Conversation.state != ConversationState.DONE)
        .values(state=ConversationState.DROPPED, **_EMPTIED)
        .execution_options(synchronize_session=False)
    )


def park(session: Session, token: str) -> None:
    """Put it aside on purpose: whoever may use the screen can go on with it."""
    session.execute(
        update(Conversation)
        .where(Conversation.token == token, Conversation.state == ConversationState.OPEN)
        .values(state=ConversationState.PARKED, seen="")
        .execution_options(synchronize_session=False)
    )


def left(session: Session, *, by: OnDuty, limit: int = LEFT_SHOWN) -> tuple[Kept, ...]:
    """What this operator parked or left half-keyed, last touched first."""
    return _several(session, (Conversation.operator_id == _id_of(by)) & _unfinished(), limit)


def left_about(session: Session, subject: str, *, limit: int = LEFT_SHOWN) -> tuple[Kept, ...]:
    """What anybody parked, or has half-keyed, about an account, an order or a fault, last touched first."""
    return _several(session, (Conversation.subject == subject) & _unfinished(), limit)


def also_open(session: Session, subject: str, *, by: OnDuty, at: datetime) -> tuple[tuple[str, datetime], ...]:
    """Which colleagues pressed a key about the same thing lately: (operator code, when). Uses ix_conversation_subject."""
    rows = session.execute(
        select(Operator.code, Conversation.touched_at)
        .join(Operator, Operator.id == Conversation.operator_id)
        .where(
            Conversation.subject == subject,
            Conversation.state == ConversationState.OPEN,
            Conversation.touched_at > at - NOTICED_FOR,
            Operator.code != by.operator_code,
        )
        .order_by(Conversation.touched_at)
    )
    return tuple({row.code: row.touched_at for row in rows}.items())


def tidy(session: Session, operator_code: str, *, at: datetime) -> None:
    """Throw away what this operator's conversations keep longer than it is of use; at sign-on."""
    old = [
        Conversation.state.in_((ConversationState.DONE, ConversationState.DROPPED)) & (Conversation.touched_at < at - DONE_KEPT),
        (Conversation.state == ConversationState.OPEN) & (Conversation.touched_at < at - LEFT_KEPT),
        (Conversation.state == ConversationState.PARKED) & (Conversation.touched_at < at - PARKED_KEPT),
    ]
    mine = select(Operator.id).where(Operator.code == operator_code).scalar_subquery()
    session.execute(delete(Conversation).where(Conversation.operator_id == mine, or_(*old)).execution_options(synchronize_session=False))


def _storable(values: Mapping[str, str]) -> dict[str, str]:
    """Without what the database cannot hold as text: nobody's finger keyed it, and the form refuses it."""
    return {name: value.replace("\0", "").encode("utf-8", "replace").decode("utf-8") for name, value in values.items()}


def _unfinished() -> ColumnElement[bool]:
    """Half-keyed: still open or parked, and not just as it began (a frame keeps nothing)."""
    return Conversation.state.in_(_OPEN) & (Conversation.keyed != Conversation.base) & (Conversation.keyed != text("'{}'::jsonb"))


def _id_of(by: OnDuty) -> Any:  # noqa: ANN401 - SQLAlchemy's type of a scalar subquery is its own
    return select(Operator.id).where(Operator.code == by.operator_code).scalar_subquery()


def _several(session: Session, wanted: ColumnElement[bool], limit: int) -> tuple[Kept, ...]:
    rows = session.execute(
        select(Operator.code.label("operator_code"), *_COLUMNS)
        .join(Operator, Operator.id == Conversation.operator_id)
        .where(wanted)
        .order_by(Conversation.touched_at.desc(), Conversation.id.desc())
        .limit(limit)
    )
    return tuple(Kept(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name for it
