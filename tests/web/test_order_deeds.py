"""OR02: everything that is done to an order, each deed keyed, checked and committed; and what OR03 and OR04 make of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from css.core.words import HalfDay
from css.db.engine import transaction
from css.master.appointment_commands import ReserveSlot
from css.master.appointment_holding import reserve_slot
from css.web.rendering import SHELL_HEADER
from css.web.screens.order_deeds import ORDER
from orders.actions import place_order
from orders.commands.orders import PlaceOrder, Slot
from tests import builders
from tests.builders import BuiltDistrict
from tests.conftest import clone
from tests.records.gaining import TAKEN, a_takeover
from tests.records.ordering import a_provide
from tests.web.conftest import AT, MovingClock, Seat, World, populate, seated

SLOT = Slot(slot_on=date(2026, 3, 9), half_day=HalfDay.AM)
Orders = Callable[..., str]


@pytest.fixture(scope="module")
def settled(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
        yield engine, world


@pytest.fixture(scope="module")
def zy(settled: tuple[Engine, World]) -> BuiltDistrict:
    """Somebody works at its last site; at the others lines are ordered."""
    with transaction(settled[0]) as session:
        made = builders.district(session, "ZY", pairs=50, sites=50)
        builders.working_line(session, made, builders.account(session, made), site=made.gold[-1])
        return made


@pytest.fixture(scope="module")
def ordered(settled: tuple[Engine, World], zy: BuiltDistrict) -> Orders:
    """One more order for a new line, or what is said of it; gives its number."""
    sites = iter(zy.gold)

    def one_more(**said: object) -> str:
        with transaction(settled[0]) as session:
            account = builders.account(session, zy)
            site = {"address_key": next(sites).address_key} | said
            return place(session, a_provide(zy, account, **site))

    def place(session: object, command: PlaceOrder) -> str:
        return place_order(session, command, by=builders.CLERK, at=AT).order_number  # type: ignore[arg-type]

    return one_more


def _does(desk: Seat, order: str, deed: str, **keyed: str) -> None:
    """Look at the deed, check it, commit it."""
    desk.open(f"/s/OR02/{order}/{deed}")
    assert desk.press("Enter", **keyed).status_code == 200, desk.said
    assert "CSS366I" in desk.said
    assert '<section class="effect"' in desk.page
    desk.press("F6")
    assert desk.title.startswith("OR03"), desk.said


def _prompt(desk: Seat, field: str, **keyed: str) -> list[list[str]]:
    data = desk.form() | keyed | {"key": "Prompt", "prompt": field}
    found = desk.client.post(desk.path, data=data, headers={SHELL_HEADER: "1"}).get_json()["values"]
    assert isinstance(found, list)
    return found


def _deeds(desk: Seat, order: str) -> list[str]:
    """What OR03 offers."""
    desk.open(f"/s/OR03/{order}")
    return re.findall(rf'<a href="/s/OR02/{order}/(\w+)">', desk.page.partition("What can be done")[2].partition("</ul>")[0])


def _pane(page: str, caption: str) -> str:
    return re.sub(r"<[^>]+>", " ", page.partition(f"<h2>{caption}")[2].partition("</section>")[0])


# --- amend ----------------------------------------------------------------------------------------------------------------


def test_an_amendment_says_only_what_is_other(desk: Seat, ordered: Orders, engine: Engine) -> None:
    order = ordered(appointment=SLOT)
    _does(desk, order, "amend", required_on="16/3/26", contact_name="Tom Tansley", add_codes="call-waiting", hazard_notes="Geese")
    assert "Tom Tansley" in desk.page
    assert "Call waiting" in desk.page
    with transaction(engine) as session:
        (told,) = session.execute(
            text("SELECT after FROM css.audit_event WHERE verb = 'amend_order' AND subject_number = :order"), {"order": order}
        ).scalars()
    assert "visit_notes" not in str(told) or "'visit_notes': None" in str(told)


def test_a_visit_is_moved_to_a_slot_that_is_held(desk: Seat, ordered: Orders, zy: BuiltDistrict, engine: Engine) -> None:
    order = ordered(appointment=SLOT)
    with transaction(engine) as session:
        key = session.execute(
            text("SELECT s.address_key FROM orders.customer_order o JOIN css.line l ON l.id = o.line_id JOIN css.site s ON s.id = l.site_id"
                 " WHERE o.number = :order"), {"order": order}
        ).scalar_one()  # fmt: skip
        slot = ReserveSlot(address_key=key, slot_on=date(2026, 3, 9), half_day=HalfDay.PM)
        held = reserve_slot(session, slot, by=builders.CLERK, at=AT).appointment_number
    desk.open(f"/s/OR02/{order}/amend")
    assert [code for code, _ in _prompt(desk, "appointment_number")] == [held]
    assert "free" in _prompt(desk, "slot_on")[0][1]
    _does(desk, order, "amend", appointment_number=held)
    assert "Mon 9 Mar 2026 PM" in desk.page


def test_two_who_amend_see_both_values(desk: Seat, colleague: Seat, ordered: Orders) -> None:
    order = ordered()
    desk.open(f"/s/OR02/{order}/amend")
    desk.press("Enter", contact_name="Ada Mary Tansley")
    _does(colleague, order, "amend", contact_name="Tom Tansley", hazard_notes="Geese")
    assert desk.press("F6").status_code == 409
    assert {"CSS750E"} & set(desk.said)
    assert "now: <b>Tom Tansley</b>" in desk.page
    shown = desk.form()
    assert (shown["contact_name"], shown["hazard_notes"]) == ("Ada Mary Tansley", "Geese"), "what only they changed is taken over"
    desk.press("Enter")
    desk.press("F6")
    assert "Ada Mary Tansley" in desk.page


# --- tasks ----------------------------------------------------------------------------------------------------------------


def test_checks_offered_are_those_of_the_task_keyed(desk: Seat, ordered: Orders) -> None:
    desk.open(f"/s/OR02/{ordered()}/task/NUMBER")
    assert desk.form()["task"] == "NUMBER"
    assert desk.form()["checks"] == "", "nothing is ticked before it was seen to"
    assert [code for code, _ in _prompt(desk, "checks")] == ["ALLOCATED", "SILENT"]
    assert [code for code, _ in _prompt(desk, "checks", checks="allocated")] == ["SILENT"]
    assert "SWITCHED" in dict(_prompt(desk, "checks", task="exchange"))
    tasks = [code for code, _ in _prompt(desk, "task")]
    assert tasks == ["SURVEY", "NUMBER", "PLANT", "EXCHANGE", "FIELD", "DIRECTORY", "EMERGENCY"]


def test_a_task_is_done_with_its_checks_and_the_last_completes(desk: Seat, ordered: Orders) -> None:
    order = ordered()
    desk.open(f"/s/OR02/{order}/task/NUMBER")
    assert desk.press("Enter", done_on="2/3/26").status_code == 422
    assert "CSS291E" in desk.said
    assert desk.cursor == "checks"
    _does(desk, order, "task/NUMBER", checks="allocated", done_on="2/3/26", noted="By hand")
    assert "By hand" in _pane(desk.page, "Its work")
    for task, checks in (
        ("EXCHANGE", "jumpered switched"),
        ("FIELD", "line_tested dial_tone"),
        ("DIRECTORY", "entry_sent"),
    ):
        _does(desk, order, f"task/{task}", checks=checks, done_on="2/3/26")
    # The shortest way: everything was seen to, today.
    _does(desk, order, "task/EMERGENCY", checks="all")
    assert "RECORD_SENT, READ_BACK" in _pane(desk.page, "Its work")
    assert "COMPLETED" in desk.page
    assert _deeds(desk, order) == [], "nobody waits for it any more"


@pytest.mark.parametrize(
    ("effect", "code", "others", "state"),
    [
        ("INFORM", "SUPPLIER_FAULT", {}, "COMMITTED"),
        ("DELAY", "NETWORK_ISSUE", {}, "HELD"),
        ("REAPPOINT", "SUPPLIER_FAULT", {"target_on": "16/3/26"}, "COMMITTED"),
        ("CANCEL", "INVALID_REQUEST", {}, "TERMINATED"),
    ],
)
def test_a_task_fails_with_what_its_code_permits(
    desk: Seat, ordered: Orders, effect: str, code: str, others: dict[str, str], state: str
) -> None:
    order = ordered()
    desk.open(f"/s/OR02/{order}/fail/NUMBER")
    assert "CAPACITY_ISSUE" not in dict(_prompt(desk, "problem_code", effect="DELAY"))
    assert list(dict(_prompt(desk, "effect", problem_code="CAPACITY_ISSUE"))) == ["CANCEL"]
    _does(desk, order, "fail/NUMBER", problem_code=code, effect=effect, words="The exchange is full.", **others)
    assert state in desk.page
    assert ("retry" in _deeds(desk, order)) == (effect in {"INFORM", "DELAY"}), "on another day it is tried as a matter of course"


def test_a_failed_task_is_tried_again(desk: Seat, ordered: Orders) -> None:
    order = ordered()
    _does(desk, order, "fail/NUMBER", problem_code="SUPPLIER_FAULT", effect="INFORM", words="Try again.")
    assert "failed" in _pane(desk.page, "Its work")
    _does(desk, order, "retry/NUMBER")
    assert "failed" not in _pane(desk.page, "Its work")


def test_planning_surveys_what_must_be_built(desk: Seat, ordered: Orders, zy: BuiltDistrict) -> None:
    order = ordered(address_key=zy.silver.address_key, required_on=date(2026, 4, 1))
    assert {"survey", "amend", "cancel"} <= set(_deeds(desk, order))
    assert "Planning must look first, by 9 March 2026" in desk.page
    keyed = {"committed_on": "8/4/26", "excess_price": "250.00", "distribution_point": "C1/DP1"}
    desk.open(f"/s/OR02/{order}/survey")
    assert desk.press("Enter", **keyed).status_code == 422, "more than was agreed to beforehand, which is nothing"
    assert desk.cursor == "excess_consented_by"
    _does(desk, order, "survey", **keyed, excess_consented_by="Ada Tansley")
    assert "£250.00" in desk.page
    assert "A pair must be built first" in desk.page


# --- visits, dates, words ---------------------------------------------------------------------------------------------------


@pytest.fixture
def a_week_on(desk: Seat, engine: Engine, clock: MovingClock, zy: BuiltDistrict) -> Iterator[Seat]:
    """A desk on the afternoon of the day of the slot."""
    clock.goes_on(days=7, hours=4)
    move = text("UPDATE css.business_date SET current_on = :day WHERE district_code = :code")
    with transaction(engine) as session:
        session.execute(move, {"day": SLOT.slot_on, "code": zy.code})
    yield seated(desk.client.application, engine, "ALL1", clock.at)
    with transaction(engine) as session:
        session.execute(move, {"day": builders.DAY, "code": zy.code})


def test_a_visit_is_missed_by_us_and_by_the_customer(ordered: Orders, request: pytest.FixtureRequest) -> None:
    ours, theirs = ordered(appointment=SLOT), ordered(appointment=SLOT)
    late: Seat = request.getfixturevalue("a_week_on")
    _does(late, ours, "missed", cause="no-show", words="The van broke down.", slot_on="11/3/26", half_day="PM")
    assert "Wed 11 Mar 2026 PM" in late.page
    assert "missed" in _pane(late.page, "Promises not kept")
    _does(late, theirs, "missed", cause="no-access", words="Nobody answered.")
    assert "HELD" in late.page
    assert "isit" in _pane(late.page, "Left for billing"), "a visit that came for nothing is charged"


def test_it_is_delayed_told_of_warned_of_and_goes_on(desk: Seat, ordered: Orders) -> None:
    order = ordered()
    _does(desk, order, "inform", words="The engineer rings before.")
    _does(desk, order, "inform", words="There may be a road closed.", why="NETWORK_ISSUE")
    _does(desk, order, "delay", problem_code="NETWORK_ISSUE", words="A cable is cut.")
    assert "What holds it up must be put right" in desk.page
    _does(desk, order, "resume", target_on="12/3/26", words="Mended.")
    told = _pane(desk.page, "What the customer was told, newest first")
    assert [kind for kind in ("RESUMED", "DELAY", "WARNING", "ADDITIONAL") if kind in told] == ["RESUMED", "DELAY", "WARNING", "ADDITIONAL"]


def test_it_is_ended_by_the_customer_and_by_us(desk: Seat, ordered: Orders) -> None:
    given_up, ended = ordered(), ordered()
    desk.open(f"/s/OR02/{given_up}/cancel")
    desk.press("Enter", reason="Moving elsewhere.")
    assert re.search(r"<b>£\d+\.\d\d</b>, £\d+\.\d\d before VAT", desk.page), "what giving it up costs is said before"
    _does(desk, given_up, "cancel", reason="Moving elsewhere.")
    assert "CANCELLED" in desk.page
    _does(desk, ended, "terminate", problem_code="CAPACITY_ISSUE", words="The network is full there.")
    assert "TERMINATED" in desk.page
    for order in (given_up, ended):
        assert _deeds(desk, order) == [], "there is nothing to see through; whoever asks is wrapped up"


# --- seeing it through ------------------------------------------------------------------------------------------------------


def test_it_is_chased_escalated_taken_and_given_back(desk: Seat, ordered: Orders) -> None:
    order = ordered()
    assert "give" not in _deeds(desk, order)
    _does(desk, order, "chase", asked="Where is my line?", follow_up_on="+2")
    _does(desk, order, "escalate", noted="She has rung three times.")
    assert "CSS846I" in desk.said
    _does(desk, order, "take")
    assert "CSS847I" in desk.said
    written = _pane(desk.page, "Written down, newest first")
    for words in ("taken", "escalation", "She has rung three times.", "Asks where the order is: Where is my line?"):
        assert words in written
    desk.open("/s/OR04/ZY")
    assert re.findall(r'data-subject="([^"]*)"', desk.page)[0] == order, "what is escalated comes first"
    assert "escalated 1" in desk.page
    desk.open("/s/MENU")
    assert "orders escalated" in desk.page
    desk.open("/s/OR04/ZY")
    desk.press("Enter", owner="me", cursor="owner")
    assert re.findall(r'data-subject="([^"]*)"', desk.page) == [order]
    desk.press("F6")
    assert "CSS850E" in desk.said, "it is somebody's already"
    _does(desk, order, "give")
    desk.open("/s/OR04/ZY")
    desk.press("F6")
    assert desk.path.startswith(f"/s/OR02/{order}/take"), "the first that is nobody's"
    desk.press("F6")
    assert "CSS367W" in desk.said, "it is shown before it is done"
    desk.press("F6")
    assert desk.title.startswith("OR03")


def test_a_line_somebody_else_takes_is_shown_to_who_loses_it_and_stopped(desk: Seat, engine: Engine, zy: BuiltDistrict) -> None:
    with transaction(engine) as session:
        command = a_takeover(builders.account(session, zy), zy.gold[-1], required_on=TAKEN)
        taking = place_order(session, command, by=builders.CLERK, at=AT)
        cease = session.execute(text("SELECT number FROM orders.customer_order WHERE caused_by_id IS NOT NULL")).scalar_one()
    assert _deeds(desk, cease) == ["stop", "chase"]
    assert "Somebody else takes the line on 9 March 2026" in desk.page
    assert "takes its line" in _pane(desk.page, "Orders beside it")
    assert f'data-subject="{taking.order_number}"' in desk.page, "its number in front opens it"
    desk.open(f"/s/OR03/{taking.order_number}")
    assert "loses the line to it" in _pane(desk.page, "Orders beside it")
    _does(desk, cease, "stop", stop_reason="CHANGED_MIND", words="She stays after all.")
    desk.open(f"/s/OR03/{taking.order_number}")
    assert "TERMINATED" in desk.page


def test_every_deed_is_tried_here() -> None:
    tried = set(re.findall(r'"(\w+)(?:/\w+)?"', Path(__file__).read_text(encoding="utf-8")))
    assert set(ORDER.deeds) - {"complete"} <= tried, "the whole order done at once is tried in the lists"
