"""``css do`` and ``css ask``: every verb and query from the command line, and no wrong word leaves more than one sentence."""

from __future__ import annotations

import getpass
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass, replace
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from batch.repository import raise_alarm
from batch.words import AlarmKind
from billing.actions import take_payment
from billing.actions.rerating import rerate_usage
from billing.actions.statements import make_statement
from billing.commands import TakePayment
from billing.credit_commands import MakeStatement
from billing.rerating_commands import RerateUsage
from billing.words import PaymentMethod
from css.care.actions import record_contact
from css.care.commands import RecordContact
from css.care.words import Channel, Outcome, Topic
from css.cli import door, main
from css.cli.door import QUERIES, VERBS, the_asker
from css.core.clock import FixedClock
from css.core.codec import to_plain
from css.core.ids import IdKind, make_id
from css.core.money import Money
from css.core.words import HalfDay, PlantCondition, PlantElement, Role
from css.db.engine import transaction
from css.master.appointment_commands import ReserveSlot
from css.master.appointment_holding import reserve_slot
from css.master.news import post_news
from css.master.operator_commands import PostNews
from css.master.reference import PARTNER
from css.migrations.tables import METADATA
from css.partners.intake.inbox import receive
from css.quotes.quote import quote_order
from css.settings import settings
from css.web.approvals import AskApproval, ask_approval
from orders.actions import place_order
from orders.commands.orders import PlaceOrder
from orders.commands.quotes import QuoteOrder
from orders.words import OrderKind
from repairs.actions import add_engineer, break_plant, report_fault, withdraw_outage
from repairs.actions import test_line as measured
from repairs.commands.dispatch import AddEngineer
from repairs.commands.outages import WithdrawOutage
from repairs.commands.testing import BreakPlant, TestLine
from repairs.words import Craft
from tests import builders
from tests.bulk.carrier import carrier_file, given
from tests.bulk.taking import MADE_AT, NIGHT, NOON
from tests.house.script_questions import CRITERIA, EMPTY
from tests.partners.speaking import US, header, submit_order
from tests.records.faults import REPORT
from tests.records.month import close, close_quarter, month
from tests.records.outages import declare, line_problem
from tests.records.people import PASSWORD, enrol, operator
from tests.scenarios.nights import nights_through

BILLED = NIGHT + timedelta(days=1)
"""The night of the first bill."""
BY, AT = builders.OPERATOR, builders.AT
NOBODY = make_id("ZZ", IdKind.ACCOUNT, 9_999_999)


@dataclass(frozen=True)
class Town:
    """What there is to ask about, in words that can be keyed."""

    account: str
    customer: str
    line_id: int
    address_key: str
    postcode: str
    order: str
    fault: str
    bill: str
    appointment: str
    quote: str
    conversation: str

    def words(self, criteria: str) -> list[str]:
        return criteria.format(**{name: getattr(self, name) for name in self.__dataclass_fields__}).split()


