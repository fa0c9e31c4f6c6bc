"""The table of scenarios for people: ``python -m css.partners.sandbox.page`` renews ``docs/sandbox.md``."""

from __future__ import annotations

from css.partners.sandbox.scenarios import SCENARIOS


def table_text() -> str:
    """Number and title of every scenario, a line each."""
    return "".join(f"{number:03d}  {scenario.title}\n" for number, scenario in sorted(SCENARIOS.items()))
