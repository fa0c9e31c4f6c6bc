"""What docs/rating.md says is what the program does: each of its examples run through the rule that it is about."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from billing.rules.duplicates import mark_duplicates
from billing.rules.guiding import compile_assignments, guide
from billing.rules.long_calls import PART_COLUMNS, WHOLE, joined_calls, judge_parts
from billing.rules.rating import CALL_COLUMNS
from billing.rules.rejects import REJECTS
from billing.rules.rerating import ADDED, differences
from css.core.money import Price
from tests.rules.rating_examples import DOCUMENT, Example, answer_of, component_rows, component_words, examples, held, instant, shown

KINDS = {"rating": 40, "duplicates": 1, "long call": 3, "guiding": 1, "re-rating": 3}
"""How many examples of each kind there are at the least: none must be lost by a slip of the fences."""
GIVEN = {"tariff", "wholesale tariff", "price", "call", ""}


def _named(example: Example) -> str:
    return f"line {example.line}"


def test_the_page_has_its_examples_and_no_others() -> None:
    kinds = re.findall(r"^```text\n(.*)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(kinds) == set(KINDS)
    for kind, least in KINDS.items():
        assert len(examples(kind)) == kinds.count(kind) >= least


def test_every_reason_a_record_may_wait_or_be_refused_for_in_rating_stands_on_the_page() -> None:
    page = DOCUMENT.read_text(encoding="utf-8")
    of_rating = {code for code in REJECTS if code[:5] in {"CSS41", "CSS45", "CSS46", "CSS70"}}
    assert len(of_rating) > 15
    assert {code for code in of_rating if code not in page} == set()


@pytest.mark.parametrize("example", examples("rating"), ids=_named)
def test_a_price_on_the_page_is_what_the_rule_says(example: Example) -> None:
    expected = {name: value for name, value in example.rows if name not in GIVEN}
    assert expected, "an example without an answer shows nothing"
    answer = answer_of(example)
    assert {name: answer.get(name) for name in expected} == expected
    listed = [value for name, value in example.rows if not name]
    if listed:
        assert component_words(example) == listed


@pytest.mark.parametrize("example", examples("rating"), ids=_named)
def test_the_components_of_a_price_on_the_page_add_up_to_it(example: Example) -> None:
    answer, rows = answer_of(example), component_rows(example)
    if "refused" in answer:
        assert rows == []
        return
    *parts, last = rows
    without, every = (shown(sum(row["amount_millionths"] for row in some)) for some in (parts, rows))
    if last["component"] == "vat":
        assert {without, every} == {answer["net"], answer["gross"]}
    else:
        assert every == answer["net"] == answer["gross"] == "0p"


def test_duplicates_on_the_page_are_told_as_it_says() -> None:
    (example,) = examples("duplicates")
    rows, expected = [], {}
    for name, text in example.rows:
        given, _, verdict = text.partition(" = ")
        record_id, leg, charged, other, moment, seconds = given.split(", ")
        call = (int(name), record_id, leg, held(charged), held(other), instant(moment), int(seconds.removesuffix(" s")), None, None, None)
        rows.append(call)
        code, _, original = verdict.partition(" of ")
        expected[int(name)] = (None, None) if verdict == "first" else (code, int(original))
    schema = {
        "usage_record_id": pl.Int64(),
        "supplier_record_id": pl.String(),
        **{
            name: CALL_COLUMNS.get(name, pl.String())
            for name in ("leg", "charged_number", "other_number", "started_at", "duration_seconds")
        },
        "part_number": pl.Int64(),
        "call_on_file": pl.Int64(),
        "id_on_file": pl.Int64(),
    }
    marked = mark_duplicates(pl.DataFrame(rows, schema=schema, orient="row"))
    found = {row["usage_record_id"]: (row["duplicate_code"], row["original_record_id"]) for row in marked.to_dicts()}
    assert found == expected


@pytest.mark.parametrize("example", examples("long call"), ids=_named)
def test_parts_on_the_page_are_put_together_as_it_says(example: Example) -> None:
    rows = []
    for n, (name, text) in enumerate((row for row in example.rows if row[0].startswith("part ")), start=1):
        _, number, *last = name.split()
        moment, seconds = text.split(", ")
        call = ("outgoing", "441632960123", "442079460123", instant(moment), int(seconds.removesuffix(" s")))
        rows.append((n, "NTHTEL", "L1", int(number), bool(last), *call, date(2026, 3, 6), True))
    judged = judge_parts(pl.DataFrame(rows, schema=PART_COLUMNS, orient="row"), date(2026, 3, 6))
    waits, call_text = example.value("waits"), example.value("call")
    assert set(judged["reject_code"]) == {waits}
    if call_text is not None:
        moment, seconds = call_text.split(", ")
        call_row = joined_calls(judged.filter(WHOLE)).row(0, named=True)
        assert (call_row["started_at"], call_row["duration_seconds"]) == (instant(moment), int(seconds.removesuffix(" s")))


def test_calls_on_the_page_are_guided_as_it_says() -> None:
    (example,) = examples("guiding")
    uses = []
    for text in example.values("use"):
        number, period, account = text.split(", ")
        starts, _, ends = period.partition(" to ")
        uses.append((held(number), instant(starts), instant(ends) if ends else None, account.removeprefix("account ")))
    moment = pl.Datetime("us", "UTC")
    schema = {"number": pl.String(), "starts_at": moment, "ends_at": moment, "account": pl.String()}
    assignments = compile_assignments(pl.DataFrame(uses, schema=schema, orient="row"))
    calls, expected = [], []
    for text in example.values("call"):
        given, _, verdict = text.partition(" = ")
        number, at = given.split(", ")
        calls.append((held(number), instant(at)))
        expected.append(verdict)
    frame = pl.DataFrame(calls, schema={"charged_number": pl.String(), "started_at": moment}, orient="row")
    guided = guide(frame, assignments)
    assert [row["account"] or row["reject_code"] for row in guided.to_dicts()] == expected


@pytest.mark.parametrize("example", examples("re-rating"), ids=_named)
def test_differences_on_the_page_are_those_that_are_written(example: Example) -> None:
    accounts = ("account A", "account B")

    def row(text: str) -> tuple[object, ...]:
        account, *count, amount = text.split(", ")
        calls = int(count[0].split()[0]) if count else 1
        net = Price.of(amount.removesuffix("p")).millionths
        return (1, accounts.index(account), calls, 0, 0, net, net, 0, 0, None)

    schema = {"usage_record_id": pl.Int64(), "account_id": pl.Int64(), **dict.fromkeys(ADDED, pl.Int64()), "zero_reason": pl.String()}
    was, now = (pl.DataFrame([row(text) for text in example.values(name)], schema=schema, orient="row") for name in ("row", "should be"))
    found = differences(was, now).sort("account_id").to_dicts()
    said = [
        f"{accounts[one['account_id']]}, {one['call_count']} call{'s' if one['call_count'] == 0 else ''}, {shown(one['net_millionths'])}"
        for one in found
    ]
    assert said == example.values("difference")


def test_the_helper_reads_the_second_coming_of_an_hour() -> None:
    first, second = instant("2026-10-25 01:30:00"), instant("2026-10-25 01:30:00 (again)")
    assert second - first == timedelta(hours=1)
    assert isinstance(first, datetime)
