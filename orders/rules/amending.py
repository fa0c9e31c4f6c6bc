"""What an amendment of an open order may be: dates, notes, contact, features; and what two who amend at once are told."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from css.core.calendar import Nation, day_words, working_day_on_or_after
from css.core.errors import CssError, Refused
from css.core.slots import LIVE
from css.core.words import ProductKind, Segment
from orders.commands.orders import AmendOrder
from orders.rules.content import LENGTHS_MAX, Offer, clash
from orders.rules.dates import committed_date, required_date_fault
from orders.rules.kinds import KINDS
from orders.rules.problems import Effect, is_customers, problem_fault
from orders.words import ItemAction, OrderKind, PlantOutcome

AMENDED_FIELDS: Final = {
    "state": "State",
    "required_on": "Required date",
    "target_on": "Date it is worked for",
    "slot": "Appointment",
    "contact_name": "Contact",
    "contact_phone": "Contact's telephone",
    "hazard_notes": "Hazard notes",
    "visit_notes": "Visit notes",
    "features": "Products",
    "line_count": "Number of lines",
}
"""What an amendment can meet with, and its words."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""As a copy of an order says a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The dates of an order as it stands."""

    required_on: date
    committed_on: date | None
    target_on: date | None
    slot_on: date | None
    """Of the slot somebody is still to come in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDates:
    """The dates of an order after an amendment."""

    required_on: date
    target_on: date | None


def moves(command: AmendOrder) -> bool:
    """Whether a date or slot is to move."""
    return command.required_on is not None or command.appointment is not None or bool(command.appointment_number)


def changes_content(command: AmendOrder) -> bool:
    """Whether anything but a date or slot is to change."""
    texts = (command.contact_name, command.contact_phone, command.hazard_notes, command.visit_notes, command.line_count)
    return any(text is not None for text in texts) or bool(command.add_codes or command.drop_codes)


def field_faults(command: AmendOrder, *, is_partner: bool) -> list[CssError]:
    """What is wrong with an amendment as it is said (CSS219E, CSS221E, CSS235E, CSS296E, CSS749E)."""
    if not moves(command) and not changes_content(command):
        return [Refused("CSS296E", "Say what is to be changed.", element="order_number")]
    faults: list[CssError] = [
        Refused("CSS219E", "The {what} has at most {most} characters.", what=name.replace("_", " "), most=LENGTHS_MAX[name], element=name)
        for name in ("contact_name", "hazard_notes", "visit_notes")
        if len((getattr(command, name) or "").strip()) > LENGTHS_MAX[name]
    ]
    if command.contact_name is not None and not command.contact_name.strip():
        faults.append(Refused("CSS221E", "{what} is needed.", what="Contact", element="contact_name"))
    if command.appointment is not None and command.appointment_number:
        faults.append(Refused("CSS296E", "Give a slot or the number of one that is held, not both.", element="appointment_number"))
    if command.reason_code:
        fault = problem_fault(command.reason_code, Effect.REAPPOINT)
        if fault is not None:
            faults.append(fault)
        elif not moves(command):
            faults.append(Refused("CSS296E", "A reason goes with another date or slot.", element="reason_code"))
        elif is_partner and not is_customers(command.reason_code):
            faults.append(
                Refused("CSS749E", "{code} is ours to say; leave the reason out.", code=command.reason_code, element="reason_code")
            )
    return faults


def is_ours(command: AmendOrder) -> bool:
    """Whether we move the order for a reason of ours: then what the customer wished for, and when, stays on record."""
    return bool(command.reason_code) and not is_customers(command.reason_code)


def new_dates(now: Dates, command: AmendOrder, *, slot_on: date | None, nation: Nation) -> NewDates:
    """The dates after an amendment; ``slot_on`` is the day of the slot asked for.

    The committed date stays. The target follows the required date, later or (not before what was promised) earlier; where we
    were late already it is never nearer for it. A slot after it takes the target along.
    """
    required_on, target_on = now.required_on, now.target_on
    if command.required_on is not None and target_on is not None:
        wished = committed_date(command.required_on, nation)
        was_late = target_on > committed_date(required_on, nation)
        target_on = max(wished, target_on) if was_late else wished
    if slot_on is not None and target_on is not None:
        target_on = max(target_on, working_day_on_or_after(slot_on, nation))
    if is_ours(command):
        return NewDates(required_on=required_on, target_on=target_on)
    required_on = command.required_on or required_on
    if slot_on is not None and committed_date(required_on, nation) < slot_on:
        required_on = slot_on
    return NewDates(required_on=required_on, target_on=target_on)


def date_faults(
    now: Dates, after: NewDates, command: AmendOrder, *, on: date, earliest_on: date, outcome: PlantOutcome | None
) -> list[CssError]:
    """What is wrong with the dates after an amendment (CSS213E, CSS214E, CSS295E, CSS756E).

    ``earliest_on`` is the first date an order like it placed now could have: for none nearer than it is now can it be had sooner.
    """
    wish = command.required_on
    if wish is None:
        return []
    if now.committed_on is not None and wish < now.committed_on:
        return [
            Refused(
                "CSS295E",
                "The required date cannot be before {committed}, the date promised.",
                committed=day_words(now.committed_on),
                committed_on=now.committed_on,
                element="required_on",
            )
        ]
    is_sooner = wish < now.required_on if now.target_on is None else after.target_on is not None and after.target_on < now.target_on
    fault = required_date_fault(wish, max(on, earliest_on) if is_sooner else on, on=on, outcome=outcome if is_sooner else None)
    faults = [fault] if fault else []
    if now.slot_on is not None and after.target_on is not None and not _gives_slot(command) and after.target_on < now.slot_on:
        faults.append(
            Refused(
                "CSS756E",
                "The appointment on {slot} is after that; give another with it.",
                slot=day_words(now.slot_on),
                element="appointment",
            )
        )
    return faults


def _gives_slot(command: AmendOrder) -> bool:
    return command.appointment is not None or bool(command.appointment_number)


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A product of an order, or on its line."""

    code: str
    kind: ProductKind
    action: ItemAction | None
    """None for what works on the line and is not touched by the order."""


