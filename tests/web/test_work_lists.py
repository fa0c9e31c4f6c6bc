"""Work lists, one order, one fault: what is first, what narrows, what is written down, and two people at one record."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.core.words import HalfDay
from css.db.engine import transaction
from css.web.rendering import SHELL_HEADER
from orders.actions import delay_order, place_order
from orders.commands.orders import DelayOrder, Slot
from repairs.actions import report_fault
from repairs.commands.faults import ReportFault
from tests import builders
from tests.conftest import QueryCount
from tests.records.ordering import a_provide
from tests.web.conftest import AT, MovingClock, Seat, World, seated

COUNT = Callable[[], AbstractContextManager[QueryCount]]


@pytest.fixture(scope="module")
def work(settled: tuple[Engine, World]) -> dict[str, list[str]]:
    """Thirty orders, one of them held, and thirty lines in trouble."""
    engine, world = settled
    with transaction(engine) as session:
        return _work(session, world)


def _work(session: Session, world: World) -> dict[str, list[str]]:
    zz = builders.district(session, "ZY", pairs=70, sites=66)
    account = builders.account(session, zz)
    faults = []
    for place in range(30):
        line = builders.working_line(session, zz, account, site=zz.gold[31 + place])
        command_ = ReportFault(number=line.number, symptom_code="NDT" if place else "NSY", contact_name="Ada", contact_phone="07700 900123")
        faults.append(report_fault(session, command_, by=builders.OPERATOR, at=AT + timedelta(minutes=place)).fault_number)
    orders = []
    for place in range(30):
        command = a_provide(
            zz,
            account,
            address_key=zz.gold[place].address_key,
            required_on=date(2026, 3, 12) + timedelta(days=place % 4),
            appointment=Slot(slot_on=date(2026, 3, 5), half_day=HalfDay.AM) if place == 0 else None,
        )
        orders.append(place_order(session, command, by=builders.CLERK, at=AT).order_number)
    held = DelayOrder(order_number=orders[7], problem_code="ACCESS_ISSUE", words="Nobody in")
    delay_order(session, held, by=builders.OPERATOR, at=AT)
    return {"orders": orders, "faults": faults, "account": [account.number]}


def _rows(seat: Seat) -> list[str]:
    return re.findall(r'data-line="\d+" data-subject="([^"]*)"', seat.page)


def _link(seat: Seat, key: str) -> str:
    found = re.search(rf'href="([^"]*)" data-key="{key}"', seat.page)
    return found[1].replace("&amp;", "&") if found else ""


# --- OR04 -----------------------------------------------------------------------------------------------------------------


def test_orders_in_jeopardy_come_first_and_pages_turn(desk: Seat, work: dict[str, list[str]]) -> None:
    desk.open("/s/OR04/ZY")
    assert desk.cursor == "command", "a list is for its numbers"
    first = _rows(desk)
    assert first[0] == work["orders"][7]
    assert "nobody could be let in" in desk.page
    assert (len(first), _link(desk, "F7")) == (25, "")
    desk.open(_link(desk, "F8"))
    second = _rows(desk)
    assert sorted(first + second) == sorted(work["orders"])
    assert _link(desk, "F8") == ""
    desk.open(_link(desk, "F7"))
    assert _rows(desk) == first


def test_filters_stand_in_the_address_and_narrow(desk: Seat, work: dict[str, list[str]]) -> None:
    desk.open("/s/OR04/ZY")
    desk.press("Enter", state="held", exchange_code="wren")
    assert desk.path == "/s/OR04/ZY/HELD,-,WREN"
    assert _rows(desk) == [work["orders"][7]]
    assert desk.form()["state"] == "HELD"
    assert desk.press("F5").status_code == 200
    assert _rows(desk) == [work["orders"][7]]
    desk.press("Enter", state="", exchange_code="", days_old="1")
    assert _rows(desk) == []
    desk.press("Enter", days_old="")
    assert desk.path == "/s/OR04/ZY"
    desk.open("/s/OR04/zy/held")
    assert _rows(desk) == [work["orders"][7]], "the command line takes the state"


@pytest.mark.parametrize(
    ("keyed", "code"), [({"state": "late"}, "CSS364E"), ({"problem_code": "RAIN"}, "CSS364E"), ({"days_old": "-3"}, "CSS935E")]
)
def test_a_filter_that_is_none_is_told_in_its_field(desk: Seat, work: dict[str, list[str]], keyed: dict[str, str], code: str) -> None:
    assert work
    desk.open("/s/OR04/ZY")
    assert desk.press("Enter", **keyed).status_code == 422
    assert code in desk.said
    assert desk.cursor == next(iter(keyed))


def test_a_page_of_nowhere_is_refused(desk: Seat, work: dict[str, list[str]]) -> None:
    assert work
    assert desk.open("/s/OR04/ZY/-/nonsense").status_code == 422
    assert "CSS931E" in desk.page
    assert desk.open("/s/OR04/QQ").status_code == 200


def test_lists_send_a_fixed_number_of_statements(desk: Seat, work: dict[str, list[str]], query_count: COUNT) -> None:
    assert work
    for code, most in {"OR04": 7, "FL04": 10}.items():
        counts = []
        for district in ("ZZ", "ZY"):
            with query_count() as sent:
                assert desk.open(f"/s/{code}/{district}").status_code == 200
            counts.append(len(sent))
        assert max(counts) <= most, f"{code} sent {counts}"


# --- OR03 and OR02 --------------------------------------------------------------------------------------------------------


def test_progress_tells_what_happens_next_and_who_looked(
    desk: Seat, work: dict[str, list[str]], engine: Engine, query_count: COUNT
) -> None:
    order = work["orders"][0]
    with query_count() as sent:
        desk.open(f"/s/OR03/{order}")
    assert len(sent) <= 14, "the order, what came of it, its tasks, the orders beside it, what is written down"
    assert "It is to be done on 12 March 2026" in desk.page
    assert "before Wed 11 Mar 2026 16:00" in desk.page, "the point of no return"
    assert {_link(desk, key).rsplit("/", 1)[-1] for key in ("S-F5", "S-F6", "S-F8", "S-F9")} == {"complete", "delay", "chase", "cancel"}
    with transaction(engine) as session:
        told = session.execute(
            text("SELECT actor_name, after FROM css.audit_event WHERE verb = 'read' AND subject_number = :number"), {"number": order}
        ).all()
    assert [tuple(row) for row in told] == [("ALL1", {"screen": "OR03"})]


def test_who_asks_after_an_order_goes_on_the_contact_log(desk: Seat, work: dict[str, list[str]], engine: Engine) -> None:
    order = work["orders"][1]
    desk.open(f"/s/OR03/{order}")
    desk.open(_link(desk, "S-F8"))
    assert desk.press("Enter", asked="").status_code == 422
    desk.press("Enter", asked="Where is my line?", follow_up_on="+2")
    assert "The order stays as it is" in desk.page
    desk.press("F6")
    assert desk.title.startswith("OR03")
    assert "CSS934I" in desk.said
    with transaction(engine) as session:
        row = session.execute(text("SELECT topic, words, outcome, follow_up_on FROM care.contact WHERE reference = :r"), {"r": order}).one()
    assert tuple(row) == ("order", "Asks where the order is: Where is my line?", "open", date(2026, 3, 4))


def test_after_the_point_of_no_return_the_page_says_so(desk: Seat, work: dict[str, list[str]], clock: MovingClock) -> None:
    order = work["orders"][2]
    desk.open(f"/s/OR02/{order}/cancel")
    assert "before Fri 13 Mar 2026 16:00" in desk.page
    clock.goes_on(days=11, hours=7)
    late = seated(desk.client.application, desk.client.application.extensions["css"].given_engine, "ALL1", clock.at)
    late.open(f"/s/OR02/{order}/cancel")
    assert "the point of no return was Fri 13 Mar 2026 16:00" in late.page
    assert late.press("Enter", reason="Changed my mind").status_code == 422
    assert "CSS206E" in late.said


def test_two_at_one_order_see_both_values(desk: Seat, colleague: Seat, work: dict[str, list[str]]) -> None:
    order = work["orders"][3]
    desk.open(f"/s/OR02/{order}/delay")
    desk.press("Enter", problem_code="survey_required", words="To be surveyed")
    colleague.open(f"/s/OR02/{order}/delay")
    colleague.press("Enter", problem_code="access_issue", words="No key")
    colleague.press("F6")
    assert "HELD" in colleague.page
    assert desk.press("F6").status_code == 409
    assert "CSS204E" in desk.said
    assert "<td>committed</td><td><b>held</b></td>" in desk.page, "how it was seen, and how it is now"
    assert desk.form()["problem_code"] == "survey_required", "what was keyed stays"
    assert desk.press("Enter").status_code == 422
    assert "CSS205E" in desk.said, "a held order is not held again"


def test_a_new_date_that_both_keyed_is_shown_beside_ours(desk: Seat, colleague: Seat, work: dict[str, list[str]]) -> None:
    order = work["orders"][7]
    for seat, day in ((desk, "20/3/26"), (colleague, "23/3/26")):
        seat.open(f"/s/OR02/{order}/resume")
        assert seat.form()["target_on"] == "16/3/26"
        seat.press("Enter", target_on=day)
        assert "CSS366I" in seat.said
    colleague.press("F6")
    assert desk.press("F6").status_code == 409
    assert desk.form()["target_on"] == "20/3/26"
    assert "now: <b>23/3/26</b>" in desk.page
    assert desk.cursor == "target_on"


# --- FL04 and FL03 --------------------------------------------------------------------------------------------------------


def test_faults_soonest_due_come_first_and_pages_turn(desk: Seat, work: dict[str, list[str]], clock: MovingClock) -> None:
    desk.open("/s/FL04/ZY")
    first = _rows(desk)
    assert len(first) == 25
    assert "in 2 d 13 h" in desk.page
    assert "WREN C1 DP1" in desk.page
    desk.open(_link(desk, "F8"))
    assert sorted(first + _rows(desk)) == sorted(work["faults"])
    assert clock.at == AT


def test_faults_are_narrowed(desk: Seat, work: dict[str, list[str]], engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(
            text("UPDATE css.customer SET is_vulnerable = TRUE WHERE id = (SELECT customer_id FROM css.account WHERE number = :n)"),
            {"n": work["account"][0]},
        )
    desk.open("/s/FL04/ZY")
    assert desk.page.count("VULNERABLE</span>") == 25
    desk.press("Enter", care_level="4")
    assert (_rows(desk), desk.path) == ([], "/s/FL04/ZY/4")
    desk.press("Enter", care_level="", only_repeats="y")
    assert _rows(desk) == []
    assert desk.press("Enter", care_level="9", only_repeats="").status_code == 422
    assert "CSS364E" in desk.said


def test_a_list_that_has_not_changed_is_not_sent_again(desk: Seat, work: dict[str, list[str]], engine: Engine, query_count: COUNT) -> None:
    first = desk.open("/s/FL04/ZY")
    version = first.headers["ETag"]
    headers = {"If-None-Match": version, "X-CSS-Poll": "1", SHELL_HEADER: "1"}
    with query_count() as sent:
        assert desk.client.get("/s/FL04/ZY", headers=headers).status_code == 304
    assert len(sent) <= 4, "asking whether there is news is cheap"
    with transaction(engine) as session:
        session.execute(text("UPDATE repairs.fault SET row_version = row_version + 1 WHERE number = :n"), {"n": work["faults"][0]})
    answer = desk.client.get("/s/FL04/ZY", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["ETag"] != version
    assert 'data-poll-seconds="10"' in desk.page


STATEMENTS_OF_FL03 = 36
"""The card, the clock, what it comes to by three rooms' rules, its tests: whatever the fault has lived through."""


