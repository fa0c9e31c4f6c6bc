"""Outputs: numbered once, whole on the disk, provable with ordinary tools, and written again from what was stored."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from batch import repository
from batch.model import DatasetFile, DatasetGeneration
from batch.net import Context
from batch.outputs import publish
from batch.outputs.manifest import SUMS, is_safe_name, read_sums
from batch.words import GenerationState
from css.core.actor import Actor
from css.core.errors import Breach, Unavailable
from tests import builders

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NIGHT = Actor(kind="batch", name="night/alice", provider_code="RETAIL", door="night")
FILES = {"report.txt": b"All is well.\n", "charts/usual.pdf": b"%PDF-1.4"}


@pytest.fixture
def context(session: Session, tmp_path: Path) -> Context:
    builders.district(session)
    return run(session, tmp_path, date(2026, 3, 1))


def run(session: Session, home: Path, on: date, key: str = "", step: str = "report") -> Context:
    instance = repository.plan(session, "night", "ZZ", on, AT, key)
    return Context("ZZ", on, AT, NIGHT, home, instance.id, step=step)


def generations(session: Session) -> list[tuple[str, int, str, GenerationState]]:
    session.expire_all()
    rows = session.execute(select(DatasetGeneration).order_by(DatasetGeneration.dataset, DatasetGeneration.generation)).scalars()
    return [(row.dataset, row.generation, row.path, row.state) for row in rows]


def tree(home: Path) -> dict[str, bytes]:
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_a_generation_can_be_proved_with_the_tools_of_any_machine(session: Session, context: Context) -> None:
    made = publish(session, context, "morning-report/ZZ", FILES, at=AT)
    assert made.path == context.home / "spool" / "morning-report" / "ZZ" / "2026-03-01"
    done = subprocess.run(["sha256sum", "-c", SUMS], cwd=made.path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["charts/usual.pdf: OK", "report.txt: OK", "manifest.json: OK"]
    assert hashlib.sha256((made.path / SUMS).read_bytes()).hexdigest() == made.sha256
    told = json.loads((made.path / "manifest.json").read_bytes())
    assert told["dataset"] == "morning-report/ZZ"
    assert (told["generation"], told["file_count"], told["byte_count"]) == (1, 2, 21)
    assert (told["net"], told["step"], told["business_date"]) == ("night", "report", "2026-03-01")


def test_publishing_the_same_again_is_publishing_once(session: Session, context: Context) -> None:
    first = publish(session, context, "morning-report/ZZ", FILES, at=AT)
    before = tree(context.home)
    (first.path / "report.txt").unlink()
    assert publish(session, context, "morning-report/ZZ", FILES, at=AT) == first
    assert tree(context.home) == before
    assert generations(session) == [("morning-report/ZZ", 1, "spool/morning-report/ZZ/2026-03-01", GenerationState.CATALOGUED)]


def test_other_files_of_the_same_run_are_the_next_generation_and_both_stand(session: Session, context: Context) -> None:
    first = publish(session, context, "morning-report/ZZ", FILES, at=AT)
    second = publish(session, context, "morning-report/ZZ", {"report.txt": b"All was well."}, at=AT)
    assert generations(session) == [
        ("morning-report/ZZ", 1, "spool/morning-report/ZZ/2026-03-01", GenerationState.SUPERSEDED),
        ("morning-report/ZZ", 2, "spool/morning-report/ZZ/2026-03-01-g2", GenerationState.CATALOGUED),
    ]
    assert (first.path / "report.txt").read_bytes() == FILES["report.txt"]
    assert (second.path / "report.txt").read_bytes() == b"All was well."


def test_a_step_run_again_from_the_top_makes_a_new_generation_of_the_same_files(session: Session, context: Context) -> None:
    publish(session, context, "morning-report/ZZ", FILES, at=AT)
    again = publish(session, replace(context, step_generation=2), "morning-report/ZZ", FILES, at=AT)
    assert again.generation == 2
    assert again.path.name == "2026-03-01-g2"


def test_numbers_count_on_over_dates_and_every_dataset_has_its_own(session: Session, context: Context) -> None:
    publish(session, context, "morning-report/ZZ", FILES, at=AT)
    second = run(session, context.home, date(2026, 3, 2))
    assert publish(session, second, "morning-report/ZZ", FILES, at=AT).generation == 2
    assert publish(session, second, "usage-alarms/ZZ", FILES, at=AT).generation == 1


def test_an_extra_run_has_a_place_of_its_own(session: Session, context: Context) -> None:
    extra = run(session, context.home, date(2026, 3, 1), key="../../etc/Passwd again!")
    made = publish(session, extra, "morning-report/ZZ", FILES, at=AT)
    assert made.path.parent == context.home / "spool" / "morning-report" / "ZZ"
    assert made.path.name.startswith("2026-03-01-etc-passwd-again-")


def test_what_was_rolled_back_leaves_the_same_number_and_the_same_bytes(session: Session, context: Context) -> None:
    nested = session.begin_nested()
    publish(session, context, "morning-report/ZZ", {"half.txt": b"of a killed attempt", **FILES}, at=AT)
    nested.rollback()
    assert generations(session) == []
    made = publish(session, context, "morning-report/ZZ", FILES, at=AT)
    assert made.generation == 1
    assert sorted(path.name for path in made.path.rglob("*.*")) == ["manifest.json", "report.txt", "usual.pdf"]
    assert not (made.path / "half.txt").exists()


def test_the_bytes_are_kept_in_the_database_too(session: Session, context: Context) -> None:
    made = publish(session, context, "morning-report/ZZ", FILES, at=AT)
    kept = session.execute(select(DatasetFile).where(DatasetFile.dataset_generation_id == made.generation_id)).scalars()
    assert {row.name: row.content for row in kept} == FILES


@pytest.mark.parametrize(
    "name", ["../out.txt", "/etc/passwd", "a/../b", ".hidden", "a/.hidden", "SHA256SUMS", "two\nlines", "", "a//b", "back\\slash", "a/"]
)
def test_a_name_that_leads_elsewhere_is_our_own_mistake_and_nothing_is_written(session: Session, context: Context, name: str) -> None:
    assert not is_safe_name(name)
    with pytest.raises(Breach, match="no name for a file"):
        publish(session, context, "morning-report/ZZ", {name: b""}, at=AT)
    assert tree(context.home) == {}


def test_a_spool_that_cannot_be_written_is_told_and_nothing_is_catalogued(session: Session, context: Context) -> None:
    (context.home / "spool").write_text("a file where the directory should be", encoding="ascii")
    with pytest.raises(Unavailable) as refusal, session.begin_nested():
        publish(session, context, "morning-report/ZZ", FILES, at=AT)
    assert refusal.value.code == "CSS969E"
    assert generations(session) == []


def test_sums_are_read_as_sha256sum_writes_them() -> None:
    digest = hashlib.sha256(b"").hexdigest()
    assert list(read_sums(f"{digest}  a b.pdf\n{digest} *c.xml\nno line\n".encode())) == [("a b.pdf", digest), ("c.xml", digest)]
