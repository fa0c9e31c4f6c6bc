"""The errors people meet: a code, a sentence, and the way out.

Four families say what went wrong from the asker's side; a door turns the family into its own answer (exit status 2,
an HTTP status, an XML Acknowledgement). ``Breach`` is different: it is our own broken invariant, and no door forgives it.
Every code has a paragraph in ``docs/messages.md`` saying what to do next.
"""

# The families read as what they say ("raise Refused"); an Error at the end of each would add nothing.
# ruff: noqa: N818

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, TypeVar

T = TypeVar("T")

CODE_FORM = re.compile(r"^CSS[0-9]{3}[EWI]$")


class CssError(Exception):
    """A refusal with a stable code, a sentence built from a template, and its fields for programs.

    ``template`` is a ``str.format`` template over ``fields``; the finished sentence is ``str(error)`` without the code,
    and ``error.text`` with it ("CSS075E 20000 working days is further than ...").
    """

    family: ClassVar[str] = "error"

    def __init__(self, code: str, template: str, /, *, element: str | None = None, **fields: object) -> None:
        assert CODE_FORM.match(code), f"{code!r} is not a message code"
        self.code = code
        self.template = template
        self.element = element
        """The field or element at fault, as the command names it, so that a screen can put the cursor there."""
        self.fields = fields
        super().__init__(template.format(**fields) if fields else template)

    def __reduce__(self) -> tuple[object, ...]:
        # An exception is pickled as its class and its sentence, which our constructor cannot take: raised in a worker
        # process it would break the pool instead of arriving.
        return _revive, (type(self), self.code, self.template, self.element, self.fields)

    @property
    def text(self) -> str:
        """The code and the sentence, as a person reads them."""
        return f"{self.code} {self}"


def _revive(family: type[CssError], code: str, template: str, element: str | None, fields: dict[str, object]) -> CssError:
    return family(code, template, element=element, **fields)


class NotFound(CssError):
    """There is no such thing, or not for you: the two answers are the same on purpose."""

    family = "not found"


class Refused(CssError):
    """A rule says no."""

    family = "refused"


class Conflict(CssError):
    """Somebody else got there first, or the same token came with another content."""

    family = "conflict"


class BadMessage(CssError):
    """What was sent cannot be read: wrong shape, wrong type, unreadable file."""

    family = "bad message"


class Unavailable(CssError):
    """The server, the disk or a partner is not there; trying again later may work."""

    family = "unavailable"


class Several(CssError):
    """All the faults of one command at once, each a ``CssError`` with its own code and element."""

    family = "refused"

    def __init__(self, errors: tuple[CssError, ...]) -> None:
        assert errors, "several of nothing"
        self.errors = errors
        first = errors[0]
        super().__init__(
            first.code, "{sentence}", element=first.element, sentence=" ".join(error.text for error in errors)[len(first.code) + 1 :]
        )
        self.family_of_first = first.family

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.errors,)


class Refusals:
    """Gathers what is wrong with one command, so that the asker is told everything at once and not a fault at a time."""

    def __init__(self) -> None:
        self.found: list[CssError] = []

    def add(self, *errors: CssError) -> None:
        self.found.extend(errors)

    def reading(self, read: Callable[[], T]) -> T | None:
        """What ``read`` gives; None when it refuses, and the refusal is kept."""
        try:
            return read()
        except Several as several:
            self.found.extend(several.errors)
        except CssError as error:
            self.found.append(error)
        return None

    def tell(self) -> None:
        """Raise what was found: nothing for none, the refusal itself for one, ``Several`` for more."""
        if len(self.found) > 1:
            raise Several(tuple(self.found))
        if self.found:
            raise self.found[0]


class Breach(AssertionError):
    """An invariant of our own is broken. Never caught to carry on; the step or request ends and says so."""
