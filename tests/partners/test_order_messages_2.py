"""The second version of the order messages: every kind of order read and told, each field at its element, and the first beside it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import schemas
from css.core.errors import CssError, Refusals, Refused, Several
from css.core.money import Money, Price
from css.core.words import AppointmentState, BarKind, DirectoryEntryKind, HalfDay, ProductKind, Segment
from css.xml import Element, Party, children, find, read_header, read_message, read_text, schema_for, validate
from orders import messages
from orders.commands.orders import AmendOrder, CancelOrder, CancelOther, PlaceOrder, Slot
from orders.messages import version2
from orders.queries.cards import ItemRow, KciRow, OrderCopy
from orders.rules.content import read_content
from orders.rules.kinds import KINDS
from orders.words import CancelOtherReason, ItemAction, KciKind, OrderKind, OrderState, PlantOutcome

VALID = schemas.SAMPLES / "valid"
US, THEM = Party("999900001", "DUNS"), Party("999900123", "DUNS")
AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
FOR_PARTNERS = [kind for kind, rule in KINDS.items() if rule.is_for_partners]


def sample(name: str) -> Element:
    return read_message((VALID / f"{name}.xml").read_bytes())


def of_kind(kind: OrderKind) -> Element:
    return sample(f"submit-order-2-{kind.value}")


def changed(root: Element, path: str, text: str) -> Element:
    leaf = find(root, path)
    assert leaf is not None
    leaf.text = text
    return root


def refused(read: object, root: Element) -> CssError:
    with pytest.raises(CssError) as caught:
        read(root)  # type: ignore[operator]
    return caught.value


@pytest.mark.parametrize("kind", FOR_PARTNERS)
def test_each_kind_of_order_can_be_said_and_lacks_nothing(kind: OrderKind) -> None:
    command = messages.submit_order_command(of_kind(kind))
    assert command.kind is kind
    assert command.schema_major == 2
    wrong = Refusals()
    read_content(command, wrong, segment=Segment.WHOLESALE, offers={}, ladder=())
    # With no product on offer; what remains are the rules on what a kind needs and has a place for.
    assert [fault.text for fault in wrong.found if fault.code != "CSS211E"] == []


def test_a_field_of_the_command_that_no_sample_says_is_not_a_partners() -> None:
    plain = PlaceOrder(kind=OrderKind.CEASE, account_number="", required_on=date(2026, 3, 16), contact_name="", contact_phone="")
    said = set()
    for kind in FOR_PARTNERS:
        command = messages.submit_order_command(of_kind(kind))
        said |= {field.name for field in fields(PlaceOrder) if getattr(command, field.name) != getattr(plain, field.name)}
    # A partner's message bars nobody, and who orders a bar for debt is the house.
    assert {field.name for field in fields(PlaceOrder)} - said == {"bar"}


def test_a_new_line_with_everything_is_the_command_a_screen_would_give() -> None:
    root = of_kind(OrderKind.PROVIDE)
    header = read_header(root)
    assert messages.submit_order_command(root) == PlaceOrder(
        token=header.message_id,
        kind=OrderKind.PROVIDE,
        account_number="ZZA00012344",
        product_codes=("LINE-WHO", "CALLER-DISPLAY", "CALL-WAITING"),
        address_key="A00000012345",
        number="+441632960123",
        linked_order=read_text(root, "Order/LinkedOrder"),
        required_on=date(2026, 3, 16),
        appointment=Slot(slot_on=date(2026, 3, 16), half_day=HalfDay.AM),
        care_level="2",
        excess_agreed=Money(15_000),
        quote_number=read_text(root, "Order/QuoteNumber"),
        consented_by="Siân O'Neill",
        customer_reference="PO-2026-000600",
        contact_name="Siân O'Neill",
        contact_phone="+447700900456",
        directory_kind=DirectoryEntryKind.ORDINARY,
        directory_name="O'Neill S",
        emergency_name="Siân O'Neill",
        hazard_notes="Dog in the yard",
        visit_notes="Entrance behind the bakery; ring twice.",
        conversation_id=header.conversation_id,
        schema_major=2,
    )


def test_a_takeover_says_whose_line_and_that_another_number_is_wanted() -> None:
    command = messages.submit_order_command(of_kind(OrderKind.TAKEOVER))
    assert (command.number, command.postcode, command.address_key) == ("+441632960123", "ZZ1 4AB", "A00000012345")
    assert (command.keeps_number, command.new_number, command.consented_by) == (False, None, "Siân O'Neill")


def test_features_are_added_and_taken_off_and_those_that_stay_ask_for_nothing() -> None:
    command = messages.submit_order_command(of_kind(OrderKind.FEATURES))
    assert (command.product_codes, command.remove_codes) == (("CALL-DIVERSION",), ("CALLER-DISPLAY",))


def test_a_kind_that_is_not_there_is_refused_with_those_that_are() -> None:
    error = refused(messages.submit_order_command, changed(of_kind(OrderKind.CEASE), "Order/Kind", "MODIFY"))
    assert (error.code, error.element) == ("CSS861E", "SubmitOrder/Order/Kind")
    assert "TRANSFER_WITH_CHANGES" in str(error)
    assert "BAR" not in str(error)


def test_what_would_not_be_heard_is_refused() -> None:
    error = refused(messages.submit_order_command, changed(of_kind(OrderKind.TAKEOVER), "Order/Kind", "RENUMBER"))
    assert (error.code, error.element) == ("CSS862E", "SubmitOrder/Order/KeepsNumber")


@pytest.mark.parametrize(
    ("kind", "field", "path"),
    [
        (OrderKind.PROVIDE, "number", "NewNumber"),
        (OrderKind.PROVIDE, "new_number", "TelephoneNumber"),
        (OrderKind.RENUMBER, "number", "TelephoneNumber"),
        (OrderKind.RENUMBER, "new_number", "NewNumber"),
        (OrderKind.PROVIDE, "product_codes[0]", "ProductCode"),
        (OrderKind.PROVIDE, "product_codes[2]", "Features/Feature[2]/ProductCode"),
        (OrderKind.TAKEOVER, "product_codes[1]", "Features/Feature/ProductCode"),
        (OrderKind.TRANSFER_WITH_CHANGES, "product_codes[0]", "Features/Feature[1]/ProductCode"),
        (OrderKind.TRANSFER_WITH_CHANGES, "remove_codes[0]", "Features/Feature[2]/ProductCode"),
        (OrderKind.TRANSFER_WITH_CHANGES, "remove_codes[7]", "Features"),
        (OrderKind.CEASE, "product_codes", "ProductCode"),
        # Where there is no main product to be named, or the line is named by its address, the path is that of what can be said.
        (OrderKind.FEATURES, "product_codes", "Features"),
        (OrderKind.TRANSFER_WITH_CHANGES, "product_codes", "Features"),
        (OrderKind.TAKEOVER, "product_codes", "ProductCode"),
        (OrderKind.TAKEOVER, "number", "TelephoneNumber"),
        (OrderKind.START, "number", "TelephoneNumber"),
        (OrderKind.PORT_IN, "number", "AddressKey"),
        (OrderKind.MOVE, "number", "TelephoneNumber"),
        (OrderKind.TRANSFER, "consented_by", "Consent/GivenBy"),
        (OrderKind.BAR, "bar", "Kind"),
    ],
)
def test_a_field_of_the_command_is_an_element_of_the_message(kind: OrderKind, field: str, path: str) -> None:
    root = changed(of_kind(OrderKind.CEASE), "Order/Kind", "BAR") if kind is OrderKind.BAR else of_kind(kind)
    (entry,) = messages.refusal_entries(root, Refused("CSS213E", "No.", element=field))
    assert entry.path == f"SubmitOrder/Order/{path}"


def elements_of(type_name: str) -> set[str]:
    """Paths of the leaves of a type of the schema, one part deep."""
    types = {str(kind.get("name")): kind for kind in schemas.source("order-2").iterchildren("{*}complexType")}
    found = set()
    for element in types[type_name].iter("{*}element"):
        name, kind = str(element.get("name")), str(element.get("type"))
        inner = types.get(kind)
        found |= {name} | ({f"{name}/{part.get('name')}" for part in inner.iter("{*}element")} if inner is not None else set())
    return found | {"Contact/Name", "Contact/TelephoneNumber"}


@pytest.mark.parametrize(
    ("command", "known", "type_name", "silent"),
    [
        (PlaceOrder, version2._ORDER, "OrderRequest", {"token", "conversation_id", "schema_major"}),
        (AmendOrder, version2._AMENDMENT, "Amendment", {"token", "row_version"}),
        (CancelOrder, version2._CANCELLATION, "Cancellation", {"token", "row_version"}),
        (CancelOther, version2._CANCELLATION, "Cancellation", {"token", "row_version"}),
    ],
)
def test_every_field_of_every_command_has_its_element(command: type, known: dict[str, str], type_name: str, silent: set[str]) -> None:
    assert {field.name for field in fields(command)} - silent <= set(known)
    assert set(known.values()) <= elements_of(type_name)


def test_an_amendment_says_only_what_changes() -> None:
    dates = messages.amend_order_command(sample("amend-order-dates"))
    assert dates == AmendOrder(
        token=dates.token,
        order_number="ZZO00001237",
        required_on=date(2026, 3, 23),
        appointment=Slot(slot_on=date(2026, 3, 23), half_day=HalfDay.PM),
        reason_code="CUSTOMER_CHANGED_MIND",
    )
    notes = messages.amend_order_command(sample("amend-order-contact-and-notes"))
    assert (notes.contact_name, notes.contact_phone) == ("Siân O'Neill", "+447700900456")
    assert (notes.hazard_notes, notes.visit_notes, notes.required_on) == ("Two dogs now", "", None)
    features = messages.amend_order_command(sample("amend-order-features"))
    assert (features.add_codes, features.drop_codes) == (("CALL-WAITING",), ("CALLER-DISPLAY",))
    assert messages.amend_order_command(sample("amend-order-lines")).line_count == 6
    held = messages.amend_order_command(sample("amend-order-held-slot"))
    assert held.appointment_number == read_text(sample("amend-order-held-slot"), "Amendment/AppointmentNumber")


def test_notes_are_given_or_taken_away_not_both() -> None:
    root = read_message(
        (VALID / "amend-order-notes.xml").read_bytes().replace(b"<NoHazardNotes>", b"<HazardNotes>Dog</HazardNotes><NoHazardNotes>")
    )
    assert validate(root, "order-2") == ()
    error = refused(messages.amend_order_command, root)
    assert (error.code, error.element) == ("CSS863E", "AmendOrder/Amendment/NoHazardNotes")


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("add_codes[0]", "Features/Feature[1]/ProductCode"),
        ("drop_codes[0]", "Features/Feature[2]/ProductCode"),
        ("order_number", "OrderNumber"),
        ("problem_code", "ReasonCode"),
        ("contact_phone", "Contact/TelephoneNumber"),
    ],
)
def test_what_is_wrong_with_an_amendment_is_told_where_it_stands(field: str, path: str) -> None:
    (entry,) = messages.refusal_entries(sample("amend-order-features"), Refused("CSS213E", "No.", element=field))
    assert entry.path == f"AmendOrder/Amendment/{path}"


def test_an_order_of_ones_own_is_cancelled_with_a_reason_in_words() -> None:
    command = messages.cancel_order_command(sample("cancel-order"))
    assert isinstance(command, CancelOrder)
    assert (command.order_number, command.reason) == ("ZZO00001237", "The customer stays where she is.")
    root = sample("cancel-order")
    reason = find(root, "Cancellation/Reason")
    assert reason is not None
    find(root, "Cancellation").remove(reason)  # type: ignore[union-attr]
    assert validate(root, "order-2") == ()
    error = refused(messages.cancel_order_command, root)
    assert (error.code, error.element) == ("CSS864E", "CancelOrder/Cancellation/Reason")


@pytest.mark.parametrize("reason", CancelOtherReason)
def test_an_order_that_takes_a_line_is_stopped_with_a_reason_of_the_list(reason: CancelOtherReason) -> None:
    command = messages.cancel_order_command(changed(sample("cancel-order-other"), "Cancellation/CancelOtherReason", reason.value))
    assert isinstance(command, CancelOther)
    assert (command.reason, command.words) == (reason, "She rang us; she is not moving.")


def test_a_reason_outside_the_list_is_refused_with_the_list() -> None:
    root = changed(sample("cancel-order-other"), "Cancellation/CancelOtherReason", "NO_WAY")
    error = refused(messages.cancel_order_command, root)
    assert (error.code, error.element) == ("CSS865E", "CancelOrder/Cancellation/CancelOtherReason")
    (entry,) = messages.refusal_entries(root, Refused("CSS219E", "No.", element="reason"))
    assert entry.path == "CancelOrder/Cancellation/CancelOtherReason"
    (entry,) = messages.refusal_entries(sample("cancel-order"), Refused("CSS219E", "No.", element="reason"))
    assert entry.path == "CancelOrder/Cancellation/Reason"


BARE = OrderCopy(
    order_number="ZZO00001237",
    kind=OrderKind.PROVIDE,
    state=OrderState.COMMITTED,
    district_code="ZZ",
    provider_code="BRACKWAT",
    account_number="ZZA00012344",
    customer_reference=None,
    conversation_id="b8a4c9f0-51d2-4c37-8e2b-000000000001",
    number=None,
    address_key="S00000012345",
    premises="12",
    street="Bright Street",
    town="Testerton",
    postcode="ZZ1 4AB",
    plant_outcome=None,
    required_on=date(2026, 3, 16),
    committed_on=None,
    target_on=None,
    no_return_at=None,
    slot_on=None,
    half_day=None,
    slot_state=None,
    items=(),
    care_level=None,
    contact_name="Siân O'Neill",
    contact_phone="447700900456",
    directory_kind=None,
    directory_name=None,
    emergency_name=None,
    hazard_notes=None,
    visit_notes=None,
    slot_number=None,
    old_number=None,
    line_count=None,
    network_code=None,
    bar=None,
    reason_code=None,
    caused_by=None,
    link_number=None,
    excess_price=None,
    excess_agreed=None,
    quote_number=None,
    authority=None,
    is_treatment=False,
    consented_by=None,
    consented_at=None,
    owner=None,
    escalation=0,
    chase_count=0,
    placed_on=date(2026, 3, 2),
    placed_at=AT,
    placed_by="BRACKWAT",
    done_on=None,
    completed_at=None,
    row_version=1,
)
FULL = replace(
    BARE,
    customer_reference="PO-2026-000600",
    number="441632960123",
    old_number="441632960124",
    plant_outcome=PlantOutcome.BUILD,
    committed_on=date(2026, 3, 16),
    target_on=date(2026, 3, 23),
    no_return_at=datetime(2026, 3, 20, 16, tzinfo=UTC),
    slot_on=date(2026, 3, 23),
    half_day=HalfDay.PM,
    slot_state=AppointmentState.BOOKED,
    slot_number="ZZV00001234",
    items=(
        ItemRow(item_number=1, action=ItemAction.REMOVE, product_code="LINE-RES", product_name="", kind=ProductKind.LINE, quantity=1),
        ItemRow(item_number=2, action=ItemAction.ADD, product_code="LINE-WHO", product_name="", kind=ProductKind.LINE, quantity=1),
        ItemRow(item_number=3, action=ItemAction.KEEP, product_code="CALL-WAITING", product_name="", kind=ProductKind.FEATURE, quantity=1),
        ItemRow(item_number=4, action=ItemAction.ADD, product_code="AUX-LINE", product_name="", kind=ProductKind.FEATURE, quantity=3),
        # Its code is none that the schemas take; the level says it.
        ItemRow(item_number=5, action=ItemAction.ADD, product_code="CARE-2.5", product_name="", kind=ProductKind.CARE, quantity=1),
    ),
    care_level="2.5",
    directory_kind=DirectoryEntryKind.ORDINARY,
    directory_name="O'Neill S",
    emergency_name="Siân O'Neill",
    hazard_notes="Dog\x07 in the yard",
    visit_notes="Ring twice.",
    line_count=4,
    network_code="KELDER",
    bar=BarKind.OUTGOING,
    reason_code="LO",
    caused_by="ZZO00009999",
    link_number="ZZO00001245",
    excess_price=Price.of("12000.5"),
    excess_agreed=Money(15_000),
    quote_number="ZZZ00001234",
    authority="L" * 300,
    consented_by="S" * 300,
    consented_at=AT,
    owner="PL1",
    done_on=date(2026, 3, 23),
    completed_at=AT,
)


def told(copy: OrderCopy, kci: KciKind, major: int, words: str = "So it is.") -> Element:
    row = KciRow(sequence=7, kind=kci, occurred_at=AT, problem_code="WAYLEAVE_ISSUE", words=words, told=())
    key = f"order/{copy.order_number}/kci/7"
    body = messages.order_update(copy, row, source_key=key, sender=US, receiver=THEM, at=AT, major=major)
    root = read_message(body)
    assert schema_for(root) == f"order-{major}"
    assert validate(root, f"order-{major}") == ()
    assert messages.major_of(body[:300]) == major
    assert read_header(root).schema_version == f"{major}.0"
    return root


@pytest.mark.parametrize("major", [1, 2])
@pytest.mark.parametrize("kind", OrderKind)
def test_every_event_of_every_kind_of_order_can_be_told_in_both_versions(kind: OrderKind, major: int) -> None:
    cases = [*product(OrderState, [KciKind.WARNING]), *product([OrderState.HELD], KciKind)]
    for copy, (state, kci) in product((BARE, FULL), cases):
        order = find(told(replace(copy, kind=kind, state=state), kci, major), "Update/Order")
        assert order is not None
        element, code = ("Action", KINDS[kind].xml_action) if major == 1 else ("Kind", kind.value.upper().replace("-", "_"))
        assert (read_text(order, element), read_text(order, "State")) == (code, state.value.upper())


@pytest.mark.parametrize("major", [1, 2])
def test_a_sentence_that_is_too_long_and_a_contact_who_cannot_be_rung_break_nothing(major: int) -> None:
    root = told(replace(BARE, contact_name="B" * 300, contact_phone=""), KciKind.CREATED, major, "W" * 900)
    assert len(read_text(root, "Update/Text") or "") == 500
    assert find(root, "Update/Order/Contact") is None


TYPED = st.text(max_size=100)


@pytest.mark.parametrize("major", [1, 2])
@given(name=TYPED, listed=TYPED, agreed=TYPED, filed=TYPED, words=st.text(max_size=600))
def test_whatever_was_typed_makes_a_document_that_can_be_read(
    major: int, name: str, listed: str, agreed: str, filed: str, words: str
) -> None:
    copy = replace(FULL, contact_name=name, directory_name=listed, emergency_name=listed, consented_by=agreed, authority=filed)
    told(copy, KciKind.ADDITIONAL, major, words)


def test_the_number_of_who_moves_out_is_not_told_to_who_moves_in() -> None:
    root = told(replace(FULL, kind=OrderKind.TAKEOVER), KciKind.COMMITTED, 2)
    assert FULL.old_number is not None
    assert FULL.old_number not in etree.tostring(root, encoding="unicode")


def test_the_second_version_tells_the_whole_order() -> None:
    root = told(FULL, KciKind.COMMITTED, 2)
    order = find(root, "Update/Order")
    assert order is not None
    said = {etree.QName(part).localname: read_text(order, etree.QName(part).localname) for part in order if not len(part)}
    assert said == {
        "OrderNumber": "ZZO00001237",
        "CustomerReference": "PO-2026-000600",
        "Kind": "PROVIDE",
        "State": "COMMITTED",
        "Unsolicited": "true",
        "AccountNumber": "ZZA00012344",
        "TelephoneNumber": "+441632960123",
        "OldNumber": "+441632960124",
        "AddressKey": "S00000012345",
        "RequiredDate": "2026-03-16",
        "TargetDate": "2026-03-23",
        "CommittedDate": "2026-03-16",
        "NoReturnAt": "2026-03-20T16:00:00Z",
        "PlacedAt": "2026-03-02T09:15:00Z",
        "DoneDate": "2026-03-23",
        "CompletedAt": "2026-03-02T09:15:00Z",
        "PlantOutcome": "BUILD",
        "NetworkCode": "KELDER",
        "LetterOfAuthority": "L" * 100,
        "LineCount": "4",
        "Bar": "OCB",
        "ProductCode": "LINE-WHO",
        "CareLevel": "2.5",
        "CeaseReason": "LO",
        "LinkedOrder": "ZZO00001245",
        "QuoteNumber": "ZZZ00001234",
        "ExcessAgreed": "150.00",
        "ExcessConstruction": "120.01",
        "EmergencyName": "Siân O'Neill",
        "HazardNotes": "Dog in the yard",
        "VisitNotes": "Ring twice.",
        "AppointmentNumber": "ZZV00001234",
    }
    assert (read_text(order, "Appointment/Date"), read_text(order, "Appointment/Slot")) == ("2026-03-23", "PM")
    assert read_text(order, "Appointment/State") == "BOOKED"
    assert (read_text(order, "Consent/GivenBy"), read_text(order, "Consent/GivenAt")) == ("S" * 100, "2026-03-02T09:15:00Z")
    features = [
        tuple(read_text(each, name) for name in ("ProductCode", "Change", "Quantity")) for each in children(order, "Features/Feature")
    ]
    assert features == [("LINE-RES", "REMOVE", None), ("CALL-WAITING", "KEEP", None), ("AUX-LINE", None, "3")]


def test_what_is_the_houses_alone_is_told_to_nobody() -> None:
    for major in (1, 2):
        text = etree.tostring(told(replace(FULL, owner="OWNER-X", chase_count=77), KciKind.CREATED, major)).decode()
        assert "ZZO00009999" not in text, "who takes a line is none of the loser's business"
        assert "OWNER-X" not in text


def test_the_first_version_leaves_out_what_only_stays() -> None:
    order = find(told(FULL, KciKind.COMMITTED, 1), "Update/Order")
    assert order is not None
    features = [(read_text(each, "ProductCode"), read_text(each, "Change")) for each in children(order, "Features/Feature")]
    assert (read_text(order, "ProductCode"), features) == ("LINE-WHO", [("LINE-RES", "REMOVE"), ("AUX-LINE", None)])


@pytest.mark.parametrize("kind", FOR_PARTNERS)
def test_a_refused_order_is_given_back_as_it_was_asked(kind: OrderKind) -> None:
    asked = of_kind(kind)
    error = Several((Refused("CSS213E", "Too early.", element="required_on"), Refused("CSS250E", "Who?", element="consented_by")))
    root = read_message(messages.order_refused(asked, error, source_key="inbox/1", sender=US, receiver=THEM, at=AT))
    assert validate(root, "order-2") == ()
    assert (read_text(root, "Update/Kind"), read_text(root, "Update/SequenceNo")) == ("ORDER_REJECTED", "1")
    order, wanted = find(root, "Update/Order"), find(asked, "Order")
    assert order is not None
    assert wanted is not None
    assert read_text(order, "State") == "REJECTED"
    assert [etree.QName(part).localname for part in order if etree.QName(part).localname != "State"] == [
        etree.QName(part).localname for part in wanted
    ]
    assert [read_text(entry, "Path") for entry in children(root, "Update/Errors/Error")] == [
        "SubmitOrder/Order/RequiredDate",
        "SubmitOrder/Order/Consent/GivenBy",
    ]


def test_every_element_of_a_request_has_its_place_in_the_order_as_it_stands() -> None:
    """Otherwise an order could not be given back."""
    types = {str(kind.get("name")): kind for kind in schemas.source("order-2").iterchildren("{*}complexType")}
    request, copy = ([(e.get("name"), e.get("type")) for e in types[name].iter("{*}element")] for name in ("OrderRequest", "OrderCopy"))
    places = [copy.index(each) for each in request]
    assert places == sorted(places)


@pytest.mark.parametrize(("name", "kind"), [("amend-order-dates", "AMENDMENT_REJECTED"), ("cancel-order-other", "CANCELLATION_REJECTED")])
@pytest.mark.parametrize("copy", [FULL, None], ids=["of an order", "of none"])
def test_a_refused_change_gives_the_order_as_it_stands_and_takes_no_number_of_its_stream(
    name: str, kind: str, copy: OrderCopy | None
) -> None:
    asked = sample(name)
    error = Refused("CSS206E", "Action too late to be performed.", element="order_number")
    root = read_message(messages.order_refused(asked, error, source_key="inbox/2", sender=US, receiver=THEM, at=AT, copy=copy))
    assert validate(root, "order-2") == ()
    header = read_header(root)
    assert (header.ref_to_message_id, header.sequence_no) == (read_header(asked).message_id, None)
    assert (read_text(root, "Update/Kind"), read_text(root, "Update/SequenceNo")) == (kind, None)
    assert read_text(root, "Update/Order/State") == (None if copy is None else "COMMITTED")


def test_the_head_of_a_document_tells_its_version() -> None:
    for name, major in (("order-update-committed", 1), ("order-update-2-committed", 2)):
        assert messages.major_of((VALID / f"{name}.xml").read_bytes()[:300]) == major
    assert messages.major_of(b"") == 1
