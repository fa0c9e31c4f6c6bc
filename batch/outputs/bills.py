"""The bills of a night as a generation: they lie where dispatch put them, and are catalogued once all of them are out.

What was rendered is stored, and messages are made of it, so the disk is compared with the database file by file and not believed;
only what nothing else has, the lists for the print room, is kept with the generation, and compared from then on.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from batch.model import DatasetFile, DatasetGeneration, JobInstance, StepExecution
from batch.net import Context, Counts, Total, Work
from batch.outputs.generations import Taken, catalogue, head_of, take
from batch.outputs.manifest import OWN_NAMES, FileSum, sum_of_file, sums_of, write_manifest
from batch.words import GenerationState
from billing.queries.spool import (
    SpooledFile,
    bills_issued,
    letter_names,
    spooled_by_name,
    spooled_contents,
    spooled_files,
    spooled_letters,
)
from css.whole_file import cannot_write, make_folder, put_files

BILLS_AT_ONCE: Final = 1000
"""Bills whose files are read back in one transaction: a second or two."""
TOLD_APART: Final = 10
"""Files of an earlier night that are not there are told one by one; more were most likely taken away to be sent, and are told as one."""
WRITTEN_AT_ONCE: Final = 200
"""Files in memory at a time when they are written again."""
LOOKED_BACK_DAYS: Final = 62
"""A bill that waited goes out with a later night, into the directory of its own; after two months it is looked for no more."""
PRINT_LIST: Final = "print-"
DATASET: Final = "bills"

Contents = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Gives the bytes of files by their names, from what is stored."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a bill that is not as it was rendered, and what it is instead."""

    name: str
    words: str


def dataset_of(district_code: str) -> str:
    return f"{DATASET}/{district_code}"


def place_of(district_code: str, night_of: date) -> str:
    """Where dispatch puts the bills of a night, below the installation's directory."""
    return f"spool/{DATASET}/{district_code}/{night_of.isoformat()}"


def nights_to_catalogue(session: Session, context: Context) -> tuple[tuple[date, int], ...]:
    """This night, and those of the last two months of which more bills are issued than the catalogue says; and how many."""
    since = context.business_date - timedelta(days=LOOKED_BACK_DAYS)
    issued = bills_issued(session, context.district_code, since, context.business_date)
    places = {night: place_of(context.district_code, night) for night in issued}
    entries = session.execute(
        select(
            DatasetGeneration.path,
            DatasetGeneration.item_count,
            DatasetGeneration.state,
            DatasetGeneration.job_instance_id,
            DatasetGeneration.step,
            DatasetGeneration.step_generation,
        ).where(DatasetGeneration.dataset == dataset_of(context.district_code), DatasetGeneration.path.in_(places.values()))
    ).all()
    known = {row.path: row.item_count for row in entries if row.state is GenerationState.CATALOGUED}
    ever = {row.path for row in entries}
    # Run again from the top, the step catalogues its own night anew, whatever is known of it.
    run = (context.job_instance_id, context.step, context.step_generation)
    this_run = {row.path for row in entries if (row.job_instance_id, row.step, row.step_generation) == run}
    done = this_run if context.step_generation > 1 else known.keys()
    # A night whose bills were all held has no entry. What has one that is no longer in the catalogue was thrown away: it stays so.
    without = [night for night, place in places.items() if place not in ever and night != context.business_date]
    late = _with_this_step(session, context, without) if without else frozenset[date]()

    def is_due(night: date, bills: int) -> bool:
        place = places[night]
        if night == context.business_date and place not in done:
            return True
        return known[place] != bills if place in known else night in late

    return tuple((night, bills) for night, bills in issued.items() if is_due(night, bills))


def _with_this_step(session: Session, context: Context, nights: Collection[date]) -> frozenset[date]:
    """Those nights that came by this step: bills from before there was a catalogue are not looked for, they were sent long ago."""
    found = (
        select(JobInstance.business_date)
        .join(StepExecution, StepExecution.job_instance_id == JobInstance.id)
        .where(
            JobInstance.district_code == context.district_code,
            JobInstance.business_date.in_(nights),
            StepExecution.step == context.step,
        )
    )
    return frozenset(session.execute(found).scalars())


