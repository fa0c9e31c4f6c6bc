"""BA04 the calendar and plan of the night: what runs when, working days and the two odd nights, who looks at the time."""

from __future__ import annotations

from typing import Final

from flask import Response

from batch.clock.schedules import night_clocks, night_schedules, night_year
from css.core.errors import BadMessage
from css.web.desk import Desk
from css.web.page import Arguments, Page
from css.web.rendering import address, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.night_places import KEEPERS, night_place
from css.web.screens.night_told import HOUSE
from css.web.screens.work_lists import NOT_SAID, leaf

ROWS: Final = 62
"""About a month of nights on a page, with what runs besides."""

BA04: Final = Screen(
    code="BA04",
    title="Calendar and plan",
    family="The night",
    help=(
        "What runs in a district, and in the whole house, in the next 60 days or in a year that is keyed behind the district: business "
        "date, hours in London, what was moved from a day that is no working day, bank holidays by name, and the two nights in which the "
        "clocks change. Below it when each net runs as it is set, and which clocks are looking. `css do set-schedule` sets it anew."
    ),
    roles=KEEPERS,
    response=ResponseClass.R1,
    takes="[district or HOUSE [year]]",
    keys=(Key(name="F7", label="page back"), Key(name="F8", label="page on"), Key(name="F11", label="night")),
)


def show_plan(at_desk: Desk, arguments: Arguments) -> Response:
    typed = arguments[1] if len(arguments) > 1 else ""
    year = _year(typed)
    after = arguments[2] if len(arguments) > 2 else ""  # noqa: PLR2004 - district, year, place
    with at_desk.reading() as session:
        places, chosen, district = night_place(session, arguments)
        page = leaf(night_year(session, district, year), after, ROWS)
        schedules = night_schedules(session)
        clocks = night_clocks(session)
    wanted = {"F7": page.back, "F8": page.forward}
    links = {key: address("BA04", chosen, typed or NOT_SAID, place) for key, place in wanted.items() if place is not None}
    return show(
        at_desk,
        BA04,
        links={**links, "F11": address("BA01", chosen)},
        places=places,
        chosen=chosen,
        year=year,
        page=page,
        schedules=schedules,
        clocks=clocks,
        house=HOUSE,
    )


def _year(typed: str) -> int | None:
    """A year as it is keyed; none for the next 60 days. Error: BadMessage CSS365E."""
    if typed in {"", NOT_SAID}:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 6):  # noqa: PLR2004 - far more than any year that is shown
        raise BadMessage("CSS365E", "{text!r} is not a year; key it like 2028.", element="year", text=typed[:20])
    return int(typed)


PAGES: Final = (Page(BA04, show_plan),)
