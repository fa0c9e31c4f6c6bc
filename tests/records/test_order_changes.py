"""Changes of a working line: features, care level, listing. Each has its own effect, and is refused for everything at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.core.errors import Conflict, Refused
from css.core.words import DirectoryEntryKind, EndReason, Segment
from css.master.guiding import number_in_use
from css.master.line_story import LineEventKind, line_story
from css.master.lines import LineListing
from css.master.products import Product
from css.master.services import Service
from orders.actions import cancel_order
from orders.commands.orders import CancelOrder, PlaceOrder
from orders.queries.cards import order_card
from orders.words import ItemAction, OrderKind
from repairs.actions import report_fault
from tests import builders
from tests.builders import AT, CLERK, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.faults import REPORT
from tests.records.ordering import complete, place, refused, stream

WANTED = date(2026, 3, 4)


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return builders.account(session, zz)


@pytest.fixture
def line(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> BuiltLine:
    return builders.working_line(session, zz, account, features=("CALLER-DISPLAY", "CALL-BARRING"))


def a_change(line: BuiltLine, kind: OrderKind = OrderKind.FEATURES, **others: object) -> PlaceOrder:
    fields: dict[str, Any] = {
        "kind": kind,
        "account_number": line.account.number,
        "number": line.number,
        "required_on": WANTED,
        "contact_name": "Ada Tansley",
        "contact_phone": "07700 900123",
    }
    return PlaceOrder(**fields | others)


def on_the_line(session: Session, line: BuiltLine) -> dict[str, date]:
    """What works on the line, and since when."""
    rows = session.execute(
        select(Product.code, Service.starts_on)
        .join(Service, Service.product_id == Product.id)
        .where(Service.line_id == line.id, Service.ends_on.is_(None))
    )
    return {row.code: row.starts_on for row in rows}


def ended(session: Session, line: BuiltLine) -> dict[str, tuple[date | None, EndReason | None, str | None]]:
    rows = session.execute(
        select(Product.code, Service)
        .join(Service, Service.product_id == Product.id)
        .where(Service.line_id == line.id, Service.ends_on.is_not(None))
    )
    return {row.code: (row.Service.ends_on, row.Service.end_reason, row.Service.end_order_number) for row in rows}


# Features.


def test_features_are_added_and_taken_off_on_the_day_the_work_is_done(session: Session, line: BuiltLine) -> None:
    placed = place(session, a_change(line, product_codes=("CALL-DIVERSION", "MINUTES-100"), remove_codes=("CALL-BARRING",)))
    assert (placed.number, placed.committed_on) == (line.number, WANTED)
    assert "CALL-DIVERSION" not in on_the_line(session, line)
    complete(session, placed.order_number, WANTED)
    assert on_the_line(session, line) == {
        "LINE-RES": builders.DAY,
        "CALLER-DISPLAY": builders.DAY,
        "CALL-DIVERSION": WANTED,
        "MINUTES-100": WANTED,
    }
    assert ended(session, line) == {"CALL-BARRING": (WANTED, EndReason.CHANGED, placed.order_number)}
    items = order_card(session, placed.order_number, by=CLERK).items
    assert [(item.action, item.product_code) for item in items] == [
        (ItemAction.REMOVE, "CALL-BARRING"),
        (ItemAction.ADD, "CALL-DIVERSION"),
        (ItemAction.ADD, "MINUTES-100"),
    ]


def test_a_feature_taken_off_may_come_back_the_same_day(session: Session, line: BuiltLine) -> None:
    complete(session, place(session, a_change(line, remove_codes=("CALLER-DISPLAY",))).order_number, WANTED)
    again = place(session, a_change(line, product_codes=("CALLER-DISPLAY",), required_on=date(2026, 3, 5)))
    complete(session, again.order_number, WANTED)
    assert on_the_line(session, line)["CALLER-DISPLAY"] == WANTED


def test_nothing_is_done_before_what_ended_on_the_line_meanwhile(session: Session, line: BuiltLine) -> None:
    """Something else than an order can end a service, as billing does promotions; days of a line never overlap."""
    placed = place(session, a_change(line, product_codes=("THREE-WAY",)))
    feature = select(Product.id).where(Product.code == "CALLER-DISPLAY").scalar_subquery()
    session.execute(
        update(Service)
        .where(Service.line_id == line.id, Service.product_id == feature)
        .values(ends_on=date(2026, 3, 5), end_recorded_on=builders.DAY)
    )
    with pytest.raises(Refused, match="5 March 2026"):
        complete(session, placed.order_number, WANTED)
    complete(session, placed.order_number, date(2026, 3, 5))
    assert on_the_line(session, line)["THREE-WAY"] == date(2026, 3, 5)


def test_a_change_given_up_changes_nothing(session: Session, line: BuiltLine) -> None:
    before = on_the_line(session, line)
    placed = place(session, a_change(line, remove_codes=("CALLER-DISPLAY",)))
    cancel_order(session, CancelOrder(order_number=placed.order_number, reason="Keeps it"), by=CLERK, at=AT)
    assert on_the_line(session, line) == before
    assert place(session, a_change(line, remove_codes=("CALLER-DISPLAY",))).order_number != placed.order_number


@pytest.mark.parametrize(
    ("asked", "faults"),
    [
        ({}, {"CSS271E": "product_codes"}),
        ({"product_codes": ("CALLER-DISPLAY",)}, {"CSS273E": "product_codes[0]"}),
        ({"remove_codes": ("CALL-WAITING",)}, {"CSS274E": "remove_codes[0]"}),
        ({"product_codes": ("CALL-DIVERSION",)}, {"CSS216E": "product_codes[0]"}),
        ({"product_codes": ("VOLUME-BUS",)}, {"CSS212E": "product_codes[0]"}),
        ({"product_codes": ("NONSUCH",), "remove_codes": ("NEITHER",)}, {"CSS211E": "remove_codes[0]"}),
        ({"product_codes": ("LINE-RES",)}, {"CSS270E": "product_codes[0]", "CSS273E": "product_codes[0]"}),
        ({"product_codes": ("CARE-3",)}, {"CSS270E": "product_codes[0]"}),
        ({"remove_codes": ("LINE-RES",)}, {"CSS270E": "remove_codes[0]"}),
        ({"product_codes": ("CALLER-DISPLAY",), "remove_codes": ("CALLER-DISPLAY",)}, {"CSS272E": "remove_codes[0]"}),
        ({"product_codes": ("CALL-SIGN", "CALL-SIGN")}, {"CSS215E": "product_codes[1]"}),
        (
            {"product_codes": ("CALLER-DISPLAY",), "remove_codes": ("CALL-WAITING",), "required_on": builders.DAY, "care_level": "3"},
            {"CSS273E": "product_codes[0]", "CSS274E": "remove_codes[0]", "CSS213E": "required_on", "CSS223E": "care_level"},
        ),
    ],
)
def test_a_change_of_features_is_refused_for_everything_at_once(
    session: Session, line: BuiltLine, asked: dict[str, object], faults: dict[str, str]
) -> None:
    assert refused(session, a_change(line, OrderKind.FEATURES, **asked)) == faults


def test_what_is_taken_off_makes_room_for_what_could_not_stand_beside_it(session: Session, line: BuiltLine) -> None:
    placed = place(session, a_change(line, product_codes=("CALL-DIVERSION",), remove_codes=("CALL-BARRING",)))
    complete(session, placed.order_number, WANTED)
    assert {"CALL-DIVERSION", "CALL-BARRING"} & set(on_the_line(session, line)) == {"CALL-DIVERSION"}


def test_a_service_that_rides_on_the_line_is_added_and_taken_off_by_name(session: Session, line: BuiltLine) -> None:
    complete(session, place(session, a_change(line, product_codes=("BROADBAND",))).order_number, WANTED)
    assert "BROADBAND" in on_the_line(session, line)
    off = place(session, a_change(line, remove_codes=("BROADBAND",), required_on=date(2026, 3, 6)))
    complete(session, off.order_number, date(2026, 3, 6))
    assert "BROADBAND" not in on_the_line(session, line)


def test_one_change_at_a_time(session: Session, line: BuiltLine) -> None:
    place(session, a_change(line, remove_codes=("CALLER-DISPLAY",)))
    with pytest.raises(Conflict, match="is open on the line already"):
        place(session, a_change(line, OrderKind.CARE, care_level="3"))


def test_somebody_elses_line_is_not_there(session: Session, zz: BuiltDistrict, line: BuiltLine) -> None:
    other = builders.account(session, zz)
    assert refused(session, a_change(line, account_number=other.number, remove_codes=("CALLER-DISPLAY",))) == {"CSS230E": "number"}


# Care.


def test_a_better_care_level_costs_its_product_and_counts_for_the_next_fault(session: Session, line: BuiltLine) -> None:
    placed = place(session, a_change(line, OrderKind.CARE, care_level="3"))
    complete(session, placed.order_number, WANTED)
    assert on_the_line(session, line)["CARE-3"] == WANTED
    assert on_the_line(session, line)["LINE-RES"] == builders.DAY
    guided = number_in_use(session, line.number, AT)
    assert guided is not None
    assert guided.care_level == "3"
    fault = report_fault(session, REPORT, by=CLERK, at=AT)
    assert fault.care_level == "3"


def test_from_one_level_to_another_and_back_to_the_lines_own(session: Session, line: BuiltLine) -> None:
    for level, day in (("3", date(2026, 3, 4)), ("4", date(2026, 3, 9)), ("1", date(2026, 3, 11))):
        placed = place(session, a_change(line, OrderKind.CARE, care_level=level, required_on=day))
        complete(session, placed.order_number, day)
    assert set(on_the_line(session, line)) == {"LINE-RES", "CALLER-DISPLAY", "CALL-BARRING"}
    story = [event.words for event in line_story(session, line.number, by=CLERK).events if event.kind is LineEventKind.SERVICE]
    assert "Residential line started" in story
    assert "Care level 4 started" in story
    assert {code: gone[:2] for code, gone in ended(session, line).items()} == {
        "CARE-3": (date(2026, 3, 9), EndReason.CHANGED),
        "CARE-4": (date(2026, 3, 11), EndReason.CHANGED),
    }
    guided = number_in_use(session, line.number, AT)
    assert guided is not None
    assert guided.care_level == "1"


@pytest.mark.parametrize(
    ("level", "faults"),
    [
        ("1", {"CSS275E": "care_level"}),
        ("5", {"CSS217E": "care_level"}),
        (None, {"CSS221E": "care_level"}),
        ("  ", {"CSS221E": "care_level"}),
    ],
)
def test_a_care_level_is_refused(session: Session, line: BuiltLine, level: str | None, faults: dict[str, str]) -> None:
    assert refused(session, a_change(line, OrderKind.CARE, care_level=level)) == faults


def test_a_firm_is_not_sold_what_its_line_has_already(session: Session, zz: BuiltDistrict) -> None:
    firm = builders.account(session, zz, segment=Segment.BUSINESS)
    line = builders.working_line(session, zz, firm)
    assert refused(session, a_change(line, OrderKind.CARE, care_level="1")) == {"CSS217E": "care_level"}
    assert refused(session, a_change(line, OrderKind.CARE, care_level="2")) == {"CSS275E": "care_level"}


# Listing.


def listings(session: Session, line: BuiltLine) -> list[tuple[str, str | None, str, date, date | None]]:
    rows = session.execute(select(LineListing).where(LineListing.line_id == line.id).order_by(LineListing.starts_on, LineListing.id))
    return [(row.directory_kind.value, row.directory_name, row.emergency_name, row.starts_on, row.ends_on) for row in rows.scalars()]


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ({"directory_kind": DirectoryEntryKind.EX_DIRECTORY}, ("XD", "Tansley A", "Mrs Ada Tansley")),
        ({"directory_name": "Tansley & Daughter"}, ("DE", "Tansley & Daughter", "Mrs Ada Tansley")),
        ({"emergency_name": "Flat above the bakery"}, ("DE", "Tansley A", "Flat above the bakery")),
    ],
)
def test_what_the_order_does_not_say_stays(
    session: Session, line: BuiltLine, asked: dict[str, object], after: tuple[str, str, str]
) -> None:
    placed = place(session, a_change(line, OrderKind.DIRECTORY, **asked))
    complete(session, placed.order_number, WANTED)
    assert listings(session, line) == [
        ("DE", "Tansley A", "Mrs Ada Tansley", builders.DAY, WANTED),
        (*after, WANTED, None),
    ]


def test_who_is_ex_directory_stays_so_when_another_name_is_told_to_the_emergency_services(session: Session, line: BuiltLine) -> None:
    hidden = place(session, a_change(line, OrderKind.DIRECTORY, directory_kind=DirectoryEntryKind.EX_DIRECTORY))
    complete(session, hidden.order_number, WANTED)
    renamed = place(session, a_change(line, OrderKind.DIRECTORY, emergency_name="Dr Ada Tansley", required_on=date(2026, 3, 5)))
    complete(session, renamed.order_number, date(2026, 3, 5))
    assert listings(session, line)[-1][:3] == ("XD", "Tansley A", "Dr Ada Tansley")


@pytest.mark.parametrize(
    ("asked", "faults"),
    [
        ({}, {"CSS271E": "directory_kind"}),
        ({"directory_kind": DirectoryEntryKind.ORDINARY}, {"CSS277E": "directory_kind"}),
        ({"directory_name": "Tansley A", "emergency_name": "Mrs Ada Tansley"}, {"CSS277E": "directory_name"}),
        ({"emergency_name": "x" * 101}, {"CSS219E": "emergency_name"}),
    ],
)
def test_a_listing_that_does_not_change_is_refused(
    session: Session, line: BuiltLine, asked: dict[str, object], faults: dict[str, str]
) -> None:
    assert refused(session, a_change(line, OrderKind.DIRECTORY, **asked)) == faults


def test_a_listing_needs_a_name_unless_it_is_not_listed(session: Session, line: BuiltLine) -> None:
    session.execute(update(LineListing).values(directory_kind=DirectoryEntryKind.EX_DIRECTORY, directory_name=None))
    asked = a_change(line, OrderKind.DIRECTORY, directory_kind=DirectoryEntryKind.NO_ENTRY_ENQUIRIES_ALLOWED)
    assert refused(session, asked) == {"CSS221E": "directory_name"}


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (OrderKind.FEATURES, {"remove_codes": ("CALLER-DISPLAY",)}),
        (OrderKind.CARE, {"care_level": "4"}),
        (OrderKind.DIRECTORY, {"directory_name": "Tansley B"}),
    ],
)
def test_the_customer_is_told_from_beginning_to_end(session: Session, line: BuiltLine, kind: OrderKind, asked: dict[str, object]) -> None:
    placed = place(session, a_change(line, kind, **asked))
    complete(session, placed.order_number, WANTED)
    assert stream(session, placed.order_number) == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
