"""What is keyed, read without a browser: commands, dates, codes, and the text of a form."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.errors import BadMessage, CssError, Refused, Several
from css.core.ids import IdKind, make_id
from css.web.command import read_command
from css.web.conversation import new_token
from css.web.form import Form, read_day
from css.web.screen import EVERYBODY, Field, Key, ResponseClass, Screen
from css.web.screens import PAGES

TODAY = date(2026, 3, 2)
ACCOUNT = make_id("ZZ", IdKind.ACCOUNT, 1)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("", ("MENU",)),
        ("=", ("MENU",)),
        ("or04", ("OR04",)),
        ("OR01 zza00000013 01632960123", ("OR01", "zza00000013", "01632960123")),
        ("=FL04 ZZ", ("FL04", "ZZ")),
        ("..FL04", ("FL04",)),
        ("?bill", ("MENU", "bill")),
        ("?", ("MENU",)),
        ("cs01 tansley a", ("CS01", "tansley a")),
        ("CS01", ("CS01",)),
        ("01632 960123", ("CU03", "441632960123")),
        ("+44 1632 960123", ("CU03", "441632960123")),
        (ACCOUNT, ("CU03", ACCOUNT)),
        (f"{ACCOUNT[:2]} {ACCOUNT[2]} {ACCOUNT[3:7]} {ACCOUNT[7:]}", ("CU03", ACCOUNT)),
        (make_id("ZZ", IdKind.CUSTOMER, 1), ("CU03", make_id("ZZ", IdKind.CUSTOMER, 1))),
        (make_id("ZZ", IdKind.ORDER, 1), ("OR03", make_id("ZZ", IdKind.ORDER, 1))),
        (make_id("ZZ", IdKind.FAULT, 1), ("FL03", make_id("ZZ", IdKind.FAULT, 1))),
        (make_id("ZZ", IdKind.BILL, 1), ("BL03", make_id("ZZ", IdKind.BILL, 1))),
        ("ZZ4 7QT", ("CS01", "ZZ4 7QT")),
        ("Tansley A", ("CS01", "Tansley A")),
        ("ada@example.com", ("CS01", "ada@example.com")),
        *((f"BA03 ZZ {day} calculate", ("BA03", "ZZ", "2026-03-25", "calculate")) for day in ("25/3/26", "25 Mar 2026", "25 march 26")),
        *((f"BA03 ZZ {day} calculate", ("BA03", "ZZ", day, "calculate")) for day in ("25.3.26", "25Mar2026", "2026-03-25", "+3")),
        ("FL04 ZZ 25/3/26", ("FL04", "ZZ", "2026-03-25")),
        ("OR01 25 left 26", ("OR01", "25", "left", "26")),
    ],
)
def test_a_command_leads_somewhere(text: str, target: tuple[str, ...]) -> None:
    assert read_command(text, PAGES) == target


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("XX99", "CSS358E"),
        ("=NOWHERE", "CSS358E"),
        (make_id("ZZ", IdKind.PAYMENT, 1), "CSS359E"),
        (ACCOUNT[:-1] + ("1" if ACCOUNT[-1] != "1" else "2"), "CSS054E"),
        ("01632 9601", "CSS081E"),
        ("960123", "CSS083E"),
        ("14 Larkspur Close", "CSS080E"),
        ("BA01 ZZ 31/2/26", "CSS365E"),
        ("BA01 ZZ 31 Feb 2026", "CSS365E"),
    ],
)
def test_a_command_with_a_slip_is_told_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(BadMessage) as caught:
        read_command(text, PAGES)
    assert caught.value.code == code


@given(st.text(max_size=200))
def test_any_command_leads_to_a_screen_or_is_refused(text: str) -> None:
    try:
        target = read_command(text, PAGES)
    except CssError:
        return
    assert target[0] in PAGES


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("5/3/26", date(2026, 3, 5)),
        ("05.03.2026", date(2026, 3, 5)),
        ("5-3-26", date(2026, 3, 5)),
        ("5 3 26", date(2026, 3, 5)),
        ("5 Mar 2026", date(2026, 3, 5)),
        ("5mar26", date(2026, 3, 5)),
        ("5 March 2026", date(2026, 3, 5)),
        ("2026-03-05", date(2026, 3, 5)),
        ("+3", date(2026, 3, 5)),
        ("+0", TODAY),
        ("29/2/28", date(2028, 2, 29)),
    ],
)
def test_dates_are_read_as_people_key_them(text: str, day: date) -> None:
    assert read_day(text, TODAY) == day


@pytest.mark.parametrize("text", ["29/2/26", "32/1/26", "5/13/26", "tomorrow", "5/3", "+", "+9999", "5 Mrz 26", "٥/٣/٢٦"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadMessage) as caught:
        read_day(text, TODAY)
    assert caught.value.code == "CSS365E"


SCREEN = Screen(
    code="XX01",
    title="For tests",
    family="Tests",
    help="For tests.",
    roles=EVERYBODY,
    response=ResponseClass.R1,
    fields=(
        Field(name="one", label="One", help="One.", step="1", is_required=True, length_max=10),
        Field(name="two", label="Two", help="Two.", step="2", is_required=True, also=frozenset({"deux"})),
        Field(name="three", label="Three", help="Three.", step="2", kind="words"),
        Field(name="four", label="Four", help="Four.", step="2", is_required=True, deeds=frozenset({"more"})),
    ),
    keys=(Key(name="Enter", label="check", sends=True),),
)


def _posted(**fields: str) -> Form:
    return Form.posted(SCREEN, fields)


def test_blanks_are_tidied_and_lines_kept_where_they_mean_something() -> None:
    form = _posted(one="  a   b ", three=" first\r\nsecond  ")
    assert form.text("one") == "a b"
    assert form.text("three") == "first\nsecond"


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "a\u202eb", "a\u200bb"])
def test_a_character_nobody_sees_is_refused(text: str) -> None:
    assert [error.code for error in _posted(one=text).errors["one"]] == ["CSS362E"]


@pytest.mark.parametrize("text", ["Ŵyn", "שלום", "😀", "👩\u200d🔧", "O'Brien", "<b>", "' OR 1=1"])
def test_every_script_is_text(text: str) -> None:
    assert "one" not in _posted(one=text).errors


def test_too_long_is_refused_and_kept() -> None:
    form = _posted(one="x" * 10_000)
    assert [error.code for error in form.errors["one"]] == ["CSS361E"]
    assert len(form.text("one")) == 10_000


def test_errors_find_their_fields_by_every_name_and_the_rest_the_message_line() -> None:
    form = _posted(one="1", two="2")
    form.take(
        Several(
            (
                Refused("CSS366I", "a", element="one"),
                Refused("CSS366I", "b", element="deux"),
                Refused("CSS366I", "c", element="two[3]"),
                Refused("CSS366I", "d", element="four"),
                Refused("CSS366I", "e"),
            )
        )
    )
    assert {name: [str(error) for error in errors] for name, errors in form.errors.items()} == {"one": ["a"], "two": ["b", "c"]}
    assert [str(error) for error in form.general] == ["d", "e"]
    assert [name for name, _ in form.summary] == ["", "", "one", "two", "two"]


def test_enter_goes_on_when_only_later_blocks_are_empty() -> None:
    form = _posted(one="1", cursor="one")
    assert form.goes_on()
    assert form.focus == "two"
    assert not form.has_errors


@pytest.mark.parametrize(
    "fields",
    [
        {"cursor": "one"},
        {"one": "1", "cursor": "two"},
        {"one": "1", "cursor": ""},
        {"one": "1", "cursor": "one", "key": "F6"},
        {"one": "1", "cursor": "one", "three": "\x07"},
    ],
)
def test_enter_scolds_when_this_block_or_the_whole_is_wrong(fields: dict[str, str]) -> None:
    form = _posted(**fields)
    assert not form.goes_on()
    assert form.has_errors


def test_a_commit_is_of_what_was_seen_and_nothing_else() -> None:
    token, other = new_token(), new_token()
    seen = _posted(one="1", two="2", token=token).digest()
    assert _posted(one="1", two="2", token=token, seen=seen, key="F6").commits
    assert not _posted(one="1", two="2", token=token, seen=seen, key="Enter").commits
    assert not _posted(one="1", two="3", token=token, seen=seen, key="F6").commits
    assert not _posted(one="1", two="2", token=other, seen=seen, key="F6").commits
    assert not _posted(one="1", two="2", token=token, key="F6").commits


def test_a_deed_has_its_own_fields() -> None:
    assert "four" not in _posted(one="1", two="2").errors
    assert "four" in Form.posted(SCREEN, {"one": "1", "two": "2"}, "more").errors
