"""``css night plan``, ``start``, ``hold``, ``release``, ``force``, ``skip``, ``stop``, ``kill``, ``rerun``, ``see``: what a run is told.

Each says first what it would lead to. What waives, ends or undoes something is confirmed at the terminal, or by ``--yes``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, Any, Final

import typer
from sqlalchemy.orm import Session

from batch.clock.launching import Launch, words_of
from batch.control import (
    force_night,
    hold_night,
    kill_night,
    night_verb,
    plan_night,
    release_night,
    require_priority,
    rerun_step,
    see_alarm,
    set_priority,
    skip_night,
    start_night,
    stop_night,
)
from batch.control.commands import (
    ForceNight,
    HoldNight,
    KillNight,
    NightTold,
    PlanNight,
    ReleaseNight,
    RerunStep,
    SeeAlarm,
    SetPriority,
    SkipNight,
    StartNight,
    StopNight,
)
from batch.control.deeds import require_second
from batch.control.naming import NamedRun, last_begun, run_at_hand
from batch.control.questions import VerbOutlook
from batch.control.starting import see_to_start
from batch.keepers import require_reason
from batch.rules.calendar import require_start_hour
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.cli.acting import acting
from css.cli.days import read_day_if_given
from css.cli.places import read_district
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, london_instant
from css.core.errors import BadMessage, Refused
from css.db.engine import database, transaction
from css.settings import settings

District = Annotated[str, typer.Argument(help="The district's two letters; left out for a net of the whole house.", callback=read_district)]
Date = Annotated[str, typer.Option("--date", help="The business date, like 2026-03-05; left out, the run that is at hand.")]
DateNamed = Annotated[str, typer.Option("--date", help="The business date, like 2026-03-05; it must be given.")]
Net = Annotated[str, typer.Option("--net", help="The net.")]
Key = Annotated[str, typer.Option("--key", help="The key of an extra run.")]
Step = Annotated[str, typer.Option("--step", help="A step of it; left out, the whole run.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with what it leads to.")]
By = Annotated[str, typer.Option("--by", help="The operator who does it, and gives a password; left out, whoever is signed on here.")]
Second = Annotated[str, typer.Option("--second", help="A supervisor who signs as the second person, and gives a password.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Only = Annotated[bool, typer.Option("--dry-run", help="Say what it would lead to, and do nothing.")]
NIGHT: Final = "night"
CONFIRMED: Final = frozenset({"force", "skip", "kill", "rerun"})
"""Verbs that waive, leave out, cut off or undo: nobody does one by a slip of the keys."""


def register(app: typer.Typer) -> None:
    """Add the commands to ``css night``."""
    for name, command in (
        ("plan", plan),
        ("start", start),
        ("hold", hold),
        ("release", release),
        ("force", force),
        ("skip", skip),
        ("priority", priority),
        ("stop", stop),
        ("kill", kill),
        ("rerun", rerun),
        ("see", see),
    ):
        app.command(name)(command)


def plan(  # noqa: PLR0913 - an option for everything that can be said
    district: District = "",
    *,
    on: DateNamed = "",
    net: Net = NIGHT,
    key: Key = "",
    not_before: Annotated[str, typer.Option("--not-before", help="London time on the day after it; else as the net's plan says.")] = "",
    priority: Annotated[int | None, typer.Option(help="1 to 99, the smallest first; else as the net's plan says.")] = None,
    reason: Why = "",
    by: By = "",
    only: Only = False,
) -> None:
    """Plan a run before the clock does, or an extra one under a key."""
    start_after = _instant(not_before, _day("plan", on)) if not_before else None
    more: dict[str, Any] = {"start_after": start_after, "priority": priority}
    _tell("plan", plan_night, PlanNight, (net, district, _required("plan", on), key), None, reason, by, only=only, **more)


def start(
    district: District = "", *, on: Date = "", net: Net = NIGHT, key: Key = "", reason: Why = "", by: By = "", only: Only = False
) -> None:
    """Start a run now, or take up one that failed or was stopped: by a clock, or by a process of its own where none looks."""
    _tell("start", start_night, StartNight, (net, district, on, key), None, reason, by, only=only)


def hold(
    district: District = "",
    *,
    on: Date = "",
    step: Step = "",
    net: Net = NIGHT,
    key: Key = "",
    reason: Why = "",
    by: By = "",
    only: Only = False,
) -> None:
    """Keep a run from starting, or from going past a step. What runs goes on."""
    _tell("hold", hold_night, HoldNight, (net, district, on, key), step, reason, by, only=only)


def release(
    district: District = "",
    *,
    on: Date = "",
    step: Step = "",
    net: Net = NIGHT,
    key: Key = "",
    reason: Why = "",
    by: By = "",
    only: Only = False,
) -> None:
    """Undo a hold, or a skip that has not come to count."""
    _tell("release", release_night, ReleaseNight, (net, district, on, key), step, reason, by, only=only)


def force(  # noqa: PLR0913 - an option for everything that can be said
    district: District = "",
    *,
    on: Date = "",
    step: Step = "",
    net: Net = NIGHT,
    key: Key = "",
    reason: Why = "",
    by: By = "",
    second: Second = "",
    yes: Yes = False,
    only: Only = False,
) -> None:
    """Start a run though its hour or another net has not come; or let it past a step's condition, cut-off and limit."""
    _tell("force", force_night, ForceNight, (net, district, on, key), step, reason, by, yes=yes, second=second, only=only)


