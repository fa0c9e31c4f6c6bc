"""What a release does to the versions released before it, decided before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from css.core.calendar import Period
from css.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Released:
    """A version that is released, and its days."""

    version: int
    period: Period


@dataclass(frozen=True, slots=True)
class Standing:
    """The version to be released."""

    tariff_code: str
    version: int
    period: Period


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What is to be done, and the same in words."""

    cut: tuple[int, ...]
    """These end where the new version starts."""
    superseded: tuple[int, ...]
    """The new version has all their days."""
    words: str


def release_plan(new: Standing, released: Sequence[Released], today: date | None) -> ReleasePlan:
    """What becomes of the released versions when ``new`` is released too.

    One that starts earlier and runs into it is cut at its start; one that starts with it or later is superseded, if all its
    days are the new one's. ``released`` are those of the same tariff; ``today`` is the business date furthest on, if any.

    Raises:
        Refused: CSS688E, days that have a price now would have none afterwards.
    """
    cut, superseded, said = [], [], [f"Version {new.version} of tariff {new.tariff_code} prices calls {_days(new.period)}."]
    starts_on, ends_on = new.period.starts_on, new.period.ends_on
    for old in sorted(released, key=lambda one: one.period.starts_on):
        if not old.period.overlap(new.period):
            continue
        if ends_on is not None and (old.period.ends_on is None or old.period.ends_on > ends_on):
            sentence = (
                "Version {version} ends on {ends_on}, but version {other} has the price of the days after it ({days}); "
                "release what prices those days first, or let this one run on."
            )
            raise Refused("CSS688E", sentence, version=new.version, ends_on=ends_on, other=old.version, days=_days(old.period))
        if old.period.starts_on < starts_on:
            cut.append(old.version)
            was = f" instead of {old.period.ends_on}" if old.period.ends_on else ""
            said.append(f"Version {old.version} ends on {starts_on}{was}.")
        else:
            superseded.append(old.version)
            said.append(f"It takes the place of version {old.version} ({_days(old.period)}), which prices nothing any more.")
    said += _gaps(new.period, released)
    if today is not None and starts_on < today:
        before = "" if ends_on is None or ends_on > today else f" and before {ends_on}"
        said.append(
            f"Calls priced already that started from {starts_on} on{before} keep their price until `css usage rerate` is run for them."
        )
    return ReleasePlan(tuple(cut), tuple(superseded), " ".join(said))


def _gaps(new: Period, released: Sequence[Released]) -> list[str]:
    """Days beside the new version that no version prices, in sentences."""
    said = []
    earlier = [one.period for one in released if one.period.starts_on < new.starts_on]
    last = max((period.ends_on for period in earlier if period.ends_on is not None), default=None)
    if earlier and last is not None and last < new.starts_on and all(period.ends_on is not None for period in earlier):
        said.append(f"No version prices calls from {last} to {new.starts_on}.")
    if new.ends_on is not None and not any(one.period.contains(new.ends_on) for one in released):
        said.append(f"No version prices calls on {new.ends_on}, when this one has ended.")
    return said


def _days(period: Period) -> str:
    return f"from {period.starts_on} " + (f"up to but not on {period.ends_on}" if period.ends_on else "on")
