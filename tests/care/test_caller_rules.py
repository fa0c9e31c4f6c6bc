"""What counts as the right answer to who is calling: case, accents, spaces and punctuation never decide, anything else does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.care.rules.caller import (
    CLOSED_FOR,
    TRIED_WITHIN,
    TRIES,
    HeldAddress,
    RecentBill,
    closed_until,
    names_postcode,
    read_day_month,
    same_address,
    same_bill,
    same_birth,
    same_phrase,
    tries_left,
)
from css.care.rules.wrap_up import WRAP_REASONS, reference_in
from css.core.ids import IdKind, make_id
from css.core.money import Money

BORN = date(1961, 3, 5)
HOME = HeldAddress(("14 Larkspur Close", "Wrenford"), "ZZ4 7QT")
COTTAGE = HeldAddress(("Rose Cottage, Mill Lane", "Wrenford"), "ZZ1 4AB")
FLAT = HeldAddress(("Flat 2 9 Mill Lane", "Wrenford"), "ZZ1 4AB")
BILL = RecentBill(date(2026, 3, 5), Money(4567))
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "said", ["Marmalade sandwich", "marmalade-sandwich", "MARMALADESANDWICH", " marmalade,  sandwich! ", "mármalade sandwich"]
)
def test_a_phrase_is_its_letters(said: str) -> None:
    assert same_phrase(said, "Marmalade Sandwich")


@pytest.mark.parametrize("said", ["", "marmalade", "marmalade sandwiches", "marmelade sandwich", "sandwich marmalade", "..."])
def test_a_phrase_with_a_letter_wrong_is_wrong(said: str) -> None:
    assert not same_phrase(said, "Marmalade Sandwich")


@pytest.mark.parametrize("held", [None, "", "  ", "?!"])
def test_a_phrase_that_nobody_can_say_is_never_right(held: str | None) -> None:
    assert not same_phrase("", held)
    assert not same_phrase("?!", held)


@given(st.text(min_size=1, max_size=40))
def test_whatever_was_agreed_can_be_said_again(held: str) -> None:
    assert same_phrase(f" {held.upper().lower()} ", held) == same_phrase(held, held)


@pytest.mark.parametrize(
    "said", ["5 3 1961", "5/3/61", "05.03.1961", "5th March 1961", "5 mar 61", "5 of March, 1961", "050361", "05031961", "1961-03-05"]
)
def test_a_date_of_birth_may_be_said_many_ways(said: str) -> None:
    assert same_birth(said, BORN)


@pytest.mark.parametrize(
    "said", ["", "5 3", "3/5/1961", "5 3 1962", "5 3 62", "6 3 1961", "5 4 61", "1961", "five three sixty-one", "5 3 1961 1"]
)
def test_another_date_is_wrong(said: str) -> None:
    assert not same_birth(said, BORN)
    assert not same_birth(said, None)


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)))
def test_every_birthday_can_be_said_in_figures_and_in_words(born: date) -> None:
    for said in (
        f"{born.day}/{born.month}/{born.year}",
        f"{born:%d%m%Y}",
        f"{born:%d%m%y}",
        born.isoformat(),
        f"{born.day} {born:%B} {born.year}",
    ):
        assert same_birth(said, born), said


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_a_date(said: str) -> None:
    read_day_month(said)
    same_bill(said, (BILL,))
    same_address(said, (HOME, COTTAGE))
    names_postcode(said)


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ("ZZ4 7QT 14", HOME),
        ("14 zz47qt", HOME),
        ("14 Larkspur Close, Wrenford, ZZ4 7QT", HOME),
        ("larkspur close 14 zz4 7qt", HOME),
        ("rose cottage mill lane zz1 4ab", COTTAGE),
        ("flat 2, 9 mill lane zz1 4ab", FLAT),
        ("2 9 zz1 4ab", FLAT),
    ],
)
def test_an_address_is_its_postcode_and_its_house(said: str, held: HeldAddress) -> None:
    assert names_postcode(said)
    assert same_address(said, (BILL_TO_ELSEWHERE, held))


BILL_TO_ELSEWHERE = HeldAddress(("PO Box 7",), "ZZ9 9ZZ")


@pytest.mark.parametrize(
    "said",
    ["", "ZZ4 7QT", "14", "14 Larkspur Close", "ZZ4 7QT 15", "ZZ4 7QR 14", "14 16 zz4 7qt", "14 Hazel Close ZZ4 7QT", "ZZ4 7QT 14 15"],
)
def test_a_wrong_house_or_half_an_address_is_wrong(said: str) -> None:
    assert not same_address(said, (HOME,))


@pytest.mark.parametrize("said", ["45.67 5 mar", "£45.67 5/3/26", "45.67 05032026", "45.67  5th March 2026"])
def test_a_bill_is_its_amount_and_its_date(said: str) -> None:
    assert same_bill(said, (RecentBill(date(2026, 2, 5), Money(100)), BILL))


@pytest.mark.parametrize("said", ["", "45.67", "45.68 5 mar", "45.67 6 mar", "45.67 5 mar 2025", "5 mar 45.67", "1.00 5 mar"])
def test_the_amount_alone_is_many_peoples(said: str) -> None:
    assert not same_bill(said, (RecentBill(date(2026, 2, 5), Money(100)), BILL))


def test_three_wrong_answers_within_a_quarter_of_an_hour_close_the_question() -> None:
    wrong = [NOON, NOON + timedelta(minutes=7), NOON + timedelta(minutes=14)]
    assert closed_until(wrong, wrong[-1]) == wrong[-1] + CLOSED_FOR
    assert closed_until(reversed(wrong), wrong[-1] + CLOSED_FOR - timedelta(seconds=1)) is not None
    assert closed_until(wrong, wrong[-1] + CLOSED_FOR) is None
    assert [tries_left(wrong[:n], wrong[-1]) for n in range(4)] == [3, 2, 1, 0]


def test_wrong_answers_further_apart_close_nothing() -> None:
    wrong = [NOON, NOON + timedelta(minutes=7), NOON + TRIED_WITHIN]
    assert closed_until(wrong, wrong[-1]) is None
    assert tries_left(wrong, wrong[-1]) == TRIES - 2


@given(st.lists(st.integers(0, 3600), max_size=8), st.integers(0, 5400))
def test_there_is_a_try_left_exactly_while_the_question_is_open(seconds: list[int], later: int) -> None:
    """Oracle: what the desk would do, answer by answer, refusing to ask while it is closed."""
    taken: list[datetime] = []
    for second in sorted(seconds):
        at = NOON + timedelta(seconds=second)
        if closed_until(taken, at) is None:
            assert 1 <= tries_left(taken, at) <= TRIES
            taken.append(at)
    at = max([NOON + timedelta(seconds=later), *taken])
    assert (tries_left(taken, at) == 0) == (closed_until(taken, at) is not None)
    for first, third in zip(taken, taken[2:], strict=False):
        after = [when for when in taken if third < when < third + CLOSED_FOR]
        assert third - first >= TRIED_WITHIN or not after


def test_every_reason_is_two_capitals_with_words() -> None:
    for code, reason in WRAP_REASONS.items():
        assert (code, len(code), code.isupper(), code.isalpha()) == (reason.code, 2, True, True)
        assert reason.words
        assert reason.words[0].islower()


ORDER = make_id("ZZ", IdKind.ORDER, 17)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (f"Asked about {ORDER}; engineer sent.", ORDER),
        (f"{ORDER[:2]} {ORDER[2]} {ORDER[3:7]} {ORDER[7:]}".lower(), ORDER),
        (f"{make_id('ZZ', IdKind.ACCOUNT, 3)} and {ORDER}", ORDER),
        (f"{ORDER[:-1]}{(int(ORDER[-1]) + 1) % 10}", None),
        ("Nothing of ours.", None),
        ("", None),
    ],
)
def test_a_number_in_a_note_is_found(words: str, found: str | None) -> None:
    assert reference_in(words) == found
