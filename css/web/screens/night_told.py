"""BA02 telling a run of the night, or a step of it: plan, start, hold, release, force, skip, stop, kill, run again, priority.

Enter asks what the verb would lead to (``batch.control.questions``) and changes nothing; F6 does it. What needs a second
person is signed at this desk. A run that is to start is started by a clock that looks; where none does, by this door.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from flask import Response, flash
from sqlalchemy.orm import Session

from batch import control
from batch.control import commands
from batch.control.commands import NightTold
from batch.control.questions import VerbOutlook
from batch.control.starting import see_to_start
from batch.nets import NETS
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refused
from css.core.words import Role
from css.web.desk import Desk, NotForYou, converse, office
from css.web.form import COMMIT, ENTER, REFRESH, Form
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import address, go, leads, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.second import second_at_desk, second_fields, taken_out

TELLERS: Final = frozenset({Role.SCHEDULER, Role.SUPERVISOR})
"""Who may tell a run anything."""
HOUSE: Final = "HOUSE"
"""Stands in addresses where a district would, for a net of the whole house."""
NIGHT: Final = "night"
OF_RUN: Final[Mapping[str, tuple[type[Any], Callable[..., NightTold], str]]] = {
    "plan": (commands.PlanNight, control.plan_night, "it is planned before the clock does"),
    "start": (commands.StartNight, control.start_night, "it starts now, or goes on where it stopped"),
    "hold": (commands.HoldNight, control.hold_night, "it does not start until it is released"),
    "release": (commands.ReleaseNight, control.release_night, "a hold or a skip is undone"),
    "force": (commands.ForceNight, control.force_night, "it starts though what it waits for has not come"),
    "skip": (commands.SkipNight, control.skip_night, "this date is left out"),
    "stop": (commands.StopNight, control.stop_night, "it ends at its next block"),
    "kill": (commands.KillNight, control.kill_night, "its process is ended at once"),
    "priority": (commands.SetPriority, control.set_priority, "it is started before or after others"),
}
"""What can be told to a run: command, action, and what it means."""
OF_STEP: Final[Mapping[str, tuple[type[Any], Callable[..., NightTold], str]]] = {
    "hold": (commands.HoldNight, control.hold_night, "the run goes no further than this step"),
    "release": (commands.ReleaseNight, control.release_night, "a hold or a skip of the step is undone"),
    "force": (commands.ForceNight, control.force_night, "its condition, its cut-off and its limit of rejects do not hold it back"),
    "skip": (commands.SkipNight, control.skip_night, "the step is left out"),
    "rerun": (commands.RerunStep, control.rerun_step, "the step is run again from the top, and what came after it"),
}
"""What can be told about a step."""
PRIORITY: Final = "priority"
SIGNED: Final = frozenset({"force", "skip", "rerun"})
"""Verbs that may need a second person."""

BA02: Final = Screen(
    code="BA02",
    title="Tell a run",
    family="The night",
    help=(
        "What is told to a run of the night, or to a step of it. Say why: it stays with what it leads to. Enter says what would come of "
        "it, what is left out, what is done again and what is superseded, and changes nothing; F6 does it. What needs a supervisor is "
        "signed by one at this desk. BA01 and BA03 lead here with their Shift keys."
    ),
    roles=TELLERS,
    response=ResponseClass.R1,
    takes="net.district.date[.step] verb",
    fields=(
        Field(
            name="priority",
            label="Priority",
            help="1 to 99: of what is ready the smallest number starts first.",
            kind="number",
            length_max=2,
            is_required=True,
            deeds=frozenset({PRIORITY}),
        ),
        Field(
            name="reason",
            label="Why",
            help="Whoever reads it in the morning should need no other page.",
            length_max=200,
            width=60,
            is_required=True,
        ),
        *second_fields("Second person", "Only where it is asked for."),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="do it", sends=True)),
    converses=True,
    in_menu=False,
)


@dataclass(frozen=True, slots=True)
class Whereof:
    """A run, or a step of it, as an address names it: ``night.ZZ.2026-03-02.calculate``."""

    net: str
    district_code: str
    business_date: date
    step: str = ""
    parameter_key: str = ""

    @property
    def address(self) -> str:
        parts = (self.net, self.district_code or HOUSE, self.business_date.isoformat(), self.step, self.parameter_key)
        return ".".join(parts).rstrip(".")

    @property
    def shown_at(self) -> str:
        """The page that shows it."""
        where = (self.district_code or HOUSE, self.business_date.isoformat())
        if self.step:
            return address("BA03", *where, self.step, *net_args(self.net, self.parameter_key))
        return address("BA01", *where, *net_args(self.net, self.parameter_key))


@dataclass(frozen=True, slots=True)
class Told:
    """What F6 would do, or did."""

    run: str
    consequences: tuple[str, ...]
    needs_second: bool
    done: NightTold | None = None


def net_args(net: str, key: str = "") -> tuple[str, ...]:
    """What an address says of the net, and of the key of an extra run: ``housekeeping.again``; nothing of the ordinary night."""
    return () if net == NIGHT and not key else (f"{net}.{key}".rstrip("."),)


def read_whereof(text: str) -> Whereof:
    """A run from an address. Error: NotFound CSS943E."""
    parts = (*text.split("."), "", "", "", "")[:5]
    try:
        on = date.fromisoformat(parts[2])
    except ValueError:
        on = None
    if on is None or parts[0].lower() not in NETS:
        raise NotFound("CSS943E", "{text} is no run; a run is named like night.ZZ.2026-03-02.", text=text[:60])
    district = parts[1].upper()
    return Whereof(parts[0].lower(), "" if district == HOUSE else district, on, parts[3].lower(), parts[4])


def show_told(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("BA01")
    whereof, verb = _asked(at_desk, arguments)
    return _page(at_desk, Form.blank(BA02, verb), whereof)


def act_told(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    if not arguments:
        return go("BA01")
    whereof, verb = _asked(at_desk, arguments)
    form = Form.posted(BA02, posted, verb)
    signs = taken_out(form)
    if form.key == REFRESH:
        form.errors.clear()
        return _page(at_desk, form, whereof, signs=signs)
    if not form.commits:
        outcome = converse(at_desk, form, lambda: _command(form, whereof), _asking(whereof, verb), leads_to=lambda _: "")
        return _page(at_desk, form, whereof, signs=signs, status=outcome.status, told=outcome.effect)
    second = second_at_desk(at_desk, form, signs) if verb in SIGNED else None
    if form.has_errors:
        return _again(at_desk, form, whereof, signs)
    outcome = converse(at_desk, form, lambda: _command(form, whereof), _doing(whereof, verb, second), leads_to=lambda _: whereof.shown_at)
    if outcome.done is None or outcome.done.done is None:
        return _again(at_desk, form, whereof, signs)
    done = outcome.done.done
    started = see_to_start(at_desk.engine, done, home=office().settings.home)
    flash(" ".join(filter(None, (*done.consequences, started))), "CSS944I")
    return leads(whereof.shown_at)


def _again(at_desk: Desk, form: Form, whereof: Whereof, signs: dict[str, str]) -> Response:
    """F6 was refused: what it would do stays beside the reason, so that the right signature is all it takes."""
    errors, general = form.errors, form.general
    form.errors, form.general, form.key = {}, [], ENTER
    outcome = converse(at_desk, form, lambda: _command(form, whereof), _asking(whereof, form.deed), leads_to=lambda _: "")
    for name, told in form.errors.items():
        errors.setdefault(name, []).extend(told)
    form.errors, form.general, form.key = errors, general or form.general, COMMIT
    return _page(at_desk, form, whereof, signs=signs, status=422, told=outcome.effect)


def _asked(at_desk: Desk, arguments: Arguments) -> tuple[Whereof, str]:
    whereof = read_whereof(arguments[0])
    verb = arguments[1].lower() if len(arguments) > 1 else ""
    known = OF_STEP if whereof.step else OF_RUN
    if verb not in known:
        raise NotFound(
            "CSS945E",
            "Say what {what} is told: {known}.",
            what="a step" if whereof.step else "a run",
            known=", ".join(known),
            element="verb",
        )
    if not at_desk.may(TELLERS):
        raise NotForYou(f"BA02 {verb}")
    return whereof, verb


def _command(form: Form, whereof: Whereof) -> Any | None:  # noqa: ANN401 - of one verb or another
    kind, _, _ = (OF_STEP if whereof.step else OF_RUN)[form.deed]
    fields: dict[str, object] = {
        "net": whereof.net,
        "district_code": whereof.district_code,
        "business_date": whereof.business_date,
        "parameter_key": whereof.parameter_key,
        "reason": form.text("reason"),
    }
    if whereof.step:
        fields["step"] = whereof.step
    if form.deed == PRIORITY:
        typed = form.text("priority")
        if typed and not (typed.isascii() and typed.isdigit()):
            form.wrong("priority", "CSS946E", "{label} is a number from 1 to 99.")
        elif typed:
            fields["priority"] = int(typed)
    return None if form.has_errors else kind(**fields)


def _asking(whereof: Whereof, verb: str) -> Callable[..., Told]:
    """What the verb would lead to. Never the verb itself: a process that is killed in a rehearsal stays dead."""

    def ask(session: Session, command: object, *, by: Actor, at: datetime) -> Told:
        priority = getattr(command, "priority", None)
        # Asked here too, so that the field is marked.
        control.require_priority(priority)
        outlook = control.night_verb(
            session,
            verb,
            whereof.district_code,
            whereof.business_date,
            whereof.step,
            by=by,
            at=at,
            net=whereof.net,
            key=whereof.parameter_key,
            priority=priority,
        )
        if outlook.refusal_code is not None:
            raise Refused(outlook.refusal_code, "{why}", why=outlook.refusal)
        return Told(outlook.run, outlook.consequences, outlook.needs_second)

    return ask


def _doing(whereof: Whereof, verb: str, second: Actor | None) -> Callable[..., Told]:
    action = (OF_STEP if whereof.step else OF_RUN)[verb][1]
    signed = {"approved_by": second} if verb in SIGNED else {}

    def do(session: Session, command: object, *, by: Actor, at: datetime) -> Told:
        done = action(session, command, by=by, at=at, **signed)
        return Told(done.run, done.consequences, needs_second=False, done=done)

    return do


def _prompt(_desk: Desk, _arguments: Arguments, _form: Form, _name: str) -> Values:
    return ()


def _page(
    at_desk: Desk,
    form: Form,
    whereof: Whereof,
    *,
    signs: dict[str, str] | None = None,
    status: int = 200,
    told: Told | None = None,
) -> Response:
    """The words of the run come from the question; where that is refused the address says enough."""
    form.subject = whereof.address
    if told is not None and told.needs_second and not form.has_errors:
        form.start = "second_operator"
        form.checked = ("CSS947W", "It needs a supervisor: one signs below, and F6 does it.")
    form.values |= {"second_operator": (signs or {}).get("second_operator", ""), "second_password": ""}
    outlook = _outlook(at_desk, whereof, form.deed)
    standing = None if outlook.refusal_code is None else BadMessage(outlook.refusal_code, "{why}", why=outlook.refusal)
    return show(
        at_desk,
        BA02,
        form=form,
        status=status,
        links={"F3": whereof.shown_at, "F12": whereof.shown_at},
        whereof=whereof,
        run=outlook.run,
        standing=standing,
        verb=form.deed,
        means=(OF_STEP if whereof.step else OF_RUN)[form.deed][2],
        told=told,
        # Nobody signs for what needs no second person, or what nobody may do now.
        signs=outlook.needs_second and standing is None,
    )


def _outlook(at_desk: Desk, whereof: Whereof, verb: str) -> VerbOutlook:
    """The run in words, what speaks against the verb before anything is keyed, and whether somebody has to sign."""
    with at_desk.reading() as session:
        return control.night_verb(
            session,
            verb,
            whereof.district_code,
            whereof.business_date,
            whereof.step,
            by=at_desk.by,
            at=at_desk.at,
            net=whereof.net,
            key=whereof.parameter_key,
        )


PAGES: Final = (Page(BA02, show_told, act_told, _prompt),)
