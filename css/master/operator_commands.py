"""What can be asked about operators: their rights, passwords and sign-ons, second persons, and the news on their menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from css.core.money import Money
from css.core.words import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOperator:
    """What an operator is called, may do and may give away. What is None stays as it is."""

    token: str = ""
    operator_code: str
    name: str | None = None
    team: str | None = None
    roles: tuple[Role, ...] | None = None
    credit_limit: Money | None = None
    is_active: bool | None = None
    """Whoever is not active any more is signed off at once and does not sign on again."""
    row_version: int | None = None
    """As last seen; None takes the record as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorChanged:
    """The record as it is now."""

    operator_code: str
    name: str
    team: str
    roles: tuple[Role, ...]
    credit_limit: Money
    is_active: bool
    sign_ons_ended: int
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPassword:
    """A new password: the operator's own with the old one, or another's by a supervisor."""

    token: str = ""
    operator_code: str
    password: str
    old_password: str = ""
    """Of whoever changes their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet:
    """What a new password came to."""

    operator_code: str
    must_change_password: bool
    """Somebody else knows it: the next sign-on asks for a new one."""
    sign_ons_ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSignOns:
    """End the sign-ons of an operator, or one of them."""

    token: str = ""
    operator_code: str
    session_id: int | None = None
    """None for every one that is open."""
    reason: str
    """The operator is told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOnsEnded:
    """How many were ended."""

    operator_code: str
    sign_ons_ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostNews:
    """A line on everybody's menu."""

    token: str = ""
    words: str
    ends_at: datetime
    """Exclusive."""
    starts_at: datetime | None = None
    """None for at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndNews:
    """Take a line off the menu before its time."""

    token: str = ""
    news_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsPosted:
    """A line of news as it stands."""

    news_id: int
    words: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRequest:
    """A deed above its doer's limit, written down for a second person.

    A door makes it from a rehearsal of the command: what it is about, gives and does is the room's own answer and never
    what the asker says of it.
    """

    token: str = ""
    verb: str
    command: dict[str, Any]
    subject: str
    amount: Money
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that waits for a second person."""

    request_id: int
    verb: str
    subject: str
    amount: Money
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseApproval:
    """A second person's no."""

    token: str = ""
    request_id: int
    reason: str
    """The asker reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawApproval:
    """The asker wants it no more."""

    token: str = ""
    request_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How a request ended."""

    request_id: int
    state: str
    subject: str
    words: str
