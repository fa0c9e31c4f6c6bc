"""The restore is rehearsed wherever there is room for it, and a backup that cannot be restored keeps nothing else back."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine, select, text

from batch.model import StepExecution
from batch.net import Net, Node
from batch.steps import upkeep
from batch.upkeep import backup
from batch.words import GenerationState, StepState
from css.db import cluster, server
from css.db.engine import transaction
from tests import builders
from tests.batch.test_housekeeping import MONDAY, SUNDAY, Usage, alarms, keep_house, output, states

GIB: Final = 1 << 30
SAVED: Final = Net(
    "housekeeping",
    "Some of it.",
    (
        Node(upkeep.BACKUP),
        Node(upkeep.REHEARSE, ("backup",), is_optional=True),
        Node(upkeep.GENERATIONS, ("backup", "rehearse-restore")),
    ),
)
UNRESTORABLE: Final = (
    "CREATE TABLE css.zz_guard (id int)",
    "INSERT INTO css.zz_guard VALUES (1)",
    "CREATE FUNCTION css.is_guarded() RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM css.zz_guard)'",
    # Its rows come before those that its check looks for: what PostgreSQL writes faithfully and cannot read again.
    "CREATE TABLE css.aa_guarded (id int CHECK (css.is_guarded()))",
    "INSERT INTO css.aa_guarded VALUES (1)",
)


@pytest.fixture
def house(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        builders.district(session)
    return fresh_engine


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """Below what each rehearsal had its server."""
    found: list[Path | None] = []

    def noted(*, durable: bool, binaries: Path | None, below: Path | None) -> AbstractContextManager[str]:
        found.append(below)
        return server.temporary(durable=durable, binaries=binaries, below=below)

    monkeypatch.setattr(backup, "temporary", noted)
    return found


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """A home that the server's own user can reach, whoever runs the tests."""
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o011)
    home = tmp_path / "home"
    home.mkdir(0o755)
    return home


def test_a_backup_that_cannot_be_restored_keeps_nothing_else_back(house: Engine, tmp_path: Path) -> None:
    old = output(house, tmp_path, SUNDAY - timedelta(days=500))
    with transaction(house) as session:
        for statement in UNRESTORABLE:
            session.execute(text(statement))
    assert keep_house(house, tmp_path, SUNDAY, SAVED).return_code == 4
    (said,) = alarms(house)
    assert said.startswith("CSS623W Optional step rehearse-restore failed, and the net went on without it: CSS988E")
    assert "The backup of 2026-03-01 could not be restored in its rehearsal: CSS039E psql gave up: " in said
    assert "aa_guarded" in said
    assert not old.exists()
    assert keep_house(house, tmp_path, MONDAY, SAVED).return_code == 4
    assert [state for _, state in states(house, "backup")] == [GenerationState.CATALOGUED] * 2


def test_where_memory_has_too_little_room_it_is_rehearsed_on_the_disk_of_the_backups(
    house: Engine, opened: Path, places: list[Path | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(64 << 20, 0, 64 << 20))
    assert keep_house(house, opened, SUNDAY, SAVED).return_code == 0
    assert places == [opened / "backups"]
    assert [path.name for path in (opened / "backups").iterdir()] == ["2026-03-01"]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(GIB, 0, GIB))
    assert keep_house(house, opened, MONDAY, SAVED).return_code == 0
    assert places == [opened / "backups", None]


def test_what_a_killed_rehearsal_left_is_cleared_away_by_the_next_wherever_that_is(house: Engine, tmp_path: Path) -> None:
    left = tmp_path / "backups" / "css-temporary-abandoned"
    left.mkdir(parents=True)
    (left / "owner.lock").touch()
    (left / "customers").write_bytes(b"Ada Lovelace")
    keep_house(house, tmp_path, SUNDAY, SAVED)
    assert not left.exists()


def test_no_place_for_the_rehearsal_is_told_and_keeps_nothing_back(house: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_of: object, **_told: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("css.db.server.tempfile.TemporaryDirectory", full)
    assert keep_house(house, tmp_path, SUNDAY, SAVED).return_code == 4
    assert "could not be restored in its rehearsal: CSS968E There is no room left" in alarms(house)[0]
    with transaction(house) as session:
        found = select(StepExecution.state).where(StepExecution.step == "throw-outputs-away")
        assert session.execute(found).scalar_one() is StepState.COMPLETED


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root acts for another user.")
def test_of_a_server_that_its_user_could_not_have_below_the_backups_nothing_stays_elsewhere(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o700)
    elsewhere = cluster.ELSEWHERE
    before = set(elsewhere.iterdir()) if elsewhere.exists() else set()
    with server.temporary(below=closed):
        assert set(elsewhere.iterdir()) > before
    assert set(elsewhere.iterdir()) == before
