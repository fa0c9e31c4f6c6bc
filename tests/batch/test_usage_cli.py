"""``css usage`` from the command line: carriers' files put in whole or not at all, and read for a look."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, text

from billing import carrier_file as reading
from billing.actions import intake
from billing.rules.usage_control import control_of, write_control
from billing.rules.usage_native import write_native
from billing.rules.usage_record import write_records
from css.cli import main
from css.core.actor import Actor
from css.db.engine import transaction
from css.settings import settings
from tests import builders

NIGHT = date(2026, 3, 2)
NIGHT_SHIFT = Actor("batch", "night", "RETAIL", door="night")
CALLS = pl.DataFrame(
    {
        "supplier_record_id": ["R1", "R2", "R3"],
        "charged_number": ["441632960001"] * 3,
        "other_number": ["442079460123", "447700900456", "448081570123"],
        "started_at": [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (10, 11, 12)],
        "duration_seconds": [122, 60, 5],
    },
    schema_overrides={"started_at": pl.Datetime("us", "UTC")},
)


MADE_AT = datetime(2026, 3, 3, 1, tzinfo=UTC)


def carrier_file(
    sequence: int = 1,
    calls: pl.DataFrame = CALLS,
    *,
    damaged: bool = False,
    write: Callable[[pl.DataFrame], bytes] = write_records,
    made_at: datetime = MADE_AT,
) -> bytes:
    records = write(calls)
    if damaged:
        records = records.replace(b'"V",', b'"?",', 1)
    return records + write_control(control_of(records, calls, supplier="NTHTEL", sequence=sequence, created_at=made_at))


@pytest.fixture(scope="module")
def district(engine: Engine) -> str:
    with transaction(engine) as session:
        return builders.district(session, on=NIGHT).code


@pytest.fixture(autouse=True)
def home(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation whose database is the module's and whose directory is the test's."""
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture
def given(tmp_path: Path) -> Callable[..., Path]:
    def write(content: bytes, name: str = "from the carrier.dat") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def waiting(home: Path, district: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "incoming" / district).glob("*")}


