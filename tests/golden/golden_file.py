"""Golden files: what a rendering was, kept beside the test, rewritten with ``UPDATE_GOLDEN=1``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
UPDATE: Final = os.environ.get("UPDATE_GOLDEN") == "1"


def assert_golden(name: str, found: str) -> None:
    """Compare with ``tests/golden/NAME``; when it differs, look at the difference and update it if it is meant."""
    path = HERE / name
    if UPDATE:
        path.write_text(found, encoding="utf-8", newline="\n")
        return
    assert path.exists(), f"no golden file {name}; make it with UPDATE_GOLDEN=1"
    assert found == path.read_text(encoding="utf-8"), f"{name} has changed; if it should, run again with UPDATE_GOLDEN=1"
