"""What differs between two versions of a tariff, in words a person can check against what was decided.

Two versions are compared prefix by prefix and band by band; prefixes of one destination that change alike are told
together. Whether a caller pays more in the end is not told here: that is asked of real calls, by pricing them twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from billing.rules.tariff import BANDS, NO_PRICE, Rate, Step, TariffVersion
from css.core.money import Price

Kind = Literal["term", "came", "went", "rose", "fell", "changed"]
PREFIXES_NAMED: Final = 6


@dataclass(frozen=True, slots=True)
class TariffChange:
    """One thing that differs, for all prefixes of a destination for which it does."""

    kind: Kind
    """``term``: of the whole version; ``changed``: neither dearer nor cheaper as such, or some of both."""
    charge_class: str
    destination: str
    """Both as the new version has them; as the old one had them for what went; empty for a term."""
    bands: tuple[str, ...]
    prefixes: tuple[str, ...]
    words: str
    """A sentence."""


class _Same(NamedTuple):
    """Prefixes that change alike are one change: everything but the prefix."""

    kind: Kind
    charge_class: str
    destination: str
    bands: tuple[str, ...]
    what: str


def in_order(rates: Iterable[Rate]) -> tuple[Rate, ...]:
    """Rates by prefix and band, telephone numbers before short codes, numbered anew from 1."""
    place = {band: number for number, band in enumerate(BANDS)}
    ordered = sorted(rates, key=lambda rate: (rate.is_short_code, rate.prefix, place[rate.band]))
    # One by one and only where it must be: of a wholesale tariff there are hundreds of thousands.
    return tuple(rate if rate.rate_id == number else replace(rate, rate_id=number) for number, rate in enumerate(ordered, start=1))


def content(version: TariffVersion) -> TariffVersion:
    """A version without what depends on where it is kept: its id, those of its rates, and their order."""
    return replace(version, tariff_version_id=0, rates=in_order(version.rates))


def compare_versions(old: TariffVersion, new: TariffVersion) -> tuple[TariffChange, ...]:
    """Everything that differs: the terms first, then what came, went, rose, fell and changed, by charge class and destination."""
    return (*_terms(old, new), *_rates(old, new))


def _terms(old: TariffVersion, new: TariffVersion) -> Iterator[TariffChange]:
    said = (
        ("Prices", f"are {old.basis.value} of VAT", f"{new.basis.value}: figures of the two do not compare one to one"),
        ("A call that runs from band to band", f"is priced by {_boundary(old)}", _boundary(new)),
        ("Daytime", f"is {old.daytime_from:%H:%M} to {old.daytime_to:%H:%M}", f"{new.daytime_from:%H:%M} to {new.daytime_to:%H:%M}"),
        ("Bank holidays", f"are {_holidays(old)}", _holidays(new)),
        ("An answered call", f"counts as at least {old.minimum_seconds} seconds", f"{new.minimum_seconds} seconds"),
        ("A call's price", f"is {_rounding(old)}", _rounding(new)),
        ("Service charges", f"are {_service(old)}", _service(new)),
    )
    differ = (
        old.basis is not new.basis,
        old.boundary is not new.boundary,
        (old.daytime_from, old.daytime_to) != (new.daytime_from, new.daytime_to),
        old.bank_holidays != new.bank_holidays,
        old.minimum_seconds != new.minimum_seconds,
        old.price_rounding_millionths != new.price_rounding_millionths,
        old.service_tariff_code != new.service_tariff_code,
    )
    for (what, before, after), differs in zip(said, differ, strict=True):
        if differs:
            yield TariffChange("term", "", "", (), (), f"{what} {before}; from the new version on, {after}.")


def _boundary(version: TariffVersion) -> str:
    return f"the band in which {'it starts' if version.boundary.value == 'start' else 'each unit begins'}"


def _holidays(version: TariffVersion) -> str:
    return f"weekend ({version.bank_holidays})" if version.bank_holidays else "ordinary days"


def _rounding(version: TariffVersion) -> str:
    return "exact" if version.price_rounding_millionths == 1 else f"rounded to {Price(version.price_rounding_millionths)}p"


def _service(version: TariffVersion) -> str:
    return f"those of tariff {version.service_tariff_code}" if version.service_tariff_code else "none of another tariff"


def _rates(old: TariffVersion, new: TariffVersion) -> list[TariffChange]:
    before, after = _by_prefix(old), _by_prefix(new)
    alike: dict[_Same, list[str]] = {}
    for key in sorted(before.keys() | after.keys()):
        for change in _of_prefix(before.get(key, {}), after.get(key, {})):
            alike.setdefault(change, []).append(key[1])
    order: tuple[Kind, ...] = ("came", "went", "rose", "fell", "changed")
    found = sorted(alike.items(), key=lambda item: (order.index(item[0].kind), item[0].charge_class, item[0].destination))
    return [_told(change, tuple(prefixes)) for change, prefixes in found]


def _by_prefix(version: TariffVersion) -> dict[tuple[bool, str], dict[str, Rate]]:
    found: dict[tuple[bool, str], dict[str, Rate]] = {}
    for rate in version.rates:
        found.setdefault((rate.is_short_code, rate.prefix), {})[rate.band] = rate
    return found


def _of_prefix(before: dict[str, Rate], after: dict[str, Rate]) -> Iterator[_Same]:
    if not before or not after:
        kind: Kind = "came" if after else "went"
        rates: dict[_Same, list[str]] = {}
        for band in BANDS:
            rate = (after or before).get(band)
            if rate is not None:
                what = ("priced now, at " if after else "not named any more; it cost ") + price_in_words(rate)
                rates.setdefault(_Same(kind, rate.charge_class, rate.destination, (), what), []).append(band)
        yield from (change._replace(bands=tuple(bands)) for change, bands in rates.items())
        return
    changes: dict[_Same, list[str]] = {}
    for band in BANDS:
        old, new = before.get(band), after.get(band)
        if old is None or new is None or old == replace(new, rate_id=old.rate_id):
            continue
        ways: set[Kind] = set()
        what = "; ".join(_differences(old, new, ways))
        way: Kind = ways.pop() if len(ways) == 1 else "changed"
        changes.setdefault(_Same(way, new.charge_class, new.destination, (), what), []).append(band)
    yield from (change._replace(bands=tuple(bands)) for change, bands in changes.items())


def _differences(old: Rate, new: Rate, ways: set[Kind]) -> Iterator[str]:
    if (old.charge_class, old.destination) != (new.charge_class, new.destination):
        ways.add("changed")
        yield f"was {old.charge_class} {old.destination}"
    for is_now, was, yes, no in (
        (new.is_free, old.is_free, "free to callers now", "not free to callers any more"),
        (new.is_itemised, old.is_itemised, "itemised now", "not itemised any more"),
        (new.is_access_charge, old.is_access_charge, "an access charge now, with a service charge added", "no access charge any more"),
    ):
        if is_now != was:
            ways.add("changed")
            yield yes if is_now else no
    for name, before, after in (("set-up", old.setup, new.setup), ("minimum", old.minimum, new.minimum)):
        yield from _moved(name, before, after, ways)
    if old.maximum is not None and new.maximum is not None:
        yield from _moved("maximum", old.maximum, new.maximum, ways)
    elif old.maximum is not None or new.maximum is not None:
        ways.add("fell" if old.maximum is None else "rose")
        yield f"at most {new.maximum}p now" if new.maximum is not None else f"no maximum any more, which was {old.maximum}p"
    yield from _steps_moved(old.steps, new.steps, ways)


def _steps_moved(old: tuple[Step, ...], new: tuple[Step, ...], ways: set[Kind]) -> Iterator[str]:
    if [(step.from_second, step.unit_seconds) for step in old] != [(step.from_second, step.unit_seconds) for step in new]:
        ways.add("changed")
        yield f"{_steps_said(new)}, where it was {_steps_said(old)}"
        return
    for before, after in zip(old, new, strict=True):
        late = f" from second {after.from_second}" if after.from_second else ""
        yield from _moved(f"amount{late}", before.price, after.price, ways)
        yield from _moved(f"each {after.unit_seconds} s{late}", before.unit_price, after.unit_price, ways)


def _moved(name: str, before: Price, after: Price, ways: set[Kind]) -> Iterator[str]:
    if before != after:
        ways.add("rose" if before < after else "fell")
        yield f"{name} {before}p to {after}p"


def price_in_words(rate: Rate) -> str:
    """What a rate charges: ``set-up 9.9p, 5.9p each 60 s, at most 600p``; ``nothing`` where calls are free."""
    if rate.is_free:
        return "nothing"
    parts = [f"set-up {rate.setup}p"] if rate.setup else []
    parts.append(_steps_said(rate.steps))
    parts += [f"at least {rate.minimum}p"] if rate.minimum else []
    parts += [f"at most {rate.maximum}p"] if rate.maximum is not None else []
    return ", ".join(parts)


def _steps_said(steps: tuple[Step, ...]) -> str:
    said = []
    for step in steps:
        parts = [f"{step.price}p"] if step.price != NO_PRICE else []
        if step.unit_seconds:
            parts.append(f"{step.unit_price}p each {step.unit_seconds} s")
        late = f" from second {step.from_second}" if step.from_second else ""
        said.append((" and ".join(parts) or "nothing") + late)
    return ", then ".join(said)


def _told(change: _Same, prefixes: tuple[str, ...]) -> TariffChange:
    named = ", ".join(prefixes[:PREFIXES_NAMED])
    if len(prefixes) > PREFIXES_NAMED:
        named += f" and {len(prefixes) - PREFIXES_NAMED} more"
    bands = "" if set(change.bands) == set(BANDS) else f"; {', '.join(change.bands)}"
    lead = {"came": "is", "went": "is", "rose": "rose:", "fell": "fell:", "changed": "changed:"}[change.kind]
    words = f"{change.charge_class} {change.destination} ({named}{bands}) {lead} {change.what}."
    return TariffChange(change.kind, change.charge_class, change.destination, change.bands, prefixes, words)
