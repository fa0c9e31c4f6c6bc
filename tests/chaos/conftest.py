"""One stage a file: the evening is lived once, and every test harms copies of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from css.chaos import stage as stages
from css.chaos.stage import Stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with stages.stage() as made:
        yield made
