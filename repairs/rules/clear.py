"""How a fault is put right, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from css.core.calendar import london_date
from css.core.errors import Refused

DAYS_BEFORE_ANYTHING_IS_OWED: Final = 2
"""No promise of compensation ends earlier than the second day after the report; which do is for billing to say."""


@dataclass(frozen=True, slots=True)
class ClearCode:
    """How a fault was put right."""

    code: str
    words: str
    is_network_fault: bool
    """Ours: the care level and compensation count only then."""


CLEAR_CODES: Final[dict[str, ClearCode]] = {
    clear.code: clear
    for clear in (
        ClearCode("CE", "customer equipment", is_network_fault=False),
        ClearCode("CW", "customer wiring or extension", is_network_fault=False),
        ClearCode("NTE", "network terminating equipment", is_network_fault=True),
        ClearCode("DW", "dropwire", is_network_fault=True),
        ClearCode("DP", "distribution point", is_network_fault=True),
        ClearCode("DS", "distribution-side joint or cable", is_network_fault=True),
        ClearCode("CAB", "cabinet", is_network_fault=True),
        ClearCode("ES", "exchange-side cable", is_network_fault=True),
        ClearCode("MDF", "main frame or jumper", is_network_fault=True),
        ClearCode("EX", "line card or switch", is_network_fault=True),
        ClearCode("DAT", "data or feature reset", is_network_fault=True),
        ClearCode("DUP", "duplicate report", is_network_fault=False),
        ClearCode("NOA", "no access to the customer", is_network_fault=False),
        ClearCode("REF", "referred to another provider", is_network_fault=False),
        ClearCode("TPD", "third-party damage", is_network_fault=True),
        ClearCode("WEA", "lightning or weather", is_network_fault=True),
        ClearCode("RWT", "right when tested", is_network_fault=False),
        ClearCode("FNF", "fault not found", is_network_fault=False),
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


def may_be_owed(code: ClearCode, *, is_total_loss: bool, reported_at: datetime, due_at: datetime, cleared_at: datetime) -> bool:
    """Whether a repair is left for billing's compensation rule: a dead line, our fault, and some promise perhaps not kept.

    The care level counts from the acceptance and compensation from the report, so a repair in time for the one may be late
    for the other. Billing reckons; here only what can never be owed is kept back.
    """
    days = (london_date(cleared_at) - london_date(reported_at)).days
    return is_total_loss and code.is_network_fault and (cleared_at > due_at or days >= DAYS_BEFORE_ANYTHING_IS_OWED)
