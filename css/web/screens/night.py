"""BA01 the night at a glance: runs, steps, alarms, joints and control totals of a district or of the house; and telling a run something."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from flask import Response
from sqlalchemy.orm import Session

from batch.console import night_plan, night_version
from batch.control import night_verb
from batch.queries import NIGHT_NET, RunRow, balances, rejects, run_row, runs, totals
from batch.words import InstanceState
from billing.queries.runs import run_of_night
from css.web.desk import Desk
from css.web.form import read_day
from css.web.page import Arguments, Page
from css.web.rendering import address, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.night_places import KEEPERS, alarms_here, ended_words, net_named, night_place, took, verb_links
from css.web.screens.night_told import TELLERS, Whereof, net_args

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
        "The latest runs of a district, or of the whole house; of the one under way, or else of the last, every step with what it read, "
        "wrote, left alone and set aside, which must add up, how far it is, how fast, and when it is expected to end by how long it "
        "usually takes. A star marks the longest chain of steps: when one of it is late, the night is. Key a step's number to see all of "
        "it. Shift keys tell the run something; only what could be told now is shown, and Enter says first what would come of it. F8 and "
        "F7 go to the runs before and after, F11 lists more of them. It looks for news by itself."
    ),
    roles=KEEPERS,
    response=ResponseClass.R1,
    takes="[district or HOUSE [date [net or net.key]]]",
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
    net, key = net_named(arguments[2:])
    with at_desk.reading() as session:
        places, chosen, district = night_place(session, arguments)
        wanted: date | None = read_day(arguments[1], at_desk.today) if len(arguments) > 1 else None
        listed = runs(session, district, limit=RUNS_LISTED) if chosen else ()
        of = net or (NIGHT_NET if district else "")
        one = _at_hand(listed, of) if wanted is None else _of_date(session, listed, district, wanted, of, key)
        whereof = Whereof(of, district, wanted, parameter_key=key) if wanted and of else None
        if one is not None:
            whereof = Whereof(one.net, district, one.business_date, parameter_key=one.parameter_key)
        # What was never planned has no plan, no joints and no totals, and may be told something all the same.
        on, name = (whereof.business_date, (whereof.net, whereof.parameter_key)) if whereof else (None, ("", ""))
        plan = night_plan(session, district, on, at=at_desk.at, net=name[0], key=name[1]) if one and on else None
        joints = balances(session, district, on, *name) if one and on else ()
        sums = totals(session, district, on, *name) if one and on else ()
        alarms = alarms_here(session, district, ALARMS_SHOWN) if chosen else ()
        aside = rejects(session, district, limit=REJECTS_SHOWN) if district else ()
        bills = run_of_night(session, district, on) if district and on and name == (NIGHT_NET, "") else None
        tells = verb_links(session, whereof, by=at_desk.by, at=at_desk.at) if whereof and at_desk.may(TELLERS) else {}
        planning = None
        if whereof and one is None and at_desk.may(TELLERS):
            planning = night_verb(session, "plan", district, whereof.business_date, by=at_desk.by, at=at_desk.at, net=of, key=key)
    place_of_one = listed.index(one) if one in listed else 0
    is_long = MORE in arguments[2:] or place_of_one >= RUNS_SHOWN
    links = {**tells, "S-F8": address("BA04", chosen), "S-F11": address("BA07", chosen)}
    if one is not None:
        links |= _ways(chosen, listed, one)
        if len(listed) > RUNS_SHOWN > place_of_one:
            links["F11"] = _shown_at("BA01", chosen, one, *(() if is_long else (MORE,)))
    return show(
        at_desk,
        BA01,
        links=links,
        places=places,
        chosen=chosen,
        place=next((row for row in places if row.code == chosen), None),
        runs=listed if is_long else listed[:RUNS_SHOWN],
        one=one,
        wanted=wanted,
        whereof=whereof,
        planning=planning,
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


def _at_hand(listed: Sequence[RunRow], net: str) -> RunRow | None:
    """What somebody who names no date looks for: the run under way, else the oldest that stands still, else the last that has begun.

    The clock plans the next night as soon as the date is rolled, while this one still has a dozen steps to do: what is only planned
    comes last.
    """
    of_net = [run for run in listed if net in {"", run.net}]
    running = [run for run in of_net if run.state is InstanceState.RUNNING]
    still = [run for run in reversed(of_net) if run.state in {InstanceState.FAILED, InstanceState.STOPPED}]
    begun = [run for run in of_net if run.attempt]
    return next(iter((*running, *still, *begun, *of_net)), None)


def _of_date(session: Session, listed: Sequence[RunRow], district: str, on: date, net: str, key: str) -> RunRow | None:
    """The run of a date, however long ago; where no net is named the first of the house's ordinary ones."""
    if net:
        return run_row(session, district, on, net, key)
    return next((one for one in listed if (one.business_date, one.parameter_key) == (on, "")), None)


def _ways(chosen: str, listed: Sequence[RunRow], one: RunRow) -> dict[str, str]:
    """From a run to its report, and to the runs of its net before and after, extra ones too."""
    links = {"S-F3": _shown_at("BA05", chosen, one)} if one.attempt else {}
    same_net = [run for run in listed if run.net == one.net]
    at = same_net.index(one) if one in same_net else -1
    if at > 0:
        links["F7"] = _shown_at("BA01", chosen, same_net[at - 1])
    if 0 <= at < len(same_net) - 1:
        links["F8"] = _shown_at("BA01", chosen, same_net[at + 1])
    return links


def _shown_at(code: str, chosen: str, run: RunRow, *more: str) -> str:
    return address(code, chosen, run.business_date.isoformat(), *net_args(run.net, run.parameter_key), *more)


def version_of_night(at_desk: Desk, arguments: Arguments) -> str:
    """Whether anything has moved."""
    with at_desk.reading() as session:
        _, _, district = night_place(session, arguments)
        return night_version(session, district, at=at_desk.at)


PAGES: Final = (Page(BA01, show_night, version=version_of_night),)
