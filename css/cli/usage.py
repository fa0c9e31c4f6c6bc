"""``css usage``: carriers' files put in and read for a look; what came of them is asked in the modules beside this one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from css.cli import usage_files, usage_rerating, usage_suspense
from css.cli.days import read_day
from css.cli.places import read_district
from css.core.errors import BadMessage, Conflict, CssError
from css.settings import settings

if TYPE_CHECKING:
    from billing.carrier_check import FileChecked
    from billing.rules.usage_lines import Window

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Carriers' usage: files, what became of them, suspense, re-rating.")

STATUS_SET_ASIDE = 4
"""As a night that set something aside ends."""

NAMELESS = frozenset({"CSS420E", "CSS421E", "CSS422E", "CSS653E"})
"""What is wrong with a file, said by rules that do not know what it is called."""

DISTRICT = typer.Argument(help="The district's two letters.", callback=read_district)


@app.command()
def load(
    district: Annotated[str, DISTRICT],
    files: Annotated[list[Path], typer.Argument(help="Carriers' files of either layout, plain or gzip, each with its control record.")],
) -> None:
    """Put carriers' files where the next night collects them: all of them whole, or none."""
    from batch.incoming import copy_in  # noqa: PLC0415 - after the words are understood

    _require_district(district)
    incoming = settings().home / "incoming" / district
    chosen: dict[str, tuple[Path, FileChecked]] = {}
    taken: list[Path] = []
    for file in files:
        checked = _checked(file)
        if _was_taken(district, file, checked):
            taken.append(file)
            continue
        # Named anew from its own control record: the night takes files by name in order, whatever they were called on the way.
        name = checked.whole.control.file_name
        if name in chosen and chosen[name][1].whole.sha256 != checked.whole.sha256:
            raise _another(name, file)
        _refuse_another(incoming, name, file, checked.whole.sha256)
        chosen[name] = (file, checked)
    for name, (file, checked) in chosen.items():
        placed = copy_in(incoming, f"{name}.gz" if _is_gzip(file) else name, file)
        control = checked.whole.control
        print(f"{file}: {control.record_count:,} records of {control.supplier}, sequence {control.sequence}; waits as {placed.name}.")
        print(f"    The night of {control.night} takes it, or the first after it.")
    for file in taken:
        print(f"{file}: a night took it before; there is nothing to load.")
    if not chosen:
        return
    print(f"The nights of {district} collect what waits in {incoming}.", file=sys.stderr)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A carrier's file of either layout, plain or gzip, with its control record.")],
    business_date: Annotated[str, typer.Option("--date", help="The night that would collect it; without one no call is too old.")] = "",
) -> int:
    """Read a carrier's file and say what the night would make of it, or made of it; nothing is stored and no database is needed.

    Exit status 0: every record can be read; 4: some would be set aside; 2: the file would be refused. Where the database
    is there, it is looked whether a night took the file; whose the numbers are and what the calls cost is not.
    """
    checked = _checked(file, business_date)
    control = checked.whole.control
    print(f"{file}: {control.supplier}, sequence {control.sequence}, made {control.created_at:%d %b %Y %H:%M:%S} UTC. The file is whole.")
    print("\n".join(_as_taken(checked)) or f"The night of {control.night} takes it, or the first after it.")
    print(f"Layout {checked.layout}; {checked.whole.byte_count:,} bytes, SHA-256 {checked.whole.sha256}.")
    tally = checked.tally
    print(f"{tally.record_count:,} records, {tally.duration_seconds:,} seconds of calls; {checked.set_aside_count:,} would be set aside.")
    for reason in checked.reasons:
        print(f"{reason.code}  {reason.count:>10,}  first in line {reason.first_line:,}: {reason.words}")
    for leg in sorted(set(checked.legs) - {"outgoing"}):
        print(f"{_records_are(checked.legs[leg])} of the leg {leg}.")
    if checked.part_count:
        parts = "a part of a long call and waits" if checked.part_count == 1 else "parts of long calls and wait"
        print(f"{_records_are(checked.part_count)} {parts} until the others are there.")
    return STATUS_SET_ASIDE if checked.reasons else 0