@pytest.fixture(scope="module")
def town(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A customer with a line, a contact, an order, a fault, a payment and a first bill; and a night that set a call aside."""
    with transaction(engine) as session:
        raise_alarm(session, None, None, AlarmKind.CLOCK, "No clock looks.", AT)
        zz = builders.district(session)
        account = builders.account(session, zz, cycle_day=3)
        line = builders.working_line(session, zz, account)
        contact = RecordContact(
            account_number=account.number,
            number=line.number,
            channel=Channel.TELEPHONE,
            topic=Topic.FAULT,
            words="Dead.",
            outcome=Outcome.OPEN,
        )
        record_contact(session, contact, by=BY, at=AT)
        order = PlaceOrder(
            kind=OrderKind.PROVIDE,
            account_number=account.number,
            product_codes=("LINE-RES",),
            address_key=zz.gold[1].address_key,
            required_on=builders.DAY + timedelta(days=14),
            contact_name="Ada Tansley",
            contact_phone="07700 900123",
            emergency_name="Ada Tansley",
            directory_name="Tansley A",
        )
        placed = place_order(session, order, by=BY, at=AT)
        quote = quote_order(session, QuoteOrder(order=replace(order, number=None)), by=BY, at=AT)
        slot = ReserveSlot(address_key=zz.gold[0].address_key, slot_on=builders.DAY + timedelta(days=7), half_day=HalfDay.AM)
        held = reserve_slot(session, slot, by=BY, at=AT)
        withdraw_outage(session, WithdrawOutage(outage_id=declare(session).outage_id, reason="It was the next one."), by=BY, at=AT)
        fault = report_fault(session, REPORT, by=BY, at=AT)
        joe = AddEngineer(code="JOE", name="Joe Fitter", district_code="ZZ", crafts=(Craft.HOME,), exchange_codes=("WREN",))
        add_engineer(session, joe, by=BY, at=AT)
        line_problem(session, fault.fault_number)
        break_plant(session, BreakPlant(element=PlantElement.PAIR, number=line.number, condition=PlantCondition.BATTERY), by=BY, at=AT)
        measured(session, TestLine(number=line.number), by=BY, at=AT)
        take_payment(session, TakePayment(account_number=account.number, amount=Money(500), method=PaymentMethod.CASH), by=BY, at=AT)
    home = tmp_path_factory.mktemp("home")
    stranger = ("441632960777", "442079460123", NOON, 60)
    given(home / "incoming" / "ZZ", carrier_file([stranger], made_at=MADE_AT))
    cut_short = given(home / "incoming" / "ZZ", b"no control record\n", "CUT.csv")
    os.utime(cut_short, (0, 0))
    nights_through(engine, "ZZ", NIGHT, BILLED, home)
    with transaction(engine) as session:
        rerate_usage(session, RerateUsage(district_code="ZZ", from_on=NIGHT, reason="To be sure."), by=BY, at=AT)
        make_statement(session, MakeStatement(account_number=account.number, starts_on=builders.DAY), by=BY, at=AT)
        # Nothing was entered then; it is closed for all that.
        close(session, month(date(2025, 12, 1)))
        close_quarter(session, date(2025, 10, 1))
        _ask_for_a_second_person(session, account.number)
        post_news(session, PostNews(words="Prices change tonight.", ends_at=AT + timedelta(days=1)), by=BY, at=AT)
    with engine.connect() as connection:
        bill = connection.execute(text("SELECT number FROM billing.bill")).scalar_one()
    return Town(
        account.number,
        account.customer_number,
        line.id,
        zz.gold[0].address_key,
        zz.gold[0].postcode.replace(" ", ""),
        placed.order_number,
        fault.fault_number,
        bill,
        held.appointment_number,
        quote.quote_number,
        _partner_speaks(engine),
    )


def _partner_speaks(engine: Engine) -> str:
    """Of an account that it does not have, so that it is refused; the conversation."""
    data = submit_order(make_id("ZZ", IdKind.ACCOUNT, 9_999_998), "A00000000001", head=(head := header(created_at=AT)))
    assert receive(engine, PARTNER, data, clock=FixedClock(AT), own_party=US).status == HTTPStatus.ACCEPTED
    return head.conversation_id


def _ask_for_a_second_person(session: Session, account_number: str) -> None:
    """Bea may give nothing alone, Sue something."""
    bea, sue = operator("BEA", Role.BILLING), operator("SUE", Role.SUPERVISOR)
    enrol(session, bea)
    enrol(session, sue, Money(100_00))
    credit = {"account_number": account_number, "amount": "-5.00", "nominal_code": "VISITS", "words": "A visit", "reason": "Late"}
    ask_approval(session, AskApproval(verb="adjust-account", command=credit), by=bea, at=AT)


@pytest.fixture(autouse=True)
def _at_the_command_line(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CSS_DATABASE_URL", engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield
    settings.cache_clear()


def _row_counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        tables = METADATA.tables.values()
        return {table.fullname: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


@pytest.fixture
def refused(engine: Engine, town: Town, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Call with words that must be refused; gives the one sentence. Nothing may be printed, changed or traced back."""

    def call(*words: str) -> str:
        before = _row_counts(engine)
        assert main(list(words)) == 2
        said = capsys.readouterr()
        assert said.out == ""
        (sentence,) = said.err.splitlines()
        assert "Traceback" not in sentence
        assert _row_counts(engine) == before
        return sentence

    return call


def _answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:  # noqa: ANN401 - JSON of any type
    status = main(list(words))
    said = capsys.readouterr()
    assert (status, said.err) == (0, "")
    return json.loads(said.out)


def _typed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


# Asking.


def test_every_query_is_asked_here() -> None:
    assert list(CRITERIA) == list(QUERIES)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_answers_in_json(town: Town, capsys: pytest.CaptureFixture[str], query: str) -> None:
    rows = _answer(capsys, "ask", query, *town.words(CRITERIA[query]))
    assert bool(rows) is (query not in EMPTY)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_says_what_it_takes(capsys: pytest.CaptureFixture[str], query: str) -> None:
    fields = _answer(capsys, "ask", query, "--fields")
    assert not {"session", "by"} & set(fields)
    assert all("<" not in words for words in fields.values())


def test_values_in_order_and_by_name_are_the_same_question(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    in_order = _answer(capsys, "ask", "products", "residential", "2026-03-02")
    assert in_order == _answer(capsys, "ask", "products", "on=2026-03-02", "segment=residential")
    assert in_order == _answer(capsys, "ask", "products", "on=2026-03-02", "residential")
    assert {price["basis"] for row in in_order for price in row["prices"]} == {"gross"}


def test_the_bill_itself_comes_through_the_door(engine: Engine, town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    pdf = _answer(capsys, "ask", "bill-file", town.bill, "pdf")
    assert pdf["content"].startswith("base64:JVBERi")
    assert _answer(capsys, "ask", "bill-file", town.bill, "xml")["content"].startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nonsense", "CSS006E There is no query 'nonsense'; `css ask` knows: account-balance, "),
        ("customer-card", "CSS008E The query needs customer_number; give it as customer_number=VALUE."),
        ("products", "CSS008E The query needs segment, on; give it as segment=VALUE."),
        (
            "products segment=homes on=2026-13-01",
            "CSS060E segment: 'homes' is none of residential, business, wholesale. CSS060E on: month must be",
        ),
        ("products residential 2026-03-02 more", "CSS008E Nobody asked for 'more'; the query takes segment, on."),
        ("products residential sgement=x", "CSS008E Nobody asked for 'sgement=x'; the query takes segment, on."),
        ("products segment=residential segment=business", "CSS008E segment is given twice."),
        ("districts ZZ", "CSS008E Nobody asked for 'ZZ'; the query takes nothing."),
        ("districts by=me", "CSS008E Nobody asked for 'by=me'; the query takes nothing."),
        ("night-runs ZZ limit=many", "CSS060E limit: expected a whole number, not text."),
        ("night-runs ZZ limit=-1", "CSS008E limit is nought or more."),
        ("night-runs ZZ limit=99999999999999999999", "CSS060E limit: the number is too large."),
        ("night-runs ZZ limit=²", "CSS060E limit: expected a whole number, not text."),
        ("night-steps ZZ yesterday", "CSS060E business_date: 'yesterday' is not a date; write it like 2026-04-05."),
        (f"account-card {NOBODY}", "CSS105E There is no account "),
        ("account-card ZZA", "CSS052E "),
        ("find-customers a", "CSS107E "),
        ("line-card 01632960999", "CSS106E "),
        ("bill-file {bill} jpeg", "CSS448E "),
    ],
)
def test_wrong_criteria_are_one_sentence(refused: Callable[..., str], town: Town, words: str, said: str) -> None:
    assert refused("ask", *town.words(words)).startswith(said)


def test_what_is_asked_as_of_an_instant_is_asked_as_of_now(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    state = _answer(capsys, "ask", "caller-check-of", town.customer)
    assert (state["customer_number"], state["check"]) == (town.customer, None)
    assert _answer(capsys, "ask", "caller-check-of", "--fields")["at"].endswith(", optional")


# Doing.


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_says_what_it_takes(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert is_dataclass(door._command_type(VERBS[verb]))
    fields = _answer(capsys, "do", verb, "--fields")
    assert fields["token"] == "text, optional"
    assert len(fields) > 1


def test_a_fault_is_reported_and_cleared_by_a_script(
    town: Town, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(engine) as session:
        carrier = builders.account(session, provider_code="BRACKWAT", customer_number=town.customer)
    command = {"token": "s1", "customer_number": town.customer, "account_number": carrier.number, "channel": "telephone", "topic": "bill"}
    path = given(tmp_path, json.dumps(command | {"words": "Called.", "outcome": "solved"}).encode("utf-8-sig"), "contact.json")
    first = _answer(capsys, "do", "record-contact", str(path))
    assert first == _answer(capsys, "do", "record-contact", str(path)), "the same token gets the first answer"
    (row,) = _answer(capsys, "ask", "timeline", carrier.number)
    assert row["words"] == "Called."

    _typed(monkeypatch, json.dumps({"fault_number": town.fault, "clear_code": "EX"}).encode())
    assert _answer(capsys, "do", "clear-fault", "-")["state"] == "cleared"
    _typed(monkeypatch, json.dumps({"fault_number": town.fault, "reason": "Still dead."}).encode())
    assert _answer(capsys, "do", "reject-clear", "-")["state"] == "queued"
    _typed(monkeypatch, json.dumps({"fault_number": town.fault, "clear_code": "RWT"}).encode())
    assert "nobody was on site" in _answer(capsys, "do", "clear-fault", "-")["charge_words"].lower()
    _typed(monkeypatch, json.dumps({"fault_number": town.fault}).encode())
    assert _answer(capsys, "do", "accept-clear", "-")["state"] == "closed"
    _typed(monkeypatch, json.dumps({"district_code": "ZZ"}).encode())
    assert _answer(capsys, "do", "accept-silent-clears", "-") == {"accepted": 0, "charges": 0}
    _typed(monkeypatch, json.dumps(to_plain(replace(REPORT, symptom_code="NSY"))).encode())
    assert _answer(capsys, "do", "report-fault")["care_level"] == "1"
    with engine.connect() as connection:
        event = connection.execute(text("SELECT actor_kind, door FROM css.audit_event ORDER BY id DESC LIMIT 1")).one()
    assert tuple(event) == ("operator", "command line")


GOOD = to_plain(REPORT)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "CSS007E {file} is empty; `css do report-fault --fields` says what the command needs."),
        (b"{", "CSS007E {file} is not JSON: line 1, column 2."),
        (b'{"number": 1,}', "CSS007E {file} is not JSON: line 1, column "),
        (b"\xff\xfe{}", "CSS007E {file} is not text in UTF-8."),
        (b"[" * 100_000, "CSS007E {file} is JSON past any use"),
        (b"[" + b"9" * 5000 + b"]", "CSS007E {file} is JSON past any use"),
        (b'{"number": 12.5}', 'CSS007E The number 12.5 has a fraction; write amounts as text, like "12.34".'),
        (b'{"number": NaN}', "CSS007E NaN is no amount"),
        (b'{"number": "1", "number": "2"}', "CSS007E The field 'number' is named twice in one object; say it once."),
        (b"[]", "CSS060E document: expected an object with fields, not a list."),
        (
            b"{}",
            (
                "CSS061E number is missing. CSS061E symptom_code is missing. CSS061E contact_name is missing. "
                "CSS061E contact_phone is missing. `css do report-fault --fields` says what it takes."
            ),
        ),
        (json.dumps(GOOD | {"colour": "red"}).encode(), "CSS062E document has fields nobody knows: colour."),
        (json.dumps(GOOD | {"words": "a\x00b"}).encode(), "CSS060E words: the text holds a character that cannot be kept."),
        (json.dumps(GOOD | {"words": "a\ud800b"}).encode(), "CSS060E words: the text holds a character that cannot be kept."),
        (json.dumps(GOOD | {"symptom_code": "??"}).encode(), "CSS302E '??' is not a symptom code"),
        (json.dumps(GOOD).encode(), "CSS312E A fault is open on this line already: "),
    ],
)
def test_a_wrong_command_is_one_sentence(refused: Callable[..., str], tmp_path: Path, content: bytes, said: str) -> None:
    path = given(tmp_path, content, "command.json")
    assert refused("do", "report-fault", str(path)).startswith(said.format(file=path))


def test_a_district_nobody_knows_is_not_an_empty_one(refused: Callable[..., str]) -> None:
    assert refused("ask", "held-bills", "XX").startswith("CSS101E There is no district XX")
    assert refused("ask", "open-orders", "district_code=XX").startswith("CSS101E There is no district XX")


def test_a_wrong_verb_and_a_missing_file_are_one_sentence(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused("do", "nonsense").startswith("CSS006E There is no verb 'nonsense'; `css do` knows: accept-clear, accept-duplicate, ")
    assert (
        refused("do", "report-fault", str(tmp_path / "none.json"))
        == f"CSS004E {tmp_path}/none.json cannot be used: No such file or directory."
    )
    assert refused("do", "report-fault", str(tmp_path)).startswith(f"CSS004E {tmp_path} cannot be used: ")
    large = given(tmp_path, b" " * (door.COMMAND_BYTES_MAX + 1), "large.json")
    assert refused("do", "report-fault", str(large)) == f"CSS007E {large} is larger than 5000000 bytes."
    _typed(monkeypatch, b"")
    assert refused("do", "report-fault").startswith("CSS007E standard input is empty; ")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert refused("do", "report-fault").startswith("CSS007E Give the command as a JSON file, or - to type it")


@pytest.mark.usefixtures("town")
def test_a_deed_is_theirs_who_gives_a_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    path = given(tmp_path, json.dumps({"words": "From Sue.", "ends_at": "2099-01-01T00:00:00+00:00"}).encode(), "news.json")
    assert refused("do", "post-news", "--by", "SUE").startswith("CSS007E With --by the command stands in a file")
    _typed(monkeypatch, PASSWORD.encode() + b"\n")
    _answer(capsys, "do", "post-news", str(path), "--by", "SUE")
    assert _answer(capsys, "ask", "news")[0]["posted_by"] == "SUE"


def test_an_amount_written_as_a_number_is_refused(refused: Callable[..., str], town: Town, tmp_path: Path) -> None:
    payment = {"account_number": town.account, "amount": 12, "method": "cash"}
    path = given(tmp_path, json.dumps(payment).encode(), "payment.json")
    assert refused("do", "take-payment", str(path)) == "CSS060E amount: expected text, not a whole number."


def test_alone_each_lists_what_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    for words, table in (("do", VERBS), ("ask", QUERIES)):
        assert main([words]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == list(table)
        assert all(line.endswith(".") and "Errors:" not in line for line in lines)


# Who.


def test_whoever_runs_the_program_acts_for_the_own_retail_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "postgraduate")
    assert (the_asker().name, the_asker().provider_code) == ("POSTGRAD", "RETAIL")
    assert the_asker().roles == {role.value for role in Role}


@pytest.mark.parametrize("error", [KeyError("uid not found: 4711"), OSError("No username set in the environment")])
def test_a_user_without_a_name_is_the_owner(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert the_asker().name == "OWNER"
