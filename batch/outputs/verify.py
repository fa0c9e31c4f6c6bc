"""Generations read back: what the catalogue says against what the disk has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from batch.model import DatasetGeneration, JobInstance
from batch.outputs.manifest import SUMS, read_sums, sum_of_file
from batch.words import GenerationState


@dataclass(frozen=True, slots=True)
class SpoolFault:
    """A file that the disk does not have as the manifest says."""

    dataset: str
    generation: int
    path: str
    """Below the installation's directory."""
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words} ({self.dataset}, generation {self.generation})."


@dataclass(frozen=True, slots=True)
class Kept:
    """A catalogued generation, as its reader takes it."""

    id: int
    dataset: str
    generation: int
    path: str
    sha256: str
    file_count: int
    byte_count: int


def catalogued(
    session: Session, *, district_code: str = "", not_since: datetime | None = None, above: int = 0, at_most: int | None = None
) -> tuple[Kept, ...]:
    """Catalogued generations in the order of their ids, from behind one on: of one district's runs, or of all;
    those only that were never read back, or not since an instant.
    """
    found: Select[int, str, int, str, str | None, int, int] = (
        select(
            DatasetGeneration.id,
            DatasetGeneration.dataset,
            DatasetGeneration.generation,
            DatasetGeneration.path,
            DatasetGeneration.sha256,
            DatasetGeneration.file_count,
            DatasetGeneration.byte_count,
        )
        .where(DatasetGeneration.state == GenerationState.CATALOGUED, DatasetGeneration.id > above)
        .order_by(DatasetGeneration.id)
        .limit(at_most)
    )
    if district_code:
        found = found.join(JobInstance, JobInstance.id == DatasetGeneration.job_instance_id).where(
            JobInstance.district_code == district_code
        )
    if not_since is not None:
        found = found.where(func.coalesce(DatasetGeneration.verified_at, "-infinity") < not_since)
    return tuple(Kept(row[0], row[1], row[2], row[3], row[4] or "", row[5], row[6]) for row in session.execute(found))


def faults_of(home: Path, kept: Kept) -> Iterator[SpoolFault]:
    """What is wrong with a generation on the disk, file by file; nothing when every byte is there."""

    def fault(name: str, words: str) -> SpoolFault:
        return SpoolFault(kept.dataset, kept.generation, f"{kept.path}/{name}", words)

    directory = home / kept.path
    try:
        # Its lines are counted against the catalogue below, so it is read whole: a hundred bytes a file.
        sums = (directory / SUMS).read_bytes()
    except OSError as error:
        yield fault(SUMS, f"the manifest is not there: {error.strerror}")
        return
    if hashlib.sha256(sums).hexdigest() != kept.sha256:
        yield fault(SUMS, "the manifest is not the one that was catalogued")
        return
    for name, expected in read_sums(sums):
        try:
            _, digest = sum_of_file(directory / name)
        except OSError as error:
            yield fault(name, error.strerror or "it cannot be read")
        else:
            if digest != expected:
                yield fault(name, "its bytes are not those that were catalogued")


def mark_verified(session: Session, generation_id: int, at: datetime) -> None:
    """Every byte of it was there."""
    session.execute(update(DatasetGeneration).where(DatasetGeneration.id == generation_id).values(verified_at=at))
