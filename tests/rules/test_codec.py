"""Commands and answers as JSON and back: nothing is lost, nothing is guessed, and everything wrong is said at once."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billing.commands
import css.care.commands
import css.master.commands
import orders.commands.orders
import repairs.commands.dispatch
import repairs.commands.faults
import repairs.commands.outages
import repairs.commands.testing
from css.core.codec import describe, from_plain, phrase, to_plain
from css.core.errors import BadMessage, CssError, Several
from css.core.money import ZERO, Money, Percent, Price
from css.core.words import HalfDay, Segment

ROOMS = (
    billing.commands,
    css.care.commands,
    css.master.commands,
    orders.commands.orders,
    repairs.commands.faults,
    repairs.commands.dispatch,
    repairs.commands.outages,
    repairs.commands.testing,
)
RECORDS = [
    kind
    for room in ROOMS
    for kind in vars(room).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == room.__name__
]

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=1))])
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20),
    int: st.integers(-(2**63) + 1, 2**63 - 1),
    bool: st.booleans(),
    date: st.dates(),
    datetime: st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=ZONES),  # noqa: DTZ001 - bounds are naive
    Money: st.integers(-(10**15), 10**15).map(Money),
    Price: st.integers(-(2**63) + 1, 2**63 - 1).map(Price),
    type(None): st.none(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type of any kind
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*(values_of(arg) for arg in get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and hint not in SIMPLE:
        return st.builds(hint, **{name: values_of(kind) for name, kind in get_type_hints(hint).items()})
    return SIMPLE[hint]


def test_every_room_has_commands_here() -> None:
    assert len(RECORDS) > 20
    assert {kind.__module__ for kind in RECORDS} == {room.__name__ for room in ROOMS}


@given(st.sampled_from(RECORDS).flatmap(values_of))
def test_a_record_of_any_room_comes_back_from_json_as_it_was(record: object) -> None:
    read = from_plain(json.loads(json.dumps(to_plain(record), allow_nan=False)), type(record))
    assert read == record
    # A word of a closed list equals its text; that it is one again shows only in its type.
    assert [type(value) for value in _leaves(read)] == [type(value) for value in _leaves(record)]


def _leaves(value: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    if isinstance(value, tuple):
        yield from (leaf for item in value for leaf in _leaves(item))
    elif dataclasses.is_dataclass(value):
        yield from (leaf for field in dataclasses.fields(value) for leaf in _leaves(getattr(value, field.name)))
    else:
        yield value


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_field_is_described_and_only_what_has_a_default_may_be_left_out(kind: type) -> None:
    described = describe(kind)
    assert list(described) == [field.name for field in dataclasses.fields(kind)]
    assert all(words and "<" not in words for words in described.values())
    required = [name for name, words in described.items() if not words.endswith(", optional")]
    if not required:
        return
    with pytest.raises(CssError) as refusal:
        from_plain({}, kind)
    assert [fault.element for fault in _all(refusal.value)] == required


NOTHING = Price(0)


@dataclass(frozen=True)
class Part:
    count: int
    name: str = "part"


@dataclass(frozen=True)
class Thing:
    name: str
    made_on: date
    made_at: datetime | None = None
    amount: Money = ZERO
    price: Price = NOTHING
    share: Percent | None = None
    exact: Decimal = Decimal(0)
    is_good: bool = False
    half: HalfDay | None = None
    parts: tuple[Part, ...] = ()
    first: Part | None = None
    body: bytes = b""


GOOD: dict[str, Any] = {"name": "x", "made_on": "2026-01-31"}


def _all(error: CssError) -> tuple[CssError, ...]:
    return error.errors if isinstance(error, Several) else (error,)


def _faults(document: object, kind: type = Thing) -> list[tuple[str, str | None]]:
    with pytest.raises(CssError) as refusal:
        from_plain(document, kind)
    return [(fault.code, fault.element) for fault in _all(refusal.value)]


def _sentence(document: object, kind: type = Thing) -> str:
    with pytest.raises(BadMessage) as refusal:
        from_plain(document, kind)
    return str(refusal.value)


def test_everything_wrong_is_said_at_once_with_its_path() -> None:
    document = {
        "made_on": "31/01/2026",
        "made_at": "2026-01-31T12:00:00",
        "amount": "1.234",
        "half": "noon",
        "is_good": 1,
        "parts": [{"count": 1}, {"count": "2", "colour": "red"}, 7],
        "first": {},
        "age": 3,
        "size": 4,
    }
    assert sorted(_faults(document)) == sorted(
        [
            ("CSS061E", "name"),
            ("CSS060E", "made_on"),
            ("CSS060E", "made_at"),
            ("CSS011E", "amount"),
            ("CSS060E", "half"),
            ("CSS060E", "is_good"),
            ("CSS060E", "parts[1].count"),
            ("CSS062E", "parts[1]"),
            ("CSS060E", "parts[2]"),
            ("CSS061E", "first.count"),
            ("CSS062E", ""),
        ]
    )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("amount", 12.34, "amount: expected text, not a number with a fraction."),
        ("amount", 12, "amount: expected text, not a whole number."),
        ("price", 5.833, "price: expected text, not a number with a fraction."),
        ("share", 17.5, "share: expected text, not a number with a fraction."),
        ("exact", 1.5, "exact: expected text, not a number with a fraction."),
        ("exact", "NaN", "exact: 'NaN' is not a number."),
        ("exact", "Infinity", "exact: 'Infinity' is not a number."),
        ("exact", "1,5", "exact: '1,5' is not a number."),
        ("first", {"count": 1.0}, "first.count: expected a whole number, not a number with a fraction."),
        ("first", {"count": True}, "first.count: expected a whole number, not true or false."),
        ("first", {"count": "1"}, "first.count: expected a whole number, not text."),
        ("first", {"count": None}, "first.count: expected a whole number, not nothing."),
        ("first", {"count": 2**63}, "first.count: the number is too large."),
        ("first", "part", "first: expected an object with fields, not text."),
        ("first", [1], "first: expected an object with fields, not a list."),
        ("parts", {"count": 1}, "parts: expected a list, not an object with fields."),
        ("parts", "abc", "parts: expected a list, not text."),
        ("name", 3, "name: expected text, not a whole number."),
        ("name", None, "name: expected text, not nothing."),
        ("name", "a\x00b", "name: the text holds a character that cannot be kept."),
        ("name", "a\ud800b", "name: the text holds a character that cannot be kept."),
        ("is_good", "true", "is_good: expected true or false, not text."),
        ("half", "am", "half: 'am' is none of AM, PM."),
        ("half", 1, "half: expected text, not a whole number."),
        ("half", ["AM"], "half: expected text, not a list."),
        ("made_on", "20260131", "made_on: '20260131' is not a date; write it like 2026-04-05."),
        ("made_on", "2026-W05-6", "made_on: '2026-W05-6' is not a date; write it like 2026-04-05."),
        ("made_on", "2026-02-30", "made_on: day is out of range for month."),
        ("made_on", "2026-01-31\n", "made_on: '2026-01-31\\n' is not a date; write it like 2026-04-05."),
        ("made_on", 20260131, "made_on: expected text, not a whole number."),
        ("made_at", "2026-01-31", "made_at: an instant needs its zone, like 2026-04-05T09:30:00+01:00."),
        ("made_at", "noon", "made_at: Invalid isoformat string: 'noon'."),
        ("body", 1, "body: expected text, not a whole number."),
        ("body", "base64:YQ=", "body: Incorrect padding."),
    ],
)
def test_a_value_of_another_kind_is_never_guessed_at(field: str, value: object, said: str) -> None:
    assert _sentence(GOOD | {field: value}) == said


@pytest.mark.parametrize("document", [None, [], "x", 3, 1.5, True])
def test_a_document_that_is_no_object_is_one_fault(document: object) -> None:
    assert _faults(document) == [("CSS060E", "")]
    assert _sentence(document).startswith("document: expected an object with fields, not ")


def test_what_is_right_is_read() -> None:
    plain = GOOD | {
        "made_at": "2026-01-31T12:00:00+01:00",
        "amount": "-12.34",
        "price": "5.833333",
        "share": "17.5",
        "exact": "1.50",
        "half": "PM",
        "parts": [{"count": 1}, {"count": 2, "name": "two"}],
        "body": "<a>£</a>",
    }
    assert from_plain(plain, Thing) == Thing(
        name="x",
        made_on=date(2026, 1, 31),
        made_at=datetime(2026, 1, 31, 11, tzinfo=UTC),
        amount=Money(-1234),
        price=Price(5_833_333),
        share=Percent.of("17.5"),
        exact=Decimal("1.50"),
        half=HalfDay.PM,
        parts=(Part(1), Part(2, "two")),
        body="<a>£</a>".encode(),
    )


def test_a_value_by_itself_is_called_by_the_name_it_is_given() -> None:
    assert from_plain("2026-01-31", date, path="on") == date(2026, 1, 31)
    for value, kind, code in (("x", date, "CSS060E"), ("1.234", Money, "CSS011E"), (3, str, "CSS060E"), ([1], tuple[str, ...], "CSS060E")):
        with pytest.raises(BadMessage) as refusal:
            from_plain(value, kind, path="on")
        assert refusal.value.code == code
        assert str(refusal.value).startswith("on")
    with pytest.raises(BadMessage) as refusal:
        from_plain("1.234", Money)
    assert refusal.value.code == "CSS011E"


def test_a_sentence_repeats_no_more_of_what_was_sent_than_helps() -> None:
    long = "x" * 100_000
    assert len(_sentence(GOOD | {"half": long})) < 200
    assert len(_sentence(GOOD | {"made_on": long})) < 200
    assert len(_sentence(GOOD | {long: 1})) < 200
    assert len(_sentence(GOOD | {f"{n}{long}": 1 for n in range(1000)})) < 1000


def test_rows_of_all_kinds_become_plain() -> None:
    assert to_plain({"a": {3, 1}, "b": (Money(5), None), Segment.BUSINESS: Price(1_500_000)}) == {
        "a": [1, 3],
        "b": ["0.05", None],
        "business": "1.5",
    }
    assert to_plain((time(7, 30), b"<a/>")) == ["07:30:00", "<a/>"]


@given(st.one_of(st.binary(max_size=50), SIMPLE[str].map(str.encode), st.just(b"base64:YQ=="), st.just(b"%PDF-1.4\xe2\xe3\x00")))
def test_bytes_of_any_kind_come_back_as_they_were(body: bytes) -> None:
    written = json.dumps(to_plain(Thing("x", date(2026, 1, 31), body=body)))
    assert from_plain(json.loads(written), Thing).body == body


@pytest.mark.parametrize("value", [1.5, object(), Part])
def test_what_has_no_plain_form_is_our_own_mistake(value: object) -> None:
    with pytest.raises(TypeError, match="has no plain form"):
        to_plain({"x": [value]})


def test_types_are_said_in_words() -> None:
    assert describe(Thing) == {
        "name": "text",
        "made_on": "date",
        "made_at": "instant, optional",
        "amount": "pounds and pence, optional",
        "price": "pence, optional",
        "share": "per cent, optional",
        "exact": "Decimal, optional",
        "is_good": "true or false, optional",
        "half": "one of AM, PM, optional",
        "parts": "list of {count: number, name: text, optional}, optional",
        "first": "{count: number, name: text, optional}, optional",
        "body": "bytes, optional",
    }
    assert phrase(int | None) == "number"


def test_a_word_of_a_few_is_said_like_any_other_closed_list() -> None:
    effect = Literal["inform", "delay"]
    assert phrase(effect) == "one of inform, delay"
    assert from_plain("delay", effect) == "delay"  # type: ignore[arg-type]
    for wrong, why in (("no", "'no' is none of inform, delay"), ({}, "expected text, not an object with fields"), (None, "expected text")):
        with pytest.raises(BadMessage, match=why):
            from_plain(wrong, effect)  # type: ignore[arg-type]
