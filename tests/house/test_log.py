"""The log: one line of JSON an event, no telephone number whole, and never in the way of the work."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css import log
from css.log import mask
from css.settings import Settings


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call 01632 960123 now", "call ********123 now"),
        ("+441632960123", "*********123"),
        ("441632960123,442079460999", "*********123,*********999"),
        ("'07700900123'", "'********123'"),
        ("0800 496 0123", "********123"),
        ("(020) 7946 0000", "********000"),
        ("to=%2B441632960123&x", "to=%2B*********123&x"),
        ("tel-441632960123/x", "tel-*********123/x"),
        ("0.01234567890123", "0.01234567890123"),
        ("account ZZ12345678", "account ZZ12345678"),
        ("order 44 of 2026", "order 44 of 2026"),
        ("2026-11-22T01:02:03.000001+00:00", "2026-11-22T01:02:03.000001+00:00"),
        ("amount 1234567", "amount 1234567"),
    ],
)
def test_numbers_are_masked_to_their_last_three_digits(text: str, masked: str) -> None:
    assert mask(text) == masked


@given(st.integers(min_value=10**9, max_value=10**10 - 1), st.sampled_from(["0", "44", "+44"]))
def test_no_form_of_a_number_stays_whole(number: int, prefix: str) -> None:
    assert str(number) not in mask(f"number={prefix}{number};")


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Path]:
    before = logging.getLogger().level
    log.configure(Settings(tmp_path / "home"))
    yield tmp_path / "home" / "log" / "css.log"
    root = logging.getLogger()
    for handler in [found for found in root.handlers if isinstance(found, log._LogFile)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(before)


def test_an_event_is_a_line_of_json_with_its_fields(lines: Path) -> None:
    logging.getLogger("billing").info(
        "rated %d calls of %s", 7, "441632960123", extra={"account": "ZZ1", "line": "01632960123", "district": None}
    )
    logging.getLogger("billing").debug("not this one")
    (line,) = lines.read_text(encoding="utf-8").splitlines()
    found = json.loads(line)
    assert found["event"] == "rated 7 calls of *********123"
    assert (found["level"], found["logger"], found["account"], found["line"]) == ("INFO", "billing", "ZZ1", "********123")
    assert found["at"].endswith("+00:00")


def test_a_traceback_is_one_line_and_masked(lines: Path) -> None:
    try:
        int("no such number 01632960123")
    except ValueError:
        logging.getLogger("x").exception("failed\nbadly")
    (line,) = lines.read_text(encoding="utf-8").splitlines()
    assert "ValueError" in json.loads(line)["traceback"]
    assert "01632960123" not in line


def test_nothing_is_made_before_the_first_line_and_only_the_owner_reads_it(lines: Path) -> None:
    assert not lines.parent.exists()
    logging.getLogger("x").warning("now")
    assert lines.stat().st_mode & 0o077 == 0


def test_a_large_log_is_moved_aside(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logging.getLogger("x").warning("old")
    monkeypatch.setattr(log, "LOG_BYTES_MAX", 10)
    log.configure(Settings(lines.parent.parent))
    logging.getLogger("x").warning("new")
    assert "new" in lines.read_text(encoding="utf-8")
    assert "old" in lines.with_suffix(".log.1").read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path, lines: Path) -> None:
    (tmp_path / "home").write_text("a file where a directory should be", encoding="utf-8")
    logging.getLogger("x").error("nobody will know")
