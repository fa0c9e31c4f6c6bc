"""What the morning report says of a run, as text, as a page and as pictures; and the commands it tells people to give."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree
from reportlab.graphics.shapes import Line, String

from batch.report.charts import as_svg, figures, not_drawn
from batch.report.facts import AlarmFact, Facts, Hold, ReasonFact, TotalFact
from batch.report.pdf import as_pdf
from batch.report.text import WIDTH, as_text, headline
from batch.report.to_do import to_do
from batch.rules.wording import shortened
from batch.words import AlarmKind, ExecutionState, InstanceState
from css.core.money import Money
from tests.batch.morning_facts import BUSY, FAILED, GOOD, attempt, joint
from tests.golden.printed import runs, texts
from tests.house.commands import fault_of_command

MANY = replace(
    BUSY,
    alarms=tuple(replace(BUSY.alarms[0], words=f"CSS429W Sequence {n} of NTHTEL is missing; {n + 1} has come.") for n in range(40)),
    reasons=tuple(
        ReasonFact(reason_code=f"CSS4{n:02}E", words="Größe → ŵ " * 30, item_count=n + 1, is_usage=bool(n % 2)) for n in range(30)
    ),
)
"""A morning after everything went wrong."""


def page_text(facts: Facts) -> str:
    """The words on the page, in their order; breaks of lines are spaces."""
    pages = texts(as_pdf(facts))
    assert len(pages) == 1
    return " ".join(pages[0].split())


def test_nothing_waits_after_a_good_night() -> None:
    assert to_do(GOOD) == ()
    assert "What a person must do: nothing." in as_text(GOOD)
    assert "What a person must do: nothing" in page_text(GOOD)


def test_calls_from_too_long_ago_wait_for_a_person_alone() -> None:
    late = to_do(replace(GOOD, waiting=replace(GOOD.waiting, usage_late=2)))
    assert [task.words for task in late] == ["2 call records from too long ago (CSS460W): approve or write off; no night tries again."]


def test_what_waits_in_each_room_is_a_sentence_with_its_command() -> None:
    told = {task.command: task.words for task in to_do(BUSY)}
    assert told == {
        "css bills held ZZ": "3 bills of £9,120.44 held: look at them, let them go or take them back.",
        "css bills parked ZZ": "4 accounts could not be billed: see why and mend it; the next night tries again.",
        "css usage suspense ZZ": (
            "52 call records without a price, the oldest since 11 Feb 2026: "
            "mend the cause; a night reads only those whose cause may be gone."
        ),
        "css usage rejects ZZ --date 2026-03-26 --outcome rejected": (
            "2 call records could not be read: ask the carrier for them anew, in another file."
        ),
        "css ask breaches ZZ 2026-03-26": "3 faults missed the deadline on 26 Mar, 1 of them not mended yet.",
        "css ask waiting-order-requests ZZ": "2 requests of debt treatment without an order: see what each waits for.",
        "css ask rejects ZZ": "5 items set aside and open besides: look why, mend it, replay or drop.",
        "css usage alarms ZZ": "CSS429W Sequence 1187 of NTHTEL is missing; 1188 has come. (2 times)",
    }


BALANCE = "It is out of balance. Find the cause before anything else; correct no rows by hand until it is known."
STOPS = [
    ("CSS447E", 8, "css night run ZZ --date 2026-03-26", "Mend the cause (CSS447E), then run it again."),
    ("CSS620E", 12, "css check books ZZ", BALANCE),
    ("CSS612E", 12, "css check books ZZ", BALANCE),
    ("CSS610E", 16, "css night run ZZ --date 2026-03-26", "It was cut off (CSS610E); nothing is broken. Run it again."),
    (
        "CSS618E",
        8,
        "css ask rejects ZZ",
        "It set aside more than it may (CSS618E): look why, mend it and replay, or force the step; then run it again.",
    ),
    (
        "CSS670E",
        16,
        "css night run ZZ --date 2026-03-26",
        "Its process was told to end (CSS670E), as when a machine is shut down; a clock takes it up again, or run it.",
    ),
    ("CSS615E", 16, "css night run ZZ --date 2026-03-26", "Somebody ended it (CSS615E); run it again when they are done."),
    (
        "CSS616E",
        8,
        "css night run ZZ --date 2026-03-26",
        "A fault of the program stopped it (CSS616E): keep the log and report it; then run it again.",
    ),
    ("CSS780E", 8, "css bills sample ZZ", "The bills wait for approval: look at the sample, approve it, then run the net again."),
]


@pytest.mark.parametrize(("code", "return_code", "command", "words"), STOPS)
def test_what_stopped_the_night_comes_first(code: str, return_code: int, command: str, words: str) -> None:
    last = attempt(3, ExecutionState.FAILED, return_code=return_code, message_code=code, message_words="Something.")
    stopped = replace(FAILED, attempts=(*FAILED.attempts, last))
    first = to_do(stopped)[0]
    assert (first.command, first.words, first.is_urgent) == (command, words, True)
    how = "WAITING FOR APPROVAL since attempt 3," if code == "CSS780E" else "FAILED in attempt 3"
    assert headline(stopped) == f"{how} with return code {return_code}. 9 steps done."
    assert f"First. {words[:20]}" in page_text(stopped)


def test_a_run_whose_process_is_gone_is_said_to_have_died() -> None:
    dead = replace(FAILED, state=InstanceState.RUNNING, attempts=(attempt(1, ExecutionState.RUNNING, ended_at=None, return_code=None),))
    assert headline(dead) == "DIED in attempt 1: its process is gone without a word. 9 steps done."
    assert to_do(dead)[0].command == "css night run ZZ --date 2026-03-26"
    alive = replace(dead, is_alive=True)
    assert headline(alive) == "Running, attempt 1. 9 steps done."
    assert not any(task.is_urgent for task in to_do(alive))


def test_a_joint_that_does_not_close_says_both_sides() -> None:
    wrong = replace(GOOD, joints=(joint(), joint("1 entry of £50.00 is missing.")))
    assert not wrong.is_balanced
    text = " ".join(as_text(wrong).split())
    assert "Joints: 2 joints looked at, 1 does not balance." in text
    assert "numbered bills 3,262, £163,000.10; entries of bills 3,261, £163,000.10. 1 entry of" in text
    assert text.endswith("The books do not balance.")
    assert to_do(wrong)[0].words == "bills in the ledger (post) does not balance: 1 entry of £50.00 is missing."
    assert "1 of 2" in page_text(wrong)


def test_a_hold_is_told_with_who_and_why_and_how_it_is_released() -> None:
    at = datetime(2026, 3, 26, 17, 5, tzinfo=UTC)
    last = attempt(1, ExecutionState.STOPPED, return_code=16, message_code="CSS617E", message_words="Held.")
    hold = Hold(step="release", held_by="AMY", held_at=at, reason="The printer is away.")
    held = replace(FAILED, state=InstanceState.STOPPED, attempts=(last,), holds=(hold, replace(hold, step=None)))
    first, second, *others = to_do(held)
    assert first.words == "Step release is held by AMY since 17:05 on 26 March 2026: The printer is away."
    assert first.command == "css night release ZZ --date 2026-03-26 --step release --reason WHY"
    assert second.command == "css night release ZZ --date 2026-03-26 --reason WHY"
    assert first.is_urgent
    assert second.is_urgent
    assert not any(task.is_urgent for task in others), "to run it again is not told while it is held"
    assert [fault_of_command(task.command) for task in to_do(held)] == [None] * len(to_do(held))


def test_many_alarms_of_a_kind_are_one_thing_to_do_and_an_optional_step_is_run_again() -> None:
    optional = AlarmFact(kind=AlarmKind.OPTIONAL, step="find-problems", words="CSS623W It failed.", times=1, is_open=True)
    told = {task.command: task.words for task in to_do(replace(MANY, alarms=(*MANY.alarms, optional)))}
    assert told["css usage alarms ZZ"] == "CSS429W Sequence 0 of NTHTEL is missing; 1 has come. (2 times) And 39 more."
    assert told["css night rerun ZZ --date 2026-03-26 --step find-problems --reason WHY"] == "CSS623W It failed."
    assert fault_of_command("css night rerun ZZ --date 2026-03-26 --step find-problems --reason WHY") is None


def test_what_holds_the_next_night_comes_before_what_does_not() -> None:
    hold = Hold(step=None, held_by="AMY", held_at=datetime(2026, 3, 26, 17, 5, tzinfo=UTC), reason="Wait.")
    assert [task.is_urgent for task in to_do(replace(GOOD, holds=(hold,), joints=(joint("1 is missing."),)))] == [True, False]


def test_an_alarm_that_is_over_asks_nothing_of_anybody() -> None:
    over = AlarmFact(kind=AlarmKind.LATE_END, step=None, words="It ended late.", times=1, is_open=False)
    night = replace(GOOD, alarms=(over,))
    assert to_do(night) == ()
    assert "It ended late. (over, or seen)" in as_text(night)


@pytest.mark.parametrize("facts", [GOOD, BUSY, FAILED, MANY], ids=["good", "busy", "failed", "many"])
def test_every_command_it_tells_can_be_given(facts: Facts) -> None:
    wrong = {task.command: fault for task in to_do(facts) if (fault := fault_of_command(task.command))}
    assert wrong == {}


@pytest.mark.parametrize("facts", [GOOD, BUSY, FAILED, MANY], ids=["good", "busy", "failed", "many"])
def test_it_fits_its_paper_whatever_happened(facts: Facts) -> None:
    assert max(len(line) for line in as_text(facts).splitlines() if not line.lstrip().startswith("$")) <= WIDTH
    first = as_pdf(facts)
    assert first == as_pdf(facts), "the same facts are the same bytes"
    assert "Morning report: ZZ Zedland" in page_text(facts)


def test_a_morning_with_more_to_say_than_a_sheet_holds_is_set_smaller() -> None:
    long = tuple(
        AlarmFact(kind=AlarmKind.OPTIONAL, step=f"step-{n}", words="It failed for reasons. " * 20, times=1, is_open=True) for n in range(12)
    )
    pdf = as_pdf(replace(MANY, alarms=long))
    found = [run for run in runs(pdf) if "23 other" in run.words]
    assert found, "the last row of the last table is there"
    assert min(run.bottom for run in runs(pdf)) > 0, "and nothing is below the sheet"


def test_the_page_has_the_table_of_every_chart() -> None:
    text = page_text(BUSY)
    drawn = figures(BUSY)
    assert [figure.name for figure in drawn] == ["durations", "totals", "nights", "reasons"]
    assert not_drawn(BUSY) == ()
    for figure in drawn:
        assert figure.title in text
        for row in figure.rows:
            assert row[0] in text
            assert row[1] in text


def test_charts_are_read_out_and_need_no_style() -> None:
    for figure in figures(BUSY):
        root = etree.fromstring(as_svg(figure))
        name = "{http://www.w3.org/2000/svg}"
        assert [child.tag for child in root][:2] == [f"{name}title", f"{name}desc"]
        assert (root[0].text, root[1].text) == (figure.title, figure.finding)
        assert root.get("role") == "img"
        # A browser's face may be wider than the one that was reckoned with: no text runs over its edge.
        assert all(text.get("textLength") for text in root.iter("{http://www.w3.org/2000/svg}text"))
        assert not root.xpath("//@style | //*[local-name() = 'style' or local-name() = 'script']")


def test_the_line_of_the_middle_night_strikes_no_figure_through() -> None:
    nights = next(figure for figure in figures(BUSY) if figure.name == "nights").drawing.contents
    lines = [one for one in nights if isinstance(one, Line)]
    assert lines, "there is a line to see"
    for one in nights:
        if isinstance(one, String):
            struck = [line for line in lines if line.x1 <= one.x <= line.x2 and one.y <= line.y1 <= one.y + one.fontSize]
            assert struck == [], one.text


def test_what_is_unusual_is_told_in_words_and_not_by_colour_alone() -> None:
    by_name = {figure.name: figure for figure in figures(BUSY)}
    assert by_name["durations"].finding == "Slower than usual: rate-usage. The stroke is what is usual."
    assert by_name["totals"].finding == "Far from the last 4 Thursdays: bills issued +155 %; compensation +50 %."
    assert by_name["nights"].finding == "52 items tonight; the middle one of the 10 nights before is 12."
    assert by_name["reasons"].finding == "Most for CSS401E: 30 of 52."
    assert re.search(r"bills issued +3,262 +£163,000\.10 +1,280 +\+155 %", as_text(BUSY))
    assert re.search(r"rate-usage +completed .* 3m 34s +1m 1s!", as_text(BUSY))


def test_a_first_night_has_nothing_to_be_compared_with() -> None:
    first = replace(
        GOOD,
        steps=tuple(replace(step, usual_seconds=None) for step in GOOD.steps),
        totals=tuple(replace(one, usual_count=None, usual_amount=None) for one in GOOD.totals),
        compared_with="",
        nights=(),
    )
    assert [figure.name for figure in figures(first)] == ["durations"]
    assert "usual:" not in as_text(first)
    assert headline(first) == "Done in 8 min 59 s. Return code 4."
    assert page_text(first)
    assert [words.partition(",")[0] for words in not_drawn(first)] == [
        "totals against usual",
        "what was set aside night by night",
        "what was set aside by reason",
    ]
    assert "Not drawn: totals against usual, for there are no earlier nights to compare with;" in " ".join(page_text(first).split())


def test_a_night_whose_steps_take_no_second_has_its_chart_all_the_same() -> None:
    quick = replace(BUSY, steps=tuple(replace(step, seconds=0, usual_seconds=0) for step in BUSY.steps))
    assert [figure.name for figure in figures(quick)] == ["durations", "totals", "nights", "reasons"]


def test_the_step_that_writes_the_report_is_counted_as_on_the_console() -> None:
    assert (GOOD.steps_over, GOOD.steps_in_all) == (len(GOOD.steps), len(GOOD.steps))
    written = replace(GOOD, is_report_done=True)
    assert (written.steps_over, written.steps_in_all) == (len(GOOD.steps) + 1, len(GOOD.steps) + 1)
    stopped = replace(FAILED, is_report_done=False)
    assert (stopped.steps_over, stopped.steps_in_all) == (FAILED.steps_over, FAILED.steps_in_all + 1)
    assert f"{stopped.steps_over} of {stopped.steps_in_all}" in page_text(stopped)


@pytest.mark.parametrize(
    ("words", "most", "cut"),
    [
        ("A number that is nobody's", 25, "A number that is nobody's"),
        ("A number that is nobody's", 24, "A number that is…"),
        ("The end, of it", 9, "The end…"),
        ("Unbreakable", 6, "Unbre…"),
    ],
)
def test_what_is_too_long_ends_behind_a_word_with_an_ellipsis(words: str, most: int, cut: str) -> None:
    assert shortened(words, most) == cut
    assert len(cut) <= most


@pytest.mark.parametrize(
    ("count", "usual", "pence", "usual_pence", "difference"),
    [
        (110, 100, None, None, 100),
        (50, 100, None, None, -500),
        (0, 100, None, None, -1000),
        (5, 0, None, None, None),
        (5, 0, 300, 100, None),
        (None, None, 300, 100, 2000),
        (None, None, -50, -100, 500),
        (7, None, 300, 100, 2000),
        (None, None, None, None, None),
    ],
)
def test_a_total_is_compared_by_count_and_else_by_amount(
    count: int | None, usual: int | None, pence: int | None, usual_pence: int | None, difference: int | None
) -> None:
    money = [None if one is None else Money(one) for one in (pence, usual_pence)]
    one = TotalFact(step="s", name="n", item_count=count, amount=money[0], usual_count=usual, usual_amount=money[1])
    assert one.difference == difference