def feature_faults(
    kind: OrderKind, command: AmendOrder, standing: Sequence[KnownProduct], offers: Mapping[str, Offer], segment: Segment
) -> list[CssError]:
    """What is wrong with features ordered besides or no longer (CSS211E, CSS212E, CSS216E, CSS237E, CSS753E, CSS754E)."""
    if not command.add_codes and not command.drop_codes:
        return []
    rule = KINDS[kind]
    if "product_codes" not in rule.needs | rule.may:
        element = "add_codes[0]" if command.add_codes else "drop_codes[0]"
        return [Refused("CSS753E", "An order of this kind ({kind}) has no features to change.", kind=rule.title.lower(), element=element)]
    faults: list[CssError] = []
    ordered = {one.code: one for one in standing if one.action is ItemAction.ADD}
    leaving = {one.code for one in standing if one.action is ItemAction.REMOVE}
    stays = {one.code for one in standing if one.action is not ItemAction.REMOVE} - set(command.drop_codes)
    for n, code in enumerate(command.drop_codes):
        one = ordered.get(code)
        if one is None or one.kind is not ProductKind.FEATURE:
            faults.append(Refused("CSS754E", "{code} is no feature that this order adds.", code=code[:30], element=f"drop_codes[{n}]"))
    for n, code in enumerate(command.add_codes):
        element = f"add_codes[{n}]"
        faults += _offer_faults(code, offers.get(code), segment, element)
        if code in {one.code for one in standing} or code in command.add_codes[:n]:
            faults.append(Refused("CSS754E", "{code} is on the order or the line already.", code=code[:30], element=element))
        other = clash(code, (stays | set(command.add_codes[:n])) - {code})
        if other is not None:
            faults.append(Refused("CSS216E", "{first} and {second} cannot work on one line.", first=code, second=other, element=element))
    if not (set(ordered) | leaving) - set(command.drop_codes) and not command.add_codes:
        faults.append(Refused("CSS754E", "Nothing would be left of the order; cancel it instead.", element="drop_codes[0]"))
    return faults


