"""``css tariffs``: a price list's life at the command line, and what calls would cost by one that is only a file."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from css.cli import tariffs_quote
from css.cli.days import read_day
from css.core.errors import NotFound

if TYPE_CHECKING:
    from billing.queries.tariff_comparison import TariffComparison
    from billing.queries.tariffs import TariffStanding
    from css.core.money import Price

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Tariffs: load, list, show, compare, release and withdraw versions, quote prices."
)
tariffs_quote.register(app)

CODE = typer.Argument(help="The tariff's code, like RES.")
VERSION = typer.Argument(min=1, help="The version's number.")
BY = typer.Option(help="Whose deed it is: an operator's code. The password is asked for, or read from standard input.")
PREFIXES_SHOWN = 8
ONE_DAY = timedelta(days=1)
"""People are shown the last day of a version; what is stored is the first that is not its own."""


@app.command()
def load(file: Annotated[Path, typer.Argument(help="A tariff version as XML (docs/tariffs.md).")], by: Annotated[str, BY] = "") -> None:
    """Take in a tariff version. It prices nothing until somebody else releases it; the same file again does nothing."""
    from billing.actions.tariffs import load_tariff  # noqa: PLC0415 - after the words are understood
    from billing.tariff_commands import LoadTariff  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    document = tariffs_quote.tariff_bytes(file)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = load_tariff(session, LoadTariff(document=document), by=actor, at=at)
    code, version = answer.tariff_code, answer.version
    if answer.was_there:
        print(f"{code} version {version} was there already, {answer.state.value}. Nothing was done.")
        return
    print(f"{code} version {version} is loaded by {actor.name}: {answer.prefix_count:,} prefixes. It prices nothing yet.")
    print(f"Look at it with `css tariffs compare {code} {version}`; somebody else releases it.", file=sys.stderr)


@app.command(name="list")
def list_versions(code: Annotated[str, typer.Argument(help="Only this tariff.")] = "") -> None:
    """List the versions of every tariff, or of one, and how they stand."""
    from billing.queries.tariffs import tariff_versions  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        found = tariff_versions(session, code or None)
    if code and not found:
        raise NotFound("CSS684E", "There is no tariff {tariff}.", tariff=code, element="tariff_code")
    for one in found:
        days = f"{one.starts_on} to {one.ends_on - ONE_DAY}" if one.ends_on else f"{one.starts_on} on"
        who = f"loaded by {one.loaded_by}" + (f", released by {one.released_by}" if one.released_by else "")
        print(f"{one.tariff_code:<10} {one.version:>4}  {one.state.value:<10}  {days:<24}  {one.prefix_count:>7,} prefixes  {who}")
    print(f"{len(found):,} shown.", file=sys.stderr)


@app.command()
def show(
    code: Annotated[str, CODE],
    version: Annotated[int, typer.Option(min=0, help="The version's number; without it, the one released last.")] = 0,
    at: Annotated[str, typer.Option(help="The version released for the calls of this day.")] = "",
    *,
    xml: Annotated[bool, typer.Option("--xml", help="Print its document.")] = False,
) -> None:
    """Show one version of a tariff with all its prices, in words or as its document."""
    from billing.queries.tariffs import prices_in_words, standing_of, tariff_version  # noqa: PLC0415
    from billing.tariff_xml import write_tariff  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    day = read_day(at) if at else None
    with transaction(database()) as session:
        standing = standing_of(session, code, version or None, day)
        name, found = tariff_version(session, standing.version_id)
    if xml:
        sys.stdout.buffer.write(write_tariff(name, found))
        return
    print(_terms(standing))
    for price in prices_in_words(found):
        bands = "" if len(price.bands) == len(_BANDS) else f" ({', '.join(price.bands)})"
        named = ", ".join(price.prefixes[:PREFIXES_SHOWN]) + (" ..." if len(price.prefixes) > PREFIXES_SHOWN else "")
        print(f"{price.charge_class:<7} {price.destination:<28} {price.price}{bands}  [{named}]")


@app.command()
def compare(
    code: Annotated[str, CODE],
    version: Annotated[int, VERSION],
    against: Annotated[int, typer.Option("--with", min=0, help="Another version; without it, the released one it would follow.")] = 0,
    sample: Annotated[int, typer.Option(min=0, help="Price at most so many recent calls by both.")] = 10_000,
) -> None:
    """Say what differs between a version and the one before it, and what recent calls would have cost."""
    from billing.queries.tariff_comparison import tariff_comparison  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        found = tariff_comparison(session, code, version, against or None, sample)
    print(f"{code} version {found.after.version} ({found.after.state.value}) beside version {found.before.version}")
    for change in found.changes:
        print(f"  {change.words}")
    if not found.changes:
        print("  Nothing differs.")
    _print_usage(found)


@app.command()
def release(code: Annotated[str, CODE], version: Annotated[int, VERSION], by: Annotated[str, BY] = "") -> None:
    """Let a loaded version price calls from its start. By somebody else than loaded it."""
    from billing.actions.tariffs import release_tariff  # noqa: PLC0415
    from billing.tariff_commands import ReleaseTariff  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    actor, at = acting(by)
    with transaction(database()) as session:
        answer = release_tariff(session, ReleaseTariff(tariff_code=code, version=version), by=actor, at=at)
    print(answer.words)


@app.command()
def withdraw(
    code: Annotated[str, CODE],
    version: Annotated[int, VERSION],
    reason: Annotated[str, typer.Argument(help="Why it is not wanted.")],
    by: Annotated[str, BY] = "",
) -> None:
    """Put away a loaded version that is not wanted. Its number is not used again."""
    from billing.actions.tariffs import withdraw_tariff  # noqa: PLC0415
    from billing.tariff_commands import WithdrawTariff  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    actor, at = acting(by)
    with transaction(database()) as session:
        answer = withdraw_tariff(session, WithdrawTariff(tariff_code=code, version=version, reason=reason), by=actor, at=at)
    print(f"{answer.tariff_code} version {answer.version} is {answer.state.value}.")


_BANDS = ("day", "evening", "weekend")


def _terms(one: TariffStanding) -> str:
    """The terms of a version in a few lines."""
    days = f"from {one.starts_on} to {one.ends_on - ONE_DAY}" if one.ends_on else f"from {one.starts_on} on"
    holidays = f"weekend ({one.bank_holidays})" if one.bank_holidays else "ordinary days"
    which = "a call is priced by the band it starts in" if one.boundary.value == "start" else "each unit is priced by the band it begins in"
    lines = [
        f"{one.tariff_code} version {one.version}: {one.name}. {one.kind.value.capitalize()}, {one.state.value}.",
        f"For calls that start {days}; prices {one.basis.value} of VAT, {one.prefix_count:,} prefixes.",
        f"Day is {one.daytime_from:%H:%M} to {one.daytime_to:%H:%M}, Monday to Friday; bank holidays are {holidays}; {which}.",
    ]
    if one.minimum_seconds:
        lines.append(f"An answered call counts as at least {one.minimum_seconds} seconds.")
    if one.rounding.millionths > 1:
        lines.append(f"A call's price is rounded to {one.rounding}p.")
    if one.service_tariff_code:
        lines.append(f"Service charges are those of tariff {one.service_tariff_code}.")
    lines.append(f"Loaded by {one.loaded_by}" + (f", released by {one.released_by}." if one.released_by else ", not released."))
    return "\n".join(lines)


def _print_usage(found: TariffComparison) -> None:
    usage = found.usage
    if not usage.call_count:
        print("No call of the last nights was priced by the older version, so there is no usage to compare on.")
        return
    print(
        f"On {usage.call_count:,} calls rated on {usage.from_night} to {usage.to_night}: {usage.dearer_count:,} dearer, "
        f"{usage.cheaper_count:,} cheaper, {usage.equal_count:,} the same, {usage.unpriced_count:,} without a price in one of the two."
    )
    print(f"Before VAT {_moved(usage.net_before, usage.net_after)}; with VAT {_moved(usage.gross_before, usage.gross_after)}.")
    for each in usage.by_class:
        print(f"  {each.charge_class:<7} {each.call_count:>7,} calls  {_moved(each.net_before, each.net_after)}")
    if usage.biggest:
        print("The largest differences, before VAT:")
    for call in usage.biggest:
        when = f"{call.started_at:%Y-%m-%d %H:%M:%S} UTC"
        print(f"  {call.destination}, {call.duration_seconds:,} seconds from {when}: {_moved(call.net_before, call.net_after)}")


def _moved(before: Price, after: Price) -> str:
    """Two amounts and the difference, with its sign."""
    change = after - before
    return f"{before}p to {after}p ({'+' if change.millionths > 0 else ''}{change}p)"
