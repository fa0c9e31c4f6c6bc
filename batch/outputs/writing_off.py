"""A generation that is gone for good: a disk took it, and nothing is stored from which it could be written again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from batch.keepers import require_reason
from batch.model import DatasetGeneration
from batch.outputs.commands import GenerationWrittenOff, WriteOffGeneration
from batch.outputs.republish import find_generation, is_stored
from batch.outputs.verify import Kept, faults_of
from batch.words import GenerationState
from css import audit
from css.core.actor import Actor
from css.core.errors import Refused
from css.master.operator_changes import require_supervisor
from css.settings import settings


@audit.answered
def write_off_generation(
    session: Session, command: WriteOffGeneration, *, by: Actor, at: datetime, home: Path | None = None
) -> GenerationWrittenOff:
    """Take a generation out of the catalogue of which nothing is left, as a supervisor: from then on nobody looks for it.

    ``home`` is the installation's directory where none is given.

    Raises:
        Refused: CSS111E the actor may not; CSS896E nothing of it is lost; CSS897E it can be written again; CSS898E some of it lies there.
        NotFound: CSS973E no such generation, or one that was thrown away or written off. BadMessage: CSS630E no reason.
    """
    require_supervisor(by)
    reason = require_reason(command.reason)
    row, _ = find_generation(session, command.dataset, command.generation)
    dataset, number, path = row.dataset, row.generation, row.path
    below = home or settings().home
    if next(iter(faults_of(below, _kept(row))), None) is None:
        raise Refused(
            "CSS896E",
            "{dataset}, generation {number}, lies in {path} as it was catalogued; nothing of it is gone.",
            dataset=dataset,
            number=number,
            path=path,
        )
    if is_stored(session, row):
        sentence = (
            "{dataset}, generation {number}, is stored and is not gone for good: "
            "`css night republish {dataset} --generation {number} --reason WHY` writes it again."
        )
        raise Refused("CSS897E", sentence, dataset=dataset, number=number, path=path)
    if is_anything_left(below / row.path):
        sentence = "Something of {dataset}, generation {number}, still lies in {path}; move it elsewhere first, should anybody ask for it."
        raise Refused("CSS898E", sentence, dataset=dataset, number=number, path=path)
    row.state, row.purged_at = GenerationState.PURGED, at
    session.flush()
    subject = ("generation", f"{row.dataset}/{row.generation}")
    after = {"state": row.state.value, "path": row.path, "sha256": row.sha256, "reason": reason}
    before = {"state": GenerationState.CATALOGUED.value}
    audit.record(session, by=by, at=at, verb="write_off_generation", subject=subject, before=before, after=after)
    return GenerationWrittenOff(dataset=row.dataset, generation=row.generation, path=row.path)


def is_anything_left(directory: Path) -> bool:
    """Whether anything but empty directories lies there."""
    return any(not path.is_dir() or path.is_symlink() for path in directory.rglob("*")) or directory.is_symlink()


def can_be_written_off(session: Session, home: Path, generation_id: int) -> bool:
    """Whether the disk has lost it and it can be written from nothing that is stored."""
    row = session.get_one(DatasetGeneration, generation_id)
    return next(iter(faults_of(home, _kept(row))), None) is not None and not is_stored(session, row)


def _kept(row: DatasetGeneration) -> Kept:
    return Kept(row.id, row.dataset, row.generation, row.path, row.sha256 or "", row.file_count, row.byte_count)
