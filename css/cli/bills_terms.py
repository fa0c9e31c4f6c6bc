"""``css bills price, vat-rate, terms, cycle, vat-status, billing``: prices, and how an account is billed."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from css.core.calendar import ONE_DAY
from css.core.errors import BadMessage
from css.core.money import Percent, Price
from css.core.words import BillFrequency, BillMedium, Itemisation, PaymentMeans, PriceBasis, PriceKind, Segment, VatCode, VatStatus

if TYPE_CHECKING:
    from billing.queries.terms_card import AccountTerms

ACCOUNT = typer.Argument(help="The account's number.")
REASON = typer.Option("--reason", help="Why; it is kept.")
BY = typer.Option("--by", help="The operator who does it, and gives a password; left out, whoever is signed on here.")
FROM = typer.Option("--from", help="The first day; left out, the business date.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``css bills``."""
    app.command("price")(price)
    app.command("vat-rate")(vat_rate)
    app.command("terms")(terms)
    app.command("cycle")(cycle)
    app.command("vat-status")(vat_status)
    app.command("billing")(billing)


def price(  # noqa: PLR0913 - a price is these facts
    product: Annotated[str, typer.Argument(help="The product's code, like LINE-RES.")],
    segment: Annotated[Segment, typer.Argument(help="Whose price.")],
    pence: Annotated[str, typer.Argument(help="The price as published, in pence; at most six places.")],
    *,
    starts_on: Annotated[str, typer.Option("--from", help="The first day it is the price, past or to come.")],
    reason: Annotated[str, REASON],
    kind: Annotated[PriceKind, typer.Option("--kind", help="What it is for.")] = PriceKind.RENTAL,
    basis: Annotated[
        PriceBasis | None, typer.Option("--basis", help="With VAT in it or without; left out, as the price before it.")
    ] = None,
    before: Annotated[
        str, typer.Option("--before", help="The first day it is not the price any more; left out, until the next price.")
    ] = "",
    by: Annotated[str, BY] = "",
) -> None:
    """Set a product's price from a date on; the next bills charge and credit the days it changes."""
    from billing.actions.prices import set_product_price  # noqa: PLC0415 - after the words are understood
    from billing.terms_commands import SetProductPrice  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = SetProductPrice(
        product_code=product,
        kind=kind,
        segment=segment,
        price=Price.of(pence),
        basis=basis,
        starts_on=_day(starts_on),
        ends_on=_day(before) if before else None,
        reason=reason,
    )
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = set_product_price(session, command, by=actor, at=at)
    for row in answer.rows:
        until = f" to {row.ends_on - ONE_DAY}" if row.ends_on else " on"
        print(f"{answer.product_code} {answer.kind.value} for {answer.segment.value}: from {row.starts_on}{until}", end="  ")
        print(f"net {row.net_price}p, gross {row.gross_price}p")
    print(f"Bills from the cut of {answer.recorded_on} on know it.")


def vat_rate(
    code: Annotated[VatCode, typer.Argument(help="Which rate.")],
    percent: Annotated[str, typer.Argument(help="The new one, like 17.5.")],
    starts_on: Annotated[str, typer.Option("--from", help="The day it comes into force, which is still to come.")],
    reason: Annotated[str, REASON],
    by: Annotated[str, BY] = "",
) -> None:
    """Announce a rate of VAT from a day to come; published prices stay, their other figure changes that day."""
    from billing.actions.prices import announce_vat_rate  # noqa: PLC0415
    from billing.terms_commands import AnnounceVatRate  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = AnnounceVatRate(code=code, percent=Percent.of(percent), starts_on=_day(starts_on), reason=reason)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = announce_vat_rate(session, command, by=actor, at=at)
    until = f" to {answer.ends_on - ONE_DAY}" if answer.ends_on else ""
    print(
        f"The {answer.code.value} rate is {answer.percent}% from {answer.starts_on}{until}; {answer.prices:,} prices have new figures then."
    )


def terms(account: Annotated[str, ACCOUNT]) -> None:
    """Say how an account is billed and taxed, and since when."""
    from billing.queries.terms_card import account_terms  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        found = account_terms(session, account, by=the_asker())
    _show(found)


