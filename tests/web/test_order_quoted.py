"""What is shown can be kept as a quote and ordered by later; another kind of order keeps what fits and scolds for nothing unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from css.db.engine import transaction
from tests import builders
from tests.conftest import clone
from tests.web.conftest import Seat, World, populate
from tests.web.test_work_order_entry import _fields, _prompt

pytestmark = pytest.mark.usefixtures("caller_is_known")


@pytest.fixture(scope="module")
def settled(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    """A world of its own: orders are placed in it."""
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
            builders.working_line(session, world.district, world.account)
        yield engine, world


@pytest.fixture(scope="module")
def line(settled: tuple[Engine, World]) -> str:
    """The number of a second line of theirs, on which nothing is ordered."""
    with transaction(settled[0]) as session:
        return str(session.execute(text("SELECT max(number) FROM css.service_number")).scalar_one())


def _quotes(engine: Engine) -> list[tuple[str, str | None]]:
    """Every quote with the order that was placed by it."""
    asked = "SELECT q.number, o.number FROM orders.quote q LEFT JOIN orders.customer_order o ON o.quote_id = q.id ORDER BY q.id"
    with transaction(engine) as session:
        return [tuple(row) for row in session.execute(text(asked))]


# --- quotes ---------------------------------------------------------------------------------------------------------------


def test_only_what_was_shown_is_quoted_and_then_ordered_by(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/OR01/{world.other.number}")
    desk.press("S-F9", **_fields(world))
    assert desk.said == ["CSS849W"], "it is shown first"
    assert _quotes(engine) == []
    desk.press("S-F9")
    assert desk.said == ["CSS848I"]
    ((number, _),) = _quotes(engine)
    assert desk.form()["quote_number"] == number
    assert "holds until Mon 16 Mar 2026" in desk.page
    assert f"quote {number[:2]} {number[2]}" in desk.page, "the effect is that of ordering by it"
    desk.press("F6")
    assert desk.title.startswith("OR03")
    ((_, order),) = _quotes(engine)
    assert order is not None


def test_a_quote_opens_the_order_it_is_for(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/OR01/{world.account.number}/FE/{world.line.number}")
    keyed = {"product_codes": "call-waiting", "remove_codes": "caller-display", "required_on": "+4", "contact_phone": "07700 900456"}
    desk.press("Enter", **keyed, cursor="required_on")
    desk.press("S-F9")
    number = _quotes(engine)[-1][0]
    desk.open(f"/s/OR01/{world.account.number}")
    assert desk.press("Enter", command=number, cursor="command").status_code == 200
    assert desk.title.startswith("OR01")
    shown = desk.form()
    assert (shown["kind"], shown["product_codes"], shown["remove_codes"]) == ("FE", "CALL-WAITING", "CALLER-DISPLAY")
    assert shown["quote_number"] == number
    assert [code for code, _ in _prompt(desk, "quote_number")] == [number], "one that was ordered by, or of another kind, is not offered"
    desk.press("Enter", cursor="required_on")
    assert "CSS366I" in desk.said
    desk.press("Enter", product_codes="THREE-WAY", cursor="required_on")
    assert "CSS832E" in desk.said, "another order than was quoted"
    assert desk.cursor == "quote_number"
    desk.press("Enter", product_codes="CALL-WAITING", cursor="required_on")
    desk.press("F6")
    assert desk.title.startswith("OR03")


def test_what_cannot_be_ordered_cannot_be_quoted(desk: Seat, world: World, engine: Engine) -> None:
    before = _quotes(engine)
    desk.open(f"/s/OR01/{world.other.number}")
    assert desk.press("S-F9", **_fields(world, product_codes="LINE-RES NOSUCH")).status_code == 422
    assert "CSS211E" in desk.said
    assert desk.press("S-F9").status_code == 422
    assert _quotes(engine) == before


# --- another kind ---------------------------------------------------------------------------------------------------------


def test_another_kind_keeps_what_fits(desk: Seat, world: World, line: str) -> None:
    desk.open(f"/s/OR01/{world.account.number}/FE/{line}")
    desk.press("Enter", kind="CA", contact_name="Tom Tansley", contact_phone="07700 900456", required_on="+9", hazard_notes="Geese")
    shown = desk.form()
    assert desk.said == [], "the care level was not there to be keyed"
    assert desk.cursor == "care_level"
    assert (shown["number"], shown["contact_name"], shown["required_on"], shown["hazard_notes"]) == (
        line,
        "Tom Tansley",
        "+9",
        "Geese",
    )
    assert "product_codes" not in shown
    assert next(level for level, _ in _prompt(desk, "care_level")) == "1"
    desk.press("Enter", care_level="3", cursor="required_on")
    assert desk.said == ["CSS366I"]


def test_a_kind_without_what_was_on_the_page_asks_for_it(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.account.number}/PR/{world.line.number}")
    desk.press("F6", kind="MV", cursor="kind")
    assert desk.form()["number"] == world.line.number, "the line in hand is what they mean"
    desk.press("Enter", kind="PI", cursor="kind")
    assert desk.cursor == "new_number"
    assert not [code for code in desk.said if code.endswith("E")]
    assert re.search(r"KELDER", desk.page), "the networks there are"


def test_a_kind_nobody_knows_names_those_there_are(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.account.number}")
    assert desk.press("Enter", kind="QQ", cursor="kind").status_code == 422
    assert "CSS844E" in desk.said
    assert len(_prompt(desk, "kind", kind="")) == 18


def test_a_port_in_lists_whoever_the_new_line_is_for(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.account.number}/PI")
    keyed = {"new_number": "01632 970123", "network_code": "KELDER", "authority": "LOA 17", "contact_phone": "07700 900456"}
    desk.press("Enter", **keyed, address_key=world.spare_site.address_key, product_codes="LINE-RES", cursor="product_codes")
    assert desk.form()["emergency_name"] == "Mrs Ada Tansley"
    assert next(day for day, _ in _prompt(desk, "required_on")) == "11/3/26", "seven working days, however soon there is a pair"
    desk.press("Enter", required_on="+21", cursor="required_on")
    assert desk.said == ["CSS366I"]


def test_slots_are_offered_for_what_is_done_at_the_line_itself(desk: Seat, world: World, line: str) -> None:
    desk.open(f"/s/OR01/{world.account.number}/SH/{line}")
    first = _prompt(desk, "slot_on")[0]
    assert first[0] == "9/3/26"
    assert "free" in first[1]
    desk.press("Enter", contact_phone="07700 900456", required_on="+10", slot_on=first[0], half_day="AM", cursor="required_on")
    assert desk.said == ["CSS366I"]
