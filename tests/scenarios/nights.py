"""Living days and nights in a test: a carrier's file, the night net at its hour, and what it left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, text

from batch.engine import RunOutcome, run_net
from batch.net import Context
from batch.nets import NIGHT
from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_record import write_records
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.demo.traffic import deliver

NIGHT_ACTOR = Actor("batch", "night", "RETAIL", door="night")


@dataclass(frozen=True)
class CallMade:
    caller: str
    dialled: str
    started_at: datetime
    seconds: int


def carrier_file(home: Path, district: str, day: date, sequence: int, calls: Sequence[CallMade]) -> Path:
    """The day's calls as the carrier would send them."""
    frame = pl.DataFrame(
        [(call.caller, call.dialled, call.started_at, call.seconds, f"{day:%Y%m%d}{n:06d}") for n, call in enumerate(calls)],
        schema={
            "caller": pl.String(),
            "dialled": pl.String(),
            "started_at": pl.Datetime("us", "UTC"),
            "duration_seconds": pl.Int64(),
            "supplier_record_id": pl.String(),
        },
        orient="row",
    )
    records = write_records(frame)
    made_at = london_instant(day + timedelta(days=1), time(1))
    content = records + write_control(control_of(records, frame, supplier="NTHTEL", sequence=sequence, created_at=made_at))
    return deliver(home / "incoming" / district, day, sequence, content)


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