def catalogue_bills(session: Session, context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
    """One transaction of the step: so many bills read back, or, when a night has no more, its manifest and its entry."""
    waiting = nights_to_catalogue(session, context)
    if not waiting:
        return None
    night, bills = waiting[0]
    after = int(checkpoint.get("after", 0)) if checkpoint.get("night") == night.isoformat() else 0
    directory = context.home / place_of(context.district_code, night)
    files = spooled_files(session, context.district_code, night, after=after, bills=BILLS_AT_ONCE)
    if files:
        last = files[-1].bill_id
        letters = spooled_letters(session, context.district_code, night, after=after, through=last)
        wrong, count = differences(directory, (*files, *letters))
        alarms = _seen_to(context, night, directory, wrong, partial(spooled_contents, session, context.district_code, night))
        return Work(Counts(count, count), alarms=alarms), {"night": night.isoformat(), "after": last}
    return _entered(session, context, night, bills, directory), {}


def differences(directory: Path, files: Iterable[SpooledFile]) -> tuple[tuple[Found, ...], int]:
    """Which files are not on the disk as they were rendered, and how many were looked for."""
    looked_at = [_found(directory, each) for each in files]
    return tuple(found for found in looked_at if found is not None), len(looked_at)


def _found(directory: Path, file: SpooledFile) -> Found | None:
    try:
        size, digest = sum_of_file(directory / file.name)
    except OSError as error:
        return Found(file.name, error.strerror or "cannot be read")
    return None if (size, digest) == (file.bytes, file.sha256) else Found(file.name, f"{size:,} bytes that are not those rendered")


def _seen_to(context: Context, night: date, directory: Path, wrong: Sequence[Found], contents: Contents) -> tuple[str, ...]:
    """What the disk does not have as it was rendered is written again; an alarm for each, since a disk that loses files is no disk.

    Of an earlier night it is only told: a mailing program may have taken its files away, and what was sent is not put there to be
    sent again.

    Raises:
        Unavailable: CSS968E, no room; CSS969E, the spool cannot be written.
    """
    if night != context.business_date:
        apart = [f"CSS972W {directory / each.name}: {each.words}. `css night republish` writes it again." for each in wrong[:TOLD_APART]]
        more = len(wrong) - len(apart)
        rest = [f"CSS972W {directory}: {more:,} more files are missing or spoilt. `css check spool` lists them."] if more else []
        return (*apart, *rest)
    for start in range(0, len(wrong), WRITTEN_AT_ONCE):
        again = contents([each.name for each in wrong[start : start + WRITTEN_AT_ONCE]])
        try:
            put_files({directory / name: content for name, content in again.items()})
        except OSError as error:
            raise cannot_write(error, directory) from error
    return tuple(f"CSS970W {directory / each.name}: {each.words}. It was written again from what is stored." for each in wrong)


def sums_as_stored(session: Session, district_code: str, night: date) -> Iterator[FileSum]:
    """Documents and messages of a night by what is stored of them, in the order of their names."""
    documents, letters = spooled_by_name(session, district_code, night), spooled_letters(session, district_code, night)
    return (FileSum(each.name, each.bytes, each.sha256) for each in heapq.merge(documents, letters, key=lambda each: each.name))


def _entered(session: Session, context: Context, night: date, bills: int, directory: Path) -> Work:
    """The manifest of a night's bills, and their entry in the catalogue."""
    district = context.district_code
    by_night = replace(context, business_date=night)
    taken = take(session, context, dataset_of(district), path=place_of(district, night), at=context.at)
    kept = _lists_kept(session, taken)
    stored = {each.name for each in spooled_by_name(session, district, night)} if directory.is_dir() else set()
    stored.update(letter_names(session, district, night) if stored else ())
    try:
        make_folder(directory)
        wrong, _ = differences(directory, (SpooledFile(0, each.name, each.sha256, each.bytes) for each in sums_of(kept)))
        alarms = _seen_to(context, night, directory, wrong, lambda names: {name: kept[name] for name in names})
        there, strange = _beside(directory, stored)
        # What the catalogue has of a list stands, whatever became of it on the disk.
        lists = {name: (directory / name).read_bytes() for name in there if name not in kept} | kept
        sums = heapq.merge(sums_as_stored(session, district, night), sums_of(lists), key=lambda each: each.name)
        made = write_manifest(directory, head_of(taken, by_night), sums)
    except OSError as error:
        raise cannot_write(error, directory) from error
    session.execute(delete(DatasetFile).where(DatasetFile.dataset_generation_id == taken.id))
    if lists:
        rows = [
            {"dataset_generation_id": taken.id, "name": each.name, "sha256": each.sha256, "content": lists[each.name]}
            for each in sums_of(lists)
        ]
        session.execute(insert(DatasetFile), rows)
    catalogue(session, context, taken, made, at=context.at, items=bills)
    alarms += tuple(f"CSS971W {directory / name} is none of ours; it is left where it is and not in the manifest." for name in strange)
    return Work(Counts(), totals=(Total("files catalogued", made.file_count),), alarms=alarms)


def _lists_kept(session: Session, taken: Taken) -> dict[str, bytes]:
    """The lists for the print room that earlier generations of the same place had: late bills add theirs, and take none away."""
    rows = session.execute(
        select(DatasetFile.name, DatasetFile.content)
        .join(DatasetGeneration, DatasetGeneration.id == DatasetFile.dataset_generation_id)
        .where(DatasetGeneration.dataset == taken.dataset, DatasetGeneration.path == taken.path)
        .order_by(DatasetGeneration.generation)
    )
    return {row.name: bytes(row.content) for row in rows}


def _beside(directory: Path, stored: set[str]) -> tuple[list[str], list[str]]:
    """What stands beside the files by what is stored: lists for the print room, and what nobody knows. Halves of a killed attempt go."""
    ours, strange = [], []
    for path in sorted(directory.iterdir()):
        name = path.name
        if name.startswith(".") and name.endswith(".part"):
            path.unlink()
        elif name in stored or name in OWN_NAMES:
            continue
        elif path.is_file() and not path.is_symlink() and name.startswith(PRINT_LIST):
            ours.append(name)
        else:
            strange.append(name)
    return ours, strange