def test_files_loaded_wait_whole_under_the_names_their_control_records_give(
    home: Path, district: str, given: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    files = [given(carrier_file(n), f"{n}.dat") for n in (1, 2)]
    assert main(["usage", "load", district, *map(str, files)]) == 0
    assert waiting(home, district) == {f"NTHTEL_20260303_{n:06d}.csv": carrier_file(n) for n in (1, 2)}
    assert capsys.readouterr().out.splitlines()[2] == (f"{files[1]}: 3 records of NTHTEL, sequence 2; waits as NTHTEL_20260303_000002.csv.")
    assert main(["usage", "load", district, str(files[0])]) == 0, "the same file again"
    assert len(waiting(home, district)) == 2


def test_a_file_that_a_night_has_is_not_loaded_again_and_another_under_its_sequence_is_refused(
    engine: Engine, home: Path, district: str, given: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Found out now, by the person who has the file, and not by the night."""
    first, other, new = (
        given(carrier_file(70), "70.dat"),
        given(carrier_file(70, CALLS.head(1)), "70 again.dat"),
        given(carrier_file(71), "71"),
    )
    with transaction(engine) as session:
        assert intake.collect_file(session, district, first, business_date=NIGHT, by=NIGHT_SHIFT, at=MADE_AT).outcome == "taken"
    assert main(["usage", "load", district, str(first)]) == 0
    assert capsys.readouterr().out == f"{first}: a night took it before; there is nothing to load.\n"
    assert main(["usage", "load", district, str(new), str(other)]) == 2
    assert capsys.readouterr().err == f"CSS428E {other}: NTHTEL sent sequence 70 before with other bytes; ask which of the two is right.\n"
    assert waiting(home, district) == {}, "all or none"
    assert main(["usage", "load", district, str(new), str(first)]) == 0
    assert list(waiting(home, district)) == ["NTHTEL_20260303_000071.csv"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "CSS420E"),
        (carrier_file()[:-40], "CSS420E"),
        (carrier_file().partition(b"\n")[2], "CSS421E"),
        (carrier_file().replace(b'"GBP"', b'"EUR"', 1), "CSS422E"),
    ],
    ids=["empty", "half written", "a record missing", "altered"],
)
def test_a_file_that_is_not_whole_is_refused_and_nothing_is_loaded(
    content: bytes, code: str, home: Path, district: str, given: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = given(content, "broken.csv")
    assert main(["usage", "load", district, str(given(carrier_file())), str(broken)]) == 2
    assert main(["usage", "check", str(broken)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split(": ")[0] for line in said.err.splitlines()] == [f"{code} {broken}"] * 2
    assert waiting(home, district) == {}


@pytest.mark.parametrize("command", [["load", "ZZ"], ["check"]])
def test_a_file_that_cannot_be_read_is_one_sentence(
    command: list[str], home: Path, tmp_path: Path, district: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for missing in (tmp_path / "nowhere.csv", tmp_path):
        assert main(["usage", *command, str(missing)]) == 2
        (sentence,) = capsys.readouterr().err.splitlines()
        assert sentence.startswith(f"CSS004E {missing} cannot be used: ")
    assert waiting(home, district) == {}


def test_a_file_too_large_is_refused_here_and_set_aside_by_the_night(
    engine: Engine,
    district: str,
    tmp_path: Path,
    given: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = given(carrier_file(), "large.csv")
    monkeypatch.setattr(reading, "PLAIN_BYTES_MAX", 100)
    assert main(["usage", "check", str(file)]) == 2
    assert capsys.readouterr().err.startswith("CSS406E large.csv is larger than the 100 bytes")
    with transaction(engine) as session:
        taken = intake.collect_file(session, district, file, business_date=NIGHT, by=builders.SYSTEM, at=builders.AT)
        assert (taken.outcome, taken.totals.rejected, taken.totals.set_aside[0].code) == ("refused", 1, "CSS406E")


def test_a_file_does_not_take_the_place_of_another(
    home: Path, district: str, given: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    first, other = given(carrier_file(), "first.csv"), given(carrier_file(calls=CALLS.head(2)), "other.csv")
    assert main(["usage", "load", district, str(first), str(other)]) == 2
    assert waiting(home, district) == {}
    assert main(["usage", "load", district, str(first)]) == 0
    assert main(["usage", "load", district, str(other)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"CSS621E Another file waits as NTHTEL_20260303_000001.csv already; {other} was not loaded."
    )
    assert waiting(home, district) == {"NTHTEL_20260303_000001.csv": carrier_file()}


def test_a_district_that_is_not_there_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["usage", "load", "QQ", "x.csv"]) == 2
    assert capsys.readouterr().err.startswith("CSS101E ")
    assert not (home / "incoming").exists()


def test_check_says_what_the_night_would_make_of_a_file_and_needs_no_database(
    given: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSS_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nowhere")
    settings.cache_clear()
    assert main(["usage", "check", str(given(carrier_file()))]) == 0
    looked = capsys.readouterr()
    assert looked.err == "The database does not answer: whether a night took it already is not known.\n"
    assert looked.out.splitlines()[3] == "3 records, 187 seconds of calls; 0 would be set aside."
    assert main(["usage", "check", str(given(carrier_file(damaged=True)))]) == 4
    said = capsys.readouterr().out.splitlines()
    assert said[1:2] == ["The night of 2026-03-02 takes it, or the first after it."]
    assert said[3:] == [
        "3 records, 187 seconds of calls; 1 would be set aside.",
        "CSS409E           1  first in line 1: The call type '?' is not one that is rated here.",
    ]
    assert main(["usage", "check", "--date", "2026-02-28", str(given(carrier_file()))]) == 4
    assert "CSS410E           3  first in line 1: " in capsys.readouterr().out
    assert main(["usage", "check", "--date", "yesterday", str(given(carrier_file()))]) == 2
    assert capsys.readouterr().err.startswith("CSS608E ")


def test_check_says_that_a_night_has_a_file_and_what_it_made_of_it(
    engine: Engine, district: str, given: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    file, other = given(carrier_file(80), "80.dat"), given(carrier_file(81), "81.dat")
    with transaction(engine) as session:
        assert intake.collect_file(session, district, file, business_date=NIGHT, by=NIGHT_SHIFT, at=MADE_AT).outcome == "taken"
        number = session.execute(text("SELECT max(id) FROM billing.usage_file")).scalar_one()
    assert main(["usage", "check", str(file)]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith(f"The night of {NIGHT} took it in {district}, as file {number}: ")
    assert line.endswith(f". No night takes it again; `css usage file {number}` says all.")
    assert main(["usage", "check", str(other)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "The night of 2026-03-02 takes it, or the first after it."


def test_check_sets_a_call_aside_that_began_after_its_file_was_made(given: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    calls = CALLS.with_columns(started_at=pl.Series([datetime(2026, 3, 3, 2, 0, second, tzinfo=UTC) for second in (0, 1, 2)]))
    assert main(["usage", "check", str(given(carrier_file(calls=calls)))]) == 4
    assert "CSS410E           2  first in line 2: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("made_at", "night"), [(datetime.max.replace(tzinfo=UTC), "9999-12-30"), (datetime.min.replace(tzinfo=UTC), "1969-12-31")]
)
def test_a_file_made_at_an_end_of_the_calendar_is_read(
    made_at: datetime, night: str, given: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    # Four digits of the year, as a carrier writes it.
    content = carrier_file(made_at=made_at).replace(b'"1-', b'"0001-')
    assert main(["usage", "check", str(given(content))]) in {0, 4}
    assert capsys.readouterr().out.splitlines()[1] == f"The night of {night} takes it, or the first after it."


def test_check_says_the_layout_the_legs_and_the_parts_of_long_calls(given: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    calls = CALLS.with_columns(
        leg=pl.Series(["outgoing", "diverted", "reverse"]),
        chain_id=pl.Series([None, None, "LC1"]),
        part_number=pl.Series([None, None, 1]),
        is_last_part=pl.Series([None, None, False]),
    )
    content = carrier_file(calls=calls, write=write_native)
    assert main(["usage", "check", str(given(gzip.compress(content)))]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[2].startswith(f"Layout css-csv; {len(content)} bytes, SHA-256 ")
    assert said[4:] == [
        "1 record is of the leg diverted.",
        "1 record is of the leg reverse.",
        "1 record is a part of a long call and waits until the others are there.",
    ]


def test_check_counts_reasons_over_blocks_and_names_the_first(
    given: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BLOCK_LINES", 10)
    monkeypatch.setattr(reading, "BLOCK_BYTES_MIN", 100)
    monkeypatch.setattr(reading, "READ_BYTES", 500)
    many = pl.concat([CALLS] * 40)
    content = carrier_file(calls=many, write=lambda calls: write_records(calls).replace(b"+447700900456", b"07700 90045"))
    assert main(["usage", "check", str(given(content))]) == 4
    (reason,) = capsys.readouterr().out.splitlines()[4:]
    assert reason == "CSS404E          40  first in line 2: The other number '07700 90045' cannot be read as a telephone number."


def test_a_compressed_file_is_loaded_as_it_is(
    home: Path, district: str, given: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    packed = gzip.compress(carrier_file())
    assert main(["usage", "load", district, str(given(packed, "x.csv"))]) == 0
    assert waiting(home, district) == {"NTHTEL_20260303_000001.csv.gz": packed}
    other = given(carrier_file(calls=CALLS.head(2)), "other.csv")
    assert main(["usage", "load", district, str(other)]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("CSS621E ")
    assert main(["usage", "load", district, str(given(carrier_file(), "plain.csv"))]) == 0, "the same file in another dress"
