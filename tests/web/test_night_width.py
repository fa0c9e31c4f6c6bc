"""BA01 and BA05 at the width of an ordinary desk: no column of theirs is out of sight."""

from __future__ import annotations

import pytest

from tests.web.morning import SitsDown

CUT = """
() => [...document.querySelectorAll('.wide')].filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
        .map(e => `${e.getAttribute('aria-label')}: ${e.scrollWidth} of ${e.clientWidth}`)
"""


@pytest.mark.parametrize("code", ["BA01", "BA05"])
def test_every_column_of_the_night_is_seen_at_1150_pixels(sits_down: SitsDown, code: str) -> None:
    sue = sits_down("supervis")
    sue.page.set_viewport_size({"width": 1150, "height": 800})
    sue.page.goto(f"{sue.base}/s/{code}/ZZ")
    assert sue.page.locator(".wide").count() > 2
    assert sue.page.evaluate(CUT) == []
