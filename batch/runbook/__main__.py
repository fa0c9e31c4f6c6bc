"""``python -m batch.runbook`` writes ``docs/batch-runbook.md`` anew."""

from __future__ import annotations

from pathlib import Path

from batch.nets import NETS
from batch.runbook import runbook

(Path(__file__).parent.parent.parent / "docs" / "batch-runbook.md").write_text(runbook(NETS), encoding="utf-8")
