"""What is charged for a repair when its clear is accepted. Data, and the rules over it; how much each costs is on the price list.

| Charged | When |
| --- | --- |
| time on site, the first hour and each further hour begun | cleared with a chargeable code, within the band that was authorised |
| a visit in vain, each | the customer missed it, and nothing excuses that |
| the expedite | it was bought, and the better target was met |

A visit in vain is not charged where the engineer was late, where matters beyond our control were declared for that slot, or
where the fault turned out to lie off the customer's site, so that nobody need have been in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from css.core.calendar import london_date
from css.core.slots import SlotOf
from repairs.rules.clear import ChargedAs, ClearCode
from repairs.words import ReturnReason

FIRST_HOUR: Final = "TRC-FIRST-HOUR"
HOUR: Final = "TRC-HOUR"
EXPEDITE: Final = "FEE-EXPEDITE"
VISIT: Final = "VISIT"
PRODUCTS: Final = (FIRST_HOUR, HOUR, EXPEDITE, VISIT)

BAND_HOURS: Final[Mapping[int, int | None]] = {0: 0, 1: 2, 2: 4, 3: 6, 4: None}
"""The hours that may be charged, by the band the caller agreed to; None: without limit."""
_NOT_WORKED: Final = frozenset({ReturnReason.NO_ACCESS, ReturnReason.WRONG_CRAFT, ReturnReason.STORES, ReturnReason.HAZARD})
"""Given back for these, nothing was looked for on the customer's behalf."""
_FREE: Final = frozenset({"DUP", "REF"})
"""Nothing was repaired sooner for whoever's report was none, or another's."""


class What(StrEnum):
    """What a charge is for; it stands in the source key, so that each is left once."""

    TIME = "time"
    VISIT = "visit"
    EXPEDITE = "expedite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """A visit that reached the site."""

    visit_id: int
    arrived_at: datetime
    ended_at: datetime
    return_reason: ReturnReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VainSlot:
    """An appointment that did not do its work for a cause of the customer's."""

    appointment_number: str
    slot: SlotOf
    came_at: datetime | None
    """When the engineer was there that day; None where nobody noted it."""
    was_mborc: bool
    """Matters beyond our control were declared for the area at that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A fault that was cleared, as charges are chosen by it."""

    code: ClearCode
    charge_band: int
    cleared_at: datetime
    was_late: bool
    expedited_at: datetime | None
    attendances: tuple[Attendance, ...]
    """Those that led to this clear: what was done before a clear that was rejected is never charged."""
    vain: tuple[VainSlot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One thing to be charged."""

    what: What
    product_code: str
    quantity: int
    occurs_on: date
    words: str
    """As the bill says it."""
    mark: str = ""
    """Which of several of its kind: part of the key."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What is charged for a repair, and why what might have been is not."""

    charges: tuple[Charge, ...]
    reasons: tuple[str, ...]


def hours_begun(time_on_site: timedelta) -> int:
    """The hours begun; who was there at all has begun one."""
    return max(1, -(-time_on_site // timedelta(hours=1)))


def worked(attendances: Iterable[Attendance]) -> timedelta | None:
    """The time spent on site looking for the fault, of all visits together; None where nobody was there."""
    counted = [each.ended_at - each.arrived_at for each in attendances if each.return_reason not in _NOT_WORKED]
    return sum(counted, timedelta()) if counted else None


def charges_of(repair: Repair) -> Reckoned:
    """What is charged for a repair once its clear is accepted."""
    charges: list[Charge] = []
    reasons: list[str] = []
    for charge in (*_time(repair), *_vain(repair), *_expedite(repair)):
        if isinstance(charge, str):
            reasons.append(charge)
        else:
            charges.append(charge)
    return Reckoned(tuple(charges), tuple(reasons))


def _time(repair: Repair) -> Iterator[Charge | str]:
    code = repair.code
    if code.charged_as is not ChargedAs.TIME:
        return
    time_on_site = worked(repair.attendances)
    if time_on_site is None:
        yield f"{code.words}: nobody was on site, so no time is charged"
        return
    most = BAND_HOURS[repair.charge_band]
    if most == 0:
        yield f"{code.words}: no time-related charges were authorised, so none are made"
        return
    begun = hours_begun(time_on_site)
    hours = begun if most is None else min(begun, most)
    on = london_date(repair.cleared_at)
    yield Charge(what=What.TIME, product_code=FIRST_HOUR, quantity=1, occurs_on=on, words=f"Engineer's time, first hour ({code.words})")
    if hours > 1:
        words = f"Engineer's time, further hours ({code.words})"
        yield Charge(what=What.TIME, product_code=HOUR, quantity=hours - 1, occurs_on=on, words=words)
    if hours < begun:
        yield f"{begun} hours were begun on site, {most} are authorised and charged"


def _vain(repair: Repair) -> Iterator[Charge | str]:
    counted = 0
    for slot in repair.vain:
        excuse = _excuse(repair, slot)
        if excuse is not None:
            yield f"the visit in vain on {slot.slot.words} is not charged: {excuse}"
            continue
        counted += 1
        words = f"Visit in vain on {slot.slot.words}"
        mark = f"-{slot.appointment_number}"
        yield Charge(what=What.VISIT, product_code=VISIT, quantity=1, occurs_on=slot.slot.slot_on, words=words, mark=mark)
    if repair.code.charged_as is ChargedAs.VISIT and not repair.vain:
        # Nobody had promised a slot: the one visit that found a closed door.
        found = [each for each in repair.attendances if each.return_reason in {None, ReturnReason.NO_ACCESS}]
        if not found:
            yield f"{repair.code.words}: nobody was on site, so no visit is charged"
        for each in found[-1:]:
            on = london_date(each.arrived_at)
            yield Charge(what=What.VISIT, product_code=VISIT, quantity=1, occurs_on=on, words="Visit in vain", mark=f"-{each.visit_id}")


def _excuse(repair: Repair, slot: VainSlot) -> str | None:
    if slot.came_at is not None and slot.came_at >= slot.slot.ends_at:
        return "the engineer was late"
    if slot.was_mborc:
        return "matters beyond our control were declared"
    if not repair.code.is_at_premises:
        return "the fault was off the customer's site"
    return None


def _expedite(repair: Repair) -> Iterator[Charge | str]:
    if repair.expedited_at is None:
        return
    if repair.was_late:
        yield "the expedite is not charged: its target was missed"
    elif repair.code.code in _FREE:
        yield f"the expedite is not charged: {repair.code.words}"
    else:
        on = london_date(repair.expedited_at)
        yield Charge(what=What.EXPEDITE, product_code=EXPEDITE, quantity=1, occurs_on=on, words="Expedited repair")
