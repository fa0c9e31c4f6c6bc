"""Making a verb of another room credit what it leaves owing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy.orm import Session

from billing.actions.failures import credit_failures
from css.handover import noting_failures

if TYPE_CHECKING:
    from datetime import datetime

    from css.core.actor import Actor

More = ParamSpec("More")
ResultT = TypeVar("ResultT")


def credited(verb: Callable[Concatenate[Session, More], ResultT]) -> Callable[Concatenate[Session, More], ResultT]:
    """The verb, with what it leaves on the shelf credited in its transaction: both or neither.

    ``by`` and ``at`` are given by name, as every door gives them. What was done before with the same token leaves nothing.
    """

    @wraps(verb)
    def doing(session: Session, /, *args: More.args, **kwargs: More.kwargs) -> ResultT:
        with noting_failures(session) as left:
            answer = verb(session, *args, **kwargs)
        if left:
            credit_failures(session, left, by=cast("Actor", kwargs["by"]), at=cast("datetime", kwargs["at"]))
        return answer

    return doing
