"""BA01 the night at a glance: runs, steps, alarms, joints and control totals of a district or of the house; and telling a run something."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask import Response

from batch.console import night_plan, night_version
from batch.nets import NETS
from batch.queries import NIGHT_NET, balances, rejects, runs, totals
from billing.queries.runs import run_of_night
from css.web.desk import Desk
from css.web.form import read_day
from css.web.page import Arguments, Page
from css.web.rendering import address, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.night_places import KEEPERS, alarms_here, ended_words, net_args, night_place, took, verb_links
from css.web.screens.night_told import TELLERS, Whereof

RUNS_SHOWN: Final = 5
RUNS_LISTED: Final = 20
MORE: Final = "more"
"""Behind the net: with the nights before, too."""
REJECTS_SHOWN: Final = 20
ALARMS_SHOWN: Final = 20
POLLS_SECONDS: Final = 2

BA01: Final = Screen(
    code="BA01",
    title="Night at a glance",
    family="The night",
    help=(
        "The latest runs of a district, or of the whole house; of one of them every step with what it read, wrote, left alone and set "
        "aside, which must add up, how far it is, how fast, and when it is expected to end by how long it usually takes. A star marks the "
        "longest chain of steps: when one of it is late, the night is. Key a step's number to see all of it. Shift keys tell the run "
        "something; only what could be told now is shown, and Enter says first what would come of it. F8 and F7 go to the runs before "
        "and after, F11 lists more of them. It looks for news by itself."
    ),
    roles=KEEPERS,
    response=ResponseClass.R1,
    takes="[district or HOUSE [date [net]]]",
    keys=(
        Key(name="F7", label="run after"),
        Key(name="F8", label="run before"),
        Key(name="F11", label="more runs"),
        Key(name="S-F1", label="hold", roles=TELLERS),
        Key(name="S-F2", label="release", roles=TELLERS),
        Key(name="S-F3", label="morning report"),
        Key(name="S-F4", label="force", roles=TELLERS),
        Key(name="S-F5", label="start", roles=TELLERS),
        Key(name="S-F6", label="skip", roles=TELLERS),
        Key(name="S-F7", label="priority", roles=TELLERS),
        Key(name="S-F8", label="plan"),
        Key(name="S-F9", label="stop", roles=TELLERS),
        Key(name="S-F10", label="kill", roles=TELLERS),
        Key(name="S-F11", label="set aside"),
    ),
    polls_seconds=POLLS_SECONDS,
)


def show_night(at_desk: Desk, arguments: Arguments) -> Response:
    net = next((word.lower() for word in arguments[2:] if word.lower() in NETS), "")
    with at_desk.reading() as session:
        places, chosen, district = night_place(session, arguments)
        wanted: date | None = read_day(arguments[1], at_desk.today) if len(arguments) > 1 else None
        listed = runs(session, district, limit=RUNS_LISTED) if chosen else ()
        wanted_net = net or (NIGHT_NET if district else "")
        one = next((run for run in listed if wanted in {None, run.business_date} and wanted_net in {"", run.net}), None)
        on = one.business_date if one else wanted
        of = one.net if one else wanted_net or NIGHT_NET
        plan = night_plan(session, district, on, at=at_desk.at, net=of) if one and on else None
        joints = balances(session, district, on, of) if one and on else ()
        sums = totals(session, district, on, of) if one and on else ()
        alarms = alarms_here(session, district, ALARMS_SHOWN) if chosen else ()
        aside = rejects(session, district, limit=REJECTS_SHOWN) if district else ()
        bills = run_of_night(session, district, on) if district and on and of == NIGHT_NET else None
        tells = verb_links(session, Whereof(of, district, on), by=at_desk.by, at=at_desk.at) if on and at_desk.may(TELLERS) else {}
    same_net = [run.business_date for run in listed if run.net == of]
    at = same_net.index(on) if on in same_net else -1
    links = {**tells, "S-F8": address("BA04", chosen), "S-F11": address("BA07", chosen)}
    if on is not None and one is not None and one.attempt:
        links["S-F3"] = address("BA05", chosen, on.isoformat(), *net_args(of))
    if at > 0:
        links["F7"] = address("BA01", chosen, same_net[at - 1].isoformat(), *net_args(of))
    if 0 <= at < len(same_net) - 1:
        links["F8"] = address("BA01", chosen, same_net[at + 1].isoformat(), *net_args(of))
    place_of_one = listed.index(one) if one in listed else 0
    is_long = MORE in arguments[2:] or place_of_one >= RUNS_SHOWN
    if on is not None and len(listed) > RUNS_SHOWN > place_of_one:
        links["F11"] = address("BA01", chosen, on.isoformat(), *net_args(of), *(() if is_long else (MORE,)))
    return show(
        at_desk,
        BA01,
        links=links,
        places=places,
        chosen=chosen,
        place=next((row for row in places if row.code == chosen), None),
        runs=listed if is_long else listed[:RUNS_SHOWN],
        one=one,
        plan=plan,
        joints=joints,
        totals=sums,
        alarms=alarms,
        rejects=aside,
        bills=bills,
        net_args=net_args,
        took=took,
        ended_words=ended_words,
    )


def version_of_night(at_desk: Desk, arguments: Arguments) -> str:
    """Whether anything has moved."""
    with at_desk.reading() as session:
        _, _, district = night_place(session, arguments)
        return night_version(session, district, at=at_desk.at)


PAGES: Final = (Page(BA01, show_night, version=version_of_night),)
