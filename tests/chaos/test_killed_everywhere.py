"""Killed in every state that disk and database go through, and run again, the night leaves what an undisturbed one does."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from css.chaos.every import kill_everywhere
from css.chaos.stage import Stage

EVERY = os.environ.get("CSS_TEST_KILL_STRIDE") == "1"
"""Also between two durable changes, where nothing that lasts differs."""


@pytest.mark.timeout(1200)
def test_a_kill_at_every_durable_write_changes_nothing(stage: Stage) -> None:
    findings = list(kill_everywhere(stage, every=EVERY, at_once=2))
    wrong = [f"{one.where}: {' '.join(one.wrong)}" for one in findings if one.wrong]
    assert not wrong, "\n".join(wrong)
    steps = Counter(one.where.partition(":")[0] for one in findings)
    assert len(findings) > 200, "fewer durable writes than a night with its files has: the traps are not set"
    assert steps["dispatch"] > 80, steps
    assert len(steps) >= 28, f"not every step was tried: {sorted(steps)}"