def test_a_fault_shows_its_clock_its_reckoning_and_its_worth(
    desk: Seat, work: dict[str, list[str]], engine: Engine, query_count: COUNT
) -> None:
    dead, noisy = work["faults"][1], work["faults"][0]
    with query_count() as sent:
        desk.open(f"/s/FL03/{dead}")
    assert len(sent) <= STATEMENTS_OF_FL03
    assert 'role="img" aria-label="left' in desk.page or 'role="img" aria-label="running' in desk.page
    assert "Care level 1, accepted" in desk.page
    assert "Put right now, it is worth <b>£0.00</b>" in desk.page
    desk.open(f"/s/FL03/{noisy}")
    assert "it is worth" not in desk.page, "a line that is not dead pays nothing"
    with transaction(engine) as session:
        told = session.execute(text("SELECT count(*) FROM css.audit_event WHERE verb = 'read' AND subject_number = :n"), {"n": dead})
        assert told.scalar_one() == 1


def test_a_late_fault_says_what_it_is_worth(desk: Seat, work: dict[str, list[str]], clock: MovingClock) -> None:
    clock.goes_on(days=6)
    late = seated(desk.client.application, desk.client.application.extensions["css"].given_engine, "ALL1", clock.at)
    late.open(f"/s/FL03/{work['faults'][1]}")
    assert "running, late" in late.page
    assert re.search(r"Put right now, it is worth <b>£[1-9]", late.page)
    late.open("/s/FL04/ZY")
    assert "late by 3 d" in late.page


