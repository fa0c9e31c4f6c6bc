"""What a screen's function works with: who is at the desk, when it is, and the three ways to the database.

``reading`` looks; ``doing`` does a deed and commits it; ``rehearsing`` does the same deed and takes it back, so that what
Enter shows before F6 is what the rooms' own rules say, and no rule stands here a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from flask import current_app, g
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.clock import Clock
from css.core.errors import BadMessage, Conflict, CssError, NotFound, Refused, Several, Unavailable
from css.core.words import Role
from css.db.engine import database, rehearsal, transaction
from css.settings import Settings
from css.web.conversation import finish
from css.web.form import COMMIT, Form
from css.web.session import OnDuty
from css.web.timing import time_statements


@dataclass(slots=True)
class Office:
    """What a web application is made with. The engine is made at first use, in the process that uses it."""

    settings: Settings
    clock: Clock
    given_engine: Engine | None = None

    def connect(self) -> Engine:
        """The engine, made and checked at first use."""
        if self.given_engine is None:
            self.given_engine = database(self.settings)
        time_statements(self.given_engine)
        return self.given_engine


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of one operator."""

    engine: Engine
    at: datetime
    on_duty: OnDuty

    @property
    def by(self) -> Actor:
        return self.on_duty.actor

    @property
    def today(self) -> date:
        """The date on the wall, for reading "+3" and for first guesses; deeds are dated by the district's business date."""
        return london_date(self.at)

    def may(self, roles: frozenset[Role]) -> bool:
        return bool(self.on_duty.roles & roles)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to ask questions in."""
        with transaction(self.engine) as session:
            yield session

    @contextmanager
    def doing(self) -> Iterator[Session]:
        """A session to do one deed in: committed at the end, or not at all."""
        with transaction(self.engine) as session:
            yield session

    @contextmanager
    def rehearsing(self) -> Iterator[Session]:
        """A session to do a deed in and take it back, whatever happens."""
        with rehearsal(self.engine) as session:
            yield session


class NotForYou(Refused):
    """CSS354E: the screen is there, but not for this operator's roles."""

    def __init__(self, code: str) -> None:
        super().__init__("CSS354E", "Screen {code} is not for your roles. Ask a supervisor if your work needs it.", code=code)


def office() -> Office:
    """What the application of this request is made with."""
    return cast("Office", current_app.extensions["css"])


def desk() -> Desk:
    """The desk of this request; there is one on every page but the sign-on."""
    return cast("Desk", g.desk)


class Tokened(Protocol):
    """A command that can be repeated."""

    @property
    def token(self) -> str: ...


CommandT = TypeVar("CommandT", bound=Tokened)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[ResultT]):
    """What one press of a key came to: done and committed, or an effect to show, or neither and the form says why."""

    status: int = 200
    done: ResultT | None = None
    effect: ResultT | None = None


def converse(
    at_desk: Desk,
    form: Form,
    read: Callable[[], CommandT | None],
    deed: Callable[..., ResultT],
    *,
    leads_to: Callable[[ResultT], str],
) -> Outcome[ResultT]:
    """One step of a conversation: read the form, show what the deed would do (Enter), do it (F6 on what was shown).

    ``read`` makes the command, or hangs what is wrong on the form and gives None; ``deed`` is a room's action;
    ``leads_to`` the address that its result leads to. F6 on anything but what was shown shows it first: a key typed ahead
    never confirms what nobody has seen. A repeated F6 carries the same token and gets the first answer. The deed and the
    end of the conversation are one transaction.
    """
    command = read()
    if command is None or form.has_errors:
        form.seen = ""
        if form.goes_on():
            return Outcome()
        return Outcome(status=status_of(form))
    commits = form.commits
    try:
        if commits:
            with at_desk.doing() as session:
                done = deed(session, _with_token(command, form.token), by=at_desk.by, at=at_desk.at)
                finish(session, form.token, leads_to(done), by=at_desk.on_duty)
                return Outcome(done=done)
        with at_desk.rehearsing() as session:
            effect = deed(session, _with_token(command, ""), by=at_desk.by, at=at_desk.at)
    except CssError as error:
        form.take(error)
        form.seen = ""
        return Outcome(status=status_of(form))
    form.look_first = form.key == COMMIT
    form.seen = form.digest()
    return Outcome(effect=effect)


def _with_token(command: CommandT, token: str) -> CommandT:
    return cast("CommandT", replace(cast("Any", command), token=token))


def status_of(form: Form) -> int:
    """The HTTP status of a form that was refused: the gravest of its errors."""
    return max((http_status(error) for _, error in form.summary), key=_GRAVITY.index, default=422)


_GRAVITY: Final = (422, 404, 403, 409, 503, 500)


def http_status(error: CssError) -> int:
    """404 not there or not yours, 409 somebody got there first, 422 refused or unreadable, 503 not to be had now."""
    if isinstance(error, Several):
        return max((http_status(one) for one in error.errors), key=_GRAVITY.index)
    return next((status for family, status in _STATUSES if isinstance(error, family)), 500)


_STATUSES: Final = ((NotForYou, 403), (NotFound, 404), (Conflict, 409), (Unavailable, 503), (Refused, 422), (BadMessage, 422))
