"""How many lines an installation has: the line with the number, and the auxiliary lines beside it that share number and services.

From 2 to 200, and below 2 it is a single line again; up to six more at a time are an engineer's one visit, where the pairs are
there. These are the trade's numbers.
"""

from __future__ import annotations

from typing import Final

from css.core.errors import CssError, Refused
from orders.words import PlantOutcome

AUXILIARY_CODE: Final = "AUX-LINE"
"""The product whose rental each auxiliary line pays: one service of it on the main line, with the number of lines as its quantity."""
LINES_MIN: Final = 2
LINES_MAX: Final = 200
APPOINTABLE_EXTRA_MAX: Final = 6
"""So many lines more can be put in by one engineer in a half-day."""


def count_fault(wanted: int, now: int) -> CssError | None:
    """Why an installation cannot have so many lines; None when it can (CSS283E, CSS284E)."""
    if wanted < LINES_MIN:
        return Refused(
            "CSS283E", "A multiline installation has at least 2 lines: order a conversion to a single line.", element="line_count"
        )
    if wanted > LINES_MAX:
        return Refused("CSS284E", "A multiline installation has at most {most} lines.", most=LINES_MAX, element="line_count")
    if wanted == now:
        return Refused("CSS284E", "The installation has {now} lines already.", now=now, element="line_count")
    return None


def plant_for(extra: int, spare_pairs: int) -> PlantOutcome | None:
    """How so many lines more are provided with the pairs there are; None where lines are taken off."""
    if extra <= 0:
        return None
    return PlantOutcome.SPARE_PAIR if spare_pairs >= extra else PlantOutcome.BUILD


def slot_unfit(extra: int, outcome: PlantOutcome | None) -> CssError | None:
    """Why no slot can be chosen for a change of the number of lines; None when one can (CSS287E)."""
    if outcome is PlantOutcome.SPARE_PAIR and extra <= APPOINTABLE_EXTRA_MAX:
        return None
    if outcome is None:
        why = "nobody visits to take lines off"
    elif outcome is PlantOutcome.BUILD:
        why = "pairs must be built first"
    else:
        why = f"more than {APPOINTABLE_EXTRA_MAX} lines are not put in by one visit"
    return Refused("CSS287E", "No slot can be chosen: {why}. Leave the appointment out.", why=why, element="appointment")
