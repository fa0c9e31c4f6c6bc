"""The handbook of screens is what the records say, and one command writes it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from css.cli import main
from css.web.fault_book import fault_book
from css.web.handbook import PICTURES, all_screens, handbook, key_table, section
from css.web.order_book import order_book
from css.web.screen import KEY_MEANINGS, Field, Key, ResponseClass, Screen
from css.web.screens import PAGES
from orders.words import OrderKind
from repairs.words import FaultState, ParkReason

DOCS = Path(__file__).parents[2] / "docs"
SHOTS = DOCS / PICTURES
PICTURE_BYTES_MAX = 60_000
TABLED = Screen(
    code="ZZ05",
    title="Choose | look",
    family="Toys",
    help="What it is for.",
    roles=PAGES["OR01"].screen.roles,
    response=ResponseClass.R4,
    takes="number",
    fields=(
        Field(name="how", label="How", help="A|B.", kind="code", length_max=1, is_required=True, step="1 First", deeds=frozenset({"make"})),
        Field(name="why", label="Why", help="In words.", kind="words", step="2 Then"),
        Field(name="row_version", label="Version", help="Hidden.", kind="hidden"),
    ),
    keys=(Key(name="S-F2", label="paint", roles=frozenset(list(PAGES["OR01"].screen.roles)[:1])),),
    polls_seconds=7,
)


def test_the_page_of_screens_is_what_the_records_say() -> None:
    there = {path.name for path in SHOTS.glob("*.png")}
    assert (DOCS / "screens.md").read_text(encoding="utf-8") == handbook(all_screens().values(), there), "run `css handbook`"


def test_the_order_book_is_what_the_rules_say() -> None:
    assert (DOCS / "order-book.md").read_text(encoding="utf-8") == order_book(), "run `css handbook`"
    for kind in OrderKind:
        assert f"(`{kind.value}`)" in order_book()


def test_the_fault_book_is_what_the_rules_say() -> None:
    assert (DOCS / "fault-book.md").read_text(encoding="utf-8") == fault_book(), "run `css handbook`"
    for word in (*FaultState, *ParkReason):
        assert word.value in fault_book()


def test_every_screen_is_in_it_with_its_fields_and_keys() -> None:
    page = handbook(all_screens().values())
    for screen in all_screens().values():
        part = page.split(f"### {screen.code} ", 1)[1].split("\n### ", 1)[0]
        for one in screen.fields:
            assert (f"| {one.label}" in part) == (one.kind != "hidden")
        assert all(key.label in part for key in screen.keys)
    assert all(f"| {key} |" in page for key in KEY_MEANINGS)
    assert key_table() in page


def test_tables_are_not_broken_by_what_stands_in_them() -> None:
    text = section(TABLED)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
    assert "| How * | code, F4 lists | 1 | A\\|B. | make |" in rows
    assert "every 7 seconds" in text
    assert "Shift+F2 paint (" in text
    assert "Hidden." not in text
    assert "![" not in section(TABLED, {"ZZ99.png"})
    assert "![ZZ05 Choose | look](pictures/screens/ZZ05.png)" in section(TABLED, {"ZZ05.png"})


def test_pictures_are_of_screens_there_are_and_small() -> None:
    pictures = sorted(SHOTS.glob("*.png"))
    codes = {screen.code for screen in all_screens().values()}
    assert {path.name.removesuffix(".png").removesuffix("-errors") for path in pictures} == codes
    assert all(path.stat().st_size < PICTURE_BYTES_MAX for path in pictures)
    assert sum(path.stat().st_size for path in pictures) < 1_600_000


def test_one_command_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["handbook", "--to", str(tmp_path)]) == 0
    assert (tmp_path / "screens.md").read_text(encoding="utf-8") == handbook(all_screens().values())
    assert "0 pictures" in capsys.readouterr().out
    assert main(["handbook", "--to", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.startswith("CSS950E ")


@pytest.mark.parametrize(("missing", "code"), [("playwright.sync_api", "CSS951E"), ("browser", "CSS952E")])
def test_what_pictures_lack_is_said(
    missing: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing == "browser":
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        monkeypatch.setitem(sys.modules, missing, None)
    assert main(["handbook", "--pictures", "--to", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"{code} ")
