"""The tables of the fault book, written from the rules: states and moves, symptoms, clear codes, pauses, levels, charges.

``css handbook`` writes them to docs/fault-book.md; a test holds the page against the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from css.core.calendar import day_words
from css.master.working_reference import CARE_LEVELS
from css.web.book import table
from repairs.reference import POLICY
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.dispatch import craft_for
from repairs.rules.lifecycle import GOES_BACK, KEEPING, MOVES, TMF621
from repairs.rules.report import CHARGE_BANDS, SYMPTOMS
from repairs.words import OPEN_STATES, FaultState, Location, ParkReason, ReturnReason

_HEAD: Final = """\
# The fault book

Where a fault may go, what can be reported and with what it is cleared, why it may wait and whose delay that is, by when it must be put
right and what it may cost. This page is written by `css handbook` from the rules the program goes by; change those and not this page. How
the work is done is in the [operator handbook](operator-handbook.md), how lines are tested in [line tests](line-tests.md), why it is so in
[decisions](decisions).
"""


def fault_book() -> str:
    """The page, the same every time."""
    parts = [
        _HEAD,
        "## States\n",
        *_states(),
        "\nTo a fault that is open and wherever it stands may also be done, without moving it: "
        + ", ".join(sorted(KEEPING))
        + f". {', '.join(sorted(GOES_BACK)).capitalize()} lead back to where the fault stood before, to its slot where one is promised.\n",
        "## Symptoms\n",
        "What can be reported; a feature's symptom only where the line has the feature.\n",
        *table(
            ("Code", "Symptom", "Total loss", "Only with"),
            ((f"`{one.code}`", one.words, "yes" if one.is_total_loss else "", one.needs_product or "") for one in SYMPTOMS.values()),
        ),
        "\n## Where the trouble is\n",
        *table(("Main fault location", "Who goes"), ((f"`{where.value}`", _craft(where)) for where in Location)),
        "\n## Clear codes\n",
        "What a fault was. Only a fault of the network's is compensated, and guaranteed only where the care level is owed.\n",
        *_clear_codes(),
        "\n## Why a fault waits\n",
        "A pause of the customer's stops the care level's clock and automatic compensation; another's stops the clock alone.\n",
        *table(
            ("Reason", "Whose delay", "Care level's clock"),
            (
                (
                    f"`{reason.value}`",
                    "the customer's" if reason.is_customers else "ours" if not reason.stops_clock else "somebody else's",
                    "stands" if reason.stops_clock else "runs",
                )
                for reason in ParkReason
            ),
        ),
        "\nAn engineer gives a fault back for: " + ", ".join(f"`{reason.value}`" for reason in ReturnReason) + ".\n",
        "## Care levels\n",
        "What a new database begins with (tables `css.care_level_terms` and `css.working_calendar`, dated).\n",
        *table(
            ("Level", "From", "Promise", "Reckoned by"),
            ((f"**{one.code}**", day_words(one.starts_on), one.promise, f"`{one.calendar_code}`") for one in CARE_LEVELS),
        ),
        "\n## The house's choices\n",
        "What a new database begins with (table `repairs.repair_policy`, dated).\n",
        *_policy(),
        "\n## Charge bands\n",
        "Time-related charges the caller agrees to beforehand.\n",
        *table(("Band", "Means"), ((str(band), words) for band, words in CHARGE_BANDS.items())),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _states() -> Iterator[str]:
    return table(("State", "TMF621", "Open", "Moves"), (_state(state) for state in FaultState))


def _state(state: FaultState) -> tuple[str, str, str, str]:
    leads = (deed if after is state else f"{deed} → {after.value}" for deed, after in MOVES[state].items())
    return state.value, TMF621[state], "yes" if state in OPEN_STATES else "", ", ".join(leads) or "none"


def _craft(where: Location) -> str:
    craft = craft_for(where)
    return "" if craft is None else craft.value


def _clear_codes() -> Iterator[str]:
    return table(
        ("Code", "Means", "Location", "Charged", "Network fault", "Care level owed"),
        (
            (
                f"`{one.code}`",
                one.words,
                one.fault_location.value,
                "" if one.charged_as is None else one.charged_as.value,
                "yes" if one.counts_as_network_fault else "",
                "yes" if one.sla_applies else "",
            )
            for one in CLEAR_CODES.values()
        ),
    )


def _policy() -> Iterator[str]:
    return table(
        ("What", "How much"),
        (
            ("A repeat", f"within {POLICY.repeat_days} days of a clear on the line"),
            ("An early-life failure", f"within {POLICY.early_life_days} days of the line's provision"),
            (
                "A clear may be rejected",
                f"for {POLICY.accept_minutes} open minutes of `{POLICY.accept_calendar_code}`; silence accepts",
            ),
            ("About to be missed", f"{POLICY.warn_minutes} minutes before it is due"),
            ("Who depends on the line", f"care level {POLICY.priority_level} at least, free of charge"),
            ("Damage", f"care level {POLICY.damage_level}; with a hazard {POLICY.hazard_level}"),
            ("A problem", f"{POLICY.problem_faults} faults with something in common within {POLICY.problem_days} days"),
        ),
    )
