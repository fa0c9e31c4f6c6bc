"""CS01 and CU03: who is calling, what is shown before and after that is known, and one page that answers three questions.

And what the screens that are open to every caller keep to themselves, and leave on the audit trail.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text

from css.audit import AuditEvent
from css.care.actions import record_contact, wrap_up
from css.care.commands import RecordContact, WrapUp
from css.care.model import CallerCheck
from css.care.words import Channel, CheckMethod, CheckOutcome, Outcome, Topic
from css.core.ids import IdKind, make_id
from css.core.words import CustomerKind, DirectoryEntryKind, HoldKind
from css.db.engine import transaction
from css.handover import place_hold
from css.master.authorised import authorise_person
from css.master.customer_commands import AuthorisePerson
from css.web.rendering import SHELL_HEADER
from orders.actions import delay_order, place_order
from orders.commands.orders import DelayOrder, PlaceOrder
from orders.words import OrderKind
from repairs.actions import report_fault
from repairs.commands.faults import ReportFault
from tests import builders
from tests.conftest import QueryCount
from tests.web.conftest import AT, MovingClock, Seat, World, seated
from tests.web.knowing import caller_known

BEFORE, AFTER = "Caller not known", "Caller made sure of"


def _ask(desk: Seat, world: World, method: str, answer: str = "", key: str = "Enter", **others: str) -> str:
    """Open the customer's page and key what the caller says; the page that comes."""
    desk.open(f"/s/CU03/{world.account.number}")
    desk.press(key, method=method, answer=answer, **others)
    return desk.page


def _told(desk: Seat) -> str:
    """What the page says about the customer: without its help."""
    return re.sub(r'<details id="help">.*?</details>', "", desk.page, flags=re.DOTALL)


@pytest.fixture(autouse=True)
def _nobody_asked(engine: Engine) -> None:
    """Each test begins with a caller nobody knows."""
    with transaction(engine) as session:
        session.execute(text("DELETE FROM care.caller_check"))


# --- before and after ---------------------------------------------------------------------------------------------------


def test_before_the_caller_is_known_the_page_helps_to_begin_and_tells_nothing(desk: Seat, world: World) -> None:
    desk.open(f"/s/CU03/{world.line.number}")
    assert BEFORE in desk.page
    for shown in ("Mrs Ada Tansley", "01632 960", "Lines", "Open orders", "Open faults", "PP</b> pass phrase", "AD</b> postcode and house"):
        assert shown in desk.page
    for hidden in (
        "marmalade",
        "Larkspur",
        "ZZ4 7QT",
        "07700",
        "Balance",
        "Caller display",
        "Timeline",
        'data-key="S-F7"',
        'data-key="F11"',
    ):
        assert hidden not in _told(desk), "neither the answers nor what only the customer may hear"
    for key in ("S-F1", "S-F2", "S-F4", "S-F6"):
        assert f'data-key="{key}"' in desk.page, "anybody may report a fault, order and pay"


@pytest.mark.parametrize("key", ["Enter", "F6"])
def test_a_right_answer_opens_the_page_by_enter_and_by_f6(desk: Seat, world: World, key: str) -> None:
    assert AFTER in _ask(desk, world, "pp", "Marma lade!", key)
    assert "CSS922I" in desk.said
    assert desk.cursor == "command"
    for shown in ("Larkspur", "07700 900123", "Balance", "Caller display", "Timeline"):
        assert shown in desk.page
    assert "marmalade" not in _told(desk)
    assert 'id="answer"' not in desk.page


def test_the_cursor_is_in_the_question_until_the_call_has_ended(desk: Seat, world: World) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    assert desk.cursor == "method", "no key to get there"
    desk.press("F2", wrap_reason="se")
    assert BEFORE in desk.page
    assert desk.cursor == "command", "the next thing keyed is the next caller's number"


def test_that_somebody_is_new_is_nothing_to_key(desk: Seat, world: World) -> None:
    assert BEFORE in _ask(desk, world, "NC", "a new customer")
    assert desk.said[0] == "CSS364E"


