"""``css tariffs quote``: what the calls of a file would cost by a tariff of a file. No database is started or asked."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from css.core.errors import BadMessage, CssError, Refused

if TYPE_CHECKING:
    import polars as pl

    from billing.quote import Quoted
    from billing.rules.tariff import TariffVersion
    from css.core.pricing import VatRow

STATUS_SET_ASIDE = 4
"""As a night that set something aside ends."""
_MILLIONTHS = 1_000_000


class Form(StrEnum):
    """How a quote is printed."""

    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add ``quote`` to the commands about tariffs."""
    app.command()(quote)


def quote(
    tariff: Annotated[Path, typer.Argument(help="A tariff version as XML (docs/tariffs.md).")],
    calls: Annotated[Path, typer.Argument(help="Calls in UK Standard CDR or css-csv, with a control record or without.")],
    service: Annotated[Path | None, typer.Option(help="The tariff of service charges that it names, as XML.")] = None,
    form: Annotated[Form, typer.Option("--format", help="A line of CSV for each component, or of JSON for each call.")] = Form.CSV,
    vat: Annotated[str, typer.Option(help="VAT in percent on all days; without it, the standard rate of each call's day.")] = "",
    *,
    any_date: Annotated[bool, typer.Option("--any-date", help="Price calls of all days, not only the version's.")] = False,
) -> int:
    """Price a file of calls by a tariff file and print every component of every charge. Nothing is stored or asked.

    Exit status 0: every record has a price; 4: some have none and stand on standard error, each with its reason.
    """
    from billing.quote import quote_file, quoting_table  # noqa: PLC0415 - after the words are understood

    rates = _vat(vat)
    version = _version(tariff)
    services = [_version(service)] if service else []
    if version.service_tariff_code is not None and service is None:
        sentence = "Tariff {tariff} adds the service charges of {code}; give that tariff's document with --service FILE."
        raise Refused("CSS453E", sentence, tariff=version.tariff_code, code=version.service_tariff_code, element="service")
    table = quoting_table(version, services, rates, on_any_date=any_date)
    count = refused = net = gross = 0
    is_first = True
    for quoted in quote_file(calls, version.tariff_code, table):
        _print_csv(quoted, heading=is_first) if form is Form.CSV else _print_json(quoted)
        is_first = False
        for line, code, text in quoted.refused.iter_rows():
            print(f"record {line:,}: {code} {text}", file=sys.stderr)
        count += quoted.calls.height
        refused += quoted.refused.height
        net += int(quoted.calls["net_millionths"].sum())
        gross += int(quoted.calls["gross_millionths"].sum())
    print(f"{count:,} calls priced: {_pence_of(net)}p before VAT, {_pence_of(gross)}p with it. {refused:,} not priced.", file=sys.stderr)
    return STATUS_SET_ASIDE if refused else 0


def tariff_bytes(file: Path) -> bytes:
    """A tariff document's bytes, no more than one may have and one."""
    from billing.tariff_xml import TARIFF_BYTES_MAX  # noqa: PLC0415

    with file.open("rb") as stream:
        return stream.read(TARIFF_BYTES_MAX + 1)


def _version(file: Path) -> TariffVersion:
    """What a tariff file says; where it is refused, standard error names it first, for a quote may have two."""
    from billing.tariff_xml import read_tariff  # noqa: PLC0415

    try:
        return read_tariff(tariff_bytes(file)).version
    except CssError:
        print(f"{file}:", file=sys.stderr)
        raise


def _vat(percent: str) -> tuple[VatRow, ...]:
    from billing.reference import VAT_STANDARD  # noqa: PLC0415
    from css.core.money import Percent  # noqa: PLC0415
    from css.core.pricing import VatRow  # noqa: PLC0415
    from css.core.words import VatCode  # noqa: PLC0415

    if not percent:
        return VAT_STANDARD
    rate = Percent.of(percent)
    if not 0 <= rate.basis_points <= 10_000:  # noqa: PLR2004 - all of a price
        raise BadMessage("CSS694E", "VAT of {percent} percent is no rate of VAT.", percent=percent[:20], element="vat")
    return (VatRow(1, VatCode.STANDARD, VAT_STANDARD[0].starts_on.replace(year=1980), None, rate),)


def _shown(quoted: Quoted) -> pl.DataFrame:
    """The components beside their calls, amounts in pence, as they are printed."""
    import polars as pl  # noqa: PLC0415

    calls = quoted.calls.with_row_index("call_index").with_columns(pl.col("call_index").cast(pl.Int64))
    both = quoted.components.join(calls, on="call_index", how="left", maintain_order="left")
    return both.select(
        pl.col("call_index"),
        pl.col("line_number").alias("line"),
        "leg",
        "charged_number",
        "other_number",
        pl.col("started_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration_seconds",
        "charge_class",
        "destination",
        _pence("net_millionths", "net_pence"),
        _pence("gross_millionths", "gross_pence"),
        pl.col("ordinal").alias("component_number"),
        "component",
        pl.col("tariff_code").alias("tariff"),
        "version",
        "band",
        "prefix",
        "from_second",
        "seconds",
        "units",
        "unit_seconds",
        _pence("unit_price_millionths", "unit_price_pence"),
        _pence("amount_millionths", "amount_pence"),
        "words",
    )


def _print_csv(quoted: Quoted, *, heading: bool) -> None:
    sys.stdout.write(_shown(quoted).drop("call_index").write_csv(include_header=heading))


_OF_CALL = 9
"""How many columns are the call's own, after its index."""


def _print_json(quoted: Quoted) -> None:
    """A line for each call, with its components in a list."""
    rows = _shown(quoted)
    names = rows.columns[1:]
    of_call, of_component = names[: _OF_CALL + 1], names[_OF_CALL + 1 :]
    call: dict[str, Any] = {}
    before = -1
    for index, *values in rows.iter_rows():
        row = dict(zip(names, values, strict=True))
        if index != before:
            _print_call(call)
            call, before = {name: row[name] for name in of_call} | {"components": []}, index
        call["components"].append({name: row[name] for name in of_component if row[name] is not None})
    _print_call(call)


def _print_call(call: dict[str, Any]) -> None:
    if call:
        print(json.dumps(call, ensure_ascii=False))


def _pence(column: str, name: str) -> pl.Expr:
    """Millionths as decimal pence in the shortest form, exactly."""
    import polars as pl  # noqa: PLC0415

    amount = pl.col(column)
    sign = pl.when(amount < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, rest = amount.abs() // _MILLIONTHS, amount.abs() % _MILLIONTHS
    text = pl.concat_str(sign, whole.cast(pl.String), pl.lit("."), rest.cast(pl.String).str.zfill(6))
    return text.str.strip_chars_end("0").str.strip_chars_end(".").alias(name)


def _pence_of(millionths: int) -> str:
    """A sum in pence, however large."""
    from css.core.money import Price  # noqa: PLC0415

    return str(Price(millionths))
