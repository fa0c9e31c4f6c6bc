"""What makes a benefit one that bills can be reckoned by: every fault of a definition at once, each with its field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from billing.benefit_commands import DefineBenefit
from billing.rules.tariff import BANDS
from billing.words import BenefitKind, BenefitScope
from css.core.errors import BadMessage, CssError
from css.core.money import Percent

CODE: Final = re.compile(r"^[A-Z0-9](?:[A-Z0-9-]{0,22}[A-Z0-9])?\Z")
CHARGE_CLASS: Final = re.compile(r"^[A-Z0-9]{1,10}\Z")
WORDS_MAX: Final = 60
ROLLOVER_MAX: Final = 12
"""Months; more would be a savings bank."""
SECONDS_MAX: Final = 31 * 24 * 3600 * 100
"""A hundred lines talking all month."""
HUNDRED: Final = Percent.of(100)


def definition_faults(command: DefineBenefit) -> Iterator[CssError]:
    """CSS760E, once for each field that is wrong."""
    if not CODE.match(command.code):
        yield _wrong("code", "is capital letters, figures and hyphens, at most 24")
    if not 0 < len(command.words.strip()) <= WORDS_MAX:
        yield _wrong("words", f"is what the bill says, at most {WORDS_MAX} characters")
    if command.ends_on is not None and command.ends_on <= command.starts_on:
        yield _wrong("ends_on", "is later than the first day")
    if not command.charge_classes or not all(map(CHARGE_CLASS.match, command.charge_classes)):
        yield _wrong("charge_classes", "names at least one class of calls, like GEO or MOB")
    if not set(command.bands) <= set(BANDS):
        yield _wrong("bands", f"is any of {', '.join(BANDS)}")
    if command.scope is BenefitScope.GROUP and command.kind is not BenefitKind.VOLUME:
        yield _wrong("scope", "may be group for a volume discount alone")
    if command.rank < 0:
        yield _wrong("rank", "is nought or more")
    yield from _allowance_faults(command)
    yield from _percent_faults(command)
    yield from _step_faults(command)


def _allowance_faults(command: DefineBenefit) -> Iterator[CssError]:
    if command.kind is BenefitKind.ALLOWANCE:
        if not 0 < (command.allowance_seconds or 0) <= SECONDS_MAX:
            yield _wrong("allowance_seconds", "is how many seconds a month are inclusive")
        if not 0 < command.unit_seconds <= (command.allowance_seconds or 0):
            yield _wrong("unit_seconds", "is one second or more, and not more than the allowance")
        if not 0 <= command.rollover_months <= ROLLOVER_MAX:
            yield _wrong("rollover_months", f"is 0 to {ROLLOVER_MAX}")
    elif command.allowance_seconds is not None or command.rollover_months:
        yield _wrong("allowance_seconds", "is for inclusive minutes alone")


def _percent_faults(command: DefineBenefit) -> Iterator[CssError]:
    if command.kind in {BenefitKind.FRIENDS, BenefitKind.OPTION}:
        if not _is_share(command.percent):
            yield _wrong("percent", "is more than 0 and at most 100")
    elif command.percent is not None:
        yield _wrong("percent", "is for friends and options alone")
    if command.kind is BenefitKind.FRIENDS:
        if not 0 < (command.numbers_max or 0) <= 1000:  # noqa: PLR2004 - nobody has so many friends
            yield _wrong("numbers_max", "is how many numbers may be named, 1 to 1000")
        if command.best_percent is not None and not _is_share(command.best_percent):
            yield _wrong("best_percent", "is more than 0 and at most 100")
    elif command.numbers_max is not None or command.best_percent is not None:
        yield _wrong("numbers_max", "is for friends alone, as best_percent is")


def _step_faults(command: DefineBenefit) -> Iterator[CssError]:
    if command.kind is not BenefitKind.VOLUME:
        if command.steps or command.is_graduated:
            yield _wrong("steps", "are for a volume discount alone, as is_graduated is")
        return
    amounts = [step.from_amount.pence for step in command.steps]
    if not amounts or amounts[0] < 0 or sorted(set(amounts)) != amounts:
        yield _wrong("steps", "are one or more, the lowest amount first")
    if not all(_is_share(step.percent, least=0) for step in command.steps):
        yield _wrong("steps", "take off 0 to 100 percent")


def _is_share(percent: Percent | None, *, least: int = 1) -> bool:
    return percent is not None and least <= percent.basis_points <= HUNDRED.basis_points


def _wrong(field: str, must: str) -> BadMessage:
    return BadMessage("CSS760E", "The benefit is not one to reckon by: {field} {must}.", field=field, must=must, element=field)
