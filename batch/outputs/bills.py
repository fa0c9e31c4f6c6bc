"""The bills of a night as a generation: they lie where dispatch put them, and are catalogued once all of them are out.

What was rendered is stored, so the disk is compared with the database file by file and not believed; only what nothing else
has, the lists for the print room, is kept with the generation.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from batch.model import DatasetFile, DatasetGeneration
from batch.net import Context, Counts, Total, Work
from batch.outputs.generations import catalogue, head_of, take
from batch.outputs.manifest import OWN_NAMES, FileSum, sum_of_file, sums_of, write_manifest
from batch.words import GenerationState
from billing.queries.spool import LETTER, SpooledFile, bills_issued, spooled_by_name, spooled_contents, spooled_files
from css.whole_file import cannot_write, make_folder, put_files

BILLS_AT_ONCE: Final = 1000
"""Bills whose files are read back in one transaction: a second or two."""
LOOKED_BACK_DAYS: Final = 62
"""A bill that waited goes out with a later night, into the directory of its own; after two months it is looked for no more."""
PRINT_LIST: Final = "print-"
DATASET: Final = "bills"


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
    rows = session.execute(
        select(DatasetGeneration.path, DatasetGeneration.item_count).where(
            DatasetGeneration.dataset == dataset_of(context.district_code), DatasetGeneration.state == GenerationState.CATALOGUED
        )
    )
    known = {row.path: row.item_count for row in rows}
    this_run = {
        row.path
        for row in session.execute(
            select(DatasetGeneration.path).where(
                DatasetGeneration.job_instance_id == context.job_instance_id,
                DatasetGeneration.step == context.step,
                DatasetGeneration.step_generation == context.step_generation,
            )
        )
    }
    # Run again from the top, the step catalogues its own night anew, whatever is known of it.
    own = place_of(context.district_code, context.business_date)
    is_due = own not in this_run if context.step_generation > 1 else own not in known
    places = {night: place_of(context.district_code, night) for night in issued}
    return tuple(
        (night, bills) for night, bills in issued.items() if (is_due and places[night] == own) or known.get(places[night], bills) != bills
    )


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
        # Of an earlier night a mailing program may have taken its files away: what was sent is not put there to be sent again.
        look = mended if night == context.business_date else told
        alarms = look(session, context.district_code, night, directory, files)
        return Work(Counts(len(files), len(files)), alarms=alarms), {"night": night.isoformat(), "after": files[-1].bill_id}
    return _entered(session, context, night, bills, directory), {}


def differences(directory: Path, files: tuple[SpooledFile, ...]) -> tuple[Found, ...]:
    """Which files are not on the disk as they were rendered."""
    found = []
    for each in files:
        try:
            size, digest = sum_of_file(directory / each.name)
        except OSError as error:
            found.append(Found(each.name, error.strerror or "cannot be read"))
        else:
            if (size, digest) != (each.bytes, each.sha256):
                found.append(Found(each.name, f"{size:,} bytes that are not those rendered"))
    return tuple(found)


def mended(session: Session, district_code: str, night: date, directory: Path, files: tuple[SpooledFile, ...]) -> tuple[str, ...]:
    """Write again what the disk does not have as it was rendered; an alarm for each, since a disk that loses files is no disk.

    Raises:
        Unavailable: CSS968E, no room; CSS969E, the spool cannot be written.
    """
    wrong = differences(directory, files)
    if not wrong:
        return ()
    contents = spooled_contents(session, district_code, night, [each.name for each in wrong])
    try:
        put_files({directory / name: content for name, content in contents.items()})
    except OSError as error:
        raise cannot_write(error, directory) from error
    return tuple(f"CSS970W {directory / each.name}: {each.words}. It was written again from what is stored." for each in wrong)


def told(_session: Session, _district_code: str, _night: date, directory: Path, files: tuple[SpooledFile, ...]) -> tuple[str, ...]:
    """An alarm for each file that the disk does not have as it was rendered."""
    wrong = differences(directory, files)
    return tuple(f"CSS972W {directory / each.name}: {each.words}. `css night republish` writes it again." for each in wrong)


def _entered(session: Session, context: Context, night: date, bills: int, directory: Path) -> Work:
    """The manifest of a night's bills, and their entry in the catalogue."""
    by_night = replace(context, business_date=night)
    taken = take(session, context, dataset_of(context.district_code), path=place_of(context.district_code, night), at=context.at)
    stored = {each.name for each in spooled_by_name(session, context.district_code, night)} if directory.is_dir() else set()
    try:
        make_folder(directory)
        beside, strange = _beside(directory, stored)
        lists = {name: (directory / name).read_bytes() for name in beside if name.startswith(PRINT_LIST)}
        rendered = (FileSum(each.name, each.bytes, each.sha256) for each in spooled_by_name(session, context.district_code, night))
        made = write_manifest(
            directory, head_of(taken, by_night), heapq.merge(rendered, _sums(directory, beside), key=lambda each: each.name)
        )
    except OSError as error:
        raise cannot_write(error, directory) from error
    session.execute(delete(DatasetFile).where(DatasetFile.dataset_generation_id == taken.id))
    if lists:
        kept = [
            {"dataset_generation_id": taken.id, "name": each.name, "sha256": each.sha256, "content": lists[each.name]}
            for each in sums_of(lists)
        ]
        session.execute(insert(DatasetFile), kept)
    catalogue(session, context, taken, made, at=context.at, items=bills)
    alarms = tuple(f"CSS971W {directory / name} is none of ours; it is left where it is and not in the manifest." for name in strange)
    return Work(Counts(), totals=(Total("files catalogued", made.file_count),), alarms=alarms)


def _beside(directory: Path, stored: set[str]) -> tuple[list[str], list[str]]:
    """What stands beside the rendered files: what dispatch made of them, and what nobody knows. Halves of a killed attempt go."""
    ours, strange = [], []
    for path in sorted(directory.iterdir()):
        name = path.name
        if name.startswith(".") and name.endswith(".part"):
            path.unlink()
        elif name in stored or name in OWN_NAMES:
            continue
        elif path.is_file() and not path.is_symlink() and (name.startswith(PRINT_LIST) or name.endswith(LETTER)):
            ours.append(name)
        else:
            strange.append(name)
    return ours, strange


def _sums(directory: Path, names: list[str]) -> Iterator[FileSum]:
    for name in names:
        size, digest = sum_of_file(directory / name)
        yield FileSum(name, size, digest)
