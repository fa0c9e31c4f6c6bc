"""The bills of a night on the disk: catalogued as they were rendered, read back, and written again when the disk has lost them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text, update

from batch.engine import RunOutcome, run_net
from batch.model import DatasetGeneration
from batch.net import Context, Net
from batch.nets import NIGHT
from batch.outputs.commands import RepublishGeneration
from batch.outputs.manifest import MANIFEST, SUMS
from batch.outputs.republish import republish_generation
from batch.outputs.verify import catalogued, faults_of
from batch.steps.catalogue import CATALOGUE
from batch.words import GenerationState
from css.core.actor import Actor
from css.core.clock import FixedClock
from css.core.errors import BadMessage, NotFound, Refused
from css.core.words import Role
from css.db.engine import transaction
from css.master.reference import PARTNER, RETAIL
from tests import builders
from tests.conftest import clone
from tests.scenarios.copies import copy_of

START, FEBRUARY, SIXTH = date(2026, 1, 15), date(2026, 2, 5), date(2026, 2, 6)
RUNNER = Actor("batch", "night/alice", RETAIL, door="night")
KEEPER = Actor("operator", "NIGEL", RETAIL, roles=frozenset({Role.SCHEDULER.value}))
AGAIN = RepublishGeneration(dataset="bills/ZZ", reason="The disk lost them.")


@dataclass(frozen=True)
class Spooled:
    """A database after its night, and its home."""

    engine: Engine
    home: Path

    @property
    def bills(self) -> Path:
        return self.home / "spool" / "bills" / "ZZ" / "2026-02-05"

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.bills.iterdir()}

    def faults(self) -> list[str]:
        with transaction(self.engine) as session:
            return [str(fault) for kept in catalogued(session) for fault in faults_of(self.home, kept)]

    def generations(self) -> list[tuple[int, GenerationState, int | None]]:
        with transaction(self.engine) as session:
            found = select(DatasetGeneration.generation, DatasetGeneration.state, DatasetGeneration.item_count)
            rows = session.execute(found.where(DatasetGeneration.dataset == "bills/ZZ").order_by(DatasetGeneration.generation))
            return [(row[0], row[1], row[2]) for row in rows]

    def republish(self, command: RepublishGeneration = AGAIN, by: Actor = KEEPER) -> tuple[str, ...]:
        with transaction(self.engine) as session:
            return republish_generation(session, command, by=by, at=at(SIXTH), home=self.home).written


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)


def night(engine: Engine, home: Path, day: date, net: Net = NIGHT) -> RunOutcome:
    outcome = run_net(engine, net, Context("ZZ", day, at(day), RUNNER, home), clock=FixedClock(at(day)))
    assert outcome.error is None, outcome.error
    return outcome


@pytest.fixture(scope="module")
def evening(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spooled]:
    """Six accounts of the 5th: on paper, by e-mail and a partner's; after their night."""
    home = tmp_path_factory.mktemp("home")
    with clone(server, template) as engine:
        with transaction(engine) as session:
            zz = builders.district(session, on=START, sites=8)
            accounts = [builders.account(session, zz, cycle_day=5) for _ in range(3)]
            accounts += [builders.account(session, zz, cycle_day=5, medium="email", email=f"customer{n}@example.com") for n in range(2)]
            accounts.append(
                builders.account(
                    session,
                    zz,
                    provider_code=PARTNER,
                    cycle_day=5,
                    vat_status="reverse-charge",
                    vat_number="GB999999931",
                    endpoint="9932:GB999999931",
                )
            )
            for account in accounts:
                builders.working_line(session, zz, account, starts_on=START)
            session.execute(text("UPDATE css.business_date SET current_on = '2026-02-05', closed_through = '2026-02-04'"))
        night(engine, home, FEBRUARY)
        yield Spooled(engine, home)


@pytest.fixture
def spooled(evening: Spooled, tmp_path: Path) -> Iterator[Spooled]:
    """A copy of it for one test to spoil."""
    shutil.copytree(evening.home, tmp_path / "home")
    with copy_of(evening.engine) as engine:
        yield Spooled(engine, tmp_path / "home")


def test_the_bills_of_a_night_prove_themselves_with_the_tools_of_any_machine(evening: Spooled) -> None:
    names = set(evening.files())
    assert len([name for name in names if name.endswith(".eml")]) == 2
    assert any(name.startswith("print-paper-") for name in names)
    done = subprocess.run(["sha256sum", "-c", "--strict", SUMS], cwd=evening.bills, capture_output=True, text=True, check=True)
    assert {line.removesuffix(": OK") for line in done.stdout.splitlines()} == names - {SUMS}
    assert evening.generations() == [(1, GenerationState.CATALOGUED, 6)]
    assert evening.faults() == []


