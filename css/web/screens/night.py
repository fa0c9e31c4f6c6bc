"""BA01 the night at a glance: runs, steps and control totals, read only."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask import Response

from batch.queries import rejects, runs, steps, totals
from billing.queries.runs import run_of_night
from css.core.words import Role
from css.master.queries import districts
from css.web.desk import Desk
from css.web.form import read_day
from css.web.page import Arguments, Page
from css.web.rendering import show
from css.web.screen import ResponseClass, Screen

RUNS_SHOWN: Final = 14
REJECTS_SHOWN: Final = 50

BA01: Final = Screen(
    code="BA01",
    title="Night at a glance",
    family="The night",
    help=(
        "The latest runs of a district; of one of them every step with what it read, wrote, left alone and set aside, which must add up; "
        "how far its bills have come, and the control totals. Held bills wait for a person, parked accounts for a cause to be mended. "
        "What was set aside and is still open stands below with its reason."
    ),
    roles=frozenset({Role.SCHEDULER, Role.BILLING, Role.SUPERVISOR}),
    response=ResponseClass.R1,
    takes="[district [date]]",
)


def show_night(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.reading() as session:
        places = districts(session)
        chosen = arguments[0].upper() if arguments else places[0].code if places else ""
        listed = runs(session, chosen, limit=RUNS_SHOWN) if chosen else ()
        wanted: date | None = read_day(arguments[1], at_desk.today) if len(arguments) > 1 else None
        one = next((run for run in listed if run.business_date == wanted), None) if wanted else listed[0] if listed else None
        on = one.business_date if one else wanted
        parts = steps(session, chosen, on, one.net) if one and on else ()
        sums = totals(session, chosen, on, one.net) if one and on else ()
        aside = rejects(session, chosen, limit=REJECTS_SHOWN) if chosen else ()
        bills = run_of_night(session, chosen, on) if chosen and on else None
    place = next((row for row in places if row.code == chosen), None)
    return show(
        at_desk,
        BA01,
        places=places,
        chosen=chosen,
        place=place,
        runs=listed,
        one=one,
        steps=parts,
        totals=sums,
        rejects=aside,
        bills=bills,
    )


PAGES: Final = (Page(BA01, show_night),)
