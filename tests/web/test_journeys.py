"""Calls as they come: find the caller, see the page, order, report, clear, pay; each through the form as a browser sends it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, text

from css.core.ids import slip_reference
from css.core.money import Money
from css.core.phone import display_number
from css.db.engine import transaction
from tests.web.conftest import AT, MovingClock, Seat, World
from tests.web.knowing import caller_known


def _order_fields(world: World, **others: str) -> dict[str, str]:
    return {
        "account_number": world.other.number,
        "kind": "p",
        "contact_name": "Mr Ben Quill",
        "contact_phone": "07700 900456",
        "product_codes": "line-res caller-display",
        "address_key": world.spare_site.address_key,
        "directory_kind": "XD",
        "emergency_name": "Ben Quill",
        "required_on": "+10",
    } | others


def _count(engine: Engine, table: str) -> int:
    with transaction(engine) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


# --- finding ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["display", "held", "compact"])
def test_a_number_in_use_opens_the_customer_at_once(desk: Seat, world: World, form: str) -> None:
    number = {"display": display_number(world.line.number), "held": world.line.number, "compact": "0" + world.line.number[2:]}[form]
    desk.open("/s/CS01")
    assert desk.cursor == "text"
    desk.press(text=number)
    assert desk.title == "CU03 Customer on one page"
    assert "Mrs Ada Tansley" in desk.page
    assert display_number(world.line.number) in desk.page


def test_the_command_line_takes_a_bare_number_too(desk: Seat, world: World) -> None:
    desk.open("/s/MENU")
    assert desk.cursor == "command"
    desk.press(command=world.account.number.lower())
    assert desk.title == "CU03 Customer on one page"


def test_a_name_gives_a_list_and_a_customer_of_two_accounts_both(desk: Seat, world: World) -> None:
    desk.open("/s/MENU")
    desk.press(command="quill b")
    assert desk.title == "CS01 Find customer"
    assert desk.page.count('data-line="') == 2
    desk.open(f"/s/CU03/{world.other.customer_number}")
    assert desk.title == "CS01 Find customer"


def test_nobody_found_is_said_in_place(desk: Seat) -> None:
    desk.open("/s/CS01")
    assert desk.press(text="Zzyzx").status_code == 200
    assert "none" in desk.page
    assert desk.press(text="01632 96").status_code == 422
    assert desk.said
    assert desk.form()["text"] == "01632 96", "what was keyed stays"


# --- orders -------------------------------------------------------------------------------------------------------------


def test_an_order_is_shown_before_it_is_placed_and_placed_once_however_often_f6_is_pressed(
    desk: Seat, world: World, engine: Engine
) -> None:
    before = _count(engine, "orders.customer_order")
    desk.open(f"/s/OR01/{world.other.number}")
    assert desk.form()["contact_name"] == "Mr Ben Quill", "what is known is not asked again"
    desk.press("Enter", **_order_fields(world))
    assert "CSS366I" in desk.said
    assert "what F6 will do" in desk.page
    assert "spare pair" in desk.page
    assert "£22.60" in desk.page
    assert "£25.85" in desk.page, "a month together, at the prices of the date wanted"
    assert _count(engine, "orders.customer_order") == before, "Enter never commits"
    data = desk.form() | {"key": "F6"}
    first = desk.client.post(desk.path, data=data)
    again = desk.client.post(desk.path, data=data)
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    assert _count(engine, "orders.customer_order") == before + 1
    desk.open(first.headers["Location"])
    assert desk.title == "OR03 Order progress"
    assert "COMMITTED" in desk.page


def test_f6_commits_only_what_was_shown(desk: Seat, world: World, engine: Engine) -> None:
    before = _count(engine, "orders.customer_order")
    desk.open(f"/s/OR01/{world.other.number}")
    fields = _order_fields(world, address_key=world.district.gold[4].address_key)
    desk.press("F6", **fields)
    assert "CSS367W" in desk.said, "F6 typed ahead shows the order"
    desk.press("F6", emergency_name="Somebody Else")
    assert "CSS367W" in desk.said, "what was changed after the check is shown again"
    assert _count(engine, "orders.customer_order") == before
    desk.press("F6")
    assert desk.title == "OR03 Order progress"
    assert _count(engine, "orders.customer_order") == before + 1


def test_everything_wrong_is_told_at_once_beside_its_field(desk: Seat, world: World, engine: Engine) -> None:
    before = _count(engine, "orders.customer_order")
    desk.open(f"/s/OR01/{world.other.number}")
    answer = desk.press("Enter", **_order_fields(world, contact_phone="1234", product_codes="LINE-RES NOSUCH", required_on="+1"))
    assert answer.status_code == 422
    assert len(set(desk.said)) >= 2
    assert re.search(r'id="contact_phone-wrong-1"', desk.page)
    assert re.search(r'id="product_codes-wrong-1"', desk.page)
    assert desk.cursor == "contact_phone", "the cursor is in the first wrong field"
    assert desk.form()["product_codes"] == "LINE-RES NOSUCH", "what was keyed stays"
    assert 'role="alert"' in desk.page
    assert _count(engine, "orders.customer_order") == before
    answer = desk.press("Enter", contact_phone="07700 900456", required_on="32/13/26", half_day="XX")
    assert answer.status_code == 422
    assert {"CSS365E", "CSS364E"} <= set(desk.said)


def test_enter_in_the_first_block_moves_on_to_the_next(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    answer = desk.press("Enter", contact_phone="07700 900456", cursor="contact_phone")
    assert answer.status_code == 200
    assert desk.said == []
    assert desk.cursor == "product_codes"
    desk.press("Enter", cursor="address_key", product_codes="LINE-RES", address_key=world.spare_site.address_key)
    assert desk.cursor == "required_on"


def test_an_address_is_found_by_postcode_and_house(desk: Seat, world: World) -> None:
    site = world.spare_site
    desk.open(f"/s/OR01/{world.other.number}")
    answer = desk.press("Enter", **_order_fields(world, address_key=site.postcode))
    assert answer.status_code == 422
    assert "CSS383E" in desk.said
    assert site.address_key in desk.page
    desk.press("Enter", **_order_fields(world, address_key=f"{site.postcode} 6"))
    assert desk.form()["address_key"] == world.district.gold[5].address_key
    assert desk.press("Enter", **_order_fields(world, address_key="nonsense")).status_code == 422
    assert "CSS382E" in desk.said


def test_an_order_goes_its_way_and_two_who_change_it_at_once_are_told(desk: Seat, colleague: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.second.number}")
    desk.press("Enter", **_order_fields(world, account_number=world.second.number, address_key=world.district.gold[5].address_key))
    desk.press("F6")
    order = desk.path.rsplit("/", 1)[1]
    colleague.open(f"/s/OR02/{order}/delay")
    colleague.press("Enter", problem_code="survey_required", words="The site must be surveyed.")
    desk.open(f"/s/OR02/{order}/cancel")
    desk.press("Enter", reason="Moving elsewhere")
    assert "CSS366I" in desk.said
    colleague.press("F6")
    assert "CSS376I" in colleague.said
    answer = desk.press("F6")
    assert answer.status_code == 409
    assert "HELD" in desk.page, "the order as it is now"
    assert desk.form()["reason"] == "Moving elsewhere", "beside what was keyed"
    desk.press("Enter")
    desk.press("F6")
    assert desk.title == "OR03 Order progress"
    assert "CANCELLED" in desk.page
    assert re.search(r"<td><b>DELAY</b>.*?SURVEY_REQUIRED", desk.page, re.DOTALL)


def test_what_an_order_cannot_do_now_has_no_key(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.second.number}")
    desk.press(
        "Enter",
        **_order_fields(world, account_number=world.second.number, address_key=world.district.silver.address_key, required_on="+40"),
    )
    assert "build" in desk.page
    desk.press("F6")
    assert 'data-key="S-F9"' in desk.page
    assert 'data-key="S-F6"' not in desk.page, "what was promised for no date cannot be delayed"
    assert 'data-key="S-F7"' not in desk.page, "what is not held cannot go on"


# --- faults -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("caller_is_known")
def test_a_fault_is_reckoned_before_it_is_promised_reported_once_and_cleared(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    assert desk.cursor == "symptom_code"
    assert desk.form()["contact_name"] == "Mrs Ada Tansley"
    desk.press("Enter", symptom_code="ndt", equipment_checked="y")
    assert "Care level 1" in desk.page
    assert "Wed 4 Mar 2026 23:59" in desk.page
    assert _count(engine, "repairs.fault") == 0
    data = desk.form() | {"key": "F6"}
    places = {desk.client.post(desk.path, data=data).headers["Location"] for _ in range(2)}
    assert len(places) == 1
    assert _count(engine, "repairs.fault") == 1
    (place,) = places
    desk.open(place)
    assert desk.title == "FL03 Fault"
    fault = desk.path.rsplit("/", 1)[1]
    desk.open("/s/FL04/ZZ")
    assert fault in desk.page
    desk.open(f"/s/FL01/{world.line.number}")
    assert "A fault is open on this line" in desk.page
    assert desk.press("Enter", symptom_code="NSY").status_code == 409
    assert "CSS312E" in desk.said
    desk.open(f"/s/FL02/{fault}/clear")
    assert desk.press("Enter", clear_code="QQ").status_code == 422
    assert "CSS306E" in desk.said
    desk.press("Enter", clear_code="dw", words="New dropwire")
    assert "in time" in desk.page
    desk.press("F6")
    assert desk.title == "FL03 Fault"
    assert "CSS378I" in desk.said
    assert "CLEARED" in desk.page


@pytest.mark.usefixtures("caller_is_known")
def test_a_symptom_the_line_cannot_have_is_not_offered(desk: Seat, world: World) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    values = desk.page[desk.page.index('data-values-for="symptom_code"') :].partition("</details>")[0]
    assert "CDF" in values
    assert "CWF" not in values
    assert desk.press("Enter", symptom_code="CWF").status_code == 422
    assert "CSS303E" in desk.said


@pytest.mark.usefixtures("caller_is_known")
def test_a_report_is_withdrawn(desk: Seat, world: World) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    desk.press("Enter", symptom_code="NSY")
    desk.press("F6")
    fault = desk.path.rsplit("/", 1)[1]
    desk.open(f"/s/FL02/{fault}/withdraw")
    desk.press("Enter", reason="It was the neighbour's radio")
    desk.press("F6")
    assert "WITHDRAWN" in desk.page


# --- money --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("caller_is_known")
def test_a_payment_shows_the_balance_before_it_is_taken_and_is_taken_once(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    assert desk.cursor == "amount"
    assert desk.press("Enter", amount="12.345", method="CD").status_code == 422
    assert "CSS011E" in desk.said
    assert desk.press("Enter", amount="-5", method="CD").status_code == 422
    desk.press("Enter", amount="25", method="cd", reference="T-81")
    assert "£25.00 in credit" in desk.page
    assert _count(engine, "billing.payment") == 0
    data = desk.form() | {"key": "F6"}
    for _ in range(2):
        assert desk.client.post(desk.path, data=data).status_code == 303
    assert _count(engine, "billing.payment") == 1
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    desk.open(f"/s/CU03/{world.account.number}")
    assert "in credit" in desk.page


@pytest.mark.usefixtures("caller_is_known")
def test_the_line_of_a_payment_slip_says_account_and_amount(desk: Seat, world: World) -> None:
    desk.open("/s/MENU")
    desk.press(command=slip_reference(world.other.number, Money(4215)))
    assert desk.title == "PY01 Take a payment"
    assert desk.form()["account_number"] == world.other.number
    assert desk.form()["amount"] == "42.15"
    assert desk.cursor == "method"
    desk.open("/s/PY01")
    desk.press("Enter", account_number=slip_reference(world.other.number, Money(4215)), amount="40", method="CA")
    assert desk.form()["amount"] == "40", "what is keyed counts"
    assert "£40.00 in credit" in desk.page


def test_an_account_without_bills_says_so(desk: Seat, world: World, engine: Engine, clock: MovingClock) -> None:
    caller_known(engine, "ALL1", world.other.customer_number, clock.at)
    desk.open(f"/s/BL03/{world.other.number}")
    assert desk.title == "BL03 Bills"
    assert "none" in desk.page
    assert desk.open("/s/BL03/ZZB00000017").status_code in {404, 422}


def test_the_night_at_a_glance_before_there_was_one(desk: Seat) -> None:
    desk.open("/s/BA01")
    assert "Mon 2 Mar 2026" in desk.page
