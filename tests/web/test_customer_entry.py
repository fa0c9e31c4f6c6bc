"""New customers and changed ones at the desk: what Enter shows, what F6 writes, two people at one customer, and nonsense."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, update

from css.audit import AuditEvent
from css.care.model import CallerCheck
from css.care.words import CallerKind, CheckMethod, CheckOutcome
from css.core.words import BillMedium, PaymentMeans
from css.db.engine import transaction
from css.master.authorised import authorise_person, end_authorisation
from css.master.change_customer import change_customer
from css.master.customer_commands import AuthorisePerson, ChangeCustomer, EndAuthorisation
from css.master.customer_record import CustomerRecord, customer_record
from css.master.customers import Customer
from css.web.rendering import SHELL_HEADER
from css.web.screen import Screen
from css.web.screens.customer_entry import CU01
from css.web.screens.customer_seen import CU02
from tests import builders
from tests.conftest import QueryCount
from tests.web.conftest import AT, MovingClock, Seat, World, seated
from tests.web.knowing import caller_known

NONSENSE = (
    "'; DROP TABLE css.customer; --",
    "<b onclick=x>",
    "\u202egnihton",
    "😀 \U0001f468\u200d\U0001f469",
    "x" * 10_000,
    "0",
    "-1",
    "\\",
    "%%%",
)
KEYED = {
    "title": "Ms",
    "first_name": "Beth",
    "surname": "Oakes",
    "born_on": "4/5/61",
    "telephones": "07700 900456, 01632 960999",
    "emails": "Beth@example.com",
    "tried_first": "t",
    "address_key": "ZZ1 7QT 4",
    "medium": "e",
    "may_market": "n",
    "password_phrase": "grey heron",
}


def _record(engine: Engine, number: str) -> CustomerRecord:
    with transaction(engine) as session:
        return customer_record(session, number, by=builders.OPERATOR)


def _wrong(seat: Seat) -> set[str]:
    """The fields that the summary of what is wrong leads to."""
    return set(re.findall(r'</b> <a href="#(\w+)"', seat.page))


def _customers(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.execute(select(func.count()).select_from(Customer)).scalar_one()


@pytest.fixture
def ada(engine: Engine, desk: Seat, world: World) -> str:
    """Ada Tansley, known to whoever sits at the desk."""
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    return world.account.customer_number


# --- CU01 -------------------------------------------------------------------------------------------------------------------


def test_a_new_customer_is_checked_by_enter_and_added_with_an_account_by_f6(desk: Seat, engine: Engine, world: World) -> None:
    before = _customers(engine)
    desk.open("/s/CU01")
    assert desk.cursor == "title"
    desk.press(**KEYED)
    assert desk.said == ["CSS366I"]
    assert desk.form()["address_key"] == world.spare_site.address_key, "the address was looked up"
    assert "Ms Beth Oakes" in desk.page
    assert "email to beth@example.com" in desk.page
    assert _customers(engine) == before
    desk.press("F6")
    assert desk.title.startswith("CU03")
    assert "CSS164I" in desk.said
    found = re.search(r"ZZC\d{8}", desk.page)
    assert found
    record = _record(engine, found[0])
    assert (record.name, str(record.born_on), record.has_password_phrase, record.may_market, record.consent_at) == (
        "Ms Beth Oakes",
        "1961-05-04",
        True,
        False,
        AT,
    )
    assert [(point.value, point.is_preferred) for point in record.contact_points] == [
        ("447700900456", True),
        ("441632960999", False),
        ("beth@example.com", False),
    ]
    (account,) = record.accounts
    assert (account.medium, account.email, account.payment_means) == (BillMedium.EMAIL, "beth@example.com", PaymentMeans.ON_DEMAND)
    assert (account.billing_address_lines, account.billing_postcode) == (("4 Larkspur Close", "Wrenford"), "ZZ1 7QT")
    assert "a new customer, who told us in this call" in desk.page, "whoever told us all that is held need not be asked for it"
    assert "Caller not known" not in desk.page
    with transaction(engine) as session:
        checks = session.execute(select(CallerCheck.method, CallerCheck.outcome, CallerCheck.caller_kind)).all()
    assert (CheckMethod.NEW, CheckOutcome.PASSED, CallerKind.HOLDER) in checks


def test_everything_wrong_is_told_by_one_enter(desk: Seat, engine: Engine) -> None:
    before = _customers(engine)
    desk.open("/s/CU01")
    keyed = {
        "born_on": "31/2/60",
        "telephones": "07700 900456, 12",
        "emails": "a@b",
        "tried_first": "x",
        "address_key": "nowhere",
        "medium": "z",
        "cycle_day": "q",
        "password_phrase": "abc",
        "may_market": "?",
        "payment_means": "",
    }
    answer = desk.press(**keyed)
    assert answer.status_code == 422
    assert _wrong(desk) == {"surname", *keyed}
    assert desk.form()["telephones"] == keyed["telephones"], "what was keyed stays"
    assert _customers(engine) == before


@pytest.mark.parametrize(
    ("keyed", "field"),
    [
        ({"payment_means": "dd"}, "mandate_reference"),
        ({"emails": ""}, "medium"),
        ({"organisation_name": "Kiln Yard"}, "organisation_name"),
        ({"surname": "", "organisation_name": "Kiln Yard"}, "born_on"),
        ({"cycle_day": "40"}, "cycle_day"),
        ({"address_key": "A99999999999"}, "address_key"),
        ({"address_key": "ZZ1 7QT"}, "address_key"),
        ({"born_on": "1/1/2099"}, "born_on"),
    ],
)
def test_what_the_verbs_refuse_stands_beside_its_field(desk: Seat, keyed: dict[str, str], field: str) -> None:
    desk.open("/s/CU01")
    assert desk.press(**(KEYED | keyed)).status_code in {404, 422}
    assert f'<a href="#{field}"' in desk.page


def test_somebody_who_is_here_already_is_shown_before_f6_and_can_be_opened_on_top(desk: Seat, world: World) -> None:
    desk.open("/s/CU01")
    desk.press(**(KEYED | {"surname": "Tansley", "telephones": "07700 900123"}))
    assert {"CSS163W", "CSS366I"} <= set(desk.said)
    assert "same name and postcode, same telephone number" in desk.page
    link = re.search(r'class="alike">\s*<li><a href="([^"]+)"', desk.page)
    assert link
    desk.open(link[1].replace("&amp;", "&"))
    assert world.account.number in desk.path
    back = re.search(r'href="([^"]*)" data-key="F3"', desk.page)
    assert back, "F3 comes back to what was keyed"
    desk.open(back[1].replace("&amp;", "&"))
    assert desk.title.startswith("CU01")
    assert desk.form()["first_name"] == "Beth"


def test_f6_twice_adds_one(desk: Seat, engine: Engine) -> None:
    desk.open("/s/CU01")
    desk.press(**(KEYED | {"surname": "Ash"}))
    path, form = desk.path, desk.form() | {"key": "F6"}
    desk.press("F6")
    before = _customers(engine)
    assert desk.client.post(path, data=form, follow_redirects=True).status_code == 200
    assert _customers(engine) == before


def test_f4_gives_the_addresses_of_the_postcode_that_is_keyed(desk: Seat) -> None:
    desk.open("/s/CU01")
    asked = desk.form() | {"key": "Prompt", "prompt": "address_key", "address_key": "ZZ1 7QT"}
    values = desk.client.post("/s/CU01", data=asked).get_json()["values"]
    assert len(values) == 7
    assert values[-1][0].startswith("S"), "gold before silver"
    asked |= {"prompt": "medium"}
    assert desk.client.post("/s/CU01", data=asked).get_json()["values"][0] == ["P", "paper"]


def test_a_half_keyed_customer_is_parked_and_a_colleague_goes_on(app: Flask, engine: Engine, desk: Seat, colleague: Seat) -> None:
    desk.open("/s/CU01")
    desk.press(surname="Parkes")
    token = desk.form()["token"]
    desk.press("S-F12")
    colleague.open(f"/s/CU01?c={token}")
    assert colleague.form()["surname"] == "Parkes"


# --- CU02 -------------------------------------------------------------------------------------------------------------------


def test_nobody_is_shown_before_the_caller_is_known(app: Flask, engine: Engine, clock: MovingClock, world: World) -> None:
    clerk = seated(app, engine, "CLERK", clock.at)
    for path in ("", "/person", "/end/1"):
        clerk.open(f"/s/CU02/{world.other.number}{path}")
        assert clerk.title.startswith("CU03")
        assert "CSS921W" in clerk.said
    caller_known(engine, "CLERK", world.other.customer_number, clock.at)
    clerk.open(f"/s/CU02/{world.other.number}")
    assert clerk.title.startswith("CU02")
    clock.goes_on(minutes=31)
    clerk.open(f"/s/CU02/{world.other.number}")
    assert not clerk.title.startswith("CU02"), "the call is over"


def test_what_is_keyed_over_is_shown_and_changed_and_the_rest_stays(desk: Seat, engine: Engine, world: World, ada: str) -> None:
    desk.open(f"/s/CU02/{world.account.number}")
    shown = desk.form()
    assert (shown["surname"], shown["telephones"], shown["tried_first"], shown["billing_address"]) == (
        "Tansley",
        "07700 900123",
        "T",
        "14 Larkspur Close\nWrenford",
    )
    assert shown["password_phrase"] == ""
    assert "marmalade" not in desk.page
    desk.press(
        access_needs="Large print", medium="L", password_phrase="blue heron", billing_address="The Lodge\n14 Larkspur Close\nWrenford"
    )
    assert desk.said == ["CSS366I"]
    effect = desk.page.partition('class="effect"')[2]
    assert "another, as keyed" in effect
    assert "heron" not in effect.partition("</section>")[0]
    before = _record(engine, ada)
    desk.press("F6")
    assert "CSS165I" in desk.said
    now = _record(engine, ada)
    assert (now.access_needs, now.row_version) == ("Large print", before.row_version + 1)
    account = next(one for one in now.accounts if one.number == world.account.number)
    assert (account.medium, account.billing_address_lines) == (
        BillMedium.LARGE_PRINT,
        ("The Lodge", "14 Larkspur Close", "Wrenford"),
    )
    assert now.contact_points == before.contact_points
    with transaction(engine) as session:
        phrase = session.execute(select(Customer.password_phrase).where(Customer.number == ada)).scalar_one()
    assert phrase == "blue heron"


def test_enter_on_nothing_new_says_so(desk: Seat, world: World, ada: str) -> None:
    desk.open(f"/s/CU02/{world.account.number}")
    assert desk.press().status_code == 422
    assert desk.said == ["CSS157E"]


def test_what_is_wrong_with_customer_and_bill_is_told_at_once(desk: Seat, world: World, ada: str) -> None:
    desk.open(f"/s/CU02/{world.account.number}")
    desk.press(company_number="1", payment_means="DD", medium="E")
    assert _wrong(desk) == {"company_number", "mandate_reference", "email"}
    desk.press(company_number="", payment_means="", medium="q", language="", surname="Tansley")
    assert _wrong(desk) == {"payment_means", "medium", "language"}


def test_two_at_one_customer_each_keep_what_only_they_changed(
    app: Flask, engine: Engine, desk: Seat, clock: MovingClock, world: World, ada: str
) -> None:
    clerk = seated(app, engine, "CLERK", clock.at)
    caller_known(engine, "CLERK", ada, clock.at)
    for one in (desk, clerk):
        one.open(f"/s/CU02/{world.account.number}")
    clerk.press(title="Dame", first_name="Adeline")
    clerk.press("F6")
    assert "CSS165I" in clerk.said

    answer = desk.press(title="Lady", access_needs="Rings twice")
    assert answer.status_code == 409
    assert "CSS150E" in desk.said
    assert "CLERK at 10:00" in desk.page
    form = desk.form()
    assert (form["title"], form["first_name"], form["access_needs"]) == ("Lady", "Adeline", "Rings twice")
    assert re.search(r'id="title-theirs">now: <b>Dame</b>', desk.page)
    assert 'id="first_name-theirs"' not in desk.page
    assert desk.cursor == "title"
    desk.press()
    assert "CSS366I" in desk.said
    desk.press("F6")
    record = _record(engine, ada)
    assert record.name == "Lady Adeline Tansley"
    assert record.access_needs == "Rings twice"


def test_a_colleague_who_changed_the_bill_is_met_too(desk: Seat, engine: Engine, world: World, ada: str) -> None:
    late = Seat(desk.client)
    for one in (desk, late):
        one.open(f"/s/CU02/{world.account.number}")
    desk.press(itemisation="M")
    desk.press("F6")
    answer = late.press(email="late@example.com")
    assert answer.status_code == 409
    assert "CSS742E" in late.said
    late.press()
    assert late.form()["itemisation"] == "M"
    assert late.press("F6").status_code == 200
    account = next(one for one in _record(engine, ada).accounts if one.number == world.account.number)
    assert account.email == "late@example.com"


def test_between_enter_and_f6_somebody_else_was_quicker(desk: Seat, engine: Engine, world: World, ada: str) -> None:
    desk.open(f"/s/CU02/{world.account.number}")
    desk.press(surname="Ash")
    with transaction(engine) as session:
        change_customer(session, ChangeCustomer(customer_number=ada, surname="Elm"), by=builders.CLERK, at=AT)
    assert desk.press("F6").status_code == 409
    assert _record(engine, ada).surname == "Elm"
    assert "now: <b>Elm</b>" in desk.page
    desk.press("F12")
    assert desk.title.startswith("CU03")
    with transaction(engine) as session:
        change_customer(session, ChangeCustomer(customer_number=ada, surname="Tansley"), by=builders.CLERK, at=AT)


def test_a_phrase_is_taken_away_with_a_dash(desk: Seat, engine: Engine, world: World, ada: str) -> None:
    for phrase, expected in (("blue heron", True), ("-", False)):
        desk.open(f"/s/CU02/{world.account.number}")
        desk.press(password_phrase=phrase)
        desk.press("F6")
        assert _record(engine, ada).has_password_phrase is expected


def test_who_speaks_for_a_customer_changes_neither_the_phrase_nor_who_else_may(desk: Seat, engine: Engine, world: World) -> None:
    named = AuthorisePerson(customer_number=world.account.customer_number, name="Jo Tansley", relation="son", password_phrase="blue heron")
    with transaction(engine) as session:
        # A desk at which nobody has opened the record without a caller.
        session.execute(update(CallerCheck).where(CallerCheck.ended_at.is_(None)).values(ended_at=AT))
        person = authorise_person(session, named, by=builders.OPERATOR, at=AT).person_id
    desk.open(f"/s/CU03/{world.account.number}")
    desk.press(method="PP", answer="blue heron", speaker="1")
    assert "Caller made sure of" in desk.page
    desk.open(f"/s/CU02/{world.account.number}")
    desk.press(password_phrase="another one of ours")
    assert (set(desk.said), desk.cursor) == ({"CSS926E"}, "password_phrase")
    desk.press(password_phrase="", access_needs="Large print")
    assert desk.said == ["CSS366I"], "all else is theirs to say"
    for path in ("person", f"end/{person}"):
        desk.open(f"/s/CU02/{world.account.number}/{path}")
        assert desk.said == ["CSS926E"]
        desk.press("F6", person_name="Max Finch", relation="friend")
        assert set(desk.said) == {"CSS926E"}
        desk.press("F6", person_name="Max Finch", relation="friend")
        assert set(desk.said) == {"CSS926E"}
    assert [one.name for one in _record(engine, world.account.customer_number).authorised if one.ends_on is None] == ["Jo Tansley"]
    with transaction(engine) as session:
        end = EndAuthorisation(customer_number=world.account.customer_number, person_id=person)
        end_authorisation(session, end, by=builders.OPERATOR, at=AT)


def test_somebody_may_speak_for_the_customer_and_no_more(desk: Seat, engine: Engine, world: World, ada: str) -> None:
    desk.open(f"/s/CU02/{world.account.number}")
    assert f'href="/s/CU02/{world.account.number}/person" data-key="S-F5"' in desk.page
    desk.open(f"/s/CU02/{world.account.number}/person")
    desk.press(relation="son", person_phrase="abc")
    assert _wrong(desk) == {"person_name", "person_phrase"}
    desk.press(person_name="Tom Tansley", relation="son", person_phrase="white heron", person_born_on="1/2/90")
    assert "may speak for" in desk.page
    desk.press("F6")
    assert "CSS166I" in desk.said
    assert "phrase, born 1 Feb 1990" in desk.page
    assert "heron" not in desk.page
    (person,) = _record(engine, ada).authorised
    desk.open(f"/s/CU02/{world.account.number}/end/{person.person_id}")
    assert "Tom Tansley, son" in desk.page
    desk.press()
    assert "may not speak for" in desk.page
    desk.press("F6")
    assert "CSS167I" in desk.said
    desk.open(f"/s/CU02/{world.account.number}/end/999999")
    assert "CSS161E" in desk.said


def test_opening_is_on_the_trail_once_and_statements_are_few(
    desk: Seat, engine: Engine, world: World, ada: str, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    with query_count() as sent:
        desk.open(f"/s/CU02/{world.account.number}")
        desk.open(f"/s/CU02/{world.account.number}")
    assert len(sent) <= 2 * STATEMENTS_OF_CU02
    with transaction(engine) as session:
        told = session.execute(
            select(AuditEvent.after).where(AuditEvent.verb == "disclose", AuditEvent.subject_number == world.account.number)
        ).scalars()
        checks = [event["caller_check_id"] for event in told if event and event["screen"] == "CU02"]
    assert len(checks) == len(set(checks))


STATEMENTS_OF_CU02 = 24


@pytest.mark.parametrize(("screen", "deed"), [(CU01, ""), (CU02, ""), (CU02, "person")], ids=["CU01", "CU02", "CU02 person"])
def test_nonsense_in_every_field_is_told_and_changes_nothing(
    desk: Seat, engine: Engine, world: World, ada: str, screen: Screen, deed: str
) -> None:
    before, count = _record(engine, ada), _customers(engine)
    desk.open("/".join(part for part in ("/s", screen.code, world.account.number if screen is CU02 else "", deed) if part))
    path, begun = desk.path, desk.form()
    names = [one.name for one in screen.shown_fields(deed)]
    everywhere = [dict.fromkeys(names, nonsense) for nonsense in NONSENSE]
    somewhere = [{name: NONSENSE[n % len(NONSENSE)]} for n, name in enumerate(names)]
    for keyed in (*everywhere, *somewhere):
        answer = desk.client.post(path, data=begun | keyed | {"key": "Enter"}, headers={SHELL_HEADER: "1"})
        assert answer.status_code in {200, 404, 409, 422}, keyed
        assert "<b onclick" not in answer.get_data(as_text=True)
    assert (_record(engine, ada), _customers(engine)) == (before, count)
