"""Generations of outputs: numbered once, written whole, catalogued with the step that made them.

A generation is known by its dataset and number, as a tape was. Its number is taken once for a run of a step and is the
same in every attempt. It is written below ``<home>/spool/<dataset>/<business date>/``; made anew for the same run, beside
it as ``<business date>-g2``, and the one before is superseded and stays until its time of keeping is over.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from batch.model import DatasetFile, DatasetGeneration, JobInstance
from batch.net import Context
from batch.outputs.manifest import OWN_NAMES, FileSum, Head, Manifest, is_safe_name, sums_of, write_manifest
from batch.words import GenerationState
from css.core.errors import Breach
from css.whole_file import cannot_write, make_folder, put_files, sync_folder

DATASET_FORM: Final = re.compile(r"[a-z][a-z0-9-]*(/[A-Z]{2})?")
LOCK_CLASS: Final = 0x0CB6
"""First key of the advisory locks of datasets whose next number is being taken; the second is a hash of the dataset's name."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A generation that has its number and is being written."""

    id: int
    dataset: str
    generation: int
    path: str
    """Of its directory, below the installation's."""
    net: str
    is_placed: bool
    """It lies where its files lay before: a run may make several, each of another place. Otherwise its place was made for it."""


@dataclass(frozen=True, slots=True)
class Published:
    """A generation as it was catalogued."""

    generation_id: int
    dataset: str
    generation: int
    path: Path
    """Of its directory."""
    file_count: int
    byte_count: int
    sha256: str
    """Of its ``SHA256SUMS``."""


def publish(session: Session, context: Context, dataset: str, files: Mapping[str, bytes], *, at: datetime) -> Published:
    """Have these files, by name, as a generation of a dataset: whole on the disk, and catalogued in the caller's transaction.

    ``dataset`` is a word, with the district behind it where there is one: ``morning-report/ZZ``. Names are relative, with ``/``
    between. The bytes are kept in the database, too, so that what the disk spoils can be written again. Publishing the same
    files again for the same run of a step is doing it once; other files are a new generation, and the old one is superseded.

    Raises:
        Unavailable: CSS968E, no room; CSS969E, the spool cannot be written.
    """
    sums = sums_of(files)
    wrong = [each.name for each in sums if not is_safe_name(each.name)]
    if wrong:
        msg = f"{dataset}: no name for a file of a generation: {wrong}"
        raise Breach(msg)
    taken = take(session, context, dataset, sums=sums, at=at)
    directory = context.home / taken.path
    try:
        make_folder(directory)
        put_files({directory / name: content for name, content in files.items()})
        # Behind what it lists: where the manifest stands, its files do.
        made = write_manifest(directory, head_of(taken, context), sums)
        sweep(directory, {*files, *OWN_NAMES})
    except OSError as error:
        raise cannot_write(error, directory) from error
    session.execute(delete(DatasetFile).where(DatasetFile.dataset_generation_id == taken.id))
    rows = [{"dataset_generation_id": taken.id, "name": each.name, "sha256": each.sha256, "content": files[each.name]} for each in sums]
    if rows:
        session.execute(insert(DatasetFile), rows)
    return catalogue(session, context, taken, made, at=at)