def _offer_faults(code: str, offer: Offer | None, segment: Segment, element: str) -> list[CssError]:
    if offer is None:
        return [Refused("CSS211E", "There is no product {code!r}.", code=code[:30], element=element)]
    if offer.kind is not ProductKind.FEATURE:
        return [Refused("CSS754E", "{code} is no feature; order it by itself.", code=code, element=element)]
    if not offer.is_sold_to(segment):
        return [Refused("CSS212E", "{code} is not sold to {segment} accounts.", code=code, segment=segment.value, element=element)]
    if not offer.has_rental_price:
        return [Refused("CSS237E", "{code} has no price on the required date.", code=code, element=element)]
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """One field of an order that two people had to do with."""

    field: str
    seen: str
    """What the second saw when they began."""
    now: str
    """What the first has made of it."""
    wanted: str | None
    """What the second wants; None when they want nothing of it."""

    @property
    def words(self) -> str:
        name = AMENDED_FIELDS[self.field]
        if self.now == self.seen:
            return f"{name}: {self.now}; you want {self.wanted}."
        wanted = "" if self.wanted is None else f", you want {self.wanted}"
        return f"{name}: was {self.seen}, is {self.now} now{wanted}."


def clashes(seen: Mapping[str, Any], now: Mapping[str, Any], wanted: Mapping[str, object]) -> tuple[Clash, ...]:
    """Field by field what somebody else changed since the asker looked, and what the asker wants.

    Args:
        seen: the order as the asker saw it, as an event of its stream carries it.
        now: the order as it stands.
        wanted: by the names of ``AMENDED_FIELDS``.
    """
    before, after = _told(seen), _told(now)
    return tuple(
        Clash(field=field, seen=before[field], now=after[field], wanted=_value(wanted[field]) if field in wanted else None)
        for field in AMENDED_FIELDS
        if before[field] != after[field] or field in wanted
    )


def wanted_fields(command: AmendOrder) -> dict[str, object]:
    """What an amendment wants, by the names of ``AMENDED_FIELDS``."""
    slot = command.appointment
    wanted: dict[str, object] = {
        "required_on": command.required_on,
        "slot": command.appointment_number or None if slot is None else f"{day_words(slot.slot_on)} {slot.half_day.value}",
        "contact_name": command.contact_name,
        "contact_phone": command.contact_phone,
        "hazard_notes": command.hazard_notes,
        "visit_notes": command.visit_notes,
        "features": " ".join([*(f"+{code}" for code in command.add_codes), *(f"-{code}" for code in command.drop_codes)]) or None,
        "line_count": command.line_count,
    }
    return {field: value for field, value in wanted.items() if value is not None}


def _told(copy: Mapping[str, Any]) -> dict[str, str]:
    items: Collection[Mapping[str, Any]] = copy.get("items") or ()
    slot_on = copy.get("slot_on")
    is_live = slot_on is not None and copy.get("slot_state") in LIVE
    values = dict(copy) | {
        "slot": f"{_value(slot_on)} {copy.get('half_day')}" if is_live else None,
        "features": " ".join(str(item["product_code"]) for item in items if item.get("action") == ItemAction.ADD.value) or None,
    }
    return {field: _value(values.get(field)) for field in AMENDED_FIELDS}


def _value(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, date):
        return day_words(value)
    text = str(value)
    if not _DAY.fullmatch(text):
        return text
    return day_words(date.fromisoformat(text))
