"""A generation that the disk has lost or spoilt, written again from what is stored: the same number, the same bytes."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from batch.keepers import require_keeper, require_reason
from batch.model import DatasetFile, DatasetGeneration, JobInstance
from batch.outputs import bills
from batch.outputs.commands import GenerationRepublished, RepublishGeneration
from batch.outputs.manifest import MANIFEST, SUMS, FileSum, Head, manifest_of, read_sums, sums_of, write_manifest
from batch.outputs.verify import Kept, faults_of, mark_verified
from batch.words import GenerationState
from billing.queries.spool import spooled_contents
from css import audit
from css.core.actor import Actor
from css.core.errors import NotFound, Refused
from css.settings import settings
from css.whole_file import cannot_write, make_folder, put_files

FILES_AT_ONCE: Final = 200
SHOWN_MAX: Final = 100


@audit.answered
def republish_generation(
    session: Session, command: RepublishGeneration, *, by: Actor, at: datetime, home: Path | None = None
) -> GenerationRepublished:
    """Write what is missing or spoilt of a generation again, as a scheduler or supervisor; files that are sound are left alone.

    ``home`` is the installation's directory where none is given.

    Raises:
        Refused: CSS111E the actor may not; CSS974E what is stored cannot give the bytes that were catalogued: a backup never can.
        NotFound: CSS973E no such generation, or one that was thrown away or written off.
        BadMessage: CSS630E no reason.
        Unavailable: CSS968E and CSS969E, the disk does not take it.
    """
    require_keeper(by)
    reason = require_reason(command.reason)
    row, head = find_generation(session, command.dataset, command.generation)
    kept = Kept(row.id, row.dataset, row.generation, row.path, row.sha256 or "", row.file_count, row.byte_count)
    below = home or settings().home
    directory = below / row.path
    wrong = _wrong(below, kept)
    if (SUMS in wrong or MANIFEST in wrong) and manifest_of(head, _sums(session, row, head.business_date)).sha256 != kept.sha256:
        # Said before anything is written: an empty manifest beside a backup is worse than none.
        raise _cannot(session, row, f"what is stored does not give the {row.path}/{SUMS} that was catalogued.")
    try:
        if wrong:
            make_folder(directory)
        if SUMS in wrong:
            write_manifest(directory, head, _sums(session, row, head.business_date))
            wrong = [SUMS, *_wrong(below, kept)]
        elif MANIFEST in wrong:
            write_manifest(directory, head, _sums(session, row, head.business_date))
        files = [name for name in wrong if name not in {SUMS, MANIFEST}]
        for start in range(0, len(files), FILES_AT_ONCE):
            contents = _contents(session, row, head.business_date, files[start : start + FILES_AT_ONCE])
            good = dict(read_sums((directory / SUMS).read_bytes()))
            put_files({directory / name: each for name, each in contents.items() if hashlib.sha256(each).hexdigest() == good.get(name)})
    except OSError as error:
        raise cannot_write(error, directory) from error
    left = next(iter(faults_of(below, kept)), None)
    if left is not None:
        raise _cannot(session, row, str(left))
    mark_verified(session, row.id, at)
    answer = GenerationRepublished(
        dataset=row.dataset, generation=row.generation, path=row.path, written=tuple(wrong[:SHOWN_MAX]), written_count=len(wrong)
    )
    after = {"written": answer.written_count, "reason": reason}
    audit.record(session, by=by, at=at, verb="republish_generation", subject=("generation", f"{row.dataset}/{row.generation}"), after=after)
    return answer


def is_stored(session: Session, row: DatasetGeneration) -> bool:
    """Whether it can be written again from what is stored; a backup and an archive cannot."""
    a_file = select(DatasetFile.name).where(DatasetFile.dataset_generation_id == row.id).limit(1)
    return _is_of_bills(row) or session.execute(a_file).first() is not None


def _cannot(session: Session, row: DatasetGeneration, why: str) -> Refused:
    if not is_stored(session, row):
        say = f"css night write-off {row.dataset} --generation {row.generation} --reason WHY"
        why = f"nothing is stored of it. Put {row.path} back from a copy, or say that it is gone for good: `{say}`."
    sentence = "{dataset}, generation {number}, cannot be written as it was catalogued: {why}"
    return Refused("CSS974E", sentence, dataset=row.dataset, number=row.generation, why=why)


def find_generation(session: Session, dataset: str, generation: int | None) -> tuple[DatasetGeneration, Head]:
    """A generation in the catalogue, the latest of its dataset where no number is given, and what its manifest says of it.

    Raises:
        NotFound: CSS973E no such generation, or one that was thrown away or written off.
    """
    found = (
        select(DatasetGeneration, JobInstance.net, JobInstance.business_date)
        .join(JobInstance, JobInstance.id == DatasetGeneration.job_instance_id)
        .where(DatasetGeneration.dataset == dataset, DatasetGeneration.state == GenerationState.CATALOGUED)
        .order_by(DatasetGeneration.generation.desc())
        .limit(1)
    )
    if generation is not None:
        found = found.where(DatasetGeneration.generation == generation)
    row = session.execute(found).one_or_none()
    if row is None:
        number = "" if generation is None else f" {generation}"
        sentence = "There is no generation{number} of {dataset} in the catalogue; `css ask generations` lists what there is."
        raise NotFound("CSS973E", sentence, number=number, dataset=dataset, element="dataset")
    one: DatasetGeneration = row[0]
    night = _night_of(one) or row.business_date
    return one, Head(one.dataset, one.generation, night, row.net, one.step)


def _night_of(row: DatasetGeneration) -> date | None:
    """Bills lie by the night that made them, whichever night issued the last of them."""
    return date.fromisoformat(PurePosixPath(row.path).name) if _is_of_bills(row) else None


def _is_of_bills(row: DatasetGeneration) -> bool:
    return row.dataset.startswith(f"{bills.DATASET}/")


def _district(row: DatasetGeneration) -> str:
    return row.dataset.removeprefix(f"{bills.DATASET}/")


def _wrong(home: Path, kept: Kept) -> list[str]:
    return [fault.path.removeprefix(f"{kept.path}/") for fault in faults_of(home, kept)]


def _sums(session: Session, row: DatasetGeneration, night: date) -> Iterator[FileSum]:
    """Every file of the manifest, from what is stored, in the order of names."""
    kept = _kept_sums(session, row)
    if not _is_of_bills(row):
        return iter(kept)
    district = _district(row)
    return heapq.merge(bills.sums_as_stored(session, district, night), kept, key=lambda each: each.name)


def _kept_sums(session: Session, row: DatasetGeneration) -> tuple[FileSum, ...]:
    files = session.execute(select(DatasetFile.name, DatasetFile.content).where(DatasetFile.dataset_generation_id == row.id))
    return sums_of({file.name: bytes(file.content) for file in files})


def _contents(session: Session, row: DatasetGeneration, night: date, names: Sequence[str]) -> dict[str, bytes]:
    files = session.execute(
        select(DatasetFile.name, DatasetFile.content).where(DatasetFile.dataset_generation_id == row.id, DatasetFile.name.in_(names))
    )
    found = {file.name: bytes(file.content) for file in files}
    if _is_of_bills(row):
        found |= spooled_contents(session, _district(row), night, [name for name in names if name not in found])
    return found
