"""BA03 one step of a run with all there is to it; and telling it something."""

from __future__ import annotations

from typing import Final

from flask import Response

from batch.console import night_step
from batch.nets import NETS
from batch.queries import NIGHT_NET, night_actions, night_attempts
from css.web.desk import Desk
from css.web.form import read_day
from css.web.page import Arguments, Page
from css.web.rendering import address, go, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.night import POLLS_SECONDS, version_of_night
from css.web.screens.night_places import KEEPERS, RUN_KEYS, ended_words, net_named, night_place, took, verb_links
from css.web.screens.night_told import TELLERS, Whereof, net_args

OF_RUN: Final = frozenset({"start", "stop", "kill"})
"""What is told to the run from a step's page, too."""

BA03: Final = Screen(
    code="BA03",
    title="Step of the night",
    family="The night",
    help=(
        "One step of a run: what it does, what it was given, each attempt at it and how it ended, what is committed, what a restart would "
        "repeat, what was set aside and why, what people told it, and how long it took in the last ten runs. Shift keys tell the step "
        "something, or start and stop the run; only what could be told now is shown, and Enter says first what would come of it."
    ),
    roles=KEEPERS,
    response=ResponseClass.R1,
    takes="district or HOUSE, date, step [net or net.key]",
    keys=(
        Key(name="S-F1", label="hold", roles=TELLERS),
        Key(name="S-F2", label="release", roles=TELLERS),
        Key(name="S-F4", label="force", roles=TELLERS),
        Key(name="S-F5", label="start the run", roles=TELLERS),
        Key(name="S-F6", label="skip", roles=TELLERS),
        Key(name="S-F7", label="run again", roles=TELLERS),
        Key(name="S-F9", label="stop the run", roles=TELLERS),
        Key(name="S-F10", label="kill the run", roles=TELLERS),
        Key(name="S-F11", label="set aside"),
    ),
    polls_seconds=POLLS_SECONDS,
    in_menu=False,
)


def show_step(at_desk: Desk, arguments: Arguments) -> Response:
    if len(arguments) < 3:  # noqa: PLR2004 - district, date, step
        return go("BA01", *arguments)
    named, key = net_named(arguments[3:])
    net = named or NIGHT_NET
    with at_desk.reading() as session:
        _, chosen, district = night_place(session, arguments)
        on, step = read_day(arguments[1], at_desk.today), arguments[2].lower()
        card = night_step(session, district, on, step, at=at_desk.at, net=net, key=key)
        attempts = [one for one in night_attempts(session, district, on, net=net, key=key) if one.step == step]
        told = [one for one in night_actions(session, district, on, net=net) if one.parameter_key == key]
        actions = [one for one in told if one.step in {None, step}]
        tells: dict[str, str] = {}
        if at_desk.may(TELLERS):
            tells = verb_links(session, Whereof(net, district, on, step, key), by=at_desk.by, at=at_desk.at)
            of_run = verb_links(session, Whereof(net, district, on, parameter_key=key), by=at_desk.by, at=at_desk.at)
            tells |= {RUN_KEYS[verb]: of_run[RUN_KEYS[verb]] for verb in OF_RUN if RUN_KEYS[verb] in of_run}
    back = address("BA01", chosen, on.isoformat(), *net_args(net, key))
    links = {"F3": back, "F12": back, **tells}
    if card.rejects:
        links["S-F11"] = address("BA07", chosen, step)
    doc = NETS[net].step(step).doc
    return show(
        at_desk,
        BA03,
        links=links,
        card=card,
        doc=doc,
        step_attempts=attempts,
        actions=actions,
        may_start="S-F5" in links,
        took=took,
        ended_words=ended_words,
    )


PAGES: Final = (Page(BA03, show_step, version=version_of_night),)
