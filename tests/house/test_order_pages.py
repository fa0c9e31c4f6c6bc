"""What the handbook says of an order's work is what the rules say."""

from __future__ import annotations

import re
from pathlib import Path

from orders.rules.jeopardy import HELD_WORKING_DAYS, SLOT_WORKING_DAYS, Jeopardy
from orders.rules.problems import PROBLEMS, Effect
from orders.rules.tasks import TASKS

HANDBOOK = Path(__file__).parents[2] / "docs" / "operator-handbook.md"


def _section() -> str:
    text = HANDBOOK.read_text(encoding="utf-8")
    return text.split("## How an order goes on", 1)[1].split("\n## ", 1)[0]


def test_every_problem_code_stands_there_with_what_it_may_cause() -> None:
    told = re.findall(r"^\| ([A-Z_]+) \| (.+?) \| (.+?) \|$", _section(), re.MULTILINE)
    known = [
        (
            problem.code,
            problem.words + (" (the customer's)" if problem.is_customers else ""),
            ", ".join(effect.value for effect in Effect if effect in problem.effects),
        )
        for problem in sorted(PROBLEMS.values(), key=lambda problem: problem.code)
    ]
    assert told == known


def test_every_task_stands_there_with_its_group() -> None:
    told = re.findall(r"^\| ([a-z ]+) \| ([a-z]+) \| .+ \|$", _section(), re.MULTILINE)
    assert told == [(rule.title.lower(), rule.owner.value) for rule in TASKS.values()]


def test_every_reason_of_jeopardy_stands_there_in_its_rank() -> None:
    risks = _section().split("**Orders at risk**", 1)[1]
    places = [risks.replace("\n", " ").find(f"{reason.value}") for reason in Jeopardy]
    assert -1 not in places
    first = risks.replace("\n", " ").split(". Take the", 1)[0]
    told = [re.sub(r" \(.*?\)", "", part).strip() for part in first.split("worst first:", 1)[1].split(",")]
    assert told == [reason.value for reason in Jeopardy]
    assert (HELD_WORKING_DAYS, SLOT_WORKING_DAYS) == (5, 3), "the handbook says five and three in words"
