"""A time of day is London's wherever the night says one, and says its zone while that is not what a server shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from batch.report.facts import Hold
from batch.report.text import as_text
from batch.report.to_do import to_do
from batch.rules.wording import clock_time, clock_words
from batch.words import ExecutionState
from css.cli import night_look, night_watch
from tests.batch.morning_facts import FAILED, attempt

WINTER = datetime(2026, 3, 3, 2, 15, tzinfo=UTC)
SUMMER = datetime(2026, 3, 30, 11, 9, tzinfo=UTC)


def test_in_summer_the_zone_is_said() -> None:
    assert clock_words(WINTER) == "02:15 on 3 March 2026"
    assert clock_words(SUMMER) == "12:09 BST on 30 March 2026"
    assert clock_time(SUMMER, "%d %b %H:%M:%S") == "30 Mar 12:09:00 BST"


def test_of_the_hour_that_comes_twice_it_is_said_which() -> None:
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert (clock_time(first), clock_time(second)) == ("01:30 BST", "01:30")


def test_a_hold_has_the_date_it_has_in_london() -> None:
    assert clock_words(datetime(2026, 6, 1, 23, 30, tzinfo=UTC)) == "00:30 BST on 2 June 2026"


def test_the_lists_of_the_command_line_say_it_by_the_same_rule() -> None:
    assert night_look._clock(SUMMER) == "30 Mar 12:09 BST"
    assert night_look._clock(WINTER) == "03 Mar 02:15"
    assert night_watch._moment(SUMMER, WINTER) == "30 Mar 12:09:00 BST"


def test_the_morning_report_says_london_s_time() -> None:
    """What release says of the same hold is the same."""
    held = replace(FAILED, holds=(Hold(step="render", held_by="NED", held_at=SUMMER, reason="The printer."),))
    (words,) = (task.words for task in to_do(held) if " held by " in task.words)
    assert words == "Step render is held by NED since 12:09 BST on 30 March 2026: The printer."
    first = attempt(1, ExecutionState.FAILED, started_at=SUMMER, ended_at=SUMMER, return_code=16)
    text = as_text(replace(held, attempts=(first, *held.attempts)))
    assert "30 Mar 12:09:00 to 12:09:00 BST  failed, return code 16" in text
    assert "UTC" not in text
