"""``css night watch``: a run as it goes, live at a terminal and once elsewhere; whoever runs it, and on whichever machine.

It reads what the tables say and touches nothing: ended with an interrupt, the run goes on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from batch import queries
from batch.console import PlanRow, RunPlan, night_plan
from batch.control.naming import NamedRun, run_at_hand
from batch.control.runs import run_words
from batch.rules.standing import AWAITS_APPROVAL, TO_RERUN, awaits_approval
from batch.rules.wording import clock_time
from batch.turns import NIGHT_NET
from batch.words import InstanceState, StepState
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.cli.days import read_day_if_given
from css.cli.places import read_district
from css.core.calendar import to_london
from css.core.errors import NotFound
from css.db.engine import database, transaction
from css.master.clocks import house_clock

LOOKS_EVERY_SECONDS: Final = 1
BAR_WIDTH: Final = 16
PAGE_WIDTH: Final = 140
"""Where no terminal says how wide it is, every column is printed whole."""
WHOLE: Final = 1000
INFRASTRUCTURE: Final = 16
STYLES: Final[Mapping[StepState, str]] = {
    StepState.COMPLETED: "green",
    StepState.RUNNING: "bold cyan",
    StepState.WAITING: "yellow",
    StepState.FAILED: "bold red",
    StepState.STOPPED: "yellow",
    StepState.SKIPPED: "magenta",
    StepState.NOT_NEEDED: "dim",
}


def register(app: typer.Typer) -> None:
    """Add the command to ``css night``."""
    app.command()(watch)


def watch(
    district: Annotated[
        str, typer.Argument(help="The district's two letters; left out for a net of the whole house.", callback=read_district)
    ] = "",
    *,
    on: Annotated[str, typer.Option("--date", help="The business date, like 2026-03-05; left out, the run that is at hand.")] = "",
    net: Annotated[str, typer.Option("--net", help="The net.")] = NIGHT_NET,
    key: Annotated[str, typer.Option("--key", help="The key of an extra run.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Show it as it is now, and end.")] = False,
) -> int:
    """Watch a run until it has ended: its steps, how far each is and when it will end. Exit status: the run's own return code.

    A run that has not begun is waited for; one that is held, or waits for a person, has ended, with 16 where no attempt at it failed.
    Where the output is no terminal it is shown once, when it has ended.
    """
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, PAGE_WIDTH)
    with transaction(database()) as session:
        chosen = run_at_hand(session, net, district, read_day_if_given(on), key)
    plan, alarms = _look(chosen)
    if once:
        console.print(_page(plan, alarms, _now()))
        return _status(plan)
    if console.is_terminal:
        with Live(_page(plan, alarms, _now()), console=console, refresh_per_second=4, screen=False) as live:
            while not _has_ended(plan):
                time.sleep(LOOKS_EVERY_SECONDS)
                plan, alarms = _look(chosen)
                live.update(_page(plan, alarms, _now()))
        return _ended_with(plan)
    while not _has_ended(plan):
        time.sleep(LOOKS_EVERY_SECONDS)
        plan, alarms = _look(chosen)
    console.print(_page(plan, alarms, _now()))
    return _ended_with(plan)


def _now() -> datetime:
    return house_clock(database).now()


def _look(chosen: NamedRun) -> tuple[RunPlan, Sequence[str]]:
    with transaction(database()) as session:
        plan = night_plan(session, chosen.district_code, chosen.business_date, at=_now(), net=chosen.net, key=chosen.parameter_key)
        if plan is None:
            words = run_words(chosen.net, chosen.district_code, chosen.business_date, chosen.parameter_key)
            raise NotFound("CSS633E", "{run} was never planned; `css night plan` plans it.", run=f"{words[:1].upper()}{words[1:]}")
        return plan, _alarms(session, plan)


def _alarms(session: Session, plan: RunPlan) -> tuple[str, ...]:
    rows = queries.night_alarms(session, plan.district_code)
    return tuple(f"{row.alarm_id} {row.words}" for row in rows if (row.net, row.business_date) == (plan.net, plan.business_date))


def _has_ended(plan: RunPlan) -> bool:
    """Whether nothing more comes of it without a person: one that waits for its hour, another net or a clock is waited for."""
    if plan.is_over:
        return True
    has_tried = plan.state in {InstanceState.FAILED, InstanceState.STOPPED} or (plan.state is InstanceState.RUNNING and plan.attempt)
    return bool(has_tried or plan.needs_person) and not plan.is_alive and not plan.is_starting


def _status(plan: RunPlan) -> int:
    """The return code of the last attempt; one that died without a word has 16."""
    if plan.return_code is not None:
        return plan.return_code
    return INFRASTRUCTURE if plan.attempt is not None and not plan.is_alive else 0


def _ended_with(plan: RunPlan) -> int:
    """The exit status of a watch that has ended; 16 for a run that only a person brings further, so that a script goes no further."""
    return _status(plan) or (INFRASTRUCTURE if plan.needs_person else 0)


def _page(plan: RunPlan, alarms: Sequence[str], at: datetime) -> Group:
    """The run on one page."""
    lines = [Text(_heading(plan), style="bold"), Text(_standing(plan, at))]
    lines += [Text(words, style="yellow") for words in plan.told]
    lines += [Text(f"Alarm {words}", style="bold red") for words in alarms]
    return Group(*(line for line in lines if line.plain), _table(plan, at), *_notes(plan))


def _heading(plan: RunPlan) -> str:
    words = run_words(plan.net, plan.district_code, plan.business_date, plan.parameter_key)
    attempt = f", attempt {plan.attempt}" if plan.attempt else ""
    return f"{words[:1].upper()}{words[1:]}: {_state(plan)}{attempt}, {plan.steps_done} of {len(plan.rows)} steps"


def _state(plan: RunPlan) -> str:
    if plan.state is InstanceState.RUNNING and not plan.is_alive:
        return "its process is gone"
    if plan.is_put_back:
        return TO_RERUN
    return AWAITS_APPROVAL if awaits_approval(plan.state, plan.message_code) else plan.state.value


def _standing(plan: RunPlan, at: datetime) -> str:
    if plan.is_alive:
        by = f", wanted by {_moment(plan.must_end_by, at)}" if plan.must_end_by else ""
        late = " LATE" if plan.is_late else ""
        return f"Expected to end at {_moment(plan.expected_end_at, at)}{by}.{late}" if plan.expected_end_at else f"Running{by}.{late}"
    if plan.is_over:
        return "" if plan.return_code is None else f"Return code {plan.return_code}."
    # What its last attempt said is not what a run waits for that is put back.
    why = f"Return code {plan.return_code}: {plan.message_code} {plan.message_words} " if plan.message_code and not plan.is_put_back else ""
    return f"{why}{plan.waits_for or ''}"


def _table(plan: RunPlan, at: datetime) -> Table:
    table = Table(box=None, pad_edge=False, expand=False, header_style="dim")
    for name, right in (("", True), ("step", False), ("state", False), ("", False)):
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for name in ("read", "of", "/min", "aside", "began", "ends", "took", "usual"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in plan.rows:
        table.add_row(*_cells(row, at, is_alive=plan.is_alive))
    return table


def _notes(plan: RunPlan) -> list[Text]:
    """What is said and was told of the steps, each sentence once, with the steps it is about."""
    about: dict[str, list[PlanRow]] = {}
    for row in plan.rows:
        for words in (*row.told, *((row.said,) if row.said else ())):
            about.setdefault(words, []).append(row)
    return [
        Text(f"{', '.join(row.step for row in rows)}: {words}", style="red" if rows[0].state is StepState.FAILED else "yellow")
        for words, rows in about.items()
    ]


def _cells(row: PlanRow, at: datetime, *, is_alive: bool) -> tuple[str | Text, ...]:
    style = STYLES.get(row.state, "dim") if row.state else "dim"
    state = row.state.value.replace("-", " ") if row.state else ""
    took = row.seconds
    if took is None and row.started_at and row.state is StepState.RUNNING and is_alive:
        took = int((at - row.started_at).total_seconds())
    ends = _clock(row.ended_at, at) if row.ended_at else f"~{_clock(row.expected_end_at, at)}" if row.expected_end_at else ""
    return (
        f"{row.ordinal}{'*' if row.is_critical else ' '}",
        Text(row.step, style=style),
        Text(state, style=style),
        Text(_bar(row), style=style),
        f"{row.read_count:,}" if row.state else "",
        f"{row.total:,}" if row.total is not None else "",
        f"{row.per_minute:,}" if row.per_minute else "",
        f"{row.rejected_count:,}" if row.rejected_count else "",
        _clock(row.started_at, at),
        ends,
        _lasting(took),
        _lasting(row.usual_seconds),
    )


def _bar(row: PlanRow) -> str:
    """How far it is; empty where nobody can tell."""
    if row.share is None:
        return ""
    full = BAR_WIDTH * row.share // WHOLE
    return "━" * full + "·" * (BAR_WIDTH - full)


def _moment(instant: datetime, at: datetime) -> str:
    """In a sentence, which says the zone where it could be doubted; below it the columns have the same."""
    return clock_time(instant, "%H:%M:%S" if to_london(instant).date() == to_london(at).date() else "%d %b %H:%M:%S")


def _clock(instant: datetime | None, at: datetime) -> str:
    """As clocks in London show it; with its date when that is not the day on which somebody looks."""
    if instant is None:
        return ""
    shown = to_london(instant)
    return f"{shown:%H:%M:%S}" if shown.date() == to_london(at).date() else f"{shown:%d %b %H:%M:%S}"


def _lasting(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes, left = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
