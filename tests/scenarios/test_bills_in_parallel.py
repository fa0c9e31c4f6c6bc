"""One process or several: every account gets the same bill, the same number and the same bytes."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from batch.steps import bills as bill_steps
from css.bench.place import NIGHT_OF, Place, evening
from css.demo.plan import DISTRICT
from css.demo.run import night
from tests.scenarios.copies import copy_of

BILLS = """
SELECT a.number AS account, b.number, b.serial, b.state, b.invoice_gross, b.amount_due, b.payer,
       (SELECT array_agg((f.kind, f.file_name, f.sha256)::text ORDER BY f.kind)
          FROM billing.bill_file f WHERE f.bill_id = b.id) AS files,
       (SELECT array_agg((l.line_number, l.words, l.net, l.quantity)::text ORDER BY l.line_number)
          FROM billing.bill_line l WHERE l.bill_id = b.id) AS lines
  FROM billing.bill b JOIN css.account a ON a.id = b.account_id
 ORDER BY a.number
"""


def bills_of(engine: Engine, home: Path, workers: int) -> tuple[list[tuple[object, ...]], dict[str, str]]:
    """The rows of every bill, and the files on disk by name."""
    night(engine, DISTRICT, NIGHT_OF, home, workers=workers, watcher=None)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(BILLS))]
    spool = home / "spool" / "bills"
    return rows, {
        str(path.relative_to(spool)): hashlib.sha256(path.read_bytes()).hexdigest() for path in spool.rglob("*") if path.is_file()
    }


def test_parallel_and_serial_runs_give_the_same_bytes(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Blocks so small that the workers share them out, and finish them in another order than they were cut.
    monkeypatch.setattr(bill_steps, "CALCULATE_BLOCK", 2)
    monkeypatch.setattr(bill_steps, "RENDER_BLOCK", 2)
    evening(Place(fresh_engine, tmp_path, durable=False), 24)
    found = {}
    for name, workers in (("alone", 1), ("together", 3)):
        home = tmp_path / name
        shutil.copytree(tmp_path / "incoming", home / "incoming")
        with copy_of(fresh_engine) as copy:
            found[name] = bills_of(copy, home, workers)
    assert len(found["alone"][0]) > 12
    assert len(found["alone"][1]) >= 2 * len(found["alone"][0])
    assert found["together"] == found["alone"]
