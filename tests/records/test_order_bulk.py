"""Orders by file: every row's every fault at once, all accepted or nothing done, rows competing for plant as they stand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.cli import main
from css.core.errors import CssError, Several
from css.core.words import HalfDay, LineState
from css.db.engine import transaction
from css.master.appointments import Appointment
from css.master.lines import Line
from css.settings import settings
from orders.actions.bulk import place_orders_in_bulk
from orders.bulk import FIELDS, ORDERS_MAX, read_orders
from orders.commands.bulk import PlacedInBulk, PlaceOrdersInBulk
from orders.commands.orders import Slot
from orders.model import CustomerOrder
from orders.words import OrderKind, PlantOutcome
from tests import builders
from tests.builders import AT, CLERK, BuiltAccount, BuiltDistrict

Row = dict[str, str]


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return builders.account(session, zz)


def a_row(zz: BuiltDistrict, account: BuiltAccount, site: int = 0, **others: str) -> Row:
    fields = {
        "kind": "provide",
        "account_number": account.number,
        "product_codes": "LINE-RES CALLER-DISPLAY",
        "address_key": zz.gold[site].address_key,
        "required_on": "2026-03-09",
        "contact_name": "Tansley, Ada",
        "contact_phone": "07700 900123",
        "directory_name": "Tansley A",
        "emergency_name": "Mrs Ada Tansley",
    }
    return fields | others


def a_file(*rows: Row) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def load(session: Session, text: str, token: str = "", *, only_checks: bool = False) -> PlacedInBulk:
    return place_orders_in_bulk(session, PlaceOrdersInBulk(token=token, csv=text, only_checks=only_checks), by=CLERK, at=AT)


def faults(session: Session, text: str) -> list[tuple[str, str | None]]:
    with pytest.raises(CssError) as caught:
        load(session, text)
    found = caught.value.errors if isinstance(caught.value, Several) else (caught.value,)
    return [(fault.code, fault.element) for fault in found]


def order_count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(CustomerOrder)).scalar_one()


# Reading.


def test_a_cell_is_what_its_field_takes(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    row = a_row(zz, account, keeps_number="false", line_count="3", excess_agreed="12.50", care_level="")
    row |= {"appointment.slot_on": "2026-03-06", "appointment.half_day": "PM"}
    (read,) = read_orders("\ufeff" + a_file(row)).orders
    order = read.order
    assert read.row == 2
    assert (order.kind, order.product_codes, order.required_on) == (OrderKind.PROVIDE, ("LINE-RES", "CALLER-DISPLAY"), date(2026, 3, 9))
    assert (order.keeps_number, order.line_count, str(order.excess_agreed), order.care_level) == (False, 3, "12.50", None)
    assert order.appointment == Slot(slot_on=date(2026, 3, 6), half_day=HalfDay.PM)
    assert order.contact_name == "Tansley, Ada"


def test_a_name_may_be_of_two_lines_and_an_empty_row_still_counts(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    text = a_file(a_row(zz, account, visit_notes="Ring\ntwice"), {}, a_row(zz, account, 1))
    read = read_orders(text)
    assert [each.row for each in read.orders] == [2, 4]
    assert read.orders[0].order.visit_notes == "Ring\ntwice"


def test_every_field_of_an_order_may_stand_in_a_file() -> None:
    assert {"kind", "required_on", "appointment.slot_on", "bar", "linked_order"} <= set(FIELDS)
    assert {"token", "appointment"}.isdisjoint(FIELDS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no order in it"),
        ("kind,account_number\n", "there is no order in it"),
        ("\n\n  \nkind\n", "there is no order in it"),
        ("kind,colour\nprovide,red\n", "no field of an order is colour"),
        ("kind,\nprovide,red\n", "no field of an order is a column without a name"),
        ("kind,kind\nprovide,provide\n", "kind is named twice"),
        ("token\nonce\n", "no field of an order is token"),
        ('kind\n"provide\n', "it is no CSV"),
        ("kind\n" + "provide\n" * (ORDERS_MAX + 1), "there are 1,001 orders in it, and 1,000 is the most"),
    ],
)
def test_what_is_no_file_of_orders_is_refused_whole(session: Session, text: str, why: str) -> None:
    with pytest.raises(CssError, match=why) as caught:
        load(session, text)
    assert (caught.value.code, caught.value.element) == ("CSS276E", "csv")


# Placing.


def test_a_file_is_placed_in_its_order_and_answered_once(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    text = a_file(a_row(zz, account, 0), a_row(zz, account, 1))
    answer = load(session, text, "once")
    assert answer.is_placed
    assert [order.plant_outcome for order in answer.orders] == [PlantOutcome.SPARE_PAIR] * 2
    assert load(session, text, "once") == answer
    assert order_count(session) == 2
    (event,) = session.execute(select(AuditEvent.after).where(AuditEvent.verb == "place_orders_in_bulk")).scalars()
    assert event is not None
    assert (event["order_count"], event["last"]) == (2, answer.orders[1].order_number)


def test_every_fault_of_every_row_is_told_with_row_and_field(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    text = a_file(
        a_row(zz, account, 0),
        a_row(zz, account, 1, required_on="9/3/2026", kind="gift"),
        a_row(zz, account, 2, required_on="2026-03-03", product_codes="LINE-RES NONSUCH", emergency_name=""),
        a_row(zz, account, 3, contact_phone="999", keeps_number="perhaps"),
        a_row(zz, account, 1, account_number="ZZA00000000"),
        {"account_number": account.number},
    )
    assert sorted(faults(session, text), key=lambda fault: str(fault[1])) == [
        ("CSS060E", "rows[3].kind"),
        ("CSS060E", "rows[3].required_on"),
        ("CSS221E", "rows[4].emergency_name"),
        ("CSS211E", "rows[4].product_codes[1]"),
        ("CSS213E", "rows[4].required_on"),
        ("CSS060E", "rows[5].keeps_number"),
        ("CSS054E", "rows[6].account_number"),
        ("CSS061E", "rows[7].contact_name"),
        ("CSS061E", "rows[7].contact_phone"),
        ("CSS061E", "rows[7].kind"),
        ("CSS061E", "rows[7].required_on"),
    ]
    assert order_count(session) == 0
    assert session.execute(select(func.count()).select_from(Line)).scalar_one() == 0


def test_rows_compete_for_plant_in_the_order_they_stand(session: Session, account: BuiltAccount, zz: BuiltDistrict) -> None:
    """One stopped line: the first row that asks for it has it; the second of two changes of one line is told of the first."""
    builders.stopped_line(session, zz, site=zz.gold[0])
    line = builders.working_line(session, zz, account, site=zz.gold[1])
    change = {
        "kind": "care",
        "account_number": account.number,
        "number": line.number,
        "care_level": "3",
        "required_on": "2026-03-04",
        "contact_name": "Ada Tansley",
        "contact_phone": "07700 900123",
    }
    provides = [a_row(zz, account, 0, directory_name=name) for name in ("First", "Second")]
    answer = load(session, a_file(*provides, change))
    assert [order.plant_outcome for order in answer.orders] == [PlantOutcome.RESTART, PlantOutcome.SPARE_PAIR, None]
    assert faults(session, a_file(change)) == [("CSS207E", "rows[2].number")]


def test_a_slot_given_to_one_row_is_gone_for_the_next_only_when_it_is_full(
    session: Session, zz: BuiltDistrict, account: BuiltAccount
) -> None:
    slot = {"appointment.slot_on": "2026-03-06", "appointment.half_day": "AM"}
    load(session, a_file(a_row(zz, account, 0) | slot, a_row(zz, account, 1) | slot))
    assert session.execute(select(func.count()).select_from(Appointment)).scalar_one() == 2


def test_a_check_says_what_would_come_of_it_and_does_nothing(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    answer = load(session, a_file(a_row(zz, account)), only_checks=True)
    assert not answer.is_placed
    assert answer.orders[0].committed_on == date(2026, 3, 9)
    assert order_count(session) == 0
    assert session.execute(select(Line.id).where(Line.state == LineState.PLANNED)).all() == []


def test_a_refused_file_leaves_no_trace_even_if_whoever_asked_goes_on(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    assert faults(session, a_file(a_row(zz, account, 0), a_row(zz, account, 1, contact_name=""))) == [("CSS061E", "rows[3].contact_name")]
    assert order_count(session) == 0
    assert len(load(session, a_file(a_row(zz, account, 0))).orders) == 1


# At the command line.


@pytest.fixture
def town(fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[BuiltDistrict, BuiltAccount]]:
    monkeypatch.setenv("CSS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CSS_DATABASE_URL", fresh_engine.url.render_as_string(hide_password=False))
    settings.cache_clear()
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        account = builders.account(session, zz)
    yield zz, account
    settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> tuple[list[str], list[str]]:
    capsys.readouterr()
    assert main(["orders", *words]) == status
    out, err = capsys.readouterr()
    return out.splitlines(), err.splitlines()


def test_a_file_is_checked_refused_and_loaded_at_the_command_line(
    town: tuple[BuiltDistrict, BuiltAccount], fresh_engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zz, account = town
    today = {"required_on": "2026-03-20"}
    file = tmp_path / "orders.csv"
    file.write_text(a_file(a_row(zz, account, 0, **today), a_row(zz, account, 1, hazard_notes="x" * 51, **today)), encoding="utf-8-sig")
    for words in (["load", str(file), "--check"], ["load", str(file)]):
        out, err = said(capsys, 2, *words)
        assert out == []
        assert err == [
            "CSS219E Row 3: Hazard notes are at most 50 characters. [hazard_notes]",
            "Refused for 1 faults in 1 rows; no order was placed.",
        ]
    file.write_text(a_file(a_row(zz, account, 0, **today), a_row(zz, account, 1, **today)), encoding="utf-8")
    out, err = said(capsys, 0, "load", str(file), "--check")
    assert len(out) == 2
    assert err == ["2 orders would be placed; nothing was done."]
    out, err = said(capsys, 0, "load", str(file))
    assert out[0].startswith("ZZO")
    assert out[0].endswith("required 2026-03-20, promised by 2026-03-20")
    assert said(capsys, 0, "load", str(file)) == (out, err)
    with transaction(fresh_engine) as session:
        assert order_count(session) == 2


def test_the_fields_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, 0, "load", "--fields")
    assert (len(out), err) == (len(FIELDS), [])
    assert out[0].split() == ["kind", "one", "of", *", ".join(kind.value for kind in OrderKind).split()]


def test_what_is_no_text_and_no_file_is_refused(
    town: tuple[BuiltDistrict, BuiltAccount], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert town
    file = tmp_path / "orders.csv"
    file.write_bytes(b"kind\n\xff\xfe\n")
    assert said(capsys, 2, "load", str(file))[1][0].startswith("CSS004E ")
    assert said(capsys, 2, "load", str(tmp_path / "none.csv"))[1][0].startswith("CSS004E ")
    assert said(capsys, 2, "load")[1][0].startswith("CSS002E ")
