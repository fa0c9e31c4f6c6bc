"""What waits for a person is counted whole: more than any list shows at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch.report.to_do import to_do
from batch.report.waiting import waiting_of
from billing.actions.intake import collect_file
from billing.rules.usage_record import write_records
from css.cli import main
from css.core.actor import Actor
from css.core.words import RequestKind
from css.db.engine import transaction
from css.handover import leave_order_request
from css.settings import settings
from orders.queries.requests import ROWS_MAX, waiting_order_requests
from repairs.model import Fault
from repairs.queries.problems import LIST_MAX, breaches
from tests import builders
from tests.batch.morning_facts import GOOD
from tests.batch.test_usage_cli import MADE_AT, NIGHT, carrier_file
from tests.builders import DAY
from tests.records.faults import AT, report

BY = Actor("batch", "night/amy", "RETAIL", door="night")
MISSED, MENDED, ASKED = LIST_MAX + 150, 120, ROWS_MAX + 50


def a_storm(session: Session) -> None:
    """So many faults missed their deadline, of which some are mended; and so many requests of debt treatment wait."""
    zz = builders.district(session, pairs=10, sites=2)
    since = DAY - timedelta(days=60)
    line, other = (builders.working_line(session, zz, builders.account(session, zz), starts_on=since) for _ in range(2))
    number = report(session, number=line.number, at=AT).fault_number
    session.flush()
    # As if the storm had put them in: poles that are down, each with a number of its own.
    session.execute(text("UPDATE repairs.fault SET breached_at = :at WHERE number = :number"), {"at": AT, "number": number})
    kept = [column.name for column in Fault.__table__.columns if column.computed is None]
    session.execute(
        text(
            f"INSERT INTO repairs.fault ({', '.join(kept)}) OVERRIDING SYSTEM VALUE SELECT {', '.join(f'x.{name}' for name in kept)} "
            "FROM repairs.fault f CROSS JOIN generate_series(1, :more) AS n CROSS JOIN LATERAL jsonb_populate_record(f, jsonb_build_object("
            "'id', 100000 + n, 'number', 'ZZF' || 90000000 + n, 'kind', 'damage', 'line_id', NULL, 'account_id', NULL, 'place_words', "
            "'A pole', 'state', CASE WHEN n <= :mended THEN 'cleared' ELSE f.state END, "
            "'cleared_at', CASE WHEN n <= :mended THEN f.breached_at END, 'clear_code', CASE WHEN n <= :mended THEN 'EX' END)) AS x "
            "WHERE f.number = :number"
        ),
        {"number": number, "more": MISSED - 1, "mended": MENDED},
    )
    for n in range(ASKED):
        leave_order_request(
            session,
            source_key=f"debt/{n}",
            district_code="ZZ",
            account_id=other.account.id,
            line_id=other.id,
            kind=RequestKind.BAR,
            reason="Nothing was paid after the final reminder.",
            at=AT,
        )
    session.flush()


def test_after_a_storm_the_report_says_how_many_there_are_and_not_how_many_a_list_shows(session: Session) -> None:
    a_storm(session)
    waits = waiting_of(session, "ZZ", DAY, other_rejects=0, by=BY)
    assert (waits.missed_faults, waits.missed_open) == (MISSED, MISSED - MENDED)
    assert waits.order_requests == ASKED
    assert (len(breaches(session, "ZZ", DAY, by=BY, limit=MISSED)), len(waiting_order_requests(session, "ZZ", by=BY))) == (
        LIST_MAX,
        ROWS_MAX,
    )
    nobody = waiting_of(session, "ZZ", DAY + timedelta(days=1), other_rejects=0, by=BY)
    assert (nobody.missed_faults, nobody.missed_open, nobody.held_bills, nobody.held_amount.pence) == (0, 0, 0, 0)


def test_records_that_cannot_be_read_are_asked_for_from_the_carrier_by_the_night_that_took_them(
    fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A date that is none, a duration that is no number: nobody here can mend them, and they are no rejects of the night."""
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    settings.cache_clear()
    path = tmp_path / "bad.dat"
    path.write_bytes(
        carrier_file(write=lambda calls: write_records(calls).replace(b"02/03/2026", b"31/02/2026", 1).replace(b',"60",', b',"7x",', 1))
    )
    with transaction(fresh_engine) as session:
        builders.district(session, on=NIGHT)
        taken = collect_file(session, "ZZ", path, business_date=NIGHT, by=BY, at=MADE_AT)
        assert taken.outcome == "taken", taken
    with transaction(fresh_engine) as session:
        waits = waiting_of(session, "ZZ", NIGHT, other_rejects=0, by=BY)
        assert waiting_of(session, "ZZ", NIGHT + timedelta(days=1), other_rejects=0, by=BY).usage_unreadable == 0, "of its night alone"
    (task,) = to_do(replace(GOOD, business_date=NIGHT, waiting=waits))
    assert task.words == "2 call records could not be read: ask the carrier for them anew, in another file."
    assert task.command.startswith("css usage rejects ZZ")
    assert main(task.command.split()[1:]) == 0
    said = capsys.readouterr()
    assert sorted(line.split()[1] for line in said.out.splitlines()) == ["CSS405E", "CSS407E"]
    settings.cache_clear()