def test_it_opens_in_one_sign_on_for_half_an_hour(
    desk: Seat, colleague: Seat, app: Flask, engine: Engine, world: World, clock: MovingClock
) -> None:
    assert AFTER in _ask(desk, world, "PP", "marmalade")
    colleague.open(f"/s/CU03/{world.account.number}")
    assert BEFORE in colleague.page
    again = seated(app, engine, "ALL1", clock.at)
    again.open(f"/s/CU03/{world.account.number}")
    assert BEFORE in again.page, "not even for the same operator at another browser"
    clock.goes_on(minutes=14)
    desk.open("/s/MENU")
    clock.goes_on(minutes=14)
    desk.open(f"/s/CU03/{world.account.number}")
    assert AFTER in desk.page
    clock.goes_on(minutes=2)
    desk.open(f"/s/CU03/{world.account.number}")
    assert BEFORE in desk.page


def test_a_wrong_answer_counts_and_three_close_the_question(desk: Seat, world: World, engine: Engine, clock: MovingClock) -> None:
    for left in ("2 more answers", "one more answer", "closed until 10:15"):
        page = _ask(desk, world, "PP", "gingerbread")
        assert set(desk.said) == {"CSS923E"}
        assert (desk.form().get("method"), desk.cursor) == (("PP", "answer") if "more" in left else ("", "command")), "how stays"
        assert left in page
        assert BEFORE in page
        assert "gingerbread" not in _told(desk), "the next answer starts empty"
    assert 'data-arrival="errors"' in desk.page, "keys typed ahead for the open page are dropped"
    page = _ask(desk, world, "PP", "marmalade")
    assert set(desk.said) == {"CSS900E"}
    assert desk.form()["answer"] == "marmalade", "what was refused stays"
    assert desk.open(f"/s/FL01/{world.line.number}").status_code == 200, "a fault can be reported all the same"
    clock.goes_on(minutes=15)
    assert AFTER in _ask(desk, world, "PP", "marmalade")
    with transaction(engine) as session:
        outcomes = session.execute(select(CallerCheck.outcome).order_by(CallerCheck.id)).scalars().all()
    assert outcomes == [CheckOutcome.FAILED] * 3 + [CheckOutcome.PASSED]