def test_what_is_missing_spoilt_or_cut_short_is_told_and_written_again_with_the_same_bytes(spooled: Spooled) -> None:
    before = spooled.files()
    letter, pdf, xml, printed = (next(n for n in sorted(before) if n.endswith(end)) for end in (".eml", ".pdf", ".xml", ".csv"))
    (spooled.bills / letter).unlink()
    (spooled.bills / pdf).write_bytes(before[pdf][:-1])
    (spooled.bills / xml).write_bytes(b"x" + before[xml][1:])
    (spooled.bills / printed).unlink()
    assert [fault.split(":", 1)[0].rsplit("/", 1)[1] for fault in spooled.faults()] == sorted([letter, pdf, xml, printed])
    assert sorted(spooled.republish()) == sorted([letter, pdf, xml, printed])
    assert spooled.files() == before
    assert spooled.faults() == []
    assert spooled.generations() == [(1, GenerationState.CATALOGUED, 6)]


def test_a_whole_directory_that_is_gone_comes_back_byte_for_byte(spooled: Spooled) -> None:
    before = spooled.files()
    shutil.rmtree(spooled.bills)
    assert spooled.faults() == [
        "spool/bills/ZZ/2026-02-05/SHA256SUMS: the manifest is not there: No such file or directory (bills/ZZ, generation 1)."
    ]
    spooled.republish()
    assert spooled.files() == before


def test_a_forged_manifest_is_found_out(spooled: Spooled) -> None:
    """Whoever changes a bill and its sum with it changes the sum of sums, which is in the database."""
    pdf = next(name for name in sorted(spooled.files()) if name.endswith(".pdf"))
    (spooled.bills / pdf).write_bytes(b"%PDF-1.4 forged")
    lines = (spooled.bills / SUMS).read_text(encoding="utf-8").splitlines()
    forged = subprocess.run(["sha256sum", pdf], cwd=spooled.bills, capture_output=True, text=True, check=True).stdout.strip()
    (spooled.bills / SUMS).write_text("\n".join(forged if line.endswith(pdf) else line for line in lines) + "\n", encoding="utf-8")
    subprocess.run(["sha256sum", "-c", "--quiet", SUMS], cwd=spooled.bills, check=True)
    assert "the manifest is not the one that was catalogued" in spooled.faults()[0]
    assert spooled.republish() == (SUMS, pdf)
    assert spooled.faults() == []


def test_only_the_manifest_for_programs_is_written_again_when_only_it_is_spoilt(spooled: Spooled) -> None:
    before = spooled.files()
    (spooled.bills / MANIFEST).write_bytes(b"{}")
    assert spooled.republish() == (MANIFEST,)
    assert spooled.files() == before


def test_stored_bytes_that_are_spoilt_too_are_not_passed_off_as_the_bill(spooled: Spooled) -> None:
    pdf = next(path for path in sorted(spooled.bills.glob("*.pdf")))
    pdf.unlink()
    with transaction(spooled.engine) as session:
        session.execute(text("UPDATE billing.bill_file SET content = 'forged' WHERE file_name = :name"), {"name": pdf.name})
    with pytest.raises(Refused) as refusal:
        spooled.republish()
    assert refusal.value.code == "CSS974E"


def test_who_may_not_or_says_nothing_or_names_nothing_is_told(evening: Spooled) -> None:
    clerk = Actor("operator", "CLARA", RETAIL, roles=frozenset({Role.CLERK.value}))
    with pytest.raises(Refused, match="scheduler or supervisor"):
        evening.republish(by=clerk)
    with pytest.raises(BadMessage) as silent:
        evening.republish(RepublishGeneration(dataset="bills/ZZ", reason=" "))
    assert silent.value.code == "CSS630E"
    with pytest.raises(NotFound) as unknown:
        evening.republish(RepublishGeneration(dataset="bills/ZZ", generation=7, reason="?"))
    assert unknown.value.text == "CSS973E There is no generation 7 of bills/ZZ in the catalogue; `css ask generations` lists what there is."


AGAIN_NET = Net.in_line("catalogue-again", "The step alone.", (CATALOGUE,))


def test_a_file_lost_between_dispatch_and_catalogue_is_written_again_with_an_alarm(spooled: Spooled) -> None:
    """As if the night had dispatched and not catalogued."""
    before = spooled.files()
    with transaction(spooled.engine) as session:
        session.execute(text("DELETE FROM batch.dataset_file"))
        session.execute(text("DELETE FROM batch.dataset_generation"))
    pdf = next(path for path in sorted(spooled.bills.glob("*.pdf")))
    pdf.unlink()
    for name in (SUMS, MANIFEST):
        (spooled.bills / name).unlink()
    (spooled.bills / f".{pdf.name}.part").write_bytes(b"half")
    (spooled.bills / "shopping.txt").write_bytes(b"eggs")
    outcome = night(spooled.engine, spooled.home, FEBRUARY, AGAIN_NET)
    assert outcome.return_code == 4
    after = spooled.files()
    assert after.keys() - before.keys() == {"shopping.txt"}
    assert {name: after[name] for name in before if name not in {SUMS, MANIFEST}} == {
        name: before[name] for name in before if name not in {SUMS, MANIFEST}
    }
    with transaction(spooled.engine) as session:
        words = [words for (words,) in session.execute(text("SELECT words FROM batch.alarm WHERE step = 'catalogue' ORDER BY id"))]
    assert [word[:7] for word in words] == ["CSS970W", "CSS971W"]
    assert b"shopping" not in after[SUMS]
    assert spooled.faults() == []