def skip(  # noqa: PLR0913 - an option for everything that can be said
    district: District = "",
    *,
    on: Date = "",
    step: Step = "",
    net: Net = NIGHT,
    key: Key = "",
    reason: Why = "",
    by: By = "",
    second: Second = "",
    yes: Yes = False,
    only: Only = False,
) -> None:
    """Leave a run out before it begins, or a step, where the net allows it."""
    named = on if step else _required("skip", on)
    _tell("skip", skip_night, SkipNight, (net, district, named, key), step, reason, by, yes=yes, second=second, only=only)


def priority(
    district: District = "",
    *,
    to: Annotated[int, typer.Option("--to", help="1 to 99, the smallest first.")],
    on: Date = "",
    net: Net = NIGHT,
    key: Key = "",
    reason: Why = "",
    by: By = "",
    only: Only = False,
) -> None:
    """Start a run before others that are ready at the same time, or after them."""
    require_priority(to)
    _tell("priority", set_priority, SetPriority, (net, district, on, key), None, reason, by, only=only, priority=to)


def stop(
    district: District = "", *, on: Date = "", net: Net = NIGHT, key: Key = "", reason: Why = "", by: By = "", only: Only = False
) -> None:
    """Let a running attempt end at its next block."""
    _tell("stop", stop_night, StopNight, (net, district, on, key), None, reason, by, only=only)


def kill(
    district: District = "",
    *,
    on: Date = "",
    net: Net = NIGHT,
    key: Key = "",
    reason: Why = "",
    by: By = "",
    yes: Yes = False,
    only: Only = False,
) -> None:
    """End a running attempt at once, whatever it is doing."""
    _tell("kill", kill_night, KillNight, (net, district, on, key), None, reason, by, yes=yes, only=only)


def rerun(  # noqa: PLR0913 - an option for everything that can be said
    district: District = "",
    *,
    step: Annotated[str, typer.Option("--step", help="The finished step.")],
    on: Date = "",
    net: Net = NIGHT,
    key: Key = "",
    wait: Annotated[bool, typer.Option("--wait", help="Leave it to somebody to start it.")] = False,
    reason: Why = "",
    by: By = "",
    second: Second = "",
    yes: Yes = False,
    only: Only = False,
) -> None:
    """Run a finished step again from the top, and everything that came after it; lists first what that supersedes."""
    _tell(
        "rerun", rerun_step, RerunStep, (net, district, on, key), step, reason, by, yes=yes, second=second, only=only, is_started=not wait
    )


def see(
    alarm: Annotated[int, typer.Argument(help="The alarm's number, as `css night alarms` lists it.")],
    words: Annotated[str, typer.Option("--words", help="What you found, or what is done about it.")],
    by: By = "",
) -> None:
    """Say that you have looked at an alarm."""
    require_reason(words)
    actor, at = acting(by)
    with transaction(database()) as session:
        seen = see_alarm(session, SeeAlarm(alarm_id=alarm, words=words), by=actor, at=at)
    print(f"{seen.seen_by} has looked at: {seen.words}")