def take(
    session: Session,
    context: Context,
    dataset: str,
    *,
    sums: Iterable[FileSum] | None = None,
    path: str = "",
    below: str = "",
    at: datetime,
) -> Taken:
    """Take the number of a generation for this run of the step; in a later attempt, the number that was taken before.

    One that is catalogued already is taken up again when it was made by the same run of the step and has these files; otherwise
    the next number is taken. ``path`` is said of what lies where it lies, and only one of that place is taken up again; a
    generation of its own has its own place, below ``spool/<dataset>`` or below what is said.
    """
    assert DATASET_FORM.fullmatch(dataset), f"{dataset!r} is no name of a dataset"
    assert context.job_instance_id, "an output belongs to a run"
    # Two runs that take the next number of a dataset do it one behind the other, to the end of their transactions.
    session.execute(select(func.pg_advisory_xact_lock(LOCK_CLASS, func.hashtext(dataset))))
    instance = session.execute(select(JobInstance.net, JobInstance.parameter_key).where(JobInstance.id == context.job_instance_id)).one()
    of_this_run = select(DatasetGeneration).where(
        DatasetGeneration.dataset == dataset, DatasetGeneration.job_instance_id == context.job_instance_id
    )
    if path:
        of_this_run = of_this_run.where(DatasetGeneration.path == path)
    made_before = session.execute(of_this_run.order_by(DatasetGeneration.generation)).scalars().all()
    last = made_before[-1] if made_before else None
    if last is not None and _goes_on(session, last, context, sums):
        return Taken(last.id, dataset, last.generation, last.path, instance.net, is_placed=bool(path))
    number = session.execute(
        select(func.coalesce(func.max(DatasetGeneration.generation), 0) + 1).where(DatasetGeneration.dataset == dataset)
    ).scalar_one()
    row = DatasetGeneration(
        dataset=dataset,
        generation=number,
        job_instance_id=context.job_instance_id,
        step=context.step,
        step_generation=context.step_generation,
        path=path or _path(below or f"spool/{dataset}", context, instance.parameter_key, len(made_before) + 1),
        state=GenerationState.WRITING,
        made_at=at,
    )
    session.add(row)
    session.flush()
    return Taken(row.id, dataset, number, row.path, instance.net, is_placed=bool(path))


def _goes_on(session: Session, last: DatasetGeneration, context: Context, sums: Iterable[FileSum] | None) -> bool:
    if last.state is GenerationState.WRITING:
        return True
    if last.state is not GenerationState.CATALOGUED or (last.step, last.step_generation) != (context.step, context.step_generation):
        return False
    kept = session.execute(select(DatasetFile.name, DatasetFile.sha256).where(DatasetFile.dataset_generation_id == last.id))
    return sums is None or {row.name: row.sha256 for row in kept} == {each.name: each.sha256 for each in sums}


def _path(below: str, context: Context, parameter_key: str, made: int) -> str:
    words = [context.business_date.isoformat()]
    if parameter_key:
        # A person's word: made harmless as a name, and told apart from others that come out alike.
        plain = re.sub(r"[^A-Za-z0-9]+", "-", parameter_key).strip("-").lower()[:40]
        words.append(f"{plain}-{hashlib.sha256(parameter_key.encode()).hexdigest()[:6]}")
    if made > 1:
        words.append(f"g{made}")
    return f"{below}/{'-'.join(words)}"


def head_of(taken: Taken, context: Context) -> Head:
    """What the manifest of a generation says of it."""
    return Head(taken.dataset, taken.generation, context.business_date, taken.net, context.step)


def sweep(directory: Path, names: set[str]) -> None:
    """Nothing stands in a generation's directory that its manifest does not have: what a killed attempt left goes."""
    strange = [path for path in directory.rglob("*") if not path.is_dir() and path.relative_to(directory).as_posix() not in names]
    for path in strange:
        path.unlink()
    if strange:
        sync_folder(directory)


def catalogue(
    session: Session,
    context: Context,
    taken: Taken,
    made: Manifest,
    *,
    at: datetime,
    items: int | None = None,
    is_added: bool = False,
) -> Published:
    """Enter a generation that is whole into the catalogue; the one that lay in the same place is superseded, and, unless a run
    may have several, what the same run made before. ``is_added``: it holds other things than all before it, and supersedes none.
    """
    same_place = DatasetGeneration.path == taken.path
    if not is_added:
        session.execute(
            update(DatasetGeneration)
            .where(
                DatasetGeneration.dataset == taken.dataset,
                same_place if taken.is_placed else or_(DatasetGeneration.job_instance_id == context.job_instance_id, same_place),
                DatasetGeneration.generation < taken.generation,
                DatasetGeneration.state.in_([GenerationState.CATALOGUED, GenerationState.WRITING]),
            )
            .values(state=GenerationState.SUPERSEDED)
        )
    session.execute(
        update(DatasetGeneration)
        .where(DatasetGeneration.id == taken.id)
        .values(
            state=GenerationState.CATALOGUED,
            item_count=items,
            file_count=made.file_count,
            byte_count=made.byte_count,
            sha256=made.sha256,
            catalogued_at=func.coalesce(DatasetGeneration.catalogued_at, at),
        )
    )
    return Published(taken.id, taken.dataset, taken.generation, context.home / taken.path, made.file_count, made.byte_count, made.sha256)
