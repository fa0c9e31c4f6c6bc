"""Failures of shared plant: what must be said of one, and what those beneath it are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from css.core.calendar import to_london
from css.core.deadline import day_words
from css.core.errors import Conflict, CssError, NotFound, Refused
from repairs.commands.outages import DeclareOutage
from repairs.rules.report import too_long
from repairs.words import PlantKind

SIZES: Final = tuple(PlantKind)
"""The largest first: what is beneath two hangs on the first of them."""
WORDS: Final = {PlantKind.EXCHANGE: "exchange", PlantKind.CABINET: "cabinet", PlantKind.DISTRIBUTION_POINT: "distribution point"}
NAMED_MAX: Final = 20


def outage_faults(command: DeclareOutage, *, at: datetime) -> Iterator[CssError]:
    """All that is wrong with what is said of an outage, without a look at what there is.

    Errors: CSS305E, CSS878E a text is missing, CSS879E the plant is named wrongly, CSS887E the times.
    """
    yield from _named(command)
    yield from missing(cause=command.cause, message=command.message)
    yield from too_long(cause=command.cause, message=command.message)
    if command.began_at is not None and command.began_at > at:
        yield wrong_time("An outage cannot have begun in the future.", "began_at")
    yield from expected_faults(command.expected_at, at=at)


def expected_faults(expected_at: datetime | None, *, at: datetime) -> Iterator[CssError]:
    """What is expected lies ahead (CSS887E)."""
    if expected_at is not None and expected_at <= at:
        yield wrong_time("The time it is expected to work again must lie in the future.", "expected_at")


def wrong_time(sentence: str, element: str) -> Refused:
    """CSS887E with its sentence."""
    return Refused("CSS887E", sentence, element=element)


def missing(**texts: str) -> Iterator[CssError]:
    """Which texts, by their field, say nothing (CSS878E)."""
    for element, text in texts.items():
        if not text.strip():
            yield Refused("CSS878E", "The {what} is missing.", what=element.replace("_", " "), element=element)


def no_outage(outage_id: int) -> NotFound:
    """CSS874E, not there or not for the asker."""
    return NotFound("CSS874E", "There is no outage {outage}.", outage=outage_id, element="outage_id")


def over(what: str, number: int, state: StrEnum) -> Refused:
    """CSS877E: an outage or a problem that has ended is not touched again."""
    sentence = "The {what} {number} is {state}: there is nothing more to do."
    return Refused("CSS877E", sentence, what=what, number=number, state=state.value, element=f"{what}_id")


def changed(what: str, number: int, state: StrEnum, now: int, seen: int) -> Conflict:
    """CSS876E: somebody else changed an outage or a problem since it was looked at."""
    return Conflict(
        "CSS876E",
        "The {what} {number} was changed by somebody else: it is {state} now (version {now}, you saw {seen}). Look again.",
        what=what,
        number=number,
        state=state.value,
        now=now,
        seen=seen,
        element="row_version",
    )


def _named(command: DeclareOutage) -> Iterator[CssError]:
    needed = {
        "cabinet_code": command.kind is not PlantKind.EXCHANGE,
        "distribution_point_code": command.kind is PlantKind.DISTRIBUTION_POINT,
    }
    for element, is_needed in needed.items():
        is_given = bool(getattr(command, element))
        if is_needed != is_given:
            sentence = "Which {kind} has failed? Say {what}." if is_needed else "A failed {kind} is named without {what}."
            yield Refused("CSS879E", sentence, kind=WORDS[command.kind], what=element.replace("_", " "), element=element)


def element_words(kind: PlantKind, exchange_code: str, cabinet_code: str | None, distribution_point_code: str | None) -> str:
    """The piece of plant in words: "cabinet C1 of exchange WREN"."""
    if kind is PlantKind.EXCHANGE:
        return f"exchange {exchange_code}"
    cabinet = f"cabinet {cabinet_code} of exchange {exchange_code}"
    return cabinet if kind is PlantKind.CABINET else f"distribution point {distribution_point_code} of {cabinet}"


def place_words(row: Any) -> str:  # noqa: ANN401 - a row of any statement with these columns
    """The piece of plant of a row with ``kind`` and the three codes."""
    return element_words(PlantKind(row.kind), row.exchange_code, row.cabinet_code, row.distribution_point_code)


def told_words(message: str, expected_at: datetime | None) -> str:
    """What the customers beneath an outage are told, with the time it is expected to end."""
    expected = "" if expected_at is None else f" Expected to work again {instant_words(expected_at)}."
    return f"{message.strip()}{expected}"


def instant_words(instant: datetime) -> str:
    """An instant by London's clocks: "Wed 4 Mar 2026 23:59"."""
    shown = to_london(instant)
    return f"{day_words(shown.date())} {shown:%H:%M}"


def named(numbers: list[str]) -> str:
    """Numbers to read out, at most twenty of them."""
    more = len(numbers) - NAMED_MAX
    return ", ".join(numbers[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def faults_words(count: int) -> str:
    """A number of faults, in words that read well."""
    return "no fault" if count == 0 else "1 fault" if count == 1 else f"{count} faults"
