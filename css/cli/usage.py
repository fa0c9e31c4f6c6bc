"""``css usage``: carriers' files put in, read for a look, and the records that were set aside."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from css.core.errors import BadMessage, Conflict
from css.settings import settings

if TYPE_CHECKING:
    import polars as pl

    from billing.rules.usage_control import Control
    from billing.rules.usage_record import Window

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Carriers' usage files: load, check, rejects.")

STATUS_SET_ASIDE = 4
"""As a night that set something aside ends."""

DISTRICT = typer.Argument(help="The district's two letters.")


@app.command()
def load(
    district: Annotated[str, DISTRICT],
    files: Annotated[list[Path], typer.Argument(help="Carriers' files in UK Standard CDR, each with its control record.")],
) -> None:
    """Put carriers' files where the next night collects them: all of them whole, or none."""
    from batch.incoming import put_in  # noqa: PLC0415 - after the words are understood

    _require_district(district)
    incoming = settings().home / "incoming" / district
    read: dict[str, tuple[Path, Control, bytes]] = {}
    for file in files:
        content = _content(file)
        control, _ = _whole(content)
        # Named anew from its own control record: the night takes files by name in order, whatever they were called on the way.
        name = control.file_name
        other = read[name][2] if name in read else (incoming / name).read_bytes() if (incoming / name).exists() else content
        if other != content:
            raise Conflict("CSS621E", "Another file waits as {name} already; {file} was not loaded.", name=name, file=str(file))
        read[name] = (file, control, content)
    for name, (file, control, content) in read.items():
        put_in(incoming, name, content)
        print(f"{file}: {control.record_count:,} records of {control.supplier}, sequence {control.sequence}; waits as {name}.")
    print(f"The next night of {district} collects what waits in {incoming}.", file=sys.stderr)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A carrier's file in UK Standard CDR with its control record.")],
    business_date: Annotated[
        str, typer.Option("--date", help="The night that would collect it; without one no call is too old or too new.")
    ] = "",
) -> int:
    """Read a carrier's file and say what the night would make of it; nothing is stored and no database is needed.

    Exit status 0: every record can be read; 4: some would be set aside; 2: the file would be refused. Whose the numbers
    are and what the calls cost is not looked at.
    """
    from billing.rules.rejects import rejected  # noqa: PLC0415 - after the words are understood

    control, parsed = _whole(_content(file), _window(business_date))
    set_aside = rejected(parsed)
    seconds = int(parsed["duration_seconds"].sum())
    print(f"{file}: {control.supplier}, sequence {control.sequence}, made {control.created_at:%d %b %Y %H:%M:%S} UTC. The file is whole.")
    print(f"{parsed.height:,} records, {seconds:,} seconds of calls; {set_aside.height:,} would be set aside.")
    for (code,), some in set_aside.sort("reject_code", "line_number").group_by("reject_code", maintain_order=True):
        print(f"{code}  {some.height:>10,}  first in line {some['line_number'][0]:,}: {some['reject_text'][0]}")
    return STATUS_SET_ASIDE if set_aside.height else 0


@app.command()
def rejects(
    district: Annotated[str, DISTRICT],
    business_date: Annotated[str, typer.Option("--date", help="Only those of one night.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 100,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Print what was set aside as it came, too.")] = False,
) -> None:
    """List what the nights have set aside and nobody has settled, oldest first."""
    from batch import queries  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    day = _date(business_date) if business_date else None
    _require_district(district)
    with transaction(database()) as session:
        rows = queries.rejects(session, district, day, limit)
    for row in rows:
        print(f"{row.business_date}  {row.reason_code}  {row.source_key:<24}  {row.words}")
        if raw:
            print(f"    {row.raw}")
    more = " There may be more: --limit shows them." if len(rows) == limit else ""
    print(f"{len(rows):,} shown.{more}" if rows else "Nothing is set aside.", file=sys.stderr)


def _require_district(district: str) -> None:
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.master.districts import District, no_district  # noqa: PLC0415

    with transaction(database()) as session:
        if session.get(District, district) is None:
            raise no_district(district)


def _content(file: Path) -> bytes:
    from billing.actions.usage import file_content  # noqa: PLC0415

    return file_content(file)


def _whole(content: bytes, window: Window | None = None) -> tuple[Control, pl.DataFrame]:
    """The control record and every record as read; refused as the night would refuse it when the two disagree."""
    from billing.rules.usage_control import control_faults, cut_control  # noqa: PLC0415
    from billing.rules.usage_record import lines_of, parse_records  # noqa: PLC0415

    records, control = cut_control(content)
    parsed = parse_records(lines_of(records), window)
    faults = control_faults(control, records, parsed)
    if faults:
        raise faults[0]
    return control, parsed


def _window(business_date: str) -> Window | None:
    if not business_date:
        return None
    from billing.actions.usage import window_of  # noqa: PLC0415

    return window_of(_date(business_date))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadMessage("CSS608E", "{text!r} is not a date; write it like 2026-01-31.", text=text[:20]) from None
