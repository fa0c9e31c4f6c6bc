"""``css night outputs``, ``republish``, ``write-off`` and ``retention``: what runs put on the disk, and how long it stays there."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

import typer
from sqlalchemy.orm import Session

from batch.keepers import require_reason
from batch.nets import NETS
from batch.outputs.commands import RepublishGeneration, WriteOffGeneration
from batch.outputs.queries import dataset_names, generations
from batch.outputs.republish import republish_generation
from batch.outputs.verify import catalogued, faults_of
from batch.outputs.writing_off import can_be_written_off, write_off_generation
from batch.report.writing import name_of
from batch.rules.retention import SUBJECTS, Held
from batch.rules.wording import clock_time
from batch.upkeep.keeping import RetentionRow
from batch.upkeep.keeping import retention as retention_now
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.cli.acting import acting
from css.cli.places import read_district
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refused
from css.db.engine import database, transaction
from css.master.districts import District, no_district
from css.settings import settings

KILO = 1000
IS_DISTRICT: Final = re.compile(r"^[A-Za-z]{2}$")


def register(app: typer.Typer) -> None:
    """Add the commands to ``css night``."""
    app.command("outputs")(outputs)
    app.command("republish")(republish)
    app.command("write-off")(write_off)
    app.command("retention")(retention)


def outputs(
    dataset: Annotated[
        str, typer.Argument(help="A dataset, like bills/ZZ, bills for every district's, or ZZ for all of a district's; left out, all.")
    ] = "",
    limit: Annotated[int, typer.Option(help="So many, newest first.")] = 20,
) -> None:
    """List what runs have put on the disk: each generation with its state, its size and when it was last read back."""
    with transaction(database()) as session:
        kind, district = _dataset_and_district(session, dataset)
        rows = generations(session, "/".join(filter(None, (kind, district))) if kind else "", "" if kind else district, limit=limit)
    if not rows:
        print(f"Nothing of {dataset} is in the catalogue." if dataset else "Nothing is in the catalogue.")
        return
    print(f"{'dataset':<20}{'gen.':>6}  {'date':<12}{'state':<12}{'files':>9}{'size':>10}  {'read back':<23}place")
    for row in rows:
        read = clock_time(row.verified_at, "%d %b %Y %H:%M") if row.verified_at else "not yet"
        print(
            f"{row.dataset:<20}{row.generation:>6}  {row.business_date.isoformat():<12}{row.state.value:<12}"
            f"{row.file_count:>9,}{_size(row.byte_count):>10}  {read:<23}{row.path}"
        )


def _dataset_and_district(session: Session, wanted: str) -> tuple[str, str]:
    """The two parts of what is asked for, either empty. What nobody knows is a slip of the keys, and not a dataset with nothing in it."""
    kind, _, district = ("", "", wanted) if IS_DISTRICT.match(wanted) else wanted.partition("/")
    district = read_district(district)
    if district and session.get(District, district) is None:
        raise no_district(district)
    written = {subject.name for subject in SUBJECTS.values() if subject.held is Held.GENERATIONS}
    known = sorted({*dataset_names(session), *written, *map(name_of, NETS)})
    if kind and kind not in known:
        sentence = "There is no dataset {dataset!r}; there are {known}."
        raise NotFound("CSS708E", sentence, dataset=kind[:40], known=", ".join(known), element="dataset")
    return kind, district


def republish(
    dataset: Annotated[str, typer.Argument(help="The dataset, like bills/ZZ or morning-report/ZZ; with --all it may be left out.")] = "",
    generation: Annotated[int | None, typer.Option(help="Its number; left out, the latest.")] = None,
    *,
    is_all: Annotated[bool, typer.Option("--all", help="Every generation that is not whole: of the dataset, or of every one.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the deed.")] = "",
    by: Annotated[
        str, typer.Option("--by", help="The operator who does it, and gives a password; left out, whoever is signed on here.")
    ] = "",
) -> int:
    """Write again what the disk has lost or spoilt of a generation: under the same number, with the same bytes.

    Exit status 1 when something could not be written again, as a backup never can.
    """
    require_reason(reason)
    if is_all and generation is not None:
        raise BadMessage("CSS002E", "Give --generation or --all, not both.")
    if not (is_all or dataset):
        raise BadMessage("CSS002E", "Missing argument 'dataset'; --all writes every one.")
    actor, at = acting(by)
    if is_all:
        return _republish_all(dataset, reason, actor, at)
    _republish_one(RepublishGeneration(dataset=dataset, generation=generation, reason=reason), actor, at)
    return 0


def _republish_all(dataset: str, reason: str, actor: Actor, at: datetime) -> int:
    """Each generation in a transaction of its own: what one cannot give keeps none of the others back."""
    with transaction(database()) as session:
        there = [one for one in catalogued(session) if dataset in {"", one.dataset}]
    if not there:
        print(f"Nothing of {dataset} is in the catalogue." if dataset else "Nothing is in the catalogue.")
    left = whole = 0
    for one in there:
        if next(iter(faults_of(settings().home, one)), None) is None:
            whole += 1
            continue
        try:
            _republish_one(RepublishGeneration(dataset=one.dataset, generation=one.generation, reason=reason), actor, at)
        except Refused as refusal:
            left += 1
            print(refusal.text)
    if there:
        print(f"{len(there):,} looked at, {whole:,} as catalogued, {len(there) - whole - left:,} written again, {left:,} could not be.")
    return 1 if left else 0


def _republish_one(command: RepublishGeneration, actor: Actor, at: datetime) -> None:
    with transaction(database()) as session:
        done = republish_generation(session, command, by=actor, at=at)
    if not done.written_count:
        print(f"{done.path} is as it was catalogued; nothing was written.")
        return
    for name in done.written:
        print(f"{done.path}/{name}")
    more = f", the first {len(done.written)} of them above" if done.written_count > len(done.written) else ""
    print(
        f"{done.written_count:,} file{'' if done.written_count == 1 else 's'} written again{more}: "
        f"{command.dataset}, generation {done.generation}."
    )


def write_off(
    dataset: Annotated[str, typer.Argument(help="The dataset, like backup or archive; with --all it may be left out.")] = "",
    generation: Annotated[int | None, typer.Option(help="Its number.")] = None,
    *,
    is_all: Annotated[bool, typer.Option("--all", help="Every generation that is gone for good: of the dataset, or of every one.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="How it was lost, and that no copy is left; kept with the deed.")] = "",
    by: Annotated[
        str, typer.Option("--by", help="The supervisor who does it, and gives a password; left out, whoever is signed on here.")
    ] = "",
) -> int:
    """Say that a generation is gone for good, which the disk has lost and nothing can be written from: the books look for it no more.

    Exit status 1 when of some of them something lies there still.
    """
    require_reason(reason)
    if is_all == (generation is not None) or not (is_all or dataset):
        raise BadMessage("CSS002E", "Give a dataset and --generation, or --all.")
    actor, at = acting(by)
    with transaction(database()) as session:
        there = [one for one in catalogued(session) if is_all and dataset in {"", one.dataset}]
        gone = [(one.dataset, one.generation) for one in there if can_be_written_off(session, settings().home, one.id)]
    left = 0
    for name, number in gone if generation is None else [(dataset, generation)]:
        try:
            with transaction(database()) as session:
                command = WriteOffGeneration(dataset=name, generation=number, reason=reason)
                done = write_off_generation(session, command, by=actor, at=at)
        except Refused as refusal:
            if not is_all or refusal.code == "CSS111E":
                raise
            left += 1
            print(refusal.text)
        else:
            print(f"{done.dataset}, generation {done.generation}, is written off; it lay in {done.path}.")
    if is_all:
        print(f"{len(there):,} looked at, {len(gone) - left:,} written off, {left:,} could not be.")
    return 1 if left else 0


def retention() -> None:
    """Say how long what is kept, by whose word, what holds stand, and what has gone."""
    with transaction(database()) as session:
        rows = retention_now(session)
    for row in rows:
        print(f"{row.subject:<16}{row.words}: {_keeping(row)}")
        print(f"{'':<16}{f'Set by {row.set_by}: ' if row.set_by else ''}{row.reason}")
        for hold in row.holds:
            where = f" in {hold.district_code}" if hold.district_code else ""
            print(f"{'':<16}HELD{where} since {hold.held_at:%d %b %Y} (hold {hold.hold_id}): {hold.reason}")
        if row.last_purged_on:
            print(f"{'':<16}{row.purged_count:,} gone, last with the night of {row.last_purged_on:%d %b %Y}.")


def _keeping(row: RetentionRow) -> str:
    words = f"{row.keep_days:,} day{'' if row.keep_days == 1 else 's'}"
    if row.held is Held.GENERATIONS and (row.keep_weeks or row.keep_months):
        words += f", the last of each of {row.keep_weeks} weeks and of {row.keep_months} months"
    return f"{words}."


def _size(byte_count: int) -> str:
    """As people read it: 999 B, 1.2 kB, 34 MB."""
    size = byte_count
    for unit in ("B", "kB", "MB", "GB"):
        if size < KILO or unit == "GB":
            return f"{size:,} {unit}"
        size = round(size / KILO)
    raise AssertionError
