"""Which visits can be promised for a fault, whose delay lies between two slots, and when one was missed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from css.core.errors import CssError, Refused
from css.core.slots import SlotOf
from css.core.words import HalfDay, MissCause

CALLED_OFF_HOURS: Final = 24
"""A visit that is called off with more notice than that is not missed (domain: automatic compensation)."""

CAUSES: Final[Mapping[MissCause, str]] = {
    MissCause.NO_SHOW: "The engineer did not come.",
    MissCause.LATE: "The engineer came too late.",
    MissCause.RECALLED: "The visit was called off.",
    MissCause.NOT_EQUIPPED: "The engineer had not what was needed.",
    MissCause.NO_ACCESS: "The engineer could not get in.",
    MissCause.NO_ADULT: "Nobody of eighteen or over was in.",
    MissCause.NOT_READY: "The premises were not ready for the work.",
    MissCause.REFUSED: "The engineer was sent away.",
}


def appoint_faults(appointment_number: str | None, slot_on: date | None, half_day: HalfDay | None) -> Iterator[CssError]:
    """What is wrong with how a slot is asked for: it is one that is held, or one that is not, and then with its day and its half."""
    is_whole = slot_on is not None and half_day is not None
    is_any = slot_on is not None or half_day is not None
    if (appointment_number and is_any) or not (appointment_number or is_whole):
        yield Refused("CSS857E", "Name a slot that is held, or the day and the half of one that is not.", element="appointment_number")


def offered_slot(offered_on: date | None, offered_half_day: HalfDay | None, chosen: SlotOf, *, at: datetime) -> SlotOf | None:
    """The earlier slot that was offered, where the customer chose a later one; None where nothing of it was said.

    Raises:
        Refused: CSS858E, what was offered had begun, is not earlier than what was chosen, or is only half said.
    """
    if offered_on is None and offered_half_day is None:
        return None
    if offered_on is None or offered_half_day is None:
        raise Refused("CSS858E", "Say which half of the day was offered, and of which day.", element="offered_on")
    offered = SlotOf(offered_on, offered_half_day)
    if offered.begins_at <= at or offered >= chosen:
        why = "had begun already" if offered.begins_at <= at else f"is not before {chosen.words}"
        slot = offered.words[:1].upper() + offered.words[1:]
        raise Refused("CSS858E", "{slot} cannot have been offered instead: it {why}.", slot=slot, why=why, element="offered_on")
    return offered


def miss_fault(fault_number: str, promised: SlotOf, cause: MissCause, *, at: datetime) -> Iterator[CssError]:
    """Why a slot that is promised cannot have been missed for that cause now (CSS859E)."""
    if cause is MissCause.RECALLED:
        if at < promised.begins_at - timedelta(hours=CALLED_OFF_HOURS):
            yield Refused(
                "CSS859E",
                "The visit for fault {fault} on {slot} is more than {hours} hours away: called off now it is not missed. Agree another.",
                fault=fault_number,
                slot=promised.words,
                hours=CALLED_OFF_HOURS,
                element="cause",
            )
    elif at < (promised.ends_at if cause is MissCause.NO_SHOW else promised.begins_at):
        yield Refused(
            "CSS859E",
            "The visit for fault {fault} is promised for {slot}: it cannot have been missed yet.",
            fault=fault_number,
            slot=promised.words,
            element="cause",
        )
