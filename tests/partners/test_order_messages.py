"""Orders by XML: a SubmitOrder is the command a screen would give, and every event of a partner's order is a valid OrderUpdate."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

import schemas
from css.core.errors import Refused, Several
from css.core.words import DirectoryEntryKind, HalfDay
from css.handover import OutboxMessage, outbox_after, outbox_last_sequence
from css.xml import Element, Party, children, find, read_header, read_message, read_text, schema_for, validate
from orders import messages
from orders.actions import cancel_order, complete_order, delay_order, place_order, resume_order
from orders.commands.orders import CancelOrder, CompleteOrder, DelayOrder, PlaceOrder, ResumeOrder, Slot
from orders.model import KciEvent
from orders.queries.cards import order_card
from orders.words import OrderKind
from tests import builders
from tests.builders import AT, CLERK, PARTNER_ACTOR, SYSTEM
from tests.records.ordering import a_provide

SAMPLES = Path(schemas.__file__).parent / "samples" / "valid"
SELF, PARTNER = Party("999900001", "DUNS"), Party("999900123", "DUNS")


def sample(name: str) -> Element:
    return read_message((SAMPLES / f"{name}.xml").read_bytes())


def valid(body: bytes) -> Element:
    root = read_message(body)
    assert validate(root, schema_for(root)) == ()
    return root


def sent(session: Session, provider_code: str = "BRACKWAT") -> list[Element]:
    return [valid(row.body) for row in outbox_after(session, provider_code, 0)]


def test_a_submit_order_is_the_command_a_screen_would_give() -> None:
    assert messages.submit_order_command(sample("submit-order-provide")) == PlaceOrder(
        token="7c1d0e52-3b64-4f6a-9a10-000000000001",
        kind=OrderKind.PROVIDE,
        account_number="ZZA00012344",
        product_codes=("LINE-RES", "CALLER-DISPLAY", "CALL-WAITING"),
        address_key="A00000012345",
        number="+441632960123",
        required_on=date(2026, 3, 16),
        appointment=Slot(slot_on=date(2026, 3, 16), half_day=HalfDay.AM),
        care_level="2",
        customer_reference="PO-2026-000417",
        contact_name="Siân O'Neill",
        contact_phone="+447700900456",
        directory_kind=DirectoryEntryKind.ORDINARY,
        directory_name="O'Neill S",
        emergency_name="Siân O'Neill",
        hazard_notes="Dog in the yard",
        visit_notes="Entrance behind the bakery; ring twice.",
        conversation_id="b8a4c9f0-51d2-4c37-8e2b-000000000001",
        schema_major=1,
    )
    cease = messages.submit_order_command(sample("submit-order-cease"))
    assert (cease.kind, cease.number, cease.product_codes) == (OrderKind.CEASE, "+441632960123", ())


def test_a_feature_to_be_taken_off_is_not_ordered() -> None:
    root = sample("submit-order-provide")
    first, _ = children(root, "Order/Features/Feature")
    etree.SubElement(first, "{urn:css:order:1}Change").text = "REMOVE"
    assert validate(root, schema_for(root)) == ()
    command = messages.submit_order_command(root)
    assert (command.product_codes, command.remove_codes) == (("LINE-RES", "CALL-WAITING"), ("CALLER-DISPLAY",))
    for field, path in (
        ("remove_codes", "Features"),
        ("product_codes[1]", "Features/Feature[2]/ProductCode"),
        ("product_codes[0]", "ProductCode"),
    ):
        (entry,) = messages.refusal_entries(root, Refused("CSS223E", "No.", element=field))
        assert entry.path == f"SubmitOrder/Order/{path}"


def test_an_action_not_offered_is_refused_where_it_stands() -> None:
    with pytest.raises(Refused) as caught:
        messages.submit_order_command(sample("submit-order-modify"))
    assert (caught.value.code, caught.value.element) == ("CSS239E", "SubmitOrder/Order/Action")


@pytest.mark.parametrize(
    ("name", "field", "path"),
    [
        ("submit-order-provide", "required_on", "SubmitOrder/Order/RequiredDate"),
        ("submit-order-provide", "number", "SubmitOrder/Order/NumberChoice"),
        ("submit-order-cease", "number", "SubmitOrder/Order/TelephoneNumber"),
        ("submit-order-provide", "contact_phone", "SubmitOrder/Order/Contact/TelephoneNumber"),
        ("submit-order-provide", "product_codes", "SubmitOrder/Order/ProductCode"),
        ("submit-order-provide", "product_codes[0]", "SubmitOrder/Order/ProductCode"),
        ("submit-order-provide", "product_codes[2]", "SubmitOrder/Order/Features/Feature[2]/ProductCode"),
        ("submit-order-provide", "token", None),
    ],
)
def test_a_field_of_the_command_is_an_element_of_the_message(name: str, field: str, path: str | None) -> None:
    (entry,) = messages.refusal_entries(sample(name), Refused("CSS213E", "No.", element=field))
    assert entry.path == path


def test_a_refusal_gives_back_what_was_asked_with_every_reason() -> None:
    asked = sample("submit-order-provide")
    error = Several((Refused("CSS213E", "Too early.", element="required_on"), Refused("CSS211E", "None.", element="product_codes[1]")))
    at = datetime(2026, 3, 2, 9, 16, tzinfo=UTC)
    body = messages.order_refused(asked, error, source_key="inbox/7", sender=SELF, receiver=PARTNER, at=at)
    root = valid(body)
    header = read_header(root)
    assert header.ref_to_message_id == "7c1d0e52-3b64-4f6a-9a10-000000000001"
    assert (header.sender, header.receiver, header.sequence_no) == (SELF, PARTNER, 1)
    update = find(root, "Update")
    assert update is not None
    assert (read_text(update, "Kind"), read_text(update, "Order/State")) == ("ORDER_REJECTED", "REJECTED")
    assert [read_text(entry, "Path") for entry in children(update, "Errors/Error")] == [
        "SubmitOrder/Order/RequiredDate",
        "SubmitOrder/Order/Features/Feature[1]/ProductCode",
    ]
    order, wanted = find(update, "Order"), find(asked, "Order")
    assert order is not None
    assert wanted is not None
    kept = [etree.QName(part).localname for part in order if etree.QName(part).localname != "State"]
    assert kept == [etree.QName(part).localname for part in wanted]
    for name in ("submit-order-cease", "submit-order-modify", "submit-order-extension", "submit-order-provide-short"):
        refusal = Refused("CSS200E", "No.", element="account_number")
        valid(messages.order_refused(sample(name), refusal, source_key="inbox/8", sender=SELF, receiver=PARTNER, at=at))


def test_every_event_of_a_partners_order_goes_to_its_outbox_in_order(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz, provider_code="BRACKWAT")
    command = a_provide(
        zz,
        account,
        product_codes=("LINE-WHO", "CALLER-DISPLAY"),
        customer_reference="PO-1",
        conversation_id="B8A4C9F0-51D2-4C37-8E2B-000000000001",
        appointment=Slot(slot_on=date(2026, 3, 9), half_day=HalfDay.PM),
        hazard_notes="Dog\x07 in\nthe yard",
    )
    number = place_order(session, command, by=PARTNER_ACTOR, at=AT).order_number
    delay_order(session, DelayOrder(order_number=number, problem_code="WAYLEAVE_ISSUE", words="The landlord."), by=CLERK, at=AT)
    resume_order(session, ResumeOrder(order_number=number, target_on=date(2026, 3, 12)), by=CLERK, at=AT)
    complete_order(session, CompleteOrder(order_number=number, done_on=builders.DAY), by=SYSTEM, at=AT)
    documents = sent(session)
    assert [read_text(root, "Update/Kind") for root in documents] == [
        "ACKNOWLEDGED",
        "COMMITTED",
        "DELAY",
        "RESUMED",
        "REAPPOINTED",
        "COMPLETED",
    ]
    headers = [read_header(root) for root in documents]
    assert [header.sequence_no for header in headers] == [1, 2, 3, 4, 5, 6]
    assert {header.conversation_id for header in headers} == {"b8a4c9f0-51d2-4c37-8e2b-000000000001"}
    assert {(header.sender, header.receiver) for header in headers} == {(SELF, PARTNER)}
    assert len({header.message_id for header in headers}) == 6
    orders = [find(root, "Update/Order") for root in documents]
    dates = [(read_text(o, "State"), read_text(o, "CommittedDate"), read_text(o, "TargetDate")) for o in orders if o is not None]
    assert dates == [
        ("ACKNOWLEDGED", None, None),
        ("COMMITTED", "2026-03-09", "2026-03-09"),
        ("HELD", "2026-03-09", "2026-03-09"),
        ("COMMITTED", "2026-03-09", "2026-03-09"),
        ("COMMITTED", "2026-03-09", "2026-03-12"),
        ("COMPLETED", "2026-03-09", "2026-03-12"),
    ]
    told = session.execute(select(KciEvent.told).order_by(KciEvent.sequence)).scalars().all()
    assert told == [[f"order/{number}/kci/{n}"] for n in range(1, 7)]
    assert outbox_last_sequence(session, "BRACKWAT") == 6


def test_the_own_retail_arm_is_told_on_the_timeline_only(session: Session) -> None:
    zz = builders.district(session)
    number = place_order(session, a_provide(zz, builders.account(session, zz)), by=CLERK, at=AT).order_number
    assert session.execute(select(OutboxMessage)).first() is None
    assert {event.told for event in order_card(session, number, by=CLERK).kci} == {("contact",)}


def test_the_same_event_is_the_same_bytes(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz, provider_code="BRACKWAT")
    number = place_order(session, a_provide(zz, account), by=PARTNER_ACTOR, at=AT).order_number
    card = order_card(session, number, by=PARTNER_ACTOR)
    written = [
        messages.order_update(card, card.kci[1], source_key=f"order/{number}/kci/2", sender=SELF, receiver=PARTNER, at=AT) for _ in range(2)
    ]
    second = session.execute(select(OutboxMessage).where(OutboxMessage.sequence == 2)).scalar_one()
    assert written == [second.body] * 2
    assert read_header(valid(second.body)).message_id == second.message_id == messages.message_id(second.source_key)
    assert card.conversation_id == messages.conversation_of(number)


def test_a_cancelled_order_is_told_with_its_reason(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz, provider_code="BRACKWAT")
    number = place_order(session, a_provide(zz, account), by=PARTNER_ACTOR, at=AT).order_number
    cancel_order(session, CancelOrder(order_number=number, reason="  Not   moving. "), by=PARTNER_ACTOR, at=AT)
    last = sent(session)[-1]
    assert (read_text(last, "Update/Kind"), read_text(last, "Update/Text")) == ("CANCELLED", "Not moving.")
