"""The nets that close months and quarters, over a district that lived through them night by night."""

from __future__ import annotations

import csv
import hashlib
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from batch.engine import RunOutcome, run_net
from batch.model import Balance, DatasetGeneration
from batch.net import Context, Net
from batch.nets import MONTH_END, NETS, NIGHT, QUARTER_END
from billing.period_csv import period_files
from billing.period_pdf import render_period
from billing.queries.as_posted import supplier
from billing.queries.period_proofs import PROOFS
from billing.queries.periods import closed_periods, month_end, quarter_end
from billing.words import PeriodKind
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.records.billed import leave_item, night

START = date(2026, 1, 15)
JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)
FALSIFY = """
ALTER TABLE billing.posting DISABLE TRIGGER USER;
UPDATE billing.posting SET amount = amount + {pence} WHERE id = (SELECT max(id) FROM billing.posting WHERE nominal_code = 'VAT-OUTPUT');
ALTER TABLE billing.posting ENABLE TRIGGER USER
"""
NET = Actor("batch", "month-end", "RETAIL", door="night")


def run(engine: Engine, net: Net, day: date, home: Path) -> RunOutcome:
    """One attempt at the net of a day."""
    at = london_instant(day + timedelta(days=1), time(4))
    return run_net(engine, net, Context("ZZ", day, at, NET, home), clock=FixedClock(at))


def code(outcome: RunOutcome) -> tuple[int, str]:
    return outcome.return_code, "" if outcome.error is None else outcome.error.code


@pytest.fixture
def lived(fresh_engine: Engine, tmp_path: Path) -> Engine:
    """A district from the 15th of January to the end of it, with two accounts billed on the last day of the month."""
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START, sites=6)
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=31), starts_on=START) for _ in range(2)]
        leave_item(session, lines[0], "VISIT", "5000", START)
    later(fresh_engine, JANUARY, tmp_path)
    return fresh_engine


def later(engine: Engine, day: date, home: Path) -> None:
    """Everything billing does on the night of a day, and all nights up to it are closed."""
    with transaction(engine) as session:
        night(session, day, home / "spool" / "bills")


def test_a_month_is_kept_proved_closed_and_published(lived: Engine, tmp_path: Path) -> None:
    assert code(run(lived, MONTH_END, JANUARY, tmp_path)) == (0, "")
    with transaction(lived) as session:
        card = month_end(session, "ZZ", JANUARY)
        balances = session.execute(select(Balance.joint, Balance.difference)).all()
        generation = session.execute(select(DatasetGeneration).where(DatasetGeneration.dataset == "month-end/ZZ")).scalar_one()
        directory = tmp_path / generation.path
    assert {joint for joint, difference in balances if difference is None} >= set(PROOFS[PeriodKind.MONTH])
    assert [difference for _, difference in balances if difference] == []
    names = sorted(path.name for path in directory.iterdir())
    stem = "month-end-ZZ-2026-01"
    assert {f"{stem}.pdf", f"{stem}-trial-balance.csv", f"{stem}-vat.csv", f"{stem}-figures.csv"} <= set(names)
    rows = list(csv.DictReader((directory / f"{stem}-trial-balance.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["nominal_code"]: row["closing"] for row in rows} == {one.nominal_code: str(one.closing) for one in card.nominals}
    assert (directory / f"{stem}.pdf").read_bytes().startswith(b"%PDF")
    assert (card.close.closed_by, card.close.words) == ("month-end", "January 2026")


def test_a_closed_month_refuses_a_second_run_and_a_day_that_ends_none_is_refused(lived: Engine, tmp_path: Path) -> None:
    assert code(run(lived, MONTH_END, date(2026, 1, 30), tmp_path)) == (8, "CSS980E")
    assert code(run(lived, MONTH_END, FEBRUARY, tmp_path)) == (8, "CSS981E")
    assert code(run(lived, QUARTER_END, MARCH, tmp_path)) == (8, "CSS981E")
    run(lived, MONTH_END, JANUARY, tmp_path)
    with pytest.raises(Exception, match="completed"):
        run(lived, MONTH_END, JANUARY, tmp_path)


def test_figures_that_are_apart_stop_the_net_with_12_are_not_kept_and_are_counted_anew(lived: Engine, tmp_path: Path) -> None:
    with transaction(lived) as session:
        session.execute(text(FALSIFY.format(pence=1)))
    stopped = run(lived, MONTH_END, JANUARY, tmp_path)
    assert code(stopped) == (12, "CSS612E")
    assert "Debits and credits: " in str(stopped.error)
    assert "£0.01 missing" in str(stopped.error)
    with transaction(lived) as session:
        assert session.execute(text("SELECT count(*) FROM billing.period_nominal")).scalar() == 0
        found = session.execute(select(Balance.joint, Balance.difference)).all()
        assert [joint for joint, difference in found if difference] == ["debits and credits"], found
        session.execute(text(FALSIFY.format(pence=-1)))
    assert code(run(lived, MONTH_END, JANUARY, tmp_path)) == (0, "")
    with transaction(lived) as session:
        assert session.execute(select(Balance.difference).where(Balance.joint == "debits and credits")).scalar() is None
        assert len(closed_periods(session, "ZZ")) == 1


def test_a_quarter_follows_its_months(lived: Engine, tmp_path: Path) -> None:
    run(lived, MONTH_END, JANUARY, tmp_path)
    later(lived, FEBRUARY, tmp_path)
    run(lived, MONTH_END, FEBRUARY, tmp_path)
    later(lived, MARCH, tmp_path)
    assert code(run(lived, QUARTER_END, MARCH, tmp_path)) == (8, "CSS981E")
    assert code(run(lived, MONTH_END, MARCH, tmp_path)) == (0, "")
    assert code(run(lived, QUARTER_END, MARCH, tmp_path)) == (0, "")
    with transaction(lived) as session:
        quarter, months = quarter_end(session, "ZZ", MARCH), [month_end(session, "ZZ", day) for day in (JANUARY, FEBRUARY, MARCH)]
        assert quarter.vat_return is not None
        assert quarter.vat_return.box_1.pence == sum(one.vat.pence for month in months for one in month.vat)
        assert sum(one.debits.pence for one in quarter.nominals) == sum(one.debits.pence for month in months for one in month.nominals)
        assert session.execute(text("SELECT count(*) FROM batch.dataset_generation WHERE dataset = 'quarter-end/ZZ'")).scalar() == 1


def test_the_same_figures_make_the_same_bytes(lived: Engine, tmp_path: Path) -> None:
    run(lived, MONTH_END, JANUARY, tmp_path)
    with transaction(lived) as session:
        card = month_end(session, "ZZ", JANUARY)
        house = supplier(session)
        rows = session.execute(text("SELECT name, sha256 FROM batch.dataset_file WHERE name LIKE 'month-end%'"))
        kept = {row.name: row.sha256 for row in rows}
    name = "month-end-ZZ-2026-01"
    made = {f"{name}.pdf": render_period(card, "District ZZ", house), **period_files(card, name)}
    assert {each: hashlib.sha256(content).hexdigest() for each, content in made.items()} == kept


def test_both_nets_are_planned_behind_what_they_wait_for() -> None:
    assert {"night", "month-end", "quarter-end"} <= NETS.keys()
    assert [one.net for one in MONTH_END.before] == [NIGHT.name]
    assert [one.net for one in QUARTER_END.before] == [MONTH_END.name]
    assert all(step.doc is not None for net in (MONTH_END, QUARTER_END) for step in net.steps)
