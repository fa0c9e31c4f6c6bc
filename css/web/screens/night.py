"""BA01 the night at a glance: runs, steps and control totals, read only. BA03 one step with all there is to it."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask import Response

from batch.console import night_plan, night_step, night_version
from batch.queries import NIGHT_NET, rejects, runs, totals
from billing.queries.runs import run_of_night
from css.core.words import Role
from css.web.desk import Desk
from css.web.form import read_day
from css.web.page import Arguments, Page
from css.web.rendering import address, go, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.work_lists import place_of

RUNS_SHOWN: Final = 5
RUNS_LISTED: Final = 14
MORE: Final = "more"
"""Behind the date: with the nights before, too."""
REJECTS_SHOWN: Final = 50
POLLS_SECONDS: Final = 2
ENDED: Final = {0: "well", 4: "well, with something to look at", 8: "it failed", 12: "it does not add up", 16: "the database was away"}
KEEPERS: Final = frozenset({Role.SCHEDULER, Role.BILLING, Role.SUPERVISOR})

BA01: Final = Screen(
    code="BA01",
    title="Night at a glance",
    family="The night",
    help=(
        "The latest runs of a district; of one of them every step with what it read, wrote, left alone and set aside, which must add up, "
        "how far it is, and when it is expected to end by how long it usually takes. Key a step's number to see all of it; F8 and F7 go to "
        "the nights before and after, F11 lists more of them. Held bills wait for a person, parked accounts for a cause to be mended. What "
        "was set aside and is still open stands below with its reason. It looks for news by itself."
    ),
    roles=KEEPERS,
    response=ResponseClass.R1,
    takes="[district [date]]",
    keys=(Key(name="F7", label="night after"), Key(name="F8", label="night before"), Key(name="F11", label="more nights")),
    polls_seconds=POLLS_SECONDS,
)

BA03: Final = Screen(
    code="BA03",
    title="Step of the night",
    family="The night",
    help=(
        "One step of a run: what it was given, each attempt and how it ended, what is committed, what a restart would repeat and the "
        "command that makes it, what was set aside and why, and how long the step took in the last ten nights."
    ),
    roles=KEEPERS,
    response=ResponseClass.R1,
    takes="district date step",
    polls_seconds=POLLS_SECONDS,
    in_menu=False,
)


def show_night(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        listed = runs(session, chosen, limit=RUNS_LISTED) if chosen else ()
        wanted: date | None = read_day(arguments[1], at_desk.today) if len(arguments) > 1 else None
        one = next((run for run in listed if run.business_date == wanted), None) if wanted else listed[0] if listed else None
        on = one.business_date if one else wanted
        plan = night_plan(session, chosen, on, at=at_desk.at) if one and on and one.net == NIGHT_NET else None
        sums = totals(session, chosen, on, one.net) if one and on else ()
        aside = rejects(session, chosen, limit=REJECTS_SHOWN) if chosen else ()
        bills = run_of_night(session, chosen, on) if chosen and on else None
    place = next((row for row in places if row.code == chosen), None)
    dates = [run.business_date for run in listed]
    at = dates.index(on) if on in dates else -1
    links = {}
    if at > 0:
        links["F7"] = address("BA01", chosen, dates[at - 1].isoformat())
    if 0 <= at < len(dates) - 1:
        links["F8"] = address("BA01", chosen, dates[at + 1].isoformat())
    is_long = MORE in arguments[2:] or at >= RUNS_SHOWN
    if on is not None and len(listed) > RUNS_SHOWN and at < RUNS_SHOWN:
        links["F11"] = address("BA01", chosen, on.isoformat(), None if is_long else MORE)
    return show(
        at_desk,
        BA01,
        links=links,
        places=places,
        chosen=chosen,
        place=place,
        runs=listed if is_long else listed[:RUNS_SHOWN],
        one=one,
        plan=plan,
        totals=sums,
        rejects=aside,
        bills=bills,
        took=took,
        ended_words=ended_words,
    )


def version_of_night(at_desk: Desk, arguments: Arguments) -> str:
    """Whether anything has moved."""
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
        return night_version(session, chosen, at=at_desk.at)


def show_step(at_desk: Desk, arguments: Arguments) -> Response:
    if len(arguments) < 3:  # noqa: PLR2004 - district, date, step
        return go("BA01", *arguments)
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
        on = read_day(arguments[1], at_desk.today)
        card = night_step(session, chosen, on, arguments[2].lower(), at=at_desk.at)
    back = address("BA01", chosen, on.isoformat())
    return show(at_desk, BA03, links={"F3": back, "F12": back}, card=card, took=took, ended_words=ended_words)


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


PAGES: Final = (Page(BA01, show_night, version=version_of_night), Page(BA03, show_step, version=version_of_night))
