"""What can be asked of tariffs, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.words import TariffState


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTariff:
    """Take in a version of a tariff; it prices nothing until it is released."""

    token: str = ""
    document: bytes
    """Its XML (docs/tariffs.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffLoaded:
    """How the version stands now."""

    tariff_code: str
    version: int
    state: TariffState
    prefix_count: int
    was_there: bool
    """The same version had been loaded before; nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTariff:
    """Let a loaded version price calls from its start. By somebody else than loaded it."""

    token: str = ""
    tariff_code: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffReleased:
    """What the release did."""

    tariff_code: str
    version: int
    starts_on: date
    ends_on: date | None
    cut: tuple[int, ...]
    """Versions that end now where this one starts."""
    superseded: tuple[int, ...]
    """Versions that price nothing any more."""
    words: str
    """The same in sentences, and what it means for calls already priced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawTariff:
    """Put away a loaded version that is not wanted; its number is not used again."""

    token: str = ""
    tariff_code: str
    version: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffWithdrawn:
    """How the version stands now."""

    tariff_code: str
    version: int
    state: TariffState