def test_two_at_one_fault_see_both_values(desk: Seat, colleague: Seat, work: dict[str, list[str]]) -> None:
    fault = work["faults"][5]
    desk.open(f"/s/FL02/{fault}/clear")
    desk.press("Enter", clear_code="dw", words="New dropwire")
    colleague.open(f"/s/FL02/{fault}/withdraw")
    colleague.press("Enter", reason="Works again")
    colleague.press("F6")
    assert desk.press("F6").status_code == 409
    assert "CSS314E" in desk.said
    assert "<td>reported</td><td><b>withdrawn</b></td>" in desk.page


# --- FL01 -----------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("caller_is_known")
def test_what_is_open_on_the_line_stands_first_and_a_report_takes_few_keys(desk: Seat, world: World) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    keys = 1
    desk.open(_link(desk, "S-F2"))
    assert desk.title.startswith("FL01")
    assert desk.cursor == "symptom_code"
    symptom, phone = "NDT", "07700900456"
    keys += len(symptom) + len("\t\t") + len(phone) + 1
    desk.press("Enter", symptom_code=symptom, contact_phone=phone)
    assert "CSS366I" in desk.said
    desk.press("F6")
    assert desk.title.startswith("FL03")
    assert keys + 1 < 30
    desk.open(f"/s/FL01/{world.line.number}")
    assert desk.page.index("A fault is open on this line") < desk.page.index("<legend>1 What is wrong</legend>")


@pytest.mark.usefixtures("caller_is_known")
def test_an_open_order_on_the_line_is_shown_to_who_reports(desk: Seat, world: World) -> None:
    desk.open(f"/s/OR01/{world.account.number}")
    desk.press("Enter", kind="C", number=world.line.number, required_on="+9", product_codes="", cursor="required_on")
    desk.press("F6")
    assert desk.title.startswith("OR03")
    desk.open(f"/s/FL01/{world.line.number}")
    assert "An order is open on this line" in desk.page


def test_symptoms_are_asked_for_the_line_keyed_now(desk: Seat, world: World) -> None:
    desk.open("/s/FL01")
    data = desk.form() | {"key": "Prompt", "prompt": "symptom_code", "number": world.line.number}
    found = dict(desk.client.post(desk.path, data=data, headers={SHELL_HEADER: "1"}).get_json()["values"])
    assert "CDF" in found
    assert "CWF" not in found
