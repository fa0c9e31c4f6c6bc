"""Bills that were held and go out with a later night: the directory of their own night is catalogued anew, and nothing of it is lost."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from batch.model import DatasetFile, DatasetGeneration
from batch.words import GenerationState
from billing.actions import release_bill
from billing.commands import ReleaseBill
from billing.words import BillState
from css.db.engine import transaction
from tests import builders
from tests.batch.test_spooled_bills import FEBRUARY, SIXTH, START, Spooled, at, night
from tests.records.billed import leave_item

SEVENTH = date(2026, 2, 7)
FIFTH_PLACE, SIXTH_PLACE = (f"spool/bills/ZZ/2026-02-0{day}" for day in (5, 6))
CATALOGUED, SUPERSEDED = GenerationState.CATALOGUED, GenerationState.SUPERSEDED


@pytest.fixture
def home(fresh_engine: Engine, tmp_path: Path) -> Spooled:
    return Spooled(fresh_engine, tmp_path)


def town(home: Spooled, *, of_fifth: int, held: int, of_sixth: int) -> list[builders.BuiltLine]:
    """On the evening of the 5th: accounts of two days; the first bills of so many of the 5th are absurd and will be held."""
    with transaction(home.engine) as session:
        zz = builders.district(session, on=START, sites=of_fifth + of_sixth)
        days = [5] * of_fifth + [6] * of_sixth
        lines = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=day), starts_on=START) for day in days]
        for line in lines[:held]:
            leave_item(session, line, "VISIT", "600000", date(2026, 1, 20), words="Visits")
        session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
    return lines


def let_go(home: Spooled, lines: list[builders.BuiltLine]) -> None:
    with transaction(home.engine) as session:
        for line in lines:
            command = ReleaseBill(account_number=line.account.number, business_date=FEBRUARY, reason="So many visits were made.")
            assert release_bill(session, command, by=builders.OPERATOR, at=at(FEBRUARY)).state is BillState.CALCULATED


def entries(home: Spooled) -> list[tuple[int, str, GenerationState, int | None]]:
    with transaction(home.engine) as session:
        rows = session.execute(
            select(DatasetGeneration).where(DatasetGeneration.dataset == "bills/ZZ").order_by(DatasetGeneration.generation)
        ).scalars()
        return [(row.generation, row.path, row.state, row.item_count) for row in rows]


def lists(home: Spooled, generation: int) -> set[str]:
    with transaction(home.engine) as session:
        found = select(DatasetFile.name).join(DatasetGeneration, DatasetGeneration.id == DatasetFile.dataset_generation_id)
        return set(
            session.execute(found.where(DatasetGeneration.dataset == "bills/ZZ", DatasetGeneration.generation == generation)).scalars()
        )


@pytest.fixture
def late(home: Spooled) -> Spooled:
    """Three bills of the 5th of which one was held, let go, and issued by the 6th together with its own two."""
    lines = town(home, of_fifth=3, held=1, of_sixth=2)
    night(home.engine, home.home, FEBRUARY)
    assert entries(home) == [(1, FIFTH_PLACE, CATALOGUED, 2)]
    let_go(home, lines[:1])
    return home


@pytest.mark.timeout(60)
def test_a_night_that_issues_a_late_bill_with_its_own_catalogues_both_nights_each_once(late: Spooled) -> None:
    night(late.engine, late.home, SIXTH)
    assert entries(late) == [
        (1, FIFTH_PLACE, SUPERSEDED, 2),
        (2, FIFTH_PLACE, CATALOGUED, 3),
        (3, SIXTH_PLACE, CATALOGUED, 2),
    ]
    assert late.faults() == []
    # The list of the late bill stands beside that of its night, and neither went with the generation of another night.
    assert (len(lists(late, 1)), len(lists(late, 2)), len(lists(late, 3))) == (1, 2, 1)
    assert lists(late, 1) < lists(late, 2)
    night(late.engine, late.home, SEVENTH)
    assert len(entries(late)) == 3
