"""A carrier's file all the way to prices, by the rules alone: the order in which a step asks them, and counts that close."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import polars as pl

from billing.reference import RESIDENTIAL_TARIFF, reference_book
from billing.rules.guiding import ASSIGNMENT_COLUMNS, compile_assignments, guide
from billing.rules.rating import price
from billing.rules.rejects import accepted, rejected
from billing.rules.tariff_table import compile_tariffs
from billing.rules.usage_layouts import UK_STANDARD_CDR, parse_block
from billing.rules.usage_lines import RECORD_COLUMNS, Window
from billing.rules.usage_record import write_records
from css.core.calendar import london_instant, start_of_day

LIVE, CEASED, STRANGE = "441632960001", "441632960002", "441632960003"
CALLS = [
    ("R1", LIVE, "442079460123", london_instant(date(2024, 1, 15), time(10)), 122),
    ("R2", LIVE, "447700900123", london_instant(date(2024, 1, 14), time(10)), 60),
    ("R3", CEASED, "442079460123", london_instant(date(2024, 1, 15), time(10)), 60),
    ("R4", STRANGE, "442079460123", london_instant(date(2024, 1, 15), time(10)), 60),
    ("R5", LIVE, "448081570123", london_instant(date(2024, 1, 15), time(10)), 600),
    ("R6", LIVE, "442079460123", london_instant(date(2024, 2, 15), time(10)), 60),
    ("R7", CEASED, "998123456789", london_instant(date(2024, 1, 5), time(10)), 60),
]
ASSIGNMENTS = pl.DataFrame(
    [
        (LIVE, start_of_day(date(2020, 1, 1)), None, 71, RESIDENTIAL_TARIFF, None),
        (CEASED, start_of_day(date(2020, 1, 1)), start_of_day(date(2024, 1, 10)), 72, "GONE", None),
    ],
    schema={**ASSIGNMENT_COLUMNS, "service_id": pl.Int64(), "tariff_code": pl.String(), "wholesale_tariff_code": pl.String()},
    orient="row",
)
WINDOW = Window(datetime(2023, 10, 18, tzinfo=UTC), datetime(2024, 1, 16, 2, tzinfo=UTC))


def block() -> bytes:
    columns = ("supplier_record_id", "charged_number", "other_number", "started_at", "duration_seconds")
    calls = pl.DataFrame(CALLS, schema={name: RECORD_COLUMNS[name] for name in columns}, orient="row")
    return write_records(calls) + b'"V","","half a rec\n'


def test_read_is_rated_and_rejected_with_each_reason() -> None:
    read = parse_block(UK_STANDARD_CDR, block(), 1, WINDOW)
    guided = guide(accepted(read), compile_assignments(ASSIGNMENTS))
    priced = price(accepted(guided), compile_tariffs(reference_book()))
    rated = priced.filter(pl.col("reject_code").is_null())
    reasons = pl.concat(rejected(stage).select("line_number", "reject_code", "raw") for stage in (read, guided, priced)).sort("line_number")
    assert reasons["reject_code"].to_list() == ["CSS413E", "CSS412E", "CSS410E", "CSS414E", "CSS400E"]
    assert reasons["raw"][-1] == '"V","","half a rec'
    assert read.height == rated.height + reasons.height
    # Three minutes by day at 9.9p and 5.9p; a minute to a mobile on a Sunday at 9.9p and 7.9p; a free call.
    assert rated["gross_millionths"].to_list() == [27_600_000, 17_800_000, 0]
    assert rated["service_id"].to_list() == [71, 71, 71]