def test_a_whole_night_that_was_taken_away_to_be_sent_is_told_in_a_few_alarms(spooled: Spooled) -> None:
    for path in [path for path in spooled.bills.iterdir() if path.suffix in {".pdf", ".xml", ".eml"}]:
        path.unlink()
    with transaction(spooled.engine) as session:
        session.execute(update(DatasetGeneration).values(item_count=5))
    assert night(spooled.engine, spooled.home, SIXTH).return_code == 4
    with transaction(spooled.engine) as session:
        words = session.execute(text("SELECT words FROM batch.alarm WHERE step = 'catalogue' ORDER BY id")).scalars().all()
    assert len(words) == 11
    assert words[-1] == f"CSS972W {spooled.bills}: 4 more files are missing or spoilt. `css check spool` lists them."
    assert len(spooled.faults()) == 14


def test_a_message_lost_or_spoilt_before_it_is_catalogued_is_written_again_and_not_believed(spooled: Spooled) -> None:
    """As if the night had dispatched and not catalogued."""
    before = spooled.files()
    with transaction(spooled.engine) as session:
        session.execute(text("DELETE FROM batch.dataset_file"))
        session.execute(text("DELETE FROM batch.dataset_generation"))
    lost, spoilt = sorted(spooled.bills.glob("*.eml"))
    lost.unlink()
    spoilt.write_bytes(before[spoilt.name][:-1])
    (spooled.bills / "ZZB99999999.eml").write_bytes(b"None of ours.")
    assert night(spooled.engine, spooled.home, FEBRUARY, AGAIN_NET).return_code == 4
    assert lost.read_bytes() == before[lost.name]
    assert spoilt.read_bytes() == before[spoilt.name]
    with transaction(spooled.engine) as session:
        words = [words for (words,) in session.execute(text("SELECT words FROM batch.alarm WHERE step = 'catalogue' ORDER BY id"))]
    assert [word.split(":")[0].split(" is ")[0] for word in words] == [
        f"CSS970W {lost}",
        f"CSS970W {spoilt}",
        f"CSS971W {spooled.bills / 'ZZB99999999.eml'}",
    ]
    assert spooled.faults() == []
    lost.unlink()
    assert spooled.republish() == (lost.name,)


def test_a_message_of_an_earlier_night_is_only_told_of_and_its_manifest_has_it_as_it_was_made(spooled: Spooled) -> None:
    before = spooled.files()
    taken, spoilt = sorted(spooled.bills.glob("*.eml"))
    taken.unlink()
    spoilt.write_bytes(b"Not what was sent.")
    with transaction(spooled.engine) as session:
        session.execute(update(DatasetGeneration).values(item_count=5))
    assert night(spooled.engine, spooled.home, SIXTH).return_code == 4
    assert not taken.exists()
    with transaction(spooled.engine) as session:
        words = session.execute(text("SELECT words FROM batch.alarm WHERE step = 'catalogue' ORDER BY id")).scalars().all()
    assert [word.split(":")[0] for word in words] == [f"CSS972W {taken}", f"CSS972W {spoilt}"]
    assert sorted(spooled.republish()) == sorted([taken.name, spoilt.name])
    assert {name: spooled.files()[name] for name in (taken.name, spoilt.name)} == {name: before[name] for name in (taken.name, spoilt.name)}
    assert spooled.faults() == []


def test_a_night_in_the_catalogue_is_passed_over_and_late_bills_make_a_new_generation(spooled: Spooled) -> None:
    night(spooled.engine, spooled.home, FEBRUARY, AGAIN_NET)
    assert spooled.generations() == [(1, GenerationState.CATALOGUED, 6)]
    with transaction(spooled.engine) as session:
        # As if a bill had waited, and went out with the night of the 6th.
        session.execute(update(DatasetGeneration).values(item_count=5))
    night(spooled.engine, spooled.home, SIXTH)
    assert spooled.generations() == [(1, GenerationState.SUPERSEDED, 5), (2, GenerationState.CATALOGUED, 6)]
    assert spooled.faults() == []
    spooled.republish()


def test_what_was_taken_away_to_be_sent_is_not_put_there_again_by_a_later_night(spooled: Spooled) -> None:
    pdf = next(path for path in sorted(spooled.bills.glob("*.pdf")))
    pdf.unlink()
    with transaction(spooled.engine) as session:
        session.execute(update(DatasetGeneration).values(item_count=5))
    assert night(spooled.engine, spooled.home, SIXTH).return_code == 4
    assert not pdf.exists()
    assert len(spooled.faults()) == 1
