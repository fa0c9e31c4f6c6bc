"""Order entry block by block: each is judged when it is left, F4 knows the line and the date, and nobody is left without a slot."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from sqlalchemy import Engine, text

from css.core.ids import IdKind, make_id
from css.core.words import HalfDay
from css.db.engine import transaction
from css.master.appointment_commands import ReserveSlot
from css.master.appointment_holding import reserve_slot
from css.web.rendering import SHELL_HEADER
from tests import builders
from tests.conftest import QueryCount
from tests.web.conftest import AT, Seat, World


def _fields(world: World, **others: str) -> dict[str, str]:
    return {
        "contact_phone": "07700 900456",
        "product_codes": "line-res caller-display",
        "address_key": world.spare_site.address_key,
        "required_on": "+10",
        "cursor": "required_on",
    } | others


def _prompt(desk: Seat, field: str, **keyed: str) -> list[list[str]]:
    """What F4 in a field answers."""
    data = desk.form() | keyed | {"key": "Prompt", "prompt": field}
    found = desk.client.post(desk.path, data=data, headers={SHELL_HEADER: "1"}).get_json()["values"]
    assert isinstance(found, list)
    return found


def _effect(desk: Seat) -> str:
    return desk.page.partition('<section class="effect"')[2].partition("</section>")[0]


def _orders(engine: Engine) -> int:
    with transaction(engine) as session:
        return int(session.execute(text("SELECT count(*) FROM orders.customer_order")).scalar_one())


# --- each block is judged when it is left ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyed", "code", "wrong"),
    [
        ({"contact_phone": "123", "cursor": "contact_phone"}, "CSS241E", "contact_phone"),
        ({"account_number": make_id("ZZ", IdKind.ACCOUNT, 999), "cursor": "contact_phone"}, "CSS200E", "account_number"),
        ({"product_codes": "LINE-RES NOSUCH", "cursor": "address_key"}, "CSS211E", "product_codes"),
        ({"product_codes": "LINE-BUS", "cursor": "address_key"}, "CSS212E", "product_codes"),
        ({"product_codes": "LINE-RES CALL-BARRING CALL-DIVERSION", "cursor": "address_key"}, "CSS216E", "product_codes"),
        ({"product_codes": "LINE-RES", "number": "0113 496 0001", "cursor": "number"}, "CSS224E", "number"),
        ({"product_codes": "LINE-RES", "care_level": "9", "cursor": "care_level"}, "CSS217E", "care_level"),
    ],
)
def test_a_block_is_judged_by_the_rooms_rules_when_it_is_left(
    desk: Seat, world: World, engine: Engine, keyed: dict[str, str], code: str, wrong: str
) -> None:
    before = _orders(engine)
    desk.open(f"/s/OR01/{world.other.number}")
    known = {"contact_phone": "07700 900456", "address_key": world.spare_site.address_key}
    answer = desk.press("Enter", **known | keyed)
    assert answer.status_code in {404, 422}
    assert code in desk.said
    assert desk.cursor == wrong
    assert "required_on-wrong" not in desk.page, "what is still to come is not scolded for"
    assert _orders(engine) == before


def test_who_is_judged_without_scolding_for_what(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    assert desk.press("Enter", contact_phone="07700 900456", cursor="contact_phone").status_code == 200
    assert desk.said == []
    assert desk.cursor == "product_codes"


def test_leaving_what_shows_the_plant_and_the_earliest_date(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    keyed = _fields(world, required_on="", cursor="address_key", address_key=f"{world.spare_site.postcode} 4")
    assert desk.press("Enter", **keyed).status_code == 200
    assert desk.cursor == "required_on"
    assert "a spare pair is there" in desk.page
    assert "<b>Mon 9 Mar 2026</b>, with a visit" in desk.page
    assert "Mon 9 Mar 2026 AM (12 free)" in desk.page, "nobody comes for an order before it can be had"
    assert desk.form()["address_key"] == world.spare_site.address_key


# --- F4 -------------------------------------------------------------------------------------------------------------------


def test_products_offered_are_those_that_go_with_what_is_chosen(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    first = dict(_prompt(desk, "product_codes"))
    assert "LINE-RES" in first
    assert "LINE-BUS" not in first, "not sold to this segment"
    assert "a month" in first["LINE-RES"]
    then = dict(_prompt(desk, "product_codes", product_codes="LINE-RES CALL-BARRING"))
    assert not any(code.startswith("LINE") for code in then), "one main product an order"
    assert "CALL-DIVERSION" not in then, "it would carry calls out past the bar"
    assert "CALL-BARRING" not in then
    assert "CALLER-DISPLAY" in then


def test_prices_offered_are_those_of_the_date_wanted(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    march, april = (dict(_prompt(desk, "product_codes", required_on=day))["LINE-RES"] for day in ("20/3/26", "20/4/26"))
    assert ("£22.60" in march, "£23.40" in april) == (True, True)


def test_free_numbers_are_offered_by_their_last_digits_and_kept_for_nobody(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    keyed = {"address_key": world.spare_site.address_key, "product_codes": "LINE-RES"}
    assert _prompt(desk, "number", address_key="") == []
    numbers = _prompt(desk, "number", **keyed, number="77")
    assert [number for number, _ in numbers][:2] == ["01632960077", "01632960177"]
    desk.press("Enter", **_fields(world, number=numbers[0][0]))
    assert "01632 960077" in _effect(desk)


@pytest.mark.usefixtures("caller_is_known")
def test_a_cease_is_offered_the_numbers_there_are(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.account.number}")
    assert [number for number, _ in _prompt(desk, "number", kind="C")] == ["0" + world.line.number[2:]]


@pytest.mark.usefixtures("caller_is_known")
def test_addresses_are_offered_by_postcode_and_without_one_where_the_account_has_lines(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.account.number}")
    assert _prompt(desk, "address_key")[0][0] == world.line.site.address_key
    keys = [key for key, _ in _prompt(desk, "address_key", address_key=world.spare_site.postcode)]
    assert world.spare_site.address_key in keys
    assert _prompt(desk, "address_key", address_key="!!") == []


def test_care_levels_are_the_products_own_and_better_ones(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    levels = [code for code, _ in _prompt(desk, "care_level", product_codes="LINE-RES")]
    assert levels[0] == "1"
    assert levels == sorted(set(levels))
    for level in levels:
        desk.press("Enter", **_fields(world, care_level=level))
        assert "CSS366I" in desk.said, f"level {level} was offered and is refused"


def test_dates_and_slots_offered_can_all_be_had(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    keyed = {"address_key": world.spare_site.address_key, "product_codes": "LINE-RES", "contact_phone": "07700 900456"}
    dates = _prompt(desk, "required_on", **keyed)
    assert dates[0][0] == "9/3/26"
    assert "the earliest" in dates[0][1]
    slots = _prompt(desk, "slot_on", **keyed, required_on=dates[-1][0])
    for day, words in (slots[0], slots[-1]):
        assert "AM 12 free" in words
        desk.press("Enter", **_fields(world, required_on=dates[-1][0], slot_on=day, half_day="PM"))
        assert "CSS366I" in desk.said, f"{day} was offered and is refused"
    assert [code for code, _ in _prompt(desk, "half_day")] == ["AM", "PM"]


# --- no free slot ---------------------------------------------------------------------------------------------------------


def test_where_nobody_can_come_the_next_slots_are_named(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    answer = desk.press("Enter", **_fields(world, slot_on="8/3/26", half_day="AM"))
    assert answer.status_code == 422
    assert {"CSS222E", "CSS930E"} <= set(desk.said), "a Sunday"
    assert desk.cursor == "slot_on"
    assert "Mon 9 Mar 2026 AM (12 free); Mon 9 Mar 2026 PM (12 free)" in desk.page
    desk.press("Enter", slot_on="9/3/26", half_day="PM")
    assert "CSS366I" in desk.said
    assert "Mon 9 Mar 2026 PM" in _effect(desk)


def test_a_visit_that_is_held_is_offered_and_becomes_the_orders(desk: Seat, world: World, engine: Engine) -> None:
    with transaction(engine) as session:
        slot = ReserveSlot(address_key=world.spare_site.address_key, slot_on=date(2026, 3, 10), half_day=HalfDay.AM)
        held = reserve_slot(session, slot, by=builders.CLERK, at=AT).appointment_number
    desk.open(f"/s/OR01/{world.other.number}")
    assert _prompt(desk, "appointment_number", **_fields(world)) == [[held, "Tue 10 Mar AM, held until Tue 3 Mar 10:00"]]
    desk.press("Enter", **_fields(world, appointment_number=held))
    assert "Tue 10 Mar 2026 AM" in _effect(desk)


# --- the check ------------------------------------------------------------------------------------------------------------


def test_the_check_says_what_it_costs_and_what_to_read_out(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    desk.press("Enter", **_fields(world))
    effect = _effect(desk)
    assert "£25.85" in effect, "a month with VAT"
    assert "£21.54" in effect, "a month before VAT"
    assert "12 months, until 12 Mar 2027" in effect
    assert "On the bill of <b>1 Apr 2026</b>, charged to 30 Apr 2026" in effect
    script = re.findall(r"<li>(.*?)</li>", effect.partition('class="script"')[2])
    assert script[0].startswith("You are ordering Residential line, Caller display at 4 Larkspur Close")
    assert any("£25.85 including VAT a month" in sentence for sentence in script)
    assert script[-1] == "Do you agree to that?"


@pytest.mark.usefixtures("caller_is_known")
def test_a_cease_has_its_own_script_and_no_charges(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.account.number}")
    desk.press("Enter", kind="C", number=world.line.number, required_on="+9", product_codes="", cursor="required_on")
    effect = _effect(desk)
    assert "emergency calls cannot be made" in effect
    assert "Price list" not in effect


@pytest.mark.usefixtures("caller_is_known")
def test_a_new_line_takes_few_keys(desk: Seat, world: World) -> None:
    """Counted: what is typed, Tab from field to field, Enter for each block, F6."""
    desk.open(f"/s/OR01/{world.account.number}")
    assert desk.cursor == "product_codes"
    products, house, day = "LINE-RES CALLER-DISPLAY", f"{world.spare_site.postcode} 4", "+20"
    keys = len(products) + len("\t") + len(house) + 1
    desk.press("Enter", product_codes=products, address_key=house, cursor="address_key")
    assert desk.cursor == "required_on"
    keys += len(day) + 1
    desk.press("Enter", required_on=day, cursor="required_on")
    assert "CSS366I" in desk.said
    desk.press("F6")
    assert desk.title.startswith("OR03")
    assert keys + 1 <= 61


def test_order_entry_sends_a_fixed_number_of_statements(
    desk: Seat, world: World, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    with query_count() as sent:
        desk.press("Enter", **_fields(world, address_key=world.district.gold[4].address_key, product_codes="LINE-RES"))
    assert "CSS366I" in desk.said
    one = len(sent)
    with query_count() as sent:
        desk.press("Enter", product_codes="LINE-RES CALLER-DISPLAY CALL-WAITING THREE-WAY", care_level="3")
    assert "CSS366I" in desk.said
    assert len(sent) <= one + 4, "more products, not more questions"
    assert one <= STATEMENTS_OF_THE_CHECK


STATEMENTS_OF_THE_CHECK = 58
"""Two of them look whether the price will be another soon, which is read out before anybody agrees; one reads the care levels
offered on that day, which are rows that a supervisor sets and no longer a list in the program."""


@pytest.mark.usefixtures("caller_is_known")
def test_a_number_keyed_behind_the_kind_is_kept(desk: Seat, world: World) -> None:
    """Also one of somebody else's line, where the kind is about that; the line in hand only for what is done to a line of theirs."""
    account, number = world.account.number, world.line.number
    for opened, kept in (
        (f"{account}/TR/01632960999", "01632960999"),
        (f"{account}/{number}", ""),
        (f"{account}/FE/{number}", number),
        (f"{number}/FE", number),
    ):
        desk.open(f"/s/OR01/{opened}")
        assert desk.form()["number"] == kept, opened


@pytest.mark.usefixtures("caller_is_known")
def test_a_number_that_comes_to_a_line_of_theirs_asks_for_no_names(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.account.number}/PI")
    desk.press("Enter", number=world.line.number, new_number="01632199001", network_code="KELDER", authority="LOA 7", required_on="+20")
    assert "CSS223E" not in desk.said
    assert "CSS366I" in desk.said
