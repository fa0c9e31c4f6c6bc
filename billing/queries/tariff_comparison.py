"""Two versions of a tariff side by side: in words, and on a sample of what customers really called.

The sample is the newest calls that the older version priced. Each is priced twice by the one rating rule, as if either
version were in force on its day, so that nothing else differs. No number anybody called is in the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import Session

from billing.queries.tariffs import TariffStanding, standing_of, tariff_version, tariff_versions, versions_of
from billing.rules.tariff import TariffBook, TariffVersion
from billing.rules.tariff_compare import TariffChange, compare_versions
from billing.words import TariffState
from css.core.calendar import Period
from css.core.errors import BadMessage, NotFound
from css.core.money import Price
from css.db.bulk import read_frame
from css.db.sql import block
from css.master.products import vat_rates

if TYPE_CHECKING:
    import polars as pl

SAMPLE: Final = 10_000
SAMPLE_MAX: Final = 200_000
SAMPLE_DAYS: Final = 7
LOOKED_AT_PER_CALL: Final = 100
"""A tariff of few customers is looked for among so many times the calls wanted, and no further."""
BIGGEST: Final = 10
ALWAYS: Final = Period(date(1980, 1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledClass:
    """What the sampled calls of a charge class cost by either version. Amounts are pence before VAT."""

    charge_class: str
    call_count: int
    dearer_count: int
    cheaper_count: int
    net_before: Price
    net_after: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledCall:
    """A call whose price differs much. The number called is not said."""

    charge_class: str
    destination: str
    started_at: datetime
    duration_seconds: int
    net_before: Price
    net_after: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledUsage:
    """Real calls priced by both versions. Amounts are pence before VAT, unrounded."""

    call_count: int
    from_night: date | None
    to_night: date | None
    """Business dates on which they were rated; none without calls."""
    unpriced_count: int
    """Calls that one of the versions has no price for; they count in nothing else."""
    dearer_count: int
    cheaper_count: int
    equal_count: int
    net_before: Price
    net_after: Price
    gross_before: Price
    gross_after: Price
    by_class: tuple[SampledClass, ...]
    biggest: tuple[SampledCall, ...]
    """The largest differences, either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffComparison:
    """What differs between a version and the one it would follow."""

    tariff_code: str
    before: TariffStanding
    after: TariffStanding
    changes: tuple[TariffChange, ...]
    usage: SampledUsage


def tariff_comparison(
    session: Session, tariff_code: str, version: int, against: int | None = None, sample: int = SAMPLE
) -> TariffComparison:
    """A version beside the released one it would follow, or beside ``against``; ``sample`` calls at most are priced by both.

    Raises:
        NotFound: CSS684E no such tariff or version, CSS690E no released version to compare with.
        BadMessage: CSS693E, the sample is too large.
    """
    if sample > SAMPLE_MAX:
        raise BadMessage("CSS693E", "A sample has at most {most} calls.", most=SAMPLE_MAX, element="sample")
    after = standing_of(session, tariff_code, version)
    before = standing_of(session, tariff_code, against) if against is not None else _followed(session, after)
    _, old = tariff_version(session, before.version_id)
    _, new = tariff_version(session, after.version_id)
    return TariffComparison(
        tariff_code=tariff_code,
        before=before,
        after=after,
        changes=compare_versions(old, new),
        usage=_on_usage(session, old, new, sample),
    )


def _followed(session: Session, after: TariffStanding) -> TariffStanding:
    """The released version in force when it starts, or the last one before; failing that the first after."""
    others = [
        one for one in tariff_versions(session, after.tariff_code) if one.state is TariffState.RELEASED and one.version != after.version
    ]
    if not others:
        sentence = "Tariff {tariff} has no released version that version {version} could be compared with."
        raise NotFound("CSS690E", sentence, tariff=after.tariff_code, version=after.version)
    others.sort(key=lambda one: one.starts_on)
    earlier = [one for one in others if one.starts_on <= after.starts_on]
    return earlier[-1] if earlier else others[0]


def _on_usage(session: Session, old: TariffVersion, new: TariffVersion, sample: int) -> SampledUsage:
    import polars as pl  # noqa: PLC0415 - a tenth of a second that a screen need not pay

    calls = read_frame(
        session,
        block("billing", "tariffs.recent_calls"),
        {"other_number": pl.String(), "started_at": pl.Datetime("us", "UTC"), "duration_seconds": pl.Int64(), "rated_on": pl.Date()},
        version=old.tariff_version_id,
        kind=old.kind.value,
        days=SAMPLE_DAYS,
        looked_at=sample * LOOKED_AT_PER_CALL,
        sample=sample,
    ).with_columns(tariff_code=pl.lit(old.tariff_code), wholesale_tariff_code=pl.lit(None, dtype=pl.String))
    priced = [_priced(session, calls, version) for version in (old, new)]
    both = pl.concat(
        [
            calls.select("started_at", "duration_seconds"),
            priced[0].select(net_before="net_millionths", gross_before="gross_millionths", unpriced_before="reject_code"),
            priced[1].select(
                "charge_class", "destination", net_after="net_millionths", gross_after="gross_millionths", unpriced_after="reject_code"
            ),
        ],
        how="horizontal",
    )
    good = both.filter(pl.col("unpriced_before").is_null() & pl.col("unpriced_after").is_null())
    differs = pl.col("net_after") - pl.col("net_before")
    totals: dict[str, Any] = good.select(
        dearer_count=(differs > 0).sum(),
        cheaper_count=(differs < 0).sum(),
        equal_count=(differs == 0).sum(),
        net_before=pl.col("net_before").sum(),
        net_after=pl.col("net_after").sum(),
        gross_before=pl.col("gross_before").sum(),
        gross_after=pl.col("gross_after").sum(),
    ).row(0, named=True)
    by_class = good.group_by("charge_class").agg(
        call_count=pl.len(),
        dearer_count=(differs > 0).sum(),
        cheaper_count=(differs < 0).sum(),
        net_before=pl.col("net_before").sum(),
        net_after=pl.col("net_after").sum(),
    )
    biggest = good.filter(differs != 0).sort(differs.abs(), "started_at", descending=[True, False]).head(BIGGEST)
    nights = calls["rated_on"].unique().sort().to_list()
    return SampledUsage(
        call_count=calls.height,
        from_night=nights[0] if nights else None,
        to_night=nights[-1] if nights else None,
        unpriced_count=both.height - good.height,
        by_class=tuple(SampledClass(**row) for row in _rows(by_class.sort("charge_class"))),
        biggest=tuple(
            SampledCall(**row)
            for row in _rows(biggest.select("charge_class", "destination", "started_at", "duration_seconds", "net_before", "net_after"))
        ),
        **_prices(totals),
    )


def _priced(session: Session, calls: pl.DataFrame, version: TariffVersion) -> pl.DataFrame:
    """The calls as if one version were in force for ever; the service charges are those of each call's day."""
    from billing.rules.rating import price  # noqa: PLC0415 - with polars
    from billing.rules.tariff_table import compile_tariffs  # noqa: PLC0415

    service = versions_of(session, version.service_tariff_code) if version.service_tariff_code else ()
    book = TariffBook((replace(version, period=ALWAYS), *service), tuple(vat_rates(session)))
    return price(calls, compile_tariffs(book))


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    return (_prices(row) for row in frame.iter_rows(named=True))


def _prices(row: dict[str, Any]) -> dict[str, Any]:
    """Amounts as prices."""
    return {name: Price(value) if name.startswith(("net_", "gross_")) else value for name, value in row.items()}
