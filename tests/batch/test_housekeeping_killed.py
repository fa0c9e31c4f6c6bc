"""What goes, goes once and whole, and what is put away is put away whole, at whatever point it is killed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from css.db.engine import transaction
from tests import builders
from tests.batch import killing
from tests.batch.housekeeping_night import ON, child
from tests.batch.test_housekeeping import finished_run, output
from tests.conftest import clone
from tests.scenarios.copies import copy_of

STRIDE = int(os.environ.get("CSS_TEST_KILL_STRIDE", "11"))
"""Every so many points are tried; 1 tries them all."""
TAKEN = (
    "INSERT INTO billing.usage_file (district_code, supplier, sequence, layout, file_name, sha256, byte_count, created_at, "
    "record_count, to_rate_count, duration_seconds, business_date) "
    "VALUES ('ZZ', 'NTHTEL', 1, 'uk-standard-cdr', 'old.csv', '', 1, :night, 0, 0, 0, :night)"
)
ROWS = (
    "SELECT dataset, generation, path, file_count, byte_count, sha256, state FROM batch.dataset_generation ORDER BY 1, 2",
    "SELECT subject, kept_from, archived_count, purged_count, archive_path, archive_sha256 FROM batch.retention_run ORDER BY 1",
    "SELECT step_execution_id, block_number FROM batch.block ORDER BY 1, 2",
    "SELECT dataset_generation_id, name FROM batch.dataset_file ORDER BY 1, 2",
    "SELECT step, name, item_count FROM batch.control_total ORDER BY 1, 2",
)


@dataclass(frozen=True)
class House:
    """A database and its home."""

    engine: Engine
    home: Path

    def attempt(self, net: str = "going", kill_at: int | str = 0) -> tuple[int, int]:
        url = self.engine.url.render_as_string(hide_password=False)
        return killing.branch_off(child, url, str(self.home), net, kill_at, home=self.home.parent)

    def left(self) -> tuple[dict[str, bytes], list[list[tuple[object, ...]]]]:
        tree = {path.relative_to(self.home).as_posix(): path.read_bytes() for path in self.home.rglob("*") if path.is_file()}
        with self.engine.connect() as connection:
            return tree, [[tuple(row) for row in connection.execute(text(rows))] for rows in ROWS]


@pytest.fixture(scope="module")
def full(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two runs and two outputs that have had their time, and one of each that has not; a carrier's old file; old copies of bills."""
    home = tmp_path_factory.mktemp("full") / "home"
    with clone(server, template) as engine:
        with transaction(engine) as session:
            builders.district(session)
            for days in (97, 96, 5):
                finished_run(session, ON - timedelta(days=days), 2)
        for days in (501, 500, 5):
            output(engine, home, ON - timedelta(days=days))
        for place in ("spool/copies/ZZ/2025-01-01/email", "spool/ZZ/2025-01-01/sample"):
            (home / place).mkdir(parents=True)
            (home / place / "1.pdf").write_bytes(b"x")
        done = home / "incoming" / "ZZ" / "done"
        done.mkdir(parents=True)
        (done / "old.csv").write_bytes(b"x")
        with transaction(engine) as session:
            session.execute(text(TAKEN), {"night": ON - timedelta(days=60)})
        yield House(engine, home)


@pytest.fixture
def again(full: House, tmp_path: Path) -> Iterator[House]:
    with _copied(full, tmp_path) as made:
        yield made


@contextmanager
def _copied(full: House, place: Path) -> Iterator[House]:
    """The full house once more."""
    home = place / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(full.home, home)
    with copy_of(full.engine) as engine:
        yield House(engine, home)


@pytest.mark.timeout(300)
def test_killed_anywhere_and_run_again_it_leaves_the_same(full: House, tmp_path: Path) -> None:
    with _copied(full, tmp_path) as undisturbed:
        status, points = undisturbed.attempt()
        assert status == 0
        wanted = undisturbed.left()
    tree, rows = wanted
    assert sorted(path.split("/")[0] for path in tree) == ["archive"] * 4 + ["spool"] * 3
    assert [row[-1] for row in rows[0]] == ["catalogued", "purged", "purged", "catalogued"]
    assert points > 20
    for point in range(1, points + 1, STRIDE):
        with _copied(full, tmp_path) as house:
            assert house.attempt(kill_at=point)[0] == -9, point
            assert house.attempt()[0] == 0, point
            found = house.left()
            assert found[0].keys() == tree.keys(), point
            assert {name: found[0][name] for name in tree if found[0][name] != tree[name]} == {}, point
            assert found == wanted, point


@pytest.mark.parametrize("point", ["before replace", "after replace"])
def test_a_backup_that_is_killed_is_made_anew_and_leaves_no_half(again: House, point: str) -> None:
    assert again.attempt("saving", point)[0] == -9
    assert again.attempt("saving")[0] == 0
    place = again.home / "backups" / ON.isoformat()
    assert sorted(path.name for path in place.iterdir()) == ["SHA256SUMS", "css.css-backup", "manifest.json"]
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=place, check=True)
    with again.engine.connect() as connection:
        rows = connection.execute(text("SELECT generation, state FROM batch.dataset_generation WHERE dataset = 'backup'"))
        assert [tuple(row) for row in rows] == [(1, "catalogued")]
