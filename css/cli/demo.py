"""``css demo``: one command makes a small telephone district and lives a month in it, up to its bills."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.phone import display_number
from css.db.engine import transaction, unchecked_database
from css.db.migrate import upgrade
from css.demo.plan import PASSWORD, DemoPlan
from css.demo.run import Lived, check_plan, make_and_live
from css.migrations import reference
from css.settings import settings

app = typer.Typer(add_completion=False)
ADDRESS = "http://127.0.0.1:8080/"


@app.command()
def demo(
    lines: Annotated[int, typer.Option(help="How many telephone lines the district has.")] = 1000,
    days: Annotated[int, typer.Option(help="How many days are lived, each with its night.")] = 31,
    seed: Annotated[int, typer.Option(help="The same seed makes the same district and the same bills.")] = 1,
) -> None:
    """Make a synthetic district and live some days in it, up to a bill run."""
    plan = DemoPlan(lines=lines, days=days, seed=seed)
    check_plan(plan)
    engine = unchecked_database()
    upgrade(engine)
    with transaction(engine) as session:
        reference.load(session)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<28}"), BarColumn(bar_width=32), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"Building {lines:,} lines", total=days)

        def on_day(day: date) -> None:
            done = (day - plan.starts_on).days
            progress.update(task, completed=done, description=f"Living {day:%a %d %b %Y}")
            if not console.is_terminal and done % 7 == 0:
                typer.echo(f"Living {day:%a %d %b %Y} and its night ...", err=True)

        lived = make_and_live(engine, plan, settings().home, workers=settings().workers, watcher=None, on_day=on_day)
        progress.update(task, completed=days, description=f"{days} days lived")
    _tell(lived)


def _tell(lived: Lived) -> None:
    diary, plan, home = lived.diary, lived.plan, settings().home
    bills = home / "spool" / "bills" / plan.district
    report = home / "spool" / "morning-report" / plan.district
    the_bills = f", `css ask bills-of-night {plan.district} {lived.last_bill_day}`" if lived.last_bill_day else ""
    said = (
        f"District {plan.district}, {plan.lines:,} lines, lived {plan.days} days from {plan.starts_on:%d %b %Y} in {lived.seconds:.0f} s.",
        (
            f"Orders: {diary.orders_by_telephone} by telephone (first {diary.first_order}), {diary.orders_by_xml} by a partner's XML, "
            f"{diary.ceases} ceases, {len(diary.wishes.placed)} changes of every kind; {diary.orders_completed} completed."
        ),
        (
            f"Faults: {diary.repairs.reported} reported (first {diary.repairs.first}), {diary.repairs.cleared} cleared, "
            f"{diary.matters.outages} outages. "
            f"Calls: {lived.calls:,} in {lived.usage_files} carriers' files."
        ),
        f"Bills: {lived.bills:,} for {lived.invoiced.sterling} with VAT; {diary.payments:,} payments; the books balance.",
        lived.usage_words,
        f"The bills, as PDF and e-invoice XML: {bills} (the morning reports: {report})",
        (
            f"Look at it: `make serve` (css serve), then {ADDRESS} signed on as AMY, SUE or the contractor CON, or as NED, who tells "
            f"nights; password {PASSWORD}."
        ),
        f"Try there: find {display_number(lived.sample_account)}, open {diary.first_order}, look at {diary.repairs.first}.",
        f"Or from here: `css ask find-customers {lived.sample_account}`{the_bills}.",
        f"A partner's key, to send XML with (docs/partner-xml-guide.md): {lived.partner_key}",
    )
    for line in said:
        typer.echo(line)
