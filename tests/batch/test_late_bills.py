"""Bills that were held and go out with a later night: the directory of their own night is catalogued anew, and nothing of it is lost."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from batch.model import DatasetFile, DatasetGeneration
from batch.net import Context
from batch.outputs.bills import nights_to_catalogue
from batch.outputs.commands import RepublishGeneration
from batch.words import GenerationState
from billing.actions import release_bill
from billing.commands import ReleaseBill
from billing.words import BillState
from css.db.engine import transaction
from tests import builders
from tests.batch.test_spooled_bills import FEBRUARY, RUNNER, SIXTH, START, Spooled, at, night
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


@pytest.mark.timeout(60)
def test_a_print_list_that_was_taken_away_stays_in_the_new_generation_and_can_be_written_again(late: Spooled) -> None:
    (printed,) = late.bills.glob("print-paper-*")
    before = printed.read_bytes()
    printed.unlink()
    assert night(late.engine, late.home, SIXTH).return_code == 4
    with transaction(late.engine) as session:
        words = session.execute(text("SELECT words FROM batch.alarm WHERE step = 'catalogue'")).scalars().all()
    assert [word.split(":")[0] for word in words] == [f"CSS972W {printed}"]
    # What was taken away to be printed is not put there to be printed again, and is not forgotten.
    assert not printed.exists()
    assert printed.name in lists(late, 2)
    assert [fault.split(":")[0] for fault in late.faults()] == [f"{FIFTH_PLACE}/{printed.name}"]
    assert late.republish(RepublishGeneration(dataset="bills/ZZ", generation=2, reason="To be printed again.")) == (printed.name,)
    assert printed.read_bytes() == before
    assert late.faults() == []


@pytest.mark.timeout(60)
def test_a_night_whose_bills_were_all_held_is_catalogued_when_they_go_out_and_not_again_once_it_is_thrown_away(home: Spooled) -> None:
    lines = town(home, of_fifth=2, held=2, of_sixth=1)
    night(home.engine, home.home, FEBRUARY)
    assert entries(home) == []
    let_go(home, lines[:2])
    night(home.engine, home.home, SIXTH)
    assert entries(home) == [(1, FIFTH_PLACE, CATALOGUED, 2), (2, SIXTH_PLACE, CATALOGUED, 1)]
    assert home.faults() == []
    pdf = next(iter(sorted(home.bills.glob("*.pdf"))))
    pdf.unlink()
    assert home.republish(RepublishGeneration(dataset="bills/ZZ", generation=1, reason="The disk lost it.")) == (pdf.name,)
    with transaction(home.engine) as session:
        purged = "UPDATE batch.dataset_generation SET state = 'purged', purged_at = now() WHERE path = :path"
        session.execute(text(purged), {"path": FIFTH_PLACE})
    night(home.engine, home.home, SEVENTH)
    assert [state for _, _, state, _ in entries(home)] == [GenerationState.PURGED, CATALOGUED]


def test_bills_from_before_there_was_a_catalogue_are_not_looked_for(home: Spooled) -> None:
    town(home, of_fifth=1, held=0, of_sixth=1)
    night(home.engine, home.home, FEBRUARY)
    night(home.engine, home.home, SIXTH)
    seventh = Context("ZZ", SEVENTH, at(SEVENTH), RUNNER, home.home, step="catalogue")
    with transaction(home.engine) as session:
        session.execute(text("DELETE FROM batch.dataset_file"))
        session.execute(text("DELETE FROM batch.dataset_generation WHERE path = :path"), {"path": FIFTH_PLACE})
        assert nights_to_catalogue(session, seventh) == ((FEBRUARY, 1),)
        session.execute(
            text(
                "UPDATE batch.step_execution SET step = 'before' WHERE step = 'catalogue' AND job_instance_id = "
                "(SELECT id FROM batch.job_instance WHERE business_date = '2026-02-05')"
            )
        )
        assert nights_to_catalogue(session, seventh) == ()