def _tell(  # noqa: PLR0913 - a verb, its command, and how it is confirmed
    verb: str,
    action: Callable[..., NightTold],
    command: type[Any],
    name: tuple[str, str, str, str],
    step: str | None,
    reason: str,
    by: str,
    *,
    only: bool,
    yes: bool = False,
    second: str = "",
    **more: object,
) -> None:
    if not only:
        # Before anything is listed, and before a password is asked for.
        require_reason(reason)
    actor, at = acting(by)
    engine = database()
    hour, number = more.get("start_after"), more.get("priority")
    with transaction(engine) as session:
        run = _named(session, verb, name)
        asked = night_verb(
            session,
            verb,
            run.district_code,
            run.business_date,
            step or "",
            by=actor,
            at=at,
            net=run.net,
            key=run.parameter_key,
            start_after=hour if isinstance(hour, datetime) else None,
            priority=number if isinstance(number, int) else None,
        )
    if asked.refusal_code is not None:
        raise Refused(asked.refusal_code, "{sentence}", sentence=asked.refusal)
    if asked.needs_second and not (only or second):
        raise Refused("CSS609E", "{sentence}", sentence=_second_wanted(actor))
    # Whoever may not sign is told so before anything is listed; both still read what it leads to before they say yes.
    signed = {"approved_by": acting(second)[0]} if second and not only else {}
    if asked.needs_second and not only:
        require_second(f"{verb} this", actor, signed.get("approved_by"))
    _say(asked, "" if second else _second_wanted(actor))
    if only:
        return
    if verb in CONFIRMED and not yes:
        _confirm(verb, asked)
    of_step = {} if step is None else {"step": step or None}
    given = command(
        net=run.net,
        district_code=run.district_code,
        business_date=run.business_date,
        parameter_key=run.parameter_key,
        reason=reason,
        **of_step,
        **more,
    )
    with transaction(engine) as session:
        told = action(session, given, by=actor, at=at, **signed)
    print(see_to_start(engine, told, home=settings().home) or _left(told, run))


def _left(told: NightTold, run: NamedRun) -> str:
    """What is left to do by hand, if anything is."""
    if told.verb != "rerun":
        return "Done."
    words = words_of(Launch(run.district_code, run.business_date, run.net, run.parameter_key))
    return f"Done. It waits until somebody starts it: `css {' '.join(words)}`."


def _named(session: Session, verb: str, name: tuple[str, str, str, str]) -> NamedRun:
    net, district, on, key = name
    choose = last_begun if verb == "rerun" else run_at_hand
    return choose(session, net, district, read_day_if_given(on), key)


def _say(asked: VerbOutlook, wanted: str) -> None:
    """Print what it would lead to, and ``wanted`` where a second person is needed and nobody has signed."""
    at_step = f", step {asked.step}" if asked.step else ""
    print(f"{asked.verb.capitalize()} {asked.run}{at_step}:")
    for sentence in asked.consequences:
        print(f"  {sentence}")
    if asked.needs_second and wanted:
        print(f"  {wanted}")


def _second_wanted(actor: Actor) -> str:
    return f"{actor.name} needs a supervisor for it, who signs as the second person (--second)."


def _confirm(verb: str, asked: VerbOutlook) -> None:
    if not sys.stdin.isatty():
        raise Refused("CSS639E", "{verb} {run}: say --yes to do it without asking.", verb=verb.capitalize(), run=asked.run)
    if not typer.confirm("Do it?"):
        raise Refused("CSS639E", "Nothing was done.")


def _required(verb: str, on: str) -> str:
    _day(verb, on)
    return on


def _day(verb: str, on: str) -> date:
    found = read_day_if_given(on)
    if found is None:
        raise BadMessage(
            "CSS631E", "Say of which date, with --date: nobody should {verb} one by mistake.", verb=verb, element="business_date"
        )
    return found


def _instant(text: str, on: date) -> datetime:
    """``03:30`` in London on the day after a business date."""
    try:
        hour = time.fromisoformat(text)
    except ValueError:
        raise BadMessage("CSS631E", "{text!r} is not a time; write it like 03:30.", text=text[:20], element="start_after") from None
    # Before it is an instant, for in the night of March one that does not come is moved to the next hour.
    require_start_hour(hour, "start_after")
    return london_instant(on + ONE_DAY, hour)
