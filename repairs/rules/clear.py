"""How a fault is put right, and what follows from it: the clear codes as data, and the rules over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from css.core.calendar import london_date
from css.core.errors import Refused
from repairs.words import Location

DAYS_BEFORE_ANYTHING_IS_OWED: Final = 2
"""No promise of compensation ends earlier than the second day after the report; which do is for billing to say."""


class ChargedAs(StrEnum):
    """What whoever asked us to come owes for what was found."""

    TIME = "time"
    """The engineer's time on site, within what was authorised."""
    VISIT = "visit"
    """The visit that was in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCode:
    """How a fault was put right."""

    code: str
    words: str
    fault_location: Location
    """Where it was. ``OK``: nowhere, the line is and was right."""
    charged_as: ChargedAs | None = None
    counts_as_network_fault: bool
    """It was the network's: automatic compensation counts only then."""
    sla_applies: bool
    """The care level is owed, and the wholesale guarantee with it."""

    @property
    def chargeable(self) -> bool:
        """Whether whoever asked us to come may have to pay for it."""
        return self.charged_as is not None

    @property
    def is_at_premises(self) -> bool:
        """Whether somebody had to be let in to find it, or for nothing: otherwise the fault was off the customer's site."""
        return self.fault_location in {Location.OK, Location.CA, Location.CE}


def _customers(code: str, words: str, where: Location, charged_as: ChargedAs | None = None) -> ClearCode:
    return ClearCode(code=code, words=words, fault_location=where, charged_as=charged_as, counts_as_network_fault=False, sla_applies=False)


def _ours(code: str, words: str, where: Location, *, sla_applies: bool = True) -> ClearCode:
    return ClearCode(code=code, words=words, fault_location=where, counts_as_network_fault=True, sla_applies=sla_applies)


CLEAR_CODES: Final[dict[str, ClearCode]] = {
    clear.code: clear
    for clear in (
        _customers("CE", "customer equipment", Location.CA, ChargedAs.TIME),
        _customers("CW", "customer wiring or extension", Location.CE, ChargedAs.TIME),
        # Ours, though it hangs in the customer's hall: somebody has to be let in.
        _ours("NTE", "network terminating equipment", Location.CE),
        _ours("DW", "dropwire", Location.LN),
        _ours("DP", "distribution point", Location.LN),
        _ours("DS", "distribution-side joint or cable", Location.LN),
        _ours("CAB", "cabinet", Location.CO),
        _ours("ES", "exchange-side cable", Location.LN),
        _ours("MDF", "main frame or jumper", Location.FU),
        _ours("EX", "line card or switch", Location.EX),
        _ours("DAT", "data or feature reset", Location.CI),
        _customers("DUP", "duplicate report", Location.OK),
        _customers("NOA", "no access to the customer", Location.OK, ChargedAs.VISIT),
        _customers("REF", "referred to another provider", Location.OK),
        # The customer was cut off all the same; who guaranteed a carrier a repair did not guarantee against diggers.
        _ours("TPD", "third-party damage", Location.LN, sla_applies=False),
        _ours("WEA", "lightning or weather", Location.LN),
        _customers("RWT", "right when tested", Location.OK, ChargedAs.TIME),
        # Something may have been wrong that nobody could find: the customer has the benefit of the doubt.
        _customers("FNF", "fault not found", Location.OK),
    )
}


def clear_code(code: str) -> ClearCode:
    """A clear code by its letters.

    Raises:
        Refused: CSS306E, nobody knows it.
    """
    found = CLEAR_CODES.get(code)
    if found is None:
        known = ", ".join(CLEAR_CODES)
        sentence = "{code!r} is not a clear code; choose from {known}."
        raise Refused("CSS306E", sentence, code=code[:20], known=known, element="clear_code")
    return found


def check_cleared_at(fault_number: str, cleared_at: datetime, *, reported_at: datetime, at: datetime) -> None:
    """A fault is put right between its report and now.

    Raises:
        Refused: CSS308E, at another time.
    """
    if not reported_at <= cleared_at <= at:
        sentence = "Fault {fault} can have been cleared between its report and now, not at another time."
        raise Refused("CSS308E", sentence, fault=fault_number, element="cleared_at")


def check_pair_change(fault_number: str, code: ClearCode, *, has_line: bool) -> None:
    """A line is moved to another pair where the network was at fault.

    Raises:
        Refused: CSS349E, the fault has no line, or the code says that the network was right.
    """
    if has_line and code.counts_as_network_fault:
        return
    why = f"{code.words} is no fault of the pair" if has_line else "it names a place and no line"
    sentence = "Fault {fault} cannot be cleared by a change of pair: {why}."
    raise Refused("CSS349E", sentence, fault=fault_number, why=why, element="pair_number")


def may_be_owed(code: ClearCode, *, is_total_loss: bool, reported_at: datetime, due_at: datetime, cleared_at: datetime) -> bool:
    """Whether a repair is left for billing: a network fault, and some promise perhaps not kept.

    The care level counts from the acceptance and compensation from the report, so a repair in time for the one may be late
    for the other; compensation asks for a dead line, a guarantee does not. Billing reckons; here only what can never be owed
    is kept back.
    """
    days = (london_date(cleared_at) - london_date(reported_at)).days
    return code.counts_as_network_fault and (cleared_at > due_at or (is_total_loss and days >= DAYS_BEFORE_ANYTHING_IS_OWED))
