"""``css bills dry-run``: an account's bill as it would be today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from billing.queries.bill_story import BillStory

STATUS_PARKED = 4
"""The account could not be billed."""


def register(app: typer.Typer) -> None:
    """Add the command to ``css bills``."""
    app.command("dry-run")(dry_run)


def dry_run(account: Annotated[str, typer.Argument(help="The account's number.")]) -> int:
    """The bill of an account as if it were billed today, every line explained; nothing is kept.

    Exit status 4: the account could not be billed, and why.
    """
    from billing.actions.dry_run import dry_run_bill  # noqa: PLC0415 - after the words are understood
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        done = dry_run_bill(session, account, by=the_asker())
    print(f"If account {done.account_number} were billed on {done.business_date}:")
    if done.bill is not None:
        _show(done.bill)
    else:
        print(f"It could not be: {done.parked}" if done.parked else "There would be nothing to charge, and nothing owed either way.")
    return STATUS_PARKED if done.parked else 0


def _show(bill: BillStory) -> None:
    for line in bill.lines:
        print(f"\n{line.words}: {line.net.sterling}")
        for sentence in line.told:
            print(f"- {sentence}")
    print(f"\nThe {bill.kind.value} would be {bill.invoice_gross.sterling} with VAT, and {bill.amount_due.sterling} due.")
    if bill.hold:
        print(f"A person would have to look at it: {bill.hold}")
