"""Where each screen has something to show, and what is keyed there to see its effect: for pictures, and for tests of all of them.

What stands in braces is filled in by whoever has a district: ``account``, ``customer``, ``number`` (a telephone), ``order``,
``fault``, ``engineer``, ``problem``, ``alarm``, ``message``, ``bill``, ``other`` (another account), ``site`` (a free address key),
``district``, ``operator``, ``request`` (for a second person) and ``night`` (a date).
A screen that is not listed is shown without arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Example:
    """One look at a screen."""

    arguments: str = ""
    """What stands behind the code in the address."""
    keyed: Mapping[str, str] = field(default_factory=dict)
    """Fields over what is filled in already; Enter then shows the effect. Empty where there is none to see."""
    slips: Mapping[str, str] = field(default_factory=dict)
    """The same with slips of the finger, for the picture of a screen that refuses."""

    def address(self, code: str, names: Mapping[str, str]) -> str:
        """Where the screen is."""
        return "/".join(part for part in ("/s", code, self.arguments.format_map(names)) if part)

    def fields(self, names: Mapping[str, str]) -> dict[str, str]:
        """What is keyed."""
        return _filled(self.keyed, names)

    def wrong_fields(self, names: Mapping[str, str]) -> dict[str, str]:
        """What is keyed wrongly."""
        return _filled(self.slips, names)


def _filled(keyed: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {name: value.format_map(names) for name, value in keyed.items()}


EXAMPLES: Final[Mapping[str, Example]] = {
    "MENU": Example(),
    "CS01": Example("tansley"),
    "CU03": Example("{account}"),
    "CU01": Example(
        keyed={
            "segment": "R",
            "title": "Ms",
            "first_name": "Olive",
            "surname": "Pennington",
            "telephones": "07700 900612",
            "address_key": "{site}",
            "medium": "E",
            "emails": "olive@example.com",
            "payment_means": "OD",
        },
        slips={"segment": "Q", "first_name": "Olive", "telephones": "0770", "emails": "olive at example", "address_key": "ZZ99"},
    ),
    "CU02": Example("{account}", {"access_needs": "Large print", "is_vulnerable": "Y"}),
    "LN03": Example("{number}"),
    "OR01": Example(
        "{account}",
        {
            "contact_phone": "07700 900456",
            "product_codes": "LINE-RES CALLER-DISPLAY",
            "address_key": "{site}",
            "required_on": "+20",
        },
        {"contact_phone": "0770", "product_codes": "LINE-RES NOSUCH", "address_key": "{site}", "required_on": "32/13/26"},
    ),
    "OR02": Example("{order}/delay", {"problem_code": "survey_required", "words": "The site must be surveyed first."}),
    "OR03": Example("{order}"),
    "OR04": Example("{district}"),
    "OR05": Example("{district}"),
    "AP04": Example(
        "{district}",
        {"address_key": "{site}", "slot_on": "+3", "half_day": "AM"},
        {"address_key": "ZZ99", "skill": "PAINT", "slot_on": "32/13/26", "half_day": "XM"},
    ),
    "FL01": Example(
        "{number}",
        {
            "symptom_code": "NSY",
            "since": "Sunday",
            "contact_phone": "07700 900456",
            "words": "It crackles.",
            "slot": "2",
            "charge_band": "1",
        },
        {"symptom_code": "CWF", "contact_phone": "0770", "equipment_checked": "?", "slot": "99"},
    ),
    "FL02": Example("{fault}/clear", {"clear_code": "DW", "words": "New dropwire."}),
    "FL03": Example("{fault}"),
    "FL04": Example("{district}"),
    "FL05": Example(
        "{district}/declare",
        {"cabinet_code": "C1", "cause": "A lorry hit the cabinet.", "expected_at": "+1 18:00"},
        {"exchange_code": "NOWHERE", "cabinet_code": "C9", "message": "", "expected_at": "tomorrow", "began_at": "noon"},
    ),
    "FL06": Example("{district}"),
    "FL07": Example("{problem}"),
    "PX04": Example(slips={"direction": "UP", "state": "LOST", "starts_on": "noon"}),
    "PX03": Example("{message}"),
    "FL09": Example("-/{district}", {"engineer_code": "{engineer}"}, {"engineer_code": "NOBODY"}),
    "FL08": Example(
        "{district}",
        {
            "place_words": "Outside 14 Larkspur Close, by the bus stop",
            "hazard_notes": "Wires on the footpath",
            "contact_name": "Rose Finch",
            "contact_phone": "07700 900456",
        },
        {"exchange_code": "NOWHERE", "place_words": "", "contact_name": "Rose Finch", "contact_phone": "0770"},
    ),
    "BL03": Example("{bill}/why"),
    "PY01": Example("{account}", {"amount": "25", "method": "CD", "reference": "T-81"}, {"amount": "25.5.1", "method": "XX"}),
    "PY05": Example("{bill}/1", {"amount": "1", "reason": "GW"}, {"amount": "1000", "reason": "ZZ"}),
    "BA01": Example("{district}"),
    "BA02": Example("night.{district}.{night}.report/rerun", {"reason": "The page did not print"}),
    "BA03": Example("{district}/{night}/rate-usage"),
    "BA04": Example("{district}"),
    "BA05": Example("{district}/{night}"),
    "BA06": Example("{district}"),
    "BA07": Example("{district}"),
    "BA08": Example("a{alarm}/see", {"reason": "Its time server was away; it is back"}),
    "AD01": Example(),
    "AD02": Example("{operator}", {"team": "Evening desk"}, {"team": "", "roles": "king", "credit_limit": "much"}),
    "AD04": Example(),
    "AD07": Example("{request}", {"decision": "Y"}),
    "AD06": Example("{account}"),
    "NW01": Example(keyed={"words": "Office closes at four.", "ends_on": "+2"}),
}
