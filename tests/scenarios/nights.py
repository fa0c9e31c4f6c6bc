"""Living days and nights in a test: a carrier's file, the night net at its hour, and what it left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, text

from batch.engine import RunOutcome, run_net
from batch.incoming import put_in
from batch.net import Context
from batch.nets import NIGHT
from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_record import write_records
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock

NIGHT_ACTOR = Actor("batch", "night", "RETAIL", door="night")


@dataclass(frozen=True)
class CallMade:
    """A call as a carrier writes it down."""

    charged_number: str
    other_number: str
    started_at: datetime
    seconds: int
    leg: str = "outgoing"
    chain: tuple[str, int, bool] | None = None
    """Of a part of a long call: the call's name, the part's number, and whether it is the last."""
    record_id: str | None = None
    """The carrier's own; numbered through the day when none is given."""


CALL_COLUMNS = {
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "leg": pl.String(),
    "chain_id": pl.String(),
    "part_number": pl.Int64(),
    "is_last_part": pl.Boolean(),
    "supplier_record_id": pl.String(),
}


def call_frame(calls: Sequence[CallMade], day: date) -> pl.DataFrame:
    """Calls as the writers of files take them."""
    rows = [
        (
            *(call.charged_number, call.other_number, call.started_at, call.seconds, call.leg),
            *(call.chain or (None, None, None)),
            call.record_id or f"{day:%Y%m%d}{n:06d}",
        )
        for n, call in enumerate(calls)
    ]
    return pl.DataFrame(rows, schema=CALL_COLUMNS, orient="row")


def carrier_file(
    home: Path,
    district: str,
    day: date,
    sequence: int,
    calls: Sequence[CallMade],
    *,
    supplier: str = "NTHTEL",
    write: Callable[[pl.DataFrame], bytes] = write_records,
) -> Path:
    """The day's calls as the carrier would send them, in one of the layouts."""
    frame = call_frame(calls, day)
    records = write(frame)
    made_at = london_instant(day + timedelta(days=1), time(1))
    content = records + write_control(control_of(records, frame, supplier=supplier, sequence=sequence, created_at=made_at))
    return put_in(home / "incoming" / district, f"{supplier}_{day:%Y%m%d}_{sequence:06d}.csv", content)


def run_night(engine: Engine, district: str, day: date, home: Path, *, workers: int = 1) -> RunOutcome:
    """The night of a day; it must end well."""
    at = london_instant(day + timedelta(days=1), time(2, 15))
    outcome = run_net(engine, NIGHT, Context(district, day, at, NIGHT_ACTOR, home), clock=FixedClock(at), workers=workers)
    assert outcome.error is None, outcome.error
    return outcome


def nights_through(engine: Engine, district: str, first: date, last: date, home: Path) -> None:
    """Every night from first to last, both included."""
    for n in range((last - first).days + 1):
        run_night(engine, district, first + timedelta(days=n), home)


def bill_lines(engine: Engine, account_number: str) -> dict[date, list[tuple[str, int]]]:
    """By issue date: the kind and the net pence of every line of an account's bills."""
    statement = text(
        "SELECT b.issue_on, l.kind, l.net FROM billing.bill_line l JOIN billing.bill b ON b.id = l.bill_id "
        "JOIN css.account a ON a.id = b.account_id WHERE a.number = :number ORDER BY b.issue_on, l.kind, l.net"
    )
    found: dict[date, list[tuple[str, int]]] = {}
    with engine.connect() as connection:
        for issue_on, kind, net in connection.execute(statement, {"number": account_number}):
            found.setdefault(issue_on, []).append((kind, net))
    return found


def bill_totals(engine: Engine, account_number: str) -> list[tuple[date, str, dict[str, int]]]:
    """Issue date, kind and figures in pence of every bill of an account, oldest first."""
    statement = text(
        "SELECT b.issue_on, b.kind, b.brought_forward, b.payments_received, b.outside_total, b.invoice_net, "
        "b.invoice_vat, b.invoice_gross, b.amount_due "
        "FROM billing.bill b JOIN css.account a ON a.id = b.account_id WHERE a.number = :number ORDER BY b.issue_on"
    )
    with engine.connect() as connection:
        return [
            (row.issue_on, row.kind, {name: row._mapping[name] for name in row._fields[2:]})
            for row in connection.execute(statement, {"number": account_number})
        ]
