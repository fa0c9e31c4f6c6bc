"""What can be asked of the spool."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch.model import DatasetGeneration, JobInstance
from batch.words import GenerationState

LIST_MAX = 500


@dataclass(frozen=True, slots=True)
class GenerationRow:
    """One generation of an output."""

    dataset: str
    generation: int
    net: str
    district_code: str
    """Empty when it is of the whole house."""
    business_date: date
    step: str
    state: GenerationState
    path: str
    """Of its directory, below the installation's."""
    file_count: int
    byte_count: int
    sha256: str | None
    """Of its ``SHA256SUMS``."""
    catalogued_at: datetime | None
    verified_at: datetime | None
    purged_at: datetime | None


def dataset_names(session: Session) -> tuple[str, ...]:
    """What the datasets in the catalogue are called, without their districts, in the order of the alphabet."""
    kind = func.split_part(DatasetGeneration.dataset, "/", 1)
    return tuple(session.execute(select(kind).distinct().order_by(kind)).scalars())


def generations(session: Session, dataset: str = "", district_code: str = "", limit: int = 50) -> tuple[GenerationRow, ...]:
    """Generations, newest first: of one dataset (``bills/ZZ``, or ``bills`` for every district's), of a district's runs, or all."""
    found = (
        select(DatasetGeneration, JobInstance.net, JobInstance.district_code, JobInstance.business_date)
        .join(JobInstance, JobInstance.id == DatasetGeneration.job_instance_id)
        .order_by(DatasetGeneration.id.desc())
        .limit(min(limit, LIST_MAX))
    )
    if dataset:
        found = found.where((DatasetGeneration.dataset == dataset) | DatasetGeneration.dataset.startswith(f"{dataset}/", autoescape=True))
    if district_code:
        found = found.where(JobInstance.district_code == district_code)
    return tuple(
        GenerationRow(
            dataset=row.DatasetGeneration.dataset,
            generation=row.DatasetGeneration.generation,
            net=row.net,
            district_code=row.district_code or "",
            business_date=row.business_date,
            step=row.DatasetGeneration.step,
            state=row.DatasetGeneration.state,
            path=row.DatasetGeneration.path,
            file_count=row.DatasetGeneration.file_count,
            byte_count=row.DatasetGeneration.byte_count,
            sha256=row.DatasetGeneration.sha256,
            catalogued_at=row.DatasetGeneration.catalogued_at,
            verified_at=row.DatasetGeneration.verified_at,
            purged_at=row.DatasetGeneration.purged_at,
        )
        for row in session.execute(found)
    )
