"""Customers changed, spoken for, taken on and found to be there already: what is refused, what is kept, two people at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from billing.actions.account_terms import change_billing
from billing.terms_commands import ChangeBilling
from css.audit import AuditEvent, CommandAnswer
from css.core.actor import Actor
from css.core.errors import Conflict, CssError, Refused, Several
from css.core.ids import IdKind
from css.core.words import BillFrequency, ContactPointKind, CustomerKind, PaymentMeans, Role, Segment
from css.db.engine import transaction
from css.master.authorised import authorise_person, end_authorisation
from css.master.change_customer import change_customer
from css.master.commands import AddCustomer, NewAccount, ReachAt, TakeOnCustomer
from css.master.customer_commands import AuthorisePerson, ChangeCustomer, CustomerChanged, EndAuthorisation
from css.master.customer_record import customer_record
from css.master.customers import AuthorisedPerson, Customer
from css.master.districts import roll_business_date
from css.master.duplicates import EMAIL, NAME, TELEPHONE, possible_duplicates
from css.master.enrol import take_on_customer
from css.master.line_story import LineEventKind, line_story
from css.master.reference import RETAIL
from css.master.serials import next_number
from css.master.services import Service, ServiceNumber
from tests import builders
from tests.conftest import QueryCount
from tests.race import together, until_somebody_waits

BY, AT = builders.CLERK, builders.AT
REPAIR = Actor("operator", "REP1", RETAIL, frozenset({Role.REPAIR.value}))
MOBILE = ReachAt(kind=ContactPointKind.MOBILE, value="07700 900123", is_preferred=True)
EMAIL_POINT = ReachAt(kind=ContactPointKind.EMAIL, value=" Ada@Example.com")


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def ada(session: Session, zz: builders.BuiltDistrict) -> str:
    return builders.customer(session, zz, password_phrase="marmalade", reach_at=(MOBILE,))


def codes(error: CssError) -> set[tuple[str, str | None]]:
    found = error.errors if isinstance(error, Several) else (error,)
    return {(one.code, one.element) for one in found}


def changed(session: Session, number: str, **said: object) -> CustomerChanged:
    fields: dict[str, Any] = {"customer_number": number} | said
    return change_customer(session, ChangeCustomer(**fields), by=BY, at=AT)


def last_event(session: Session, verb: str) -> AuditEvent:
    return session.execute(select(AuditEvent).where(AuditEvent.verb == verb).order_by(AuditEvent.id.desc()).limit(1)).scalar_one()


# --- changes --------------------------------------------------------------------------------------------------------------


def test_a_change_touches_what_it_speaks_of_and_is_on_the_trail_with_before_and_after(session: Session, ada: str) -> None:
    answer = changed(session, ada, surname=" Oakes ", access_needs="Large print", is_vulnerable=True, language="CY")
    assert set(answer.changed) == {"surname", "access_needs", "is_vulnerable", "language"}
    record = customer_record(session, ada, by=BY)
    assert (record.name, record.access_needs, record.is_vulnerable, record.language) == ("Mrs Ada Oakes", "Large print", True, "cy")
    assert record.row_version == answer.row_version == 2
    assert [point.value for point in record.contact_points] == ["447700900123"]
    event = last_event(session, "change_customer")
    assert event.before == {"surname": "Tansley", "access_needs": None, "is_vulnerable": False, "language": "en"}
    assert event.after == {"surname": "Oakes", "access_needs": "Large print", "is_vulnerable": True, "language": "cy"}


def test_an_empty_text_empties_and_a_birth_date_is_forgotten_on_demand(session: Session, ada: str) -> None:
    changed(session, ada, born_on=date(1961, 5, 4), title="")
    assert customer_record(session, ada, by=BY).born_on == date(1961, 5, 4)
    assert changed(session, ada, forgets_birth=True).changed == ("born_on",)
    record = customer_record(session, ada, by=BY)
    assert (record.born_on, record.title) == (None, None)


def test_ways_to_be_reached_are_replaced_as_a_set(session: Session, ada: str) -> None:
    landline = ReachAt(kind=ContactPointKind.PHONE, value="01632 960177")
    changed(session, ada, reach_at=(landline, EMAIL_POINT, replace(landline, value="+44 1632 960177", is_preferred=True)))
    points = customer_record(session, ada, by=BY).contact_points
    assert [(point.value, point.is_preferred) for point in points] == [("441632960177", True), ("ada@example.com", False)]
    with pytest.raises(Refused) as refused:
        changed(session, ada, reach_at=(EMAIL_POINT, replace(landline, is_preferred=True)))
    assert refused.value.code == "CSS157E", "another order of the same is no change"
    changed(session, ada, reach_at=())
    assert customer_record(session, ada, by=BY).contact_points == ()


def test_consent_keeps_the_instant_at_which_it_was_said(session: Session, ada: str) -> None:
    assert customer_record(session, ada, by=BY).consent_at is None
    changed(session, ada, may_market=False)
    assert customer_record(session, ada, by=BY).consent_at == AT, "a no that was said is not one that nobody asked for"
    later = AT + timedelta(days=9)
    change_customer(session, ChangeCustomer(customer_number=ada, may_market=True), by=BY, at=later)
    record = customer_record(session, ada, by=BY)
    assert (record.may_market, record.consent_at) == (True, later)


def test_a_phrase_leaves_no_trace_but_in_its_field(session: Session, ada: str) -> None:
    def both(phrase: str, token: str) -> None:
        command = ChangeCustomer(token=token, customer_number=ada, password_phrase=phrase)
        change_customer(session, command, by=BY, at=AT)

    both("blue  heron", "t1")
    event = last_event(session, "change_customer")
    assert (event.before, event.after) == ({"password_phrase": "set"}, {"password_phrase": "another"})
    assert session.execute(select(Customer.password_phrase).where(Customer.number == ada)).scalar_one() == "blue heron"
    digest = session.execute(select(CommandAnswer.command_sha256).where(CommandAnswer.token == "t1")).scalar_one()
    session.execute(text("DELETE FROM css.command_answer"))
    both("grey heron", "t1")
    assert session.execute(select(CommandAnswer.command_sha256)).scalar_one() == digest, "it could be guessed from the digest"
    authorise_person(
        session, AuthorisePerson(customer_number=ada, name="Tom Tansley", relation="son", password_phrase="white heron"), by=BY, at=AT
    )
    both("", "t2")
    everything = json.dumps([[event.before, event.after] for event in session.execute(select(AuditEvent)).scalars()])
    assert "heron" not in everything
    record = customer_record(session, ada, by=BY)
    assert record.has_password_phrase is False
    assert record.authorised[0].has_password_phrase is True
    assert "heron" not in repr(record)


REFUSED = [
    ({"surname": " "}, {("CSS112E", "surname")}),
    ({"organisation_name": "Kiln Yard"}, {("CSS112E", "surname")}),
    ({"company_number": "00000000"}, {("CSS153E", "company_number")}),
    ({"born_on": date(2026, 3, 3)}, {("CSS115E", "born_on")}),
    ({"born_on": date(1801, 3, 3)}, {("CSS152E", "born_on")}),
    ({"language": "xx"}, {("CSS151E", "language")}),
    ({"password_phrase": "abc"}, {("CSS154E", "password_phrase")}),
    ({"password_phrase": "x" * 61}, {("CSS154E", "password_phrase")}),
    ({"reach_at": (replace(MOBILE, value="999"),)}, {("CSS156E", "reach_at[0].value")}),
    ({"reach_at": (MOBILE, replace(EMAIL_POINT, is_preferred=True))}, {("CSS155E", "reach_at")}),
    (
        {"reach_at": tuple(replace(EMAIL_POINT, value=f"a{n}@example.com") for n in range(11))},
        {("CSS155E", "reach_at")},
    ),
    ({"surname": "Tansley", "title": "Mrs"}, {("CSS157E", None)}),
    ({}, {("CSS157E", None)}),
    (
        {"surname": "", "language": "?", "reach_at": (replace(MOBILE, value="12"), replace(EMAIL_POINT, value="a@b"))},
        {("CSS112E", "surname"), ("CSS151E", "language"), ("CSS083E", "reach_at[0].value"), ("CSS113E", "reach_at[1].value")},
    ),
]


@pytest.mark.parametrize(("said", "expected"), REFUSED)
def test_what_is_wrong_with_a_change_is_told_at_once_and_nothing_changes(
    session: Session, ada: str, said: dict[str, Any], expected: set[tuple[str, str | None]]
) -> None:
    before = customer_record(session, ada, by=BY)
    with pytest.raises(CssError) as refused:
        changed(session, ada, **said)
    assert codes(refused.value) == expected
    assert customer_record(session, ada, by=BY) == before


def test_an_organisation_stays_one(session: Session, zz: builders.BuiltDistrict) -> None:
    kiln = {"kind": CustomerKind.ORGANISATION, "organisation_name": "Kiln Yard", "surname": None, "title": None, "first_name": None}
    firm = builders.customer(session, zz, **kiln)
    with pytest.raises(CssError) as refused:
        changed(session, firm, surname="Tansley", organisation_name="", born_on=date(1970, 1, 1))
    assert codes(refused.value) == {("CSS112E", "organisation_name"), ("CSS153E", "born_on")}
    changed(session, firm, company_number="00000001")
    assert customer_record(session, firm, by=BY).company_number == "00000001"


@pytest.mark.parametrize("by", [builders.PARTNER_ACTOR, REPAIR], ids=["partner", "repair"])
def test_who_may_not_change_a_customer(session: Session, ada: str, by: Actor) -> None:
    for deed in (
        lambda: change_customer(session, ChangeCustomer(customer_number=ada, surname="Oakes"), by=by, at=AT),
        lambda: authorise_person(session, AuthorisePerson(customer_number=ada, name="Tom", relation="son"), by=by, at=AT),
        lambda: end_authorisation(session, EndAuthorisation(customer_number=ada, person_id=1), by=by, at=AT),
    ):
        with pytest.raises(Refused) as refused:
            deed()
        assert refused.value.code == "CSS111E"


def test_a_partner_reads_no_record_and_no_duplicates(session: Session, ada: str) -> None:
    for question in (
        lambda: customer_record(session, ada, by=builders.PARTNER_ACTOR),
        lambda: possible_duplicates(session, by=builders.PARTNER_ACTOR),
    ):
        with pytest.raises(Refused):
            question()


# --- two people at once -----------------------------------------------------------------------------------------------------


def test_a_change_over_somebody_elses_is_refused_and_says_whose_it_was(session: Session, ada: str) -> None:
    seen = customer_record(session, ada, by=BY).row_version
    change_customer(session, ChangeCustomer(customer_number=ada, surname="Oakes", row_version=seen), by=builders.OPERATOR, at=AT)
    with pytest.raises(Conflict) as refused:
        changed(session, ada, surname="Ash", row_version=seen)
    assert refused.value.code == "CSS150E"
    assert "TESTER at 10:00 on 02/03/2026" in str(refused.value)
    assert changed(session, ada, surname="Ash", row_version=seen + 1).row_version == seen + 2


def test_a_change_of_an_account_says_whose_it_was_too(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz)
    change_billing(session, ChangeBilling(account_number=account.number, billing_name="A", row_version=1), by=builders.OPERATOR, at=AT)
    with pytest.raises(Conflict, match="TESTER at 10:00"):
        change_billing(session, ChangeBilling(account_number=account.number, billing_name="B", row_version=1), by=BY, at=AT)


def test_of_two_at_once_one_changes_and_the_other_is_told(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)
        number = builders.customer(session)

    def change(surname: str) -> CustomerChanged:
        with transaction(fresh_engine) as session:
            return changed(session, number, surname=surname, row_version=1)

    given = together(lambda: change("Oakes"), lambda: change("Ash"))
    assert sorted(type(one).__name__ for one in given) == ["Conflict", "CustomerChanged"]
    with transaction(fresh_engine) as session:
        assert customer_record(session, number, by=BY).row_version == 2


def test_what_lies_in_the_session_is_not_taken_for_what_is_true(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)
        number = builders.customer(session)
    with pytest.raises(Conflict), transaction(fresh_engine) as slow:
        # Read, and kept in the session; then a colleague is quicker.
        kept = slow.execute(select(Customer).where(Customer.number == number)).scalar_one()
        assert kept.row_version == 1
        with transaction(fresh_engine) as quick:
            changed(quick, number, surname="Oakes", row_version=1)
        changed(slow, number, first_name="Bea", row_version=1)
    with transaction(fresh_engine) as session:
        assert customer_record(session, number, by=BY).name == "Mrs Ada Oakes"


def test_who_waits_for_a_colleague_sees_what_the_colleague_did(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)
        number = builders.customer(session)
    held = threading.Event()

    def first() -> None:
        with transaction(fresh_engine) as session:
            changed(session, number, surname="Oakes", row_version=1)
            held.set()
            until_somebody_waits(fresh_engine)

    def second() -> None:
        held.wait(20)
        with transaction(fresh_engine) as session:
            changed(session, number, first_name="Bea", row_version=1)

    nothing, refused = together(first, second)
    assert nothing is None
    assert isinstance(refused, Conflict)
    assert "CLERK1" in str(refused), "whose change it was is known by then"


def test_the_same_key_twice_is_one_change(session: Session, ada: str) -> None:
    command = ChangeCustomer(token="k1", customer_number=ada, surname="Oakes", row_version=1)
    first = change_customer(session, command, by=BY, at=AT)
    assert change_customer(session, command, by=BY, at=AT) == first
    assert customer_record(session, ada, by=BY).row_version == 2


# --- who may speak ------------------------------------------------------------------------------------------------------------


def test_somebody_speaks_for_a_customer_until_it_is_taken_back(session: Session, ada: str) -> None:
    command = AuthorisePerson(
        customer_number=ada, name=" Tom  Tansley ", relation="son", password_phrase="white heron", born_on=date(1990, 2, 3)
    )
    tom = authorise_person(session, command, by=BY, at=AT)
    (shown,) = customer_record(session, ada, by=BY).authorised
    assert (shown.name, shown.relation, shown.has_password_phrase, shown.starts_on) == ("Tom Tansley", "son", True, builders.DAY)
    assert shown.recorded_by == "CLERK1"

    roll_business_date(session, "ZZ", to=date(2026, 3, 9))
    ended = end_authorisation(session, EndAuthorisation(customer_number=ada, person_id=tom.person_id), by=BY, at=AT)
    assert ended.ends_on == date(2026, 3, 9)
    assert customer_record(session, ada, by=BY).authorised == ()
    kept = session.get_one(AuthorisedPerson, tom.person_id)
    assert (kept.password_phrase, kept.born_on) == (None, None), "nobody asks them any more"
    event = last_event(session, "end_authorisation")
    assert event.before is not None
    assert event.after is not None
    assert (event.before["ends_on"], event.after["ends_on"]) == (None, "2026-03-09")
    with pytest.raises(Conflict) as refused:
        end_authorisation(session, EndAuthorisation(customer_number=ada, person_id=tom.person_id), by=BY, at=AT)
    assert refused.value.code == "CSS162E"


def test_who_was_named_today_may_speak_no_more_from_the_moment_it_is_taken_back(session: Session, ada: str) -> None:
    tom = authorise_person(session, AuthorisePerson(customer_number=ada, name="Tom", relation="son", password_phrase="heron"), by=BY, at=AT)
    ended = end_authorisation(session, EndAuthorisation(customer_number=ada, person_id=tom.person_id), by=BY, at=AT)
    assert ended.ends_on == ended.starts_on, "not for a day"
    assert customer_record(session, ada, by=BY).authorised == ()


def test_nobody_is_named_twice_at_a_time_nor_ended_for_another_customer(session: Session, zz: builders.BuiltDistrict, ada: str) -> None:
    command = AuthorisePerson(customer_number=ada, name="Tom", relation="son")
    tom = authorise_person(session, command, by=BY, at=AT)
    with pytest.raises(Conflict) as refused:
        authorise_person(session, replace(command, name="TOM"), by=BY, at=AT)
    assert refused.value.code == "CSS160E"
    ben = builders.customer(session, zz, first_name="Ben")
    with pytest.raises(CssError) as missing:
        end_authorisation(session, EndAuthorisation(customer_number=ben, person_id=tom.person_id), by=BY, at=AT)
    assert missing.value.code == "CSS161E"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"name": " ", "relation": ""}, {("CSS114E", "name"), ("CSS114E", "relation")}),
        ({"name": "x" * 101}, {("CSS158E", "name")}),
        ({"password_phrase": "abc"}, {("CSS154E", "password_phrase")}),
        ({"born_on": date(2027, 1, 1)}, {("CSS115E", "born_on")}),
        ({"ends_on": builders.DAY}, {("CSS159E", "ends_on")}),
    ],
)
def test_what_is_wrong_with_a_person_is_told(session: Session, ada: str, said: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    fields: dict[str, Any] = {"customer_number": ada, "name": "Tom", "relation": "son"} | said
    with pytest.raises(CssError) as refused:
        authorise_person(session, AuthorisePerson(**fields), by=BY, at=AT)
    assert codes(refused.value) == expected


def test_two_who_name_the_same_person_at_once_name_them_once(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)
        number = builders.customer(session)

    def name() -> object:
        with transaction(fresh_engine) as session:
            return authorise_person(session, AuthorisePerson(customer_number=number, name="Tom", relation="son"), by=BY, at=AT)

    assert sorted(type(one).__name__ for one in together(name, name)) == ["Authorised", "Conflict"]


# --- taking on ----------------------------------------------------------------------------------------------------------------

NEWCOMER = AddCustomer(
    district_code="ZZ", kind=CustomerKind.PERSON, title="Ms", first_name="Beth", surname="Oakes", may_market=True, reach_at=(MOBILE,)
)
BILLED = NewAccount(
    provider_code=RETAIL,
    segment=Segment.RESIDENTIAL,
    billing_name="Ms B Oakes",
    billing_address_lines=("3 Larkspur Close", "Wrenford"),
    billing_postcode="ZZ4 7QT",
    cycle_day=12,
    frequency=BillFrequency.MONTHLY,
)


def test_a_customer_is_taken_on_with_an_account_in_one_deed(session: Session, zz: builders.BuiltDistrict) -> None:
    command = TakeOnCustomer(token="new-1", customer=NEWCOMER, account=BILLED)
    taken = take_on_customer(session, command, by=BY, at=AT)
    record = customer_record(session, taken.customer_number, by=BY)
    assert (record.name, record.may_market, record.consent_at, record.language) == ("Ms Beth Oakes", True, AT, "en")
    assert [account.number for account in record.accounts] == [taken.account_number]
    assert take_on_customer(session, command, by=BY, at=AT) == taken, "the key pressed twice adds one"


def test_what_is_wrong_with_customer_and_account_is_told_together_and_neither_is_added(
    session: Session, zz: builders.BuiltDistrict
) -> None:
    wrong = TakeOnCustomer(
        customer=replace(NEWCOMER, surname="", language="xx"),
        account=replace(BILLED, cycle_day=40, billing_postcode="nowhere", payment_means=PaymentMeans.DIRECT_DEBIT),
    )
    with pytest.raises(Several) as refused:
        take_on_customer(session, wrong, by=BY, at=AT)
    assert codes(refused.value) == {
        ("CSS112E", "surname"),
        ("CSS151E", "language"),
        ("CSS116E", "cycle_day"),
        ("CSS065E", "billing_postcode"),
        ("CSS119E", "mandate_reference"),
    }
    assert session.execute(select(Customer.id)).first() is None


# --- already there? -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        ({"name": "tansley", "postcode": "zz47qt"}, (NAME,)),
        ({"name": "TANSLEY", "postcode": "ZZ1 7QT"}, (NAME,)),
        ({"telephones": "01632 960999, 07700 900123"}, (TELEPHONE,)),
        ({"telephones": "01632 960123"}, (TELEPHONE,)),
        ({"emails": "ADA@example.com"}, (EMAIL,)),
        ({"emails": "bills@example.com"}, (EMAIL,)),
        (
            {"name": "Tansley", "postcode": "ZZ4 7QT", "emails": "ada@example.com; x@example.com", "telephones": "07700 900123"},
            (EMAIL, NAME, TELEPHONE),
        ),
        ({"name": "Tans", "postcode": "ZZ4 7QT"}, None),
        ({"name": "Tansley", "postcode": "ZZ1 1AA"}, None),
        ({"name": "Tansley"}, None),
        ({"telephones": "01632 960999"}, None),
        ({}, None),
    ],
)
def test_somebody_alike_is_pointed_at(
    session: Session, zz: builders.BuiltDistrict, said: dict[str, str], reasons: tuple[str, ...] | None
) -> None:
    number = builders.customer(session, zz, reach_at=(MOBILE, EMAIL_POINT))
    account = builders.account(session, zz, customer_number=number, email="bills@example.com")
    builders.working_line(session, zz, account, number="441632960123")
    found = possible_duplicates(session, by=BY, **said)
    if reasons is None:
        assert found == ()
        return
    (one,) = found
    assert (one.customer_number, one.account_number, one.postcode) == (number, account.number, "ZZ4 7QT")
    assert one.reasons == tuple(sorted(reasons))


def test_those_with_most_in_common_come_first_and_all_by_one_statement(
    session: Session, zz: builders.BuiltDistrict, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    for _ in range(12):
        builders.customer(session, zz, surname="Quill", reach_at=(MOBILE,))
    both = builders.customer(session, zz, reach_at=(EMAIL_POINT, MOBILE))
    with query_count() as sent:
        found = possible_duplicates(session, by=BY, telephones="07700 900123", emails="ada@example.com")
    assert len(sent) == 1
    assert (len(found), found[0].customer_number, found[0].account_number) == (10, both, None)


def test_what_cannot_be_read_is_told_and_a_number_of_the_past_is_nobodys(session: Session, zz: builders.BuiltDistrict) -> None:
    with pytest.raises(CssError) as refused:
        possible_duplicates(session, by=BY, postcode="nowhere", telephones="12", emails="a@b")
    assert codes(refused.value) == {("CSS065E", "postcode"), ("CSS083E", "telephones"), ("CSS113E", "emails")}
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account, number="441632960123")
    row = session.execute(select(ServiceNumber).where(ServiceNumber.service_id == line.service_id)).scalar_one()
    row.ends_at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    session.flush()
    assert possible_duplicates(session, by=BY, telephones="01632 960123") == ()


# --- the story of a line -----------------------------------------------------------------------------------------------------------


def test_a_line_tells_what_happened_to_it_newest_first(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account, features=("CALLER-DISPLAY",), starts_on=date(2026, 1, 5), number="441632960123")
    feature = session.get_one(Service, line.feature_service_ids[0])
    feature.ends_on = feature.end_recorded_on = date(2026, 2, 9)
    session.flush()
    story = line_story(session, "01632 960123", by=BY)
    assert story.card.pair_number == 1
    assert [(event.kind, event.words.partition(",")[0].partition(";")[0]) for event in story.events] == [
        (LineEventKind.SERVICE, "Caller display ended"),
        (LineEventKind.LISTING, "Directory: listed as Tansley A"),
        (LineEventKind.NUMBER, "Number 01632 960123 given"),
        (LineEventKind.SERVICE, "Caller display started"),
        (LineEventKind.SERVICE, "Residential line started"),
        (LineEventKind.LINE, "Line to 1 Larkspur Close"),
    ]
    assert len(line_story(session, "01632 960123", by=BY, limit=2).events) == 2
    with pytest.raises(CssError) as refused:
        line_story(session, "01632 960123", by=builders.PARTNER_ACTOR)
    assert refused.value.code == "CSS106E"


def test_a_record_is_four_statements_however_much_there_is(
    session: Session, zz: builders.BuiltDistrict, ada: str, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    for n in range(3):
        builders.account(session, zz, customer_number=ada)
        authorise_person(session, AuthorisePerson(customer_number=ada, name=f"Tom {n}", relation="son"), by=BY, at=AT)
    with query_count() as sent:
        record = customer_record(session, ada, by=BY)
    assert (len(sent), len(record.accounts), len(record.authorised)) == (4, 3, 3)
    with pytest.raises(CssError) as refused:
        customer_record(session, next_number(session, "ZZ", IdKind.CUSTOMER), by=BY)
    assert refused.value.code == "CSS102E"
