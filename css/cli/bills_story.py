"""``css bills explain``: why a bill, or a line of it, comes to what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from billing.queries.bill_story import BillStory
    from billing.rules.explain_line import LineStory
    from billing.rules.explain_sum import Part

STATUS_DISAGREES = 4
"""The figures on file do not make some line any more."""
STEPS_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the command to ``css bills``."""
    app.command("explain")(explain)


def explain(
    bill: Annotated[str, typer.Argument(help="The bill's number; or an account's, for its bill that waits for a number.")],
    line: Annotated[int | None, typer.Argument(min=1, help="One line of it; without one every line is explained.")] = None,
    *,
    all_steps: Annotated[bool, typer.Option("--all", help=f"Every step of a sum, also of one with more than {STEPS_SHOWN}.")] = False,
) -> int:
    """Why a bill comes to what it does: each line's price, dates, days, units and sum, what caused it, VAT and the amount due.

    Exit status 4: the figures on file do not make some line any more, since something was changed where it stands.
    """
    from billing.queries.bill_story import bill_line_story, bill_story  # noqa: PLC0415 - after the words are understood
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    lines: tuple[LineStory, ...]
    sums: tuple[Part, ...] = ()
    with transaction(database()) as session:
        if line is not None:
            lines = (bill_line_story(session, bill, line, by=the_asker()),)
        else:
            story = bill_story(session, bill, by=the_asker())
            _head(story)
            lines, sums = story.lines, story.sums
    for one in lines:
        _line(one, all_steps=all_steps)
    if sums:
        print("The bill")
    for part in sums:
        _part(part, all_steps=all_steps)
    return 0 if all(one.agrees for one in lines) else STATUS_DISAGREES


def _head(story: BillStory) -> None:
    number = story.bill_number or "not yet numbered"
    print(f"Bill {number} of account {story.account_number}: {story.kind}, {story.state}, {story.amount_due.sterling} due.")
    since = "from the beginning" if story.usage_after is None else f"after {story.usage_after}"
    print(f"What was recorded {since} and up to {story.usage_through} is on it.")
    if story.hold is not None:
        print(f"A person had to look at it: {story.hold}")
    print()


def _line(line: LineStory, *, all_steps: bool) -> None:
    print(f"Line {line.line_number}: {line.words}, {line.net.sterling}")
    for sentence in line.told:
        print(f"- {sentence}")
    for part in line.parts:
        _part(part, all_steps=all_steps)
    print()


def _part(part: Part, *, all_steps: bool) -> None:
    print(f"  {part.words}: {part.amount.sterling}")
    shown = part.steps if all_steps else part.steps[:STEPS_SHOWN]
    for step in shown:
        reckoned = "" if step.sum == step.pence else f"{step.sum} = "
        # A part of one step is often that step: said once.
        said = "" if step.words == part.words else f"  {step.words}"
        print(f"    {reckoned}{step.pence}p{said}")
    if len(shown) < len(part.steps):
        print(f"    ... and {len(part.steps) - len(shown):,} more; --all shows them")