@pytest.mark.parametrize(
    ("keyed", "code", "cursor"),
    [
        ({"method": "XX", "answer": "marmalade"}, "CSS364E", "method"),
        ({"answer": "marmalade"}, "CSS360E", "method"),
        ({"method": "DB", "answer": "5 3 61"}, "CSS901E", "method"),
        ({"method": "BL", "answer": "45.67 5 mar"}, "CSS901E", "method"),
        ({"method": "AD", "answer": "14"}, "CSS904E", "answer"),
        ({"method": "NO"}, "CSS902E", "answer"),
        ({"method": "PP", "answer": "marmalade", "speaker": "1"}, "CSS924E", "speaker"),
        ({"method": "PP", "answer": "marmalade", "speaker": "Tom"}, "CSS924E", "speaker"),
        ({"method": "PP", "answer": "marmalade", "speaker": "²"}, "CSS924E", "speaker"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field_and_is_no_try(
    desk: Seat, world: World, engine: Engine, keyed: dict[str, str], code: str, cursor: str
) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    assert desk.press("Enter", **keyed).status_code == 422
    assert desk.said[0] == code
    assert desk.cursor == cursor
    with transaction(engine) as session:
        assert session.execute(select(func.count()).select_from(CallerCheck)).scalar_one() == 0


def test_enter_on_nothing_is_nothing_and_f6_wants_an_answer(desk: Seat, world: World) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    assert desk.press("Enter").status_code == 200
    assert desk.said == []
    assert desk.press("F6").status_code == 422
    assert desk.press("F5", method="PP", answer="marm").status_code == 200
    assert desk.form()["answer"] == "marm", "what is keyed stays when the data is fetched again"


def test_without_a_caller_the_reason_stands_on_top_and_a_caller_can_still_be_asked(desk: Seat, world: World) -> None:
    page = _ask(desk, world, "NO", "Letter of 27 February")
    assert "Open without a caller" in page
    assert "Letter of 27 February" in page
    assert "Balance" in page
    desk.press("Enter", method="PP", answer="marmalade")
    assert AFTER in desk.page


def test_what_came_in_writing_is_named_and_kept(desk: Seat, world: World, engine: Engine) -> None:
    for nothing in ("", "letter", "..."):
        assert BEFORE in _ask(desk, world, "WR", nothing)
        assert set(desk.said) == {"CSS904E"}
        assert desk.cursor == "answer"
    page = _ask(desk, world, "WR", "letter of 27 February")
    assert AFTER in page
    assert "10:00: Mrs Ada Tansley, in writing, signature compared: letter of 27 February (until 10:30, or F2)" in page
    with transaction(engine) as session:
        assert session.execute(select(CallerCheck.method, CallerCheck.reason)).all() == [(CheckMethod.WRITTEN, "letter of 27 February")]


def test_a_reason_that_is_a_sentence_has_one_full_stop(desk: Seat, world: World) -> None:
    assert "A letter came. (until 10:30, or F2)" in _ask(desk, world, "NO", "A letter came.")


def test_somebody_the_customer_named_has_a_number_and_a_phrase(desk: Seat, world: World, engine: Engine) -> None:
    named = AuthorisePerson(
        customer_number=world.account.customer_number, name="Tom Tansley", relation="husband", password_phrase="gingerbread"
    )
    with transaction(engine) as session:
        authorise_person(session, named, by=builders.OPERATOR, at=AT)
    desk.open(f"/s/CU03/{world.account.number}")
    assert re.search(r"<b>1</b> Tom Tansley, husband \(PP WR\)", desk.page)
    assert "<dt>1</dt><dd>Tom Tansley, husband</dd>" in desk.page, "F4 lists them"
    page = _ask(desk, world, "PP", "ginger-bread", speaker="1")
    assert AFTER in page
    assert "10:00: Tom Tansley, pass phrase" in page


def test_a_firm_speaks_by_somebody_with_a_name(desk: Seat, engine: Engine) -> None:
    with transaction(engine) as session:
        number = builders.customer(
            session,
            "ZZ",
            kind=CustomerKind.ORGANISATION,
            organisation_name="Quillfeather Ltd",
            first_name=None,
            surname=None,
            title=None,
            password_phrase="ledger",
        )
        account = builders.account(session, "ZZ", customer_number=number)
    desk.open(f"/s/CU03/{account.number}")
    desk.press("Enter", method="PP", answer="Ledger", speaker="Jo of accounts")
    assert "Jo of accounts, pass phrase" in desk.page


def test_what_was_disclosed_is_audited_once_a_call(desk: Seat, world: World, engine: Engine) -> None:
    _ask(desk, world, "PP", "marmalade")
    for _ in range(2):
        desk.open(f"/s/CU03/{world.account.number}")
        desk.open(f"/s/CU02/{world.account.number}")
    with transaction(engine) as session:
        check = session.execute(select(CallerCheck.id)).scalar_one()
        events = session.execute(
            select(AuditEvent.subject_number, AuditEvent.after).where(
                AuditEvent.verb == "disclose", AuditEvent.after["caller_check_id"].as_integer() == check
            )
        ).all()
    assert sorted((number, after["screen"]) for number, after in events) == [(world.account.number, "CU02"), (world.account.number, "CU03")]


@pytest.mark.parametrize("code", ["CU02", "LN03", "PY05"])
def test_the_screens_behind_it_ask_first(desk: Seat, world: World, code: str) -> None:
    desk.open(f"/s/{code}/{world.account.number}")
    assert desk.title.startswith("CU03"), "the customer's page asks"
    assert "CSS921W" in desk.said
    _ask(desk, world, "PP", "marmalade")
    desk.open(f"/s/{code}/{world.account.number}")
    assert desk.title.startswith(code)


# --- one page -----------------------------------------------------------------------------------------------------------


def test_my_order_is_late_my_line_is_dead_and_my_bill_is_wrong(
    desk: Seat, world: World, engine: Engine, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    by, number = builders.OPERATOR, world.account.number
    with transaction(engine) as session:
        order = PlaceOrder(
            account_number=number,
            kind=OrderKind.PROVIDE,
            product_codes=("LINE-RES",),
            address_key=world.spare_site.address_key,
            required_on=date(2026, 3, 20),
            contact_name="Ada",
            contact_phone="07700 900123",
            directory_kind=DirectoryEntryKind.EX_DIRECTORY,
            emergency_name="Ada Tansley",
        )
        placed = place_order(session, order, by=by, at=AT).order_number
        delay_order(session, DelayOrder(order_number=placed, problem_code="OTHER", words="Duct blocked; permit asked for."), by=by, at=AT)
        fault = ReportFault(number=world.line.number, symptom_code="NDT", contact_name="Ada", contact_phone="07700 900123")
        reported = report_fault(session, fault, by=by, at=AT).fault_number
        place_hold(
            session,
            source_key="dispute/1",
            account_id=world.account.id,
            line_id=None,
            kind=HoldKind.DISPUTE,
            reference="ZZK00000010",
            at=AT,
        )
        wrap_up(
            session,
            WrapUp(account_number=number, reason_code="BW", call_back_at=AT + timedelta(hours=3), call_back_number="07700 900123"),
            by=by,
            at=AT,
        )
        record_contact(
            session,
            RecordContact(
                account_number=number, channel=Channel.LETTER, topic=Topic.BILL, words="Wrote about February.", outcome=Outcome.OPEN
            ),
            by=by,
            at=AT - timedelta(days=2),
        )
    desk.open(f"/s/CU03/{number}")
    assert "FAULT OPEN" in desk.page
    assert "ORDER OPEN" in desk.page
    assert "DISPUTE" not in desk.page, "of money nothing yet"
    desk.open(f"/s/PY01/{number}")
    desk.press("Enter", amount="12", method="CD")
    page = _ask(desk, world, "PP", "marmalade")
    assert AFTER in page
    for told in (
        placed,
        reported,
        "DISPUTE",
        "see the text: Duct blocked",
        "no dial tone",
        "Bill said to be wrong",
        "Mon 2 Mar 13:00",
        "07700 900123",
        "Wrote about February",
    ):
        assert told in page.replace("\n", " "), told
    assert re.search(rf'href="/s/PY01/{number}\?c=[\w-]+"', page), "what is half-keyed can be taken up"
    with query_count() as sent:
        desk.open(f"/s/CU03/{number}")
    assert len(sent) <= STATEMENTS_OF_CU03
    for view, there, gone in (
        ("faults", "Reported: no dial tone", "Wrote about February"),
        ("contacts", "Wrote about February", "Reported:"),
    ):
        timeline = desk.open(f"/s/CU03/{number}/{view}").get_data(as_text=True).partition("Timeline, newest first")[2]
        assert there in timeline
        assert gone not in timeline
    assert desk.open(f"/s/CU03/{number}/nonsense").status_code == 200


STATEMENTS_OF_CU03 = 32
"""One for who is signed on, the rest for the page; each pane is one question of its room, however much there is to show."""


def test_the_other_accounts_of_the_customer_are_reached_from_each(desk: Seat, world: World) -> None:
    desk.open(f"/s/CU03/{world.other.number}")
    desk.press("Enter", method="NO", answer="two accounts?")
    assert f'href="/s/CU03/{world.second.number}"' in desk.page
    desk.open(f"/s/CU03/{world.second.number}")
    assert "Open without a caller" in desk.page, "the caller is the customer's, not the account's"


def test_f11_goes_through_the_views(desk: Seat, world: World) -> None:
    _ask(desk, world, "PP", "marmalade")
    seen = []
    for _ in range(6):
        found = re.search(r'<a href="/s/CU03/\w+/(\w+)" data-key="F11"', desk.page)
        assert found
        seen.append(found[1])
        desk.open(f"/s/CU03/{world.account.number}/{found[1]}")
    assert seen == ["contacts", "orders", "faults", "bills", "payments", "all"]


# --- finding ------------------------------------------------------------------------------------------------------------


def test_pieces_narrow_each_other_and_the_list_says_why(desk: Seat, world: World) -> None:
    desk.open("/s/CS01")
    desk.press(name="tans", initial="a", postcode="zz4 7qt", house="14")
    assert desk.page.count('data-line="') >= 1
    assert "Mrs Ada Tansley" in desk.page
    assert "billing address" in desk.page or "address" in desk.page
    desk.press(name="tans", initial="b")
    assert desk.page.count('data-line="') == 0
    assert "F6 takes on a new customer" in desk.page


def test_the_list_keeps_the_answers_to_itself(desk: Seat) -> None:
    desk.open("/s/CS01/tansley")
    assert "ZZ4" in desk.page
    assert "7QT" not in desk.page.partition("<tbody>")[2].partition("</tbody>")[0], "the postcode is what the caller is asked for"


@pytest.mark.parametrize("keyed", [{}, {"initial": "a"}, {"house": "14"}, {"postcode": "ZZ"}, {"name": "t"}, {"text": "01632 96"}])
def test_too_little_is_said(desk: Seat, keyed: dict[str, str]) -> None:
    desk.open("/s/CS01")
    assert desk.press(**keyed).status_code == 422
    assert desk.said


def test_any_number_of_ours_opens_at_once_and_f6_takes_on_a_new_customer(desk: Seat, world: World) -> None:
    desk.open("/s/CS01")
    desk.press(text=world.account.number.lower())
    assert desk.title.startswith("CU03")
    desk.open("/s/CS01")
    desk.press(text=make_id("ZZ", IdKind.ORDER, 4711))
    assert desk.answer is not None
    assert desk.answer.status_code == 404
    desk.open("/s/CS01")
    desk.press("F6")
    assert desk.title.startswith("CU01")


def test_who_may_not_add_a_customer_has_no_key_for_it(app: Flask, engine: Engine, clock: MovingClock) -> None:
    repair = seated(app, engine, "REPAIR", clock.at)
    repair.open("/s/CS01")
    assert 'data-key="F6"' not in repair.page


# --- what is open to every caller ------------------------------------------------------------------------------------------


def _prompted(desk: Seat, **keyed: str) -> list[list[str]]:
    """What F4 answers."""
    found = desk.client.post(desk.path, data=desk.form() | keyed | {"key": "Prompt"}, headers={SHELL_HEADER: "1"}).get_json()["values"]
    assert isinstance(found, list)
    return found


def _events(engine: Engine, verb: str) -> list[tuple[str, str, dict[str, object] | None]]:
    with transaction(engine) as session:
        found = select(AuditEvent.subject_kind, AuditEvent.subject_number, AuditEvent.after)
        rows = session.execute(found.where(AuditEvent.verb == verb, AuditEvent.actor_name == "ALL1").order_by(AuditEvent.id)).all()
        return [(row.subject_kind, row.subject_number, row.after) for row in rows]


def test_a_postcode_finds_who_is_there_and_not_their_house(desk: Seat) -> None:
    desk.open("/s/CS01")
    desk.press(text="zz4 7qt")
    rows = desk.page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "Mrs Ada Tansley" in rows
    assert "at the address" in rows
    assert "Larkspur" not in rows
    desk.press(text="14 zz4 7qt")
    rows = desk.page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "<td>14, ZZ4 7QT</td>" in rows, "what was keyed, and no more of it"
    assert "Larkspur" not in rows


@pytest.mark.parametrize("opened", ["/s/OR01", "/s/OR01/{account}"])
def test_order_entry_lists_no_lines_to_a_caller_nobody_knows(desk: Seat, world: World, engine: Engine, opened: str) -> None:
    desk.open(opened.format(account=world.account.number))
    cease = {"prompt": "number", "kind": "C", "account_number": world.account.number}
    assert _prompted(desk, **cease) == []
    assert _prompted(desk, **cease | {"prompt": "address_key", "kind": "P"}) == []
    assert "07700" not in desk.page
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    assert [number for number, _ in _prompted(desk, **cease)] == ["0" + world.line.number[2:]]


def test_the_check_of_a_cease_says_the_number_that_was_keyed_and_not_where_it_is(desk: Seat, world: World, engine: Engine) -> None:
    keyed = {"kind": "C", "number": world.line.number, "required_on": "+9", "contact_phone": "07700 900456", "cursor": "required_on"}
    desk.open(f"/s/OR01/{world.account.number}")
    desk.press("Enter", **keyed)
    assert "CSS366I" in desk.said
    assert "Larkspur" not in desk.page
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    desk.press("Enter", **keyed)
    assert "Larkspur" in desk.page


def _order(engine: Engine, world: World) -> str:
    command = PlaceOrder(
        account_number=world.account.number,
        kind=OrderKind.PROVIDE,
        product_codes=("LINE-RES",),
        address_key=world.district.gold[5].address_key,
        required_on=date(2026, 3, 20),
        contact_name="Ada",
        contact_phone="07700 900123",
        directory_kind=DirectoryEntryKind.EX_DIRECTORY,
        emergency_name="Ada Tansley",
        hazard_notes="Dog",
        visit_notes="Key at number 9",
    )
    with transaction(engine) as session:
        return place_order(session, command, by=builders.OPERATOR, at=AT).order_number


def test_a_chase_says_how_the_order_stands_and_not_where_or_whom_to_ring(desk: Seat, world: World, engine: Engine) -> None:
    order = _order(engine, world)
    answers = ("Larkspur", "07700", "Key at number 9")
    desk.open(f"/s/OR02/{order}/chase")
    assert "COMMITTED" in desk.page
    desk.press("Enter", asked="Where is it?")
    assert "CSS366I" in desk.said
    for answer in answers:
        assert answer not in desk.page
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    desk.open(f"/s/OR02/{order}/chase")
    for answer in answers:
        assert answer in desk.page


def test_a_withdrawal_says_how_the_fault_stands_and_not_where_or_whom_to_ring(desk: Seat, world: World, engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE repairs.fault SET state = 'withdrawn' WHERE state = 'reported'"))
        fault = ReportFault(number=world.line.number, symptom_code="NSY", contact_name="Ada", contact_phone="07700 900123")
        reported = report_fault(session, fault, by=builders.OPERATOR, at=AT).fault_number
    desk.open(f"/s/FL02/{reported}/withdraw")
    assert "REPORTED" in desk.page
    for answer in ("Larkspur", "07700"):
        assert answer not in desk.page
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    desk.open(f"/s/FL02/{reported}/withdraw")
    for answer in ("Larkspur", "07700"):
        assert answer in desk.page


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("/s/OR01/{account}", "account"),
        ("/s/PY01/{account}", "account"),
        ("/s/FL01/{number}", "line"),
        ("/s/OR02/{order}/chase", "order"),
    ],
)
def test_a_look_at_somebody_is_on_the_trail_once_a_call(
    desk: Seat, world: World, engine: Engine, clock: MovingClock, path: str, subject: str
) -> None:
    clock.goes_on(minutes=40 * len(path))
    desk.client = seated(desk.client.application, engine, "ALL1", clock.at).client
    numbers = {"account": world.account.number, "number": world.line.number, "order": _order(engine, world) if "order" in path else ""}
    before = len(_events(engine, "read"))
    desk.open(path.format(**numbers))
    desk.press("Enter")
    desk.open(path.format(**numbers))
    number = {"line": world.line.number}.get(subject, numbers.get(subject))
    assert _events(engine, "read")[before:] == [(subject, number, {"screen": path.split("/")[2]})]
    clock.goes_on(minutes=14)
    desk.open("/s/MENU")
    clock.goes_on(minutes=14)
    desk.open("/s/MENU")
    clock.goes_on(minutes=3)
    desk.open(path.format(**numbers))
    assert len(_events(engine, "read")) == before + 2, "another call"


def test_an_account_keyed_into_an_empty_screen_is_looked_at_too(desk: Seat, world: World, engine: Engine) -> None:
    desk.open("/s/OR01")
    before = len(_events(engine, "read"))
    _prompted(desk, prompt="number", kind="C", account_number=world.second.number)
    assert _events(engine, "read")[before:] == [("account", world.second.number, {"screen": "OR01"})]


def test_a_search_is_on_the_trail_with_what_was_asked_and_how_many_it_found(desk: Seat, world: World, engine: Engine) -> None:
    desk.open("/s/CS01")
    before = len(_events(engine, "search"))
    desk.press(text="tansley a")
    desk.press(text="", name="nobody of that name")
    desk.press(text=world.line.number, name="")
    found = _events(engine, "search")[before:]
    assert found == [
        ("customers", "CS01", {"name": "tansley", "initial": "a", "found": "1"}),
        ("customers", "CS01", {"name": "nobody of that name", "found": "0"}),
        ("customers", "CS01", {"number": world.line.number, "found": "1"}),
    ]
    desk.open("/s/AD06?verb=search")
    assert "name: <b>tansley</b>; found: <b>1</b>; initial: <b>a</b>" in desk.page
    desk.open("/s/AD06?verb=read")
    assert "screen: <b>OR01</b>" in desk.page