def cycle(
    account: Annotated[str, ACCOUNT],
    day: Annotated[int, typer.Argument(help="Day of the month, 1 to 31; in shorter months the last day.")],
    frequency: Annotated[BillFrequency, typer.Argument(help="How often.")] = BillFrequency.MONTHLY,
    month: Annotated[int, typer.Option("--month", help="One of the months in which bills come, 1 to 12.")] = 1,
    by: Annotated[str, BY] = "",
) -> None:
    """Change when an account's bills come, once the days charged already have run out."""
    from billing.actions.account_terms import change_cycle  # noqa: PLC0415
    from billing.terms_commands import ChangeCycle  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = ChangeCycle(account_number=account, cycle_day=day, frequency=frequency, cycle_month_group=month)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = change_cycle(session, command, by=actor, at=at)
    print(f"From {answer.starts_on} on; the next bill is made on {answer.next_bill_on}.")


def vat_status(
    account: Annotated[str, ACCOUNT],
    status: Annotated[VatStatus, typer.Argument(help="How it is taxed.")],
    reason: Annotated[str, REASON],
    vat_number: Annotated[str | None, typer.Option("--vat-number", help="Of the customer, for reverse charge.")] = None,
    starts_on: Annotated[str, FROM] = "",
    by: Annotated[str, BY] = "",
) -> None:
    """Tax an account otherwise from a day on; the next bill puts right what was charged for rentals since then."""
    from billing.actions.account_terms import set_vat_status  # noqa: PLC0415
    from billing.terms_commands import SetVatStatus  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    day = _day(starts_on) if starts_on else None
    command = SetVatStatus(account_number=account, vat_status=status, vat_number=vat_number, starts_on=day, reason=reason)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = set_vat_status(session, command, by=actor, at=at)
    print(f"{answer.vat_status.value} from {answer.starts_on} on. Bills from the cut of {answer.recorded_on} on know it.")


def billing(  # noqa: PLR0913 - an account is billed by these
    account: Annotated[str, ACCOUNT],
    *,
    medium: Annotated[BillMedium | None, typer.Option("--medium", help="How the bill reaches the payer.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="For bills by e-mail; empty takes it away.")] = None,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="For e-invoices, as scheme:id; empty takes it away.")] = None,
    itemisation: Annotated[Itemisation | None, typer.Option("--itemisation", help="How much of the calls the bill shows.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Who the bill is addressed to.")] = None,
    address: Annotated[list[str] | None, typer.Option("--address", help="A line of the address; said again for each.")] = None,
    postcode: Annotated[str | None, typer.Option("--postcode", help="Where the bill goes.")] = None,
    means: Annotated[PaymentMeans | None, typer.Option("--means", help="How it pays.")] = None,
    mandate: Annotated[str | None, typer.Option("--mandate", help="Reference of the Direct Debit mandate; empty takes it away.")] = None,
    by: Annotated[str, BY] = "",
) -> None:
    """Change where an account's bills go, how they look and how they are paid."""
    from billing.actions.account_terms import change_billing  # noqa: PLC0415
    from billing.terms_commands import ChangeBilling  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = ChangeBilling(
        account_number=account,
        billing_name=name,
        billing_address_lines=tuple(address) if address else None,
        billing_postcode=postcode,
        medium=medium,
        email=email,
        endpoint=endpoint,
        itemisation=itemisation,
        payment_means=means,
        mandate_reference=mandate,
    )
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = change_billing(session, command, by=actor, at=at)
    print(f"{answer.billing_name}, {', '.join(answer.billing_address_lines)}, {answer.billing_postcode}")
    pays = "on demand" if answer.payment_means is PaymentMeans.ON_DEMAND else "by Direct Debit"
    print(f"by {answer.medium.value}, itemisation {answer.itemisation.value}, pays {pays}")


def _show(found: AccountTerms) -> None:
    print(f"Account {found.account_number}, open from {found.opened_on}; charged to {found.charged_to}, next bill {found.next_bill_on}")
    for one in found.cycles:
        month = "" if one.frequency is BillFrequency.MONTHLY else f", month {one.cycle_month_group}"
        print(
            f"  from {one.starts_on} {one.frequency.value} on day {one.cycle_day}{month} (recorded {one.recorded_on or 'at the opening'})"
        )
    for status in found.vat_statuses:
        print(f"  from {status.starts_on} VAT {status.vat_status.value} (recorded {status.recorded_on or 'at the opening'})")
    print(f"{len(found.cycles) + len(found.vat_statuses):,} shown, in the order they were recorded.", file=sys.stderr)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadMessage("CSS746E", "{text!r} is not a date; write year, month and day, like 2026-03-31.", text=text[:20]) from None
