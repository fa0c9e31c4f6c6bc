"""Where runs of the night are: in a district, or in the whole house; and what their screens share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from batch import control
from batch.nets import NETS
from batch.queries import AlarmRow, night_alarms
from css.core.actor import Actor
from css.core.words import Role
from css.master.districts import no_district
from css.master.queries import DistrictRow
from css.web.page import Arguments
from css.web.rendering import address
from css.web.screens.night_told import HOUSE, Whereof
from css.web.screens.work_lists import place_of

KEEPERS: Final = frozenset({Role.SCHEDULER, Role.BILLING, Role.SUPERVISOR})
"""Who may look at the night."""
ENDED: Final = {0: "well", 4: "well, with something to look at", 8: "it failed", 12: "it does not add up", 16: "it was cut off or stopped"}
RUN_KEYS: Final = {
    "hold": "S-F1",
    "release": "S-F2",
    "force": "S-F4",
    "start": "S-F5",
    "skip": "S-F6",
    "priority": "S-F7",
    "stop": "S-F9",
    "kill": "S-F10",
}
STEP_KEYS: Final = {"hold": "S-F1", "release": "S-F2", "force": "S-F4", "skip": "S-F6", "rerun": "S-F7"}


def night_place(session: Session, arguments: Arguments) -> tuple[tuple[DistrictRow, ...], str, str]:
    """Every district; the one asked for or ``HOUSE``, as it stands in addresses; and its code, empty for the house.

    Error: NotFound CSS101E, no such district.
    """
    places, chosen = place_of(session, arguments)
    if chosen and chosen != HOUSE and chosen not in {place.code for place in places}:
        raise no_district(chosen)
    return places, chosen, "" if chosen == HOUSE else chosen


def alarms_here(session: Session, district: str, limit: int) -> tuple[AlarmRow, ...]:
    """Alarms that nobody has looked at, of a district and of what is everybody's: no clock. All there are for the house."""
    found = night_alarms(session, district, limit=limit)
    return found if not district else (*(one for one in night_alarms(session, limit=limit) if one.net is None), *found)


def net_named(words: Sequence[str]) -> tuple[str, str]:
    """The net that words behind a date name, and the key of an extra run; empty where they name none."""
    for word in words:
        net, _, key = word.partition(".")
        if net.lower() in NETS:
            return net.lower(), key
    return "", ""


def verb_links(session: Session, whereof: Whereof, *, by: Actor, at: datetime) -> dict[str, str]:
    """Where the keys lead of the verbs that could be told now; those of no use are not shown."""
    found = control.night_verbs(
        session,
        whereof.district_code,
        whereof.business_date,
        whereof.step,
        by=by,
        at=at,
        net=whereof.net,
        key=whereof.parameter_key,
    )
    keys = STEP_KEYS if whereof.step else RUN_KEYS
    return {keys[one.verb]: address("BA02", whereof.address, one.verb) for one in found if one.is_allowed and one.verb in keys}


def took(seconds: int | None) -> str:
    """So many seconds as people say it: ``4 s``, ``3 min 05 s``, ``2 h 10 min``; a dash for none."""
    if seconds is None:
        return "–"
    minutes, left = divmod(seconds, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02} min"
    return f"{minutes} min {left:02} s" if minutes else f"{left} s"


def ended_words(return_code: int | None) -> str:
    """A return code of the night as people say it; nothing while it runs."""
    return "" if return_code is None else ENDED.get(return_code, f"code {return_code}")