usage_files.register(app)
usage_suspense.register(app)
usage_rerating.register(app)


def _records_are(count: int) -> str:
    return "1 record is" if count == 1 else f"{count:,} records are"


def _as_taken(checked: FileChecked) -> list[str]:
    """What nights made of this very file, a line for each; none where none took it, or where there is no database to ask."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - after the words are understood

    from billing.queries.usage import files_taken  # noqa: PLC0415
    from billing.words import UsageOutcome  # noqa: PLC0415
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.db.engine import database, transaction  # noqa: PLC0415

    try:
        with transaction(database()) as session:
            cards = files_taken(session, checked.whole.sha256)
    except (CssError, SQLAlchemyError):
        print("The database does not answer: whether a night took it already is not known.", file=sys.stderr)
        return []
    lines = []
    for card in cards:
        counts = ", ".join(f"{card.today[outcome]:,} {outcome.value}" for outcome in UsageOutcome if card.today[outcome])
        taken = f"The night of {card.business_date} took it in {card.district_code}, as file {card.usage_file_id}"
        lines.append(
            f"{taken}: {counts or 'nothing is rated yet'}. No night takes it again; `css usage file {card.usage_file_id}` says all."
        )
    return lines


def _require_district(district: str) -> None:
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.master.districts import District, no_district  # noqa: PLC0415

    with transaction(database()) as session:
        if session.get(District, district) is None:
            raise no_district(district)


def _checked(file: Path, business_date: str = "") -> FileChecked:
    """The file, read from end to end; refused as the night would refuse it."""
    from billing.carrier_check import check_file  # noqa: PLC0415 - after the words are understood
    from css.cli.progress import counting_bytes  # noqa: PLC0415

    window = _window(business_date)
    try:
        with counting_bytes(f"{file} read") as count:
            return check_file(file, window, count)
    except BadMessage as fault:
        if fault.code not in NAMELESS:
            raise
        sentence = fault.text.removeprefix(f"{fault.code} ")
        raise BadMessage(fault.code, "{file}: {sentence}", file=str(file), sentence=sentence) from None


def _was_taken(district: str, file: Path, checked: FileChecked) -> bool:
    """Whether a night has this very file; another under its sequence number is refused as the night would refuse it."""
    from billing.actions.intake import came_before, other_bytes  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415

    control = checked.whole.control
    with transaction(database()) as session:
        before = came_before(session, district, control)
    if before not in {None, checked.whole.sha256}:
        refusal = other_bytes(control)
        raise BadMessage(refusal.code, "{file}: {why}", file=str(file), why=refusal.text.removeprefix(f"{refusal.code} "))
    return before is not None


def _refuse_another(incoming: Path, name: str, file: Path, sha256: str) -> None:
    """Nothing takes the place of a file that waits, unless it is the same, compressed or not."""
    from billing.carrier_file import content_sha256  # noqa: PLC0415

    for waiting in (incoming / name, incoming / f"{name}.gz"):
        if waiting.exists() and content_sha256(waiting) != sha256:
            raise _another(name, file)


def _another(name: str, file: Path) -> Conflict:
    return Conflict("CSS621E", "Another file waits as {name} already; {file} was not loaded.", name=name, file=str(file))


def _is_gzip(file: Path) -> bool:
    from billing.carrier_file import is_gzip  # noqa: PLC0415

    return is_gzip(file)


def _window(business_date: str) -> Window:
    from billing.actions.intake import window_of  # noqa: PLC0415 - after the words are understood
    from billing.rules.usage_lines import ANY_TIME  # noqa: PLC0415

    if not business_date:
        return ANY_TIME

    return window_of(read_day(business_date))
