"""``css night status``, ``alarms``, ``actions``: how runs stand, what must be looked at, and what people told runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import wrap
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from batch import queries
from batch.clock.seen import look
from batch.nets import NETS
from batch.rules.standing import DIED, TO_RERUN
from batch.rules.wording import clock_time
from batch.turns import NIGHT_NET
from batch.words import InstanceState
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.cli.days import read_day_if_given
from css.cli.places import read_district
from css.db.engine import database, transaction
from css.master.clocks import house_clock
from css.master.districts import District, no_district

WIDTH = 96
STATE_WIDTH = max(len(state.value) for state in InstanceState)
Place = Annotated[str, typer.Argument(help="The district's two letters; every one when left out.", callback=read_district)]


def register(app: typer.Typer) -> None:
    """Add the commands to ``css night``."""
    for name, command in (("status", status), ("alarms", alarms), ("actions", actions)):
        app.command(name)(command)


def status(
    district: Annotated[
        str, typer.Argument(help="The district's two letters; left out for the nets of the whole house.", callback=read_district)
    ] = "",
    net: Annotated[str, typer.Option("--net", help="One net alone; of a district its nights when left out.")] = "",
) -> None:
    """Say which nights were run, or runs of another net, and how they ended, newest first."""
    with transaction(database()) as session:
        _require(session, district)
        rows = queries.runs(session, district, net=net or (NIGHT_NET if district else ""))
        seen = look(session, NETS, house_clock(database).now())
    waiting = {(one.run.net, one.run.district_code, one.run.business_date, one.run.parameter_key): one for one in seen}
    lines = []
    for row in rows:
        not_ended = "its process is gone without a word" if row.stands == DIED else "not ended"
        ended = f"ended {clock_time(row.ended_at, '%d %b %H:%M')}, return code {row.return_code}" if row.ended_at else not_ended
        said = f": {row.message_code} {row.message_words}" if row.message_code else ""
        held = f", held by {row.held_by}" if row.held_by else ""
        attempt = f"attempt {row.attempt}, {ended}" if row.attempt else "not begun"
        one = waiting.get((row.net, row.district_code, row.business_date, row.parameter_key))
        if row.stands == TO_RERUN and one is not None:
            # Its last attempt did not stop: what that said is not what it waits for.
            said = f". {one.waiting.words}"
        name = "" if row.net == NIGHT_NET else " ".join(filter(None, (row.net, row.parameter_key)))
        lines.append((str(row.business_date), name, f"{row.stands:<{STATE_WIDTH}}", f"{attempt}{held}{said}"))
    for line in aligned(lines):
        print(line)
    if not rows:
        what = "night" if net in {"", NIGHT_NET} and district else f"{net or 'net'} run"
        print(f"No {what} has been run in {f'district {district}' if district else 'the house'}.")


def alarms(
    district: Place = "",
    *,
    is_all: Annotated[bool, typer.Option("--all", help="Those that are over, or were looked at, too.")] = False,
) -> None:
    """What somebody must look at, newest first; ``css night see`` says that you have."""
    with transaction(database()) as session:
        _require(session, district)
        rows = queries.night_alarms(session, district, is_all=is_all)
    lines = []
    for row in rows:
        place = " ".join(filter(None, (row.net, row.district_code, str(row.business_date or ""), row.parameter_key, row.step)))
        over = f", over {_clock(row.ended_at)}" if row.ended_at else ""
        seen = f", seen by {row.seen_by} {_clock(row.seen_at)}" if row.seen_at else ""
        times = f", {row.times} times" if row.times > 1 else ""
        lines.append((f"{row.alarm_id:>5}", row.kind.value, f"{_clock(row.raised_at)}{times}{over}{seen}", place))
    for row, line in zip(rows, aligned(lines), strict=True):
        print(line)
        _print_below(row.words)
    print(f"{len(rows):,} shown." if rows else "There is no alarm to look at.", file=sys.stderr)


def actions(
    district: Place = "",
    *,
    on: Annotated[str, typer.Option("--date", help="Of the runs of one business date.")] = "",
    net: Annotated[str, typer.Option("--net", help="Of one net.")] = "",
) -> None:
    """What people told runs, newest first: who and who signed, what, why, and what it led to."""
    with transaction(database()) as session:
        _require(session, district)
        rows = queries.night_actions(session, district, read_day_if_given(on), net)
    lines = []
    for row in rows:
        run = " ".join(filter(None, (row.net, row.district_code, str(row.business_date), row.parameter_key, row.step)))
        signed = f", signed by {row.approved_by}" if row.approved_by else ""
        lines.append((_clock(row.done_at), row.done_by, row.verb, f"{run}{signed}"))
    for row, line in zip(rows, aligned(lines), strict=True):
        print(line)
        _print_below(f"Why: {row.reason}")
        for sentence in row.consequence.splitlines():
            _print_below(sentence)
    print(f"{len(rows):,} shown." if rows else "Nobody told a run anything.", file=sys.stderr)


def aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of columns, each as wide as its widest; a column with nothing in it is left out."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True) if width).rstrip()


def _require(session: Session, district: str) -> None:
    if district and session.get(District, district) is None:
        raise no_district(district)


def _print_below(words: str) -> None:
    for line in wrap(words, WIDTH, initial_indent="       ", subsequent_indent="       "):
        print(line)


def _clock(instant: datetime | None) -> str:
    return clock_time(instant, "%d %b %H:%M") if instant else ""
