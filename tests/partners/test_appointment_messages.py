"""The appointment book by message: what is free, a half-day kept for a day and given back, and taken by an order or a fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from css.core.words import AppointmentState
from css.db.engine import transaction
from css.master.appointments import Appointment
from css.master.reference import PARTNER
from css.master.sites import Site
from css.partners.desk.operating import RetryMessage, retry_message
from css.partners.intake.handling import drain
from css.xml import Element, children, find
from repairs.actions import report_fault
from repairs.commands.faults import ReportFault
from tests import builders
from tests.partners.asking import answer_of, ask, codes_of, enquiry
from tests.partners.fault_speaking import message as fault_message
from tests.partners.fault_speaking import submit
from tests.partners.speaking import (
    AT,
    CLOCK,
    RIVAL,
    RIVAL_CODE,
    Parts,
    Scene,
    amendment,
    answers_to,
    header,
    message_2,
    opened,
    orders_of,
    result,
    said,
    send,
    stored,
)

DAY = "2026-03-16"


def reserve(engine: Engine, *, provider_code: str = PARTNER, at: datetime = AT, **elements: str) -> bytes:
    """What answers a ReserveAppointment."""
    head = header(created_at=at, **({} if provider_code == PARTNER else {"sender": RIVAL}))
    assert result(send(engine, enquiry("ReserveAppointment", None, head=head, **elements), provider_code, at=at)) == "RECEIVED"
    (body,) = answers_to(engine, head.conversation_id, provider_code)
    return body


def held(engine: Engine, **elements: str) -> str:
    """The number of a slot that is kept."""
    return said(answer_of(reserve(engine, provider_code=PARTNER, at=AT, **elements)), "Reservation/AppointmentNumber")


def state(engine: Engine, number: str) -> AppointmentState:
    with transaction(engine) as session:
        return session.execute(select(Appointment.state).where(Appointment.number == number)).scalar_one()


def order_of(address_key: str, account: str, *others: tuple[str, str | Parts], kind: str = "PROVIDE", head: object = None) -> bytes:
    head = head or header()
    order: Parts = [
        ("CustomerReference", f"PO-{head.message_id}"),  # type: ignore[attr-defined]
        ("Kind", kind),
        ("AccountNumber", account),
        ("AddressKey", address_key),
        ("RequiredDate", "2026-03-23"),
        ("ProductCode", "LINE-WHO"),
        ("Contact", [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")]),
        ("DirectoryEntry", [("Kind", "DE"), ("Name", "Marlow B")]),
        ("EmergencyName", "Mr Ben Marlow"),
        *others,
    ]
    return message_2("SubmitOrder", [("Order", order)], head=head)  # type: ignore[arg-type]


def line_at(engine: Engine, district: Scene, address_key: str, *, rival: bool = False) -> builders.BuiltLine:
    """A new line of Brackwater's, or of the rival's."""
    with transaction(engine) as session:
        account = builders.built_account(session, district.rival_account if rival else district.account, "")
        where = next(each for each in district.district.gold if each.address_key == address_key)
        return builders.working_line(session, district.district, account, site=where)


def fault_on(engine: Engine, district: Scene, address_key: str, *, rival: bool = False) -> str:
    """The number of a fault on a new line of Brackwater's, or of the rival's."""
    line = line_at(engine, district, address_key, rival=rival)
    with transaction(engine) as session:
        report = ReportFault(number=line.number, symptom_code="NDT", contact_name="Ben Marlow", contact_phone="07700 900456")
        return report_fault(session, report, by=builders.OPERATOR, at=AT).fault_number


def free(answer: Element) -> list[tuple[str, str]]:
    return [(said(slot, "Date"), said(slot, "Slot")) for slot in children(answer, "Offer/FreeSlots/FreeSlot")]


# What is free.


def test_free_half_days_at_an_address_are_told_soonest_first(engine: Engine, site: Callable[[], str]) -> None:
    answer = answer_of(ask(engine, enquiry("AppointmentQuery", AddressKey=site())))
    assert said(answer, "Offer/Skill") == "INSTALL"
    # From tomorrow, the third; Sunday the eighth is left out.
    assert free(answer)[:2] == [("2026-03-03", "AM"), ("2026-03-03", "PM")]
    assert "2026-03-08" not in [day for day, _ in free(answer)]
    assert len(free(answer)) == 20


def test_repairs_are_offered_from_today_as_far_as_it_has_not_begun(engine: Engine, site: Callable[[], str]) -> None:
    asked = enquiry("AppointmentQuery", AddressKey=site(), Skill="REPAIR", LastDate="2026-03-03")
    assert free(answer_of(ask(engine, asked))) == [("2026-03-02", "PM"), ("2026-03-03", "AM"), ("2026-03-03", "PM")]


def test_the_span_and_the_number_of_half_days_can_be_said(engine: Engine, site: Callable[[], str]) -> None:
    asked = enquiry("AppointmentQuery", AddressKey=site(), FirstDate="2026-03-10", LastDate="2026-03-11", Limit="3")
    assert free(answer_of(ask(engine, asked))) == [("2026-03-10", "AM"), ("2026-03-10", "PM"), ("2026-03-11", "AM")]


def test_an_order_and_a_fault_say_themselves_where_and_who_comes(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    key, other, head = site(), site(), header()
    send(engine, order_of(key, district.account, ("Appointment", [("Date", DAY), ("Slot", "PM")]), head=head))
    (order,) = orders_of(engine, head.message_id)
    fault = fault_on(engine, district, other)

    of_order = answer_of(ask(engine, enquiry("AppointmentQuery", OrderNumber=order)))
    of_fault = answer_of(ask(engine, enquiry("AppointmentQuery", FaultNumber=fault)))

    assert [said(of_order, f"Offer/{name}") for name in ("AddressKey", "Skill", "OrderNumber")] == [key, "INSTALL", order]
    assert [said(of_order, f"Offer/Booked/{name}") for name in ("Date", "Slot", "State")] == [DAY, "PM", "BOOKED"]
    assert [said(of_fault, f"Offer/{name}") for name in ("AddressKey", "Skill", "FaultNumber")] == [other, "REPAIR", fault]
    assert find(of_fault, "Offer/Booked") is None


def test_anothers_order_and_fault_are_not_there(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header(sender=RIVAL)
    send(engine, order_of(site(), district.rival_account, head=head), RIVAL_CODE)
    (order,) = orders_of(engine, head.message_id)
    fault = fault_on(engine, district, site(), rival=True)
    assert codes_of(ask(engine, enquiry("AppointmentQuery", OrderNumber=order))) == [("CSS202E", "AppointmentQuery/Query/OrderNumber")]
    assert codes_of(ask(engine, enquiry("AppointmentQuery", FaultNumber=fault))) == [("CSS313E", "AppointmentQuery/Query/FaultNumber")]
    assert codes_of(reserve(engine, OrderNumber=order, Date=DAY, Slot="AM"))[0][0] == "CSS202E"
    assert codes_of(reserve(engine, FaultNumber=fault, Date=DAY, Slot="AM"))[0][0] == "CSS313E"


@pytest.mark.parametrize(
    ("elements", "code", "element"),
    [
        ({}, "CSS529E", "AddressKey"),
        ({"AddressKey": "A99999999999", "OrderNumber": "ZZO00000018"}, "CSS529E", "OrderNumber"),
        ({"OrderNumber": "ZZO00000018", "Skill": "REPAIR"}, "CSS533E", "Skill"),
        ({"AddressKey": "A99999999999"}, "CSS209E", "AddressKey"),
        ({"AddressKey": "A99999999999", "FirstDate": "2026-03-10", "LastDate": "2026-03-09"}, "CSS533E", "LastDate"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(engine: Engine, elements: dict[str, str], code: str, element: str) -> None:
    assert codes_of(ask(engine, enquiry("AppointmentQuery", None, head=None, **elements))) == [(code, f"AppointmentQuery/Query/{element}")]


def test_nobody_comes_for_an_order_of_paper(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    line = line_at(engine, district, site())
    head = header()
    order: Parts = [
        ("CustomerReference", f"PO-{head.message_id}"),
        ("Kind", "CEASE"),
        ("AccountNumber", district.account),
        ("TelephoneNumber", f"+{line.number}"),
        ("RequiredDate", "2026-03-23"),
        ("CeaseReason", "NN"),
        ("Contact", [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")]),
    ]
    send(engine, message_2("SubmitOrder", [("Order", order)], head=head))
    (number,) = orders_of(engine, head.message_id)
    assert codes_of(ask(engine, enquiry("AppointmentQuery", OrderNumber=number))) == [("CSS532E", "AppointmentQuery/Query/OrderNumber")]


# Kept, given back, lapsed.


def test_a_half_day_is_kept_for_24_hours(engine: Engine, site: Callable[[], str]) -> None:
    key = site()
    reservation = answer_of(reserve(engine, AddressKey=key, Date=DAY, Slot="AM"))
    told = {part.tag.rpartition("}")[2]: part.text for part in next(children(reservation, "Reservation"))}
    number = told.pop("AppointmentNumber") or ""
    assert told == {
        "State": "HELD",
        "AddressKey": key,
        "Skill": "INSTALL",
        "Date": DAY,
        "Slot": "AM",
        "HeldUntil": "2026-03-03T10:00:00Z",
    }
    assert state(engine, number) is AppointmentState.HELD


def test_the_same_request_again_keeps_one_half_day(engine: Engine, site: Callable[[], str]) -> None:
    key, head = site(), header()
    data = enquiry("ReserveAppointment", AddressKey=key, Date=DAY, Slot="AM", head=head)
    assert [result(send(engine, data)) for _ in range(3)] == ["RECEIVED", "DUPLICATE", "DUPLICATE"]
    assert len(answers_to(engine, head.conversation_id)) == 1
    with transaction(engine) as session:
        slots = select(Appointment.id).join(Site, Site.id == Appointment.site_id).where(Site.address_key == key)
        assert len(session.execute(slots).all()) == 1


def test_a_half_day_given_back_is_anybodys_again(engine: Engine, site: Callable[[], str]) -> None:
    number = held(engine, AddressKey=site(), Date="2026-03-14", Slot="AM")
    head = header()
    send(engine, enquiry("ReleaseAppointment", AppointmentNumber=number, head=head))
    (body,) = answers_to(engine, head.conversation_id)
    assert said(opened(body), "Header/RefToMessageId") == head.message_id
    assert said(answer_of(body), "Reservation/State") == "CANCELLED"
    assert state(engine, number) is AppointmentState.CANCELLED
    # A second time there is nothing to give back.
    again = header()
    send(engine, enquiry("ReleaseAppointment", AppointmentNumber=number, head=again))
    assert codes_of(answers_to(engine, again.conversation_id)[0]) == [("CSS820E", "ReleaseAppointment/Release/AppointmentNumber")]


def test_anothers_reservation_is_not_there_to_be_given_back(engine: Engine, site: Callable[[], str]) -> None:
    number = held(engine, AddressKey=site(), Date=DAY, Slot="PM")
    head = header(sender=RIVAL)
    send(engine, enquiry("ReleaseAppointment", AppointmentNumber=number, head=head), RIVAL_CODE)
    (body,) = answers_to(engine, head.conversation_id, RIVAL_CODE)
    assert codes_of(body) == [("CSS819E", "ReleaseAppointment/Release/AppointmentNumber")]
    assert state(engine, number) is AppointmentState.HELD


@pytest.mark.parametrize(
    ("elements", "code", "element"),
    [
        ({"Date": "2026-03-15", "Slot": "AM"}, "CSS222E", "Date"),
        ({"Date": "2026-03-02", "Slot": "PM"}, "CSS222E", "Date"),
        ({"Date": "2026-07-01", "Slot": "PM"}, "CSS222E", "Date"),
    ],
)
def test_a_day_on_which_nobody_comes_is_refused_in_words(
    engine: Engine, site: Callable[[], str], elements: dict[str, str], code: str, element: str
) -> None:
    body = reserve(engine, AddressKey=site(), **elements)  # type: ignore[arg-type]
    assert codes_of(body) == [(code, f"ReserveAppointment/Request/{element}")]


def test_two_half_days_are_kept_for_an_address_and_no_third(engine: Engine, site: Callable[[], str]) -> None:
    key = site()
    for half in ("AM", "PM"):
        assert held(engine, AddressKey=key, Date="2026-03-17", Slot=half)
    assert codes_of(reserve(engine, AddressKey=key, Date="2026-03-18", Slot="AM")) == [("CSS823E", "ReserveAppointment/Request/AddressKey")]


def test_a_request_refused_at_first_is_answered_again_when_it_is_tried_again(engine: Engine, site: Callable[[], str]) -> None:
    key, head = site(), header()
    first, _ = (held(engine, AddressKey=key, Date="2026-03-18", Slot=half) for half in ("AM", "PM"))
    send(engine, enquiry("ReserveAppointment", AddressKey=key, Date="2026-03-19", Slot="PM", head=head))
    send(engine, enquiry("ReleaseAppointment", AppointmentNumber=first))
    message = stored(engine, head.message_id)
    with transaction(engine) as session:
        again = RetryMessage(key=f"in-{message.id}", reason="One was given back.")
        retry_message(session, again, by=builders.OPERATOR, at=AT)
    drain(engine, clock=CLOCK)

    refused, done = answers_to(engine, head.conversation_id)
    assert codes_of(refused) == [("CSS823E", "ReserveAppointment/Request/AddressKey")]
    assert said(answer_of(done), "Reservation/State") == "HELD"


# The whole way: asked for, kept, ordered, moved.


def test_a_kept_half_day_is_taken_by_the_order_that_names_it(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    key = site()
    offered = free(answer_of(ask(engine, enquiry("AppointmentQuery", AddressKey=key, FirstDate="2026-03-19"))))
    day, half = offered[0]
    number = held(engine, AddressKey=key, Date=day, Slot=half)

    head = header()
    send(engine, order_of(key, district.account, ("AppointmentNumber", number), head=head))
    (order,) = orders_of(engine, head.message_id)
    snapshot = answer_of(ask(engine, enquiry("QueryOrder", OrderNumber=order)))
    assert said(snapshot, "Order/AppointmentNumber") == number
    assert [said(snapshot, f"Order/Appointment/{name}") for name in ("Date", "Slot", "State")] == [day, half, "BOOKED"]
    assert state(engine, number) is AppointmentState.BOOKED

    # Another one for the order itself, and the order takes that instead.
    other = held(engine, OrderNumber=order, Date="2026-03-20", Slot="PM")
    change = header()
    send(engine, amendment(order, ("AppointmentNumber", other), head=change))
    assert stored(engine, change.message_id).outcome_code is None
    booked = answer_of(ask(engine, enquiry("AppointmentQuery", OrderNumber=order)))
    assert said(booked, "Offer/Booked/AppointmentNumber") == other
    assert (state(engine, number), state(engine, other)) == (AppointmentState.CANCELLED, AppointmentState.BOOKED)


def test_a_half_day_that_has_lapsed_is_taken_by_no_order(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    key = site()
    number = held(engine, AddressKey=key, Date="2026-03-19", Slot="AM")
    late = AT + timedelta(hours=24)
    head = header(created_at=late)
    send(engine, order_of(key, district.account, ("AppointmentNumber", number), head=head), at=late)
    (body,) = answers_to(engine, head.conversation_id)
    root = opened(body)
    assert said(root, "Update/Kind") == "ORDER_REJECTED"
    assert said(root, "Update/Errors/Error/Code") == "CSS820E"


def test_a_half_day_is_kept_for_a_fault_with_the_skill_it_needs(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    fault = fault_on(engine, district, site())
    reservation = answer_of(reserve(engine, FaultNumber=fault, Date="2026-03-03", Slot="AM", at=datetime(2026, 3, 2, 10, tzinfo=UTC)))
    assert [said(reservation, f"Reservation/{name}") for name in ("Skill", "State")] == ["REPAIR", "HELD"]


def test_a_kept_half_day_is_taken_by_the_fault_that_names_it_and_another_one_instead(
    engine: Engine, district: Scene, site: Callable[[], str]
) -> None:
    key = site()
    line = line_at(engine, district, key)
    number = held(engine, AddressKey=key, Skill="REPAIR", Date="2026-03-03", Slot="PM")

    head = header()
    send(engine, submit(line.number, ("AppointmentNumber", number), head=head))
    assert stored(engine, head.message_id).outcome_code is None
    told = opened(answers_to(engine, head.conversation_id)[-1])
    fault = next(str(each.text) for each in told.iter("{urn:css:fault:1}FaultNumber"))
    booked = answer_of(ask(engine, enquiry("AppointmentQuery", FaultNumber=fault)))
    assert [said(booked, f"Offer/Booked/{name}") for name in ("AppointmentNumber", "Date", "Slot", "State")] == [
        number,
        "2026-03-03",
        "PM",
        "BOOKED",
    ]

    other = held(engine, FaultNumber=fault, Date="2026-03-04", Slot="AM")
    change = header()
    send(engine, fault_message("AmendFault", [("Amendment", [("FaultNumber", fault), ("AppointmentNumber", other)])], head=change))
    assert stored(engine, change.message_id).outcome_code is None
    assert said(answer_of(ask(engine, enquiry("AppointmentQuery", FaultNumber=fault))), "Offer/Booked/AppointmentNumber") == other
    assert (state(engine, number), state(engine, other)) == (AppointmentState.CANCELLED, AppointmentState.BOOKED)


def test_a_half_day_kept_for_installing_is_taken_by_no_fault(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    key = site()
    line = line_at(engine, district, key)
    number = held(engine, AddressKey=key, Date="2026-03-05", Slot="PM")
    head = header()
    send(engine, submit(line.number, ("AppointmentNumber", number), head=head))
    assert stored(engine, head.message_id).outcome_code == "CSS821E"
    assert state(engine, number) is AppointmentState.HELD
