"""``css bills price, vat-rate, terms, cycle, vat-status, billing`` as typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from css.cli import main
from css.db.engine import transaction
from css.settings import settings
from tests import builders

START = date(2026, 1, 15)


@pytest.fixture
def account(fresh_engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The number of an account billed on the 5th, at a command line of its own."""
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr("getpass.getuser", lambda: "amy")
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        number = builders.account(session, zz, cycle_day=5).number
    yield number
    settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["bills", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_an_account_is_billed_otherwise_and_says_since_when(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "cycle", account, "20", "quarterly", "--month", "2")[:2] == (
        0,
        "From 2026-01-15 on; the next bill is made on 2026-02-20.\n",
    )
    assert said(capsys, "vat-status", account, "exempt", "--reason", "A charity.")[:2] == (
        0,
        "exempt from 2026-01-15 on. Bills from the cut of 2026-01-15 on know it.\n",
    )
    assert said(capsys, "billing", account, "--medium", "large-print", "--address", "1 Moor Lane", "--address", "Wrenford")[1] == (
        "Mrs A Tansley, 1 Moor Lane, Wrenford, ZZ4 7QT\nby large-print, itemisation full, pays on demand\n"
    )
    status, out, err = said(capsys, "terms", account)
    assert (status, err) == (0, "4 shown, in the order they were recorded.\n")
    assert out.splitlines() == [
        f"Account {account}, open from 2026-01-15; charged to 2026-02-20, next bill 2026-02-20",
        "  from 2026-01-15 monthly on day 5 (recorded at the opening)",
        "  from 2026-01-15 quarterly on day 20, month 2 (recorded 2026-01-15)",
        "  from 2026-01-15 VAT standard (recorded at the opening)",
        "  from 2026-01-15 VAT exempt (recorded 2026-01-15)",
    ]


def test_a_price_and_a_rate_are_set(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert account
    price = ("price", "LINE-RES", "residential", "2400", "--from", "2026-02-01", "--reason", "A slip.")
    assert said(capsys, *price, "--before", "2026-03-01")[1] == (
        "LINE-RES rental for residential: from 2026-02-01 to 2026-02-28  net 2000p, gross 2400p\n"
        "Bills from the cut of 2026-01-15 on know it.\n"
    )
    status, out, _ = said(capsys, "vat-rate", "standard", "17.5", "--from", "2026-02-15", "--reason", "The budget.")
    assert status == 0
    assert out.startswith("The standard rate is 17.5% from 2026-02-15; ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("price", "LINE-RES", "residential", "2400", "--from", "soon", "--reason", "x"), "CSS746E"),
        (("vat-rate", "standard", "17.5", "--from", "2026-01-15", "--reason", "x"), "CSS739E"),
        (("cycle", "ACCOUNT", "32"), "CSS116E"),
        (("billing", "ACCOUNT"), "CSS745E"),
        (("cycle", "ACCOUNT", "10", "yearly"), "CSS002E 'yearly' is none of 'monthly', 'quarterly'"),
        (("price", "HALF-PRICE", "residential", "-5", "--from", "2026-02-01", "--reason", "x"), "after two dashes, like `-- -5`"),
        (("vat-status", "ACCOUNT", "reverse-charge", "--vat-number", "12", "--reason", "x"), "CSS121E"),
    ],
)
def test_what_is_wrong_is_one_sentence(account: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str) -> None:
    status, out, err = said(capsys, *(account if word == "ACCOUNT" else word for word in words))
    assert (status != 0, out) == (True, "")
    assert sentence in err
    assert "CSS120E" not in err, "one fault, one sentence"


def test_how_an_account_pays_is_said_in_words(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "billing", account, "--medium", "large-print")[1].endswith("pays on demand\n")
