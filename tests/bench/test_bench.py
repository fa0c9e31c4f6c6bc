"""``css bench``: every question is asked in small and answers with what it says it measures. No time is asserted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from css.bench import bill, bills, night_shift, orders, rating, screen
from css.bench.place import Place
from css.bench.table import Measured, machine, times
from css.cli import main

QUESTIONS: dict[str, tuple[Callable[[Place], None], dict[str, int]]] = {
    "rating": (
        lambda place: rating.run(place, 2000, lines=40, workers=1),
        {"collecting the file": 2000, "rating and posting": 2000, "file to posted row": 2000},
    ),
    "bills": (
        lambda place: bills.run(place, 12, workers=1, pages=2, serially_too=False),
        {"bills, cut to files written": 12, "the same, fonts embedded": 1},
    ),
    "bill": (lambda place: bill.run(place, [1, 30]), {"1 calls: PDF": 1, "1 calls: XML": 1, "30 calls: PDF": 1, "30 calls: XML": 1}),
    "screen": (lambda place: screen.run(place, 30), {"customer's card: query": 10, "customer on one page: CU03": 10}),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bill, "SECONDS_EACH", 0)
    monkeypatch.setattr(screen, "CUSTOMERS", 10)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_with_what_was_measured(
    name: str, fresh_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask, expected = QUESTIONS[name]
    ask(Place(fresh_engine, tmp_path, durable=False))
    said = capsys.readouterr().out
    sizes = {found[1].strip(): int(found[2].replace(",", "")) for found in re.finditer(r"^(.{32}) *([\d,]+) +[\d.]+ ", said, re.MULTILINE)}
    assert said.startswith(f"\n{name}: ")
    assert {what: sizes.get(what) for what in expected} == expected, said


@pytest.mark.timeout(300)
def test_a_night_is_measured_with_its_stages_and_what_the_engine_costs(
    fresh_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night_shift, "BLOCKS", 60)
    monkeypatch.setattr(night_shift, "STEPS", 60)
    night_shift.run(Place(fresh_engine, tmp_path, durable=False), 80, workers=1, lanes=2, as_json=True, demo_lines=30)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["demo_lines"], found["smaller"]["lines"], found["whole"]["lines"], found["lanes"]) == (30, 20, 80, 2)
    assert found["whole"]["calls"] > found["smaller"]["calls"] > 0
    assert 0 < found["demo_engine_seconds"] < found["demo_night_seconds"]
    assert found["demo_engine_share"] == pytest.approx(found["demo_engine_seconds"] / found["demo_night_seconds"])
    assert {"rate-usage", "check-books", "close-date"} <= set(found["whole"]["stages"])
    for name in ("block_overhead_ms", "commit_ms", "step_overhead_ms", "memory_growth"):
        assert found[name] > 0, name


def test_orders_are_placed_at_once_with_more_and_more_of_the_past(
    fresh_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(fresh_engine, tmp_path, durable=False)
    orders.run(place, 600, 22, at_once=2, past=(50, 200), as_json=True)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(one["past_orders"], one["orders"], one["refused"]) for one in found["rounds"]] == [(50, 22, 0), (200, 22, 0)]
    for one in found["rounds"]:
        assert 0 < one["p50_ms"] <= one["p95_ms"] <= one["p99_ms"] <= one["worst_ms"]
        assert set(one["p95_by_kind_ms"]) == {kind.value for kind, _ in orders.MIX}
    with fresh_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM orders.customer_order WHERE number LIKE 'past%'")).scalar_one() == 200
        kept = connection.execute(text("SELECT count(*) FROM orders.open_order_v WHERE number NOT LIKE 'past%'")).scalar_one()
    # The rounds, what warmed each process up, and the unsolicited ceases of the takeovers.
    placed = 2 * (22 + 2 * len(orders.MIX))
    assert placed < kept < placed * 1.2


def test_rating_ends_with_one_line_for_machines(fresh_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rating.run(Place(fresh_engine, tmp_path, durable=False), 1500, lines=30, workers=2, on_file=4000, as_json=True)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["records"], found["workers"], found["rows_updated"]) == (1500, 2, 0)
    assert found["on_file"] >= 4000
    assert 1400 < found["rated"] < 1500
    measured = ("seconds", "records_per_second", "copy_ratio", "copy_ratio_parallel", "peak_rss_mib", "cpu_seconds", "history_ratio")
    assert all(found[name] > 0 for name in measured), found
    with fresh_engine.connect() as connection:
        history = connection.execute(text("SELECT count(*), count(DISTINCT rated_on) FROM billing.rated_call")).one()
    assert history[0] == found["on_file"] + 3 * found["rated"]
    assert history[1] == found["on_file"] // found["rated"] + 3


def test_bills_end_with_one_line_for_machines_and_the_same_bytes_from_one_process(
    fresh_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bills.run(Place(fresh_engine, tmp_path, durable=False), 10, workers=2, pages=0, as_json=True)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["bills"], found["workers"], found["same_bytes"]) == (10, 2, True)
    assert found["files_per_bill"] >= 3
    measured = ("seconds", "bills_per_second", "tail_ratio", "peak_rss_mib", "embedded_bills_per_second", "serial_bills_per_second")
    assert all(found[name] > 0 for name in measured), found


def test_a_run_that_slows_down_shows_in_its_last_tenth() -> None:
    blocks = [bills.BlockTime("render", 1, ended=float(n), seconds=1.0 + n, count=10, peak_mib=1.0) for n in range(21)]
    # The first block waits for fonts and is left out: of the other twenty the first two took 2 and 3, the last two 20 and 21.
    assert bills.tail_ratio(blocks) == pytest.approx(5 / 41)


def test_the_bills_measured_have_the_calls_they_are_named_for(fresh_engine: Engine, tmp_path: Path) -> None:
    documents = dict(bill._documents(Place(fresh_engine, tmp_path, durable=False), [1, 30]))
    assert {size: sum(len(number.calls) for number in document.call_lists) for size, document in documents.items()} == {1: 1, 30: 30}


def test_the_machine_is_named_with_the_figures(fresh_engine: Engine, tmp_path: Path) -> None:
    assert re.fullmatch(
        r"\d+ cores, load [\d.]+ \(ours included\), .+, Python 3\.\d+\.\d+, PostgreSQL 1\d\.\d+.*, in memory, no commit waits for a disk",
        machine(Place(fresh_engine, tmp_path, durable=False)),
    )


def test_one_line_beside_another() -> None:
    assert times(Measured("fast", 300, 1.5), Measured("slow", 100, 2.0)) == "4.0 x slow"


def test_without_a_name_it_lists_the_questions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert sorted(listed) == sorted([*QUESTIONS, "night", "orders", "repairs", "gateway", "desk", "all"]), "five have tests of their own"
