"""What a net says of itself: when it runs, what waits for what, what may be left out or run again."""

from __future__ import annotations

from typing import Final

from batch.net import Before, BlockStep, Net, Node, SingleStep, Step
from batch.rules.wording import listed
from batch.runbook.wording import WIDTH, paragraph
from batch.words import Cycle, Shift

CYCLES: Final = {
    Cycle.DAILY: "every day",
    Cycle.WORKING_DAYS: "every working day",
    Cycle.WEEKLY: "once a week",
    Cycle.MONTH_END: "for the last day of a month",
    Cycle.QUARTER_END: "for the last day of a quarter",
    Cycle.YEAR_END: "for the last day of a year",
    Cycle.ON_DEMAND: "when somebody plans it",
}
SHIFTS: Final = {
    Shift.RUN: "",
    Shift.RUN_ON: "; one that falls on no working day runs for the next one",
    Shift.RUN_BEFORE: "; one that falls on no working day runs for the working day before",
    Shift.SKIP: "; not where that is no working day",
}
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def net_section(net: Net) -> str:
    """A net's section of the page: words, plan, picture, table of its steps."""
    return "\n\n".join(part for part in (f"### The {net.name} net", paragraph(net.words), _plan(net), _picture(net), _table(net)) if part)


def _plan(net: Net) -> str:
    plan = net.plan
    cycle = CYCLES[plan.cycle] if plan.weekday is None else f"every {WEEKDAYS[plan.weekday]}"
    late = f"late when not begun by {plan.must_start_by:%H:%M} or not ended by {plan.must_end_by:%H:%M}"
    times = f"* **Times**, of London on the day after the business date: not before {plan.starts_at:%H:%M}; {late}. "
    order = f"Priority {plan.priority}; the smallest starts first. A district's schedule may say otherwise."
    lines = [f"* **For** {'the whole house' if net.is_of_house else 'each district'}, {cycle}{SHIFTS[plan.shift]}.", times + order]
    if net.before:
        lines.append(f"* **After** {listed([_before(one) for one in net.before])}.")
    skipped = f"may be skipped with a reason, before it has begun. {net.skip_words}" if net.may_be_skipped else "may not be skipped."
    extra = " It may run more than once for a date, each run with a key of its own." if net.may_run_extra else ""
    lines.append(f"* **A date** {skipped.rstrip()}{extra}")
    return "\n".join(paragraph(line) for line in lines)


def _before(before: Before) -> str:
    of = "of every district" if before.every_district else "of its own district" if before.until is None else "of the district"
    until = f", until {before.until:%H:%M}, when it goes on without, with an alarm" if before.until else ""
    return f"the {before.net} net {of} on the same date{until}"


def chains(net: Net) -> list[tuple[tuple[str, ...], list[str]]]:
    """The net cut into chains: what each waits for, and its steps one after the other. Every step stands in one chain."""
    left = list(net.nodes)
    found: list[tuple[tuple[str, ...], list[str]]] = []
    while left:
        node = left.pop(0)
        chain = [node.step.name]
        while (following := next((one for one in left if _waits(one) == (chain[-1],)), None)) is not None:
            left.remove(following)
            chain.append(following.step.name)
        found.append((_waits(node), chain))
    return found


def _waits(node: Node) -> tuple[str, ...]:
    return (*node.after, *(name for name in node.after_end if name not in node.after))


def _picture(net: Net) -> str:
    lines: list[str] = []
    for waits, chain in chains(net):
        line = f"({' + '.join(waits)})" if waits else ""
        for name in chain:
            link = f" → {name}" if line else name
            if len(line) + len(link) > WIDTH - 20:
                lines.append(line)
                line = "         "
            line += link
        lines.append(line)
    return "```text\n" + "\n".join(lines) + "\n```"


def _table(net: Net) -> str:
    rows = ["| Step | Does its work | Without it | Run again when finished |", "| --- | --- | --- | --- |"]
    for node in net.nodes:
        name = node.step.name
        rows.append(f"| [{name}](#{name}) | {kind(node.step)} | {_without(node)} | {'yes' if node.step.rerun.is_allowed else 'no'} |")
    return "\n".join(rows)


def kind(step: Step) -> str:
    """How a step does its work, in words."""
    match step:
        case SingleStep():
            return "whole"
        case BlockStep(in_parallel=True):
            return "in blocks, by several"
        case BlockStep():
            return "in blocks"
        case _:
            return "item by item"


def _without(node: Node) -> str:
    ways = []
    if node.is_optional:
        ways.append("the net goes on when it fails")
    if node.when is not None:
        ways.append("only when needed")
    if node.step.may_be_skipped:
        ways.append("may be skipped")
    return ", ".join(ways) or "the net stops"
