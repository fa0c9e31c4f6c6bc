"""The engine of the night: it runs nets, and knows of none."""

from __future__ import annotations

from batch.engine.run import RunOutcome, run_net

__all__ = ["RunOutcome", "run_net"]
