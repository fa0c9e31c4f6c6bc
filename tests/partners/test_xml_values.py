"""Values in and out of messages: normalised when read, cleaned when written, the same bytes each time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from css.core.errors import BadMessage, Breach, Several
from css.core.money import Money
from css.xml import (
    Element,
    MessageError,
    MessageHeader,
    Party,
    add,
    add_address,
    add_contact,
    add_errors,
    add_header,
    add_optional,
    canonical,
    children,
    clean_text,
    document,
    instant_text,
    read_date,
    read_decimal,
    read_errors,
    read_flag,
    read_header,
    read_instant,
    read_message,
    read_money,
    read_text,
    read_whole,
    required,
    schema_for,
    to_bytes,
    validate,
)

PROVIDE = (schemas.SAMPLES / "valid" / "submit-order-provide.xml").read_bytes()


def values(inner: str) -> Element:
    return read_message(f'<r xmlns="urn:x" xmlns:y="urn:y">{inner}</r>'.encode())


@pytest.mark.parametrize(
    ("written", "meant"),
    [("+1.0", "1.0"), (".5", "0.5"), ("1.", "1"), ("-0", "0"), ("-0.00", "0.00"), ("0000012", "12"), (" 7 ", "7"), ("-3.25", "-3.25")],
)
def test_decimals_are_read_as_meant(written: str, meant: str) -> None:
    read = read_decimal(values(f"<a>{written}</a>"), "a")
    assert str(read) == meant
    assert isinstance(read, Decimal)


@pytest.mark.parametrize("written", ["NaN", "INF", "1e3", "1,000", "١", "0x10", "1 0", "9" * 5000, "--1", "."])
def test_what_is_no_decimal_is_refused(written: str) -> None:
    with pytest.raises(BadMessage, match="a cannot be read"):
        read_decimal(values(f"<a>{written}</a>"), "a")


def test_values_are_read_by_local_name_and_normalised() -> None:
    root = values(
        "<t> two \n words </t><y:t2>x</y:t2><n>+0012</n><m>-12.3</m><d>2026-03-29</d>"
        "<i>2026-03-29T10:30:00.5+01:00</i><f>true</f><e> </e><l><y:v>1</y:v><y:v>2</y:v></l>"
    )
    assert read_text(root, "t") == "two words"
    assert read_text(root, "t2") == "x"
    assert read_text(root, "e") is None
    assert read_text(root, "absent/below") is None
    assert read_whole(root, "n") == 12
    assert read_money(root, "m") == Money(-1230)
    assert read_date(root, "d") == date(2026, 3, 29)
    assert read_instant(root, "i") == datetime(2026, 3, 29, 9, 30, 0, 500_000, tzinfo=UTC)
    assert read_flag(root, "f") is True
    assert read_flag(root, "absent") is None
    assert [leaf.text for leaf in children(root, "l/v")] == ["1", "2"]
    with pytest.raises(BadMessage, match="absent is missing"):
        required(read_text(root, "absent"), "absent")


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (read_money, "1.005"),
        (read_date, "2026-02-30"),
        (read_date, "2026-01-01Z"),
        (read_instant, "2026-01-01T00:00:00"),
        (read_instant, "0001-01-01T00:00:00+14:00"),
        (read_instant, "2026-01-01T25:00:00Z"),
        (read_flag, "1"),
        (read_whole, "1.0"),
    ],
)
def test_values_the_schema_would_have_stopped_are_refused_all_the_same(read: object, written: str) -> None:
    assert callable(read)
    with pytest.raises(BadMessage, match="a cannot be read"):
        read(values(f"<a>{written}</a>"), "a")


@given(st.text())
def test_any_text_at_all_survives_the_way_out_and_in(text: str) -> None:
    root = document("{urn:x}r", {None: "urn:x"})
    add_optional(root, "a", text)
    leaf = read_message(to_bytes(root)).find("{urn:x}a")
    assert (leaf.text if leaf is not None else "").strip(" \t\n") == clean_text(text).strip(" \t\n")  # type: ignore[union-attr]


def test_text_is_cleaned_of_what_xml_forbids_and_of_nothing_else() -> None:
    assert clean_text("a\x00b\x0bc\x85d\r\ne\rf\ud800g\uffffh\x7f") == "abc\nd\ne\nfgh"
    assert clean_text("=cmd|' /C calc'!A0 <b> \u202e ŵ £ 😀") == "=cmd|' /C calc'!A0 <b> \u202e ŵ £ 😀"


def test_an_empty_element_is_our_own_fault() -> None:
    root = document("{urn:x}r", {None: "urn:x"})
    with pytest.raises(Breach):
        add(root, "a", " \x00\n")
    add_optional(root, "b", "")
    add_optional(root, "b", None)
    with pytest.raises(Breach):
        instant_text(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the fault


def test_the_same_document_gives_the_same_bytes_in_utf_8() -> None:
    def build(*, first: str, second: str) -> Element:
        root = document("{urn:x}r", {None: "urn:x", "c": "urn:css:common:1"})
        leaf = add(root, "a", "Siân & Ŵyn")
        leaf.set(first, "1")
        leaf.set(second, "2")
        return root

    one, other = build(first="p", second="q"), build(first="p", second="q")
    assert to_bytes(one) == to_bytes(other)
    assert to_bytes(one).startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<r ")
    assert "Siân &amp; Ŵyn".encode() in to_bytes(one)


def test_canonical_form_is_one_for_documents_that_mean_the_same() -> None:
    one = read_message(b"<r xmlns='urn:x' xmlns:unused='urn:y'><a p='1' q='2'>Si\xc3\xa2n</a><b/></r>")
    other = read_message(b'<!-- x --><r  xmlns="urn:x"><a q="2"   p="1">Si&#226;<![CDATA[n]]></a><b></b></r>')
    assert canonical(one) == canonical(other)
    assert canonical(one) != canonical(read_message(b"<r xmlns='urn:x'><a p='1' q='2'>Si\xc3\xa2n </a><b/></r>"))


def test_a_message_built_by_the_writers_is_valid_and_reads_back() -> None:
    header = MessageHeader(
        message_id="7c1d0e52-3b64-4f6a-9a10-0000000000aa",
        message_type="OrderUpdate",
        conversation_id="b8a4c9f0-51d2-4c37-8e2b-0000000000aa",
        sender=Party("999900001", "DUNS"),
        receiver=Party("999900123", "DUNS"),
        created_at=datetime(2026, 3, 2, 9, 15, tzinfo=UTC),
        ref_to_message_id="7c1d0e52-3b64-4f6a-9a10-0000000000bb",
        sequence_no=7,
        is_test=True,
    )
    root = document("{urn:css:order:1}OrderUpdate")
    add_header(root, header)
    update = add(root, "Update")
    add(update, "Kind", "ORDER_REJECTED")
    add(update, "SequenceNo", "1")
    add_optional(update, "IssuedAt", instant_text(header.created_at))
    errors = Several((BadMessage("CSS520E", "{path} cannot be read.", element="Order", path="Order"), BadMessage("CSS003W", "x" * 600)))
    add_errors(update, MessageError.of_error(errors))
    order = add(update, "Order")
    add(order, "Action", "PROVIDE")
    add(order, "State", "REJECTED")
    add(order, "AccountNumber", "ZZA00012344")
    add_address(order, "SiteAddress", premises="12", street="Bright Street", town="Testerton", postcode="ZZ1 4AB")
    add(order, "RequiredDate", "2026-03-16")
    add_contact(order, "Contact", "Siân O'Neill", "+447700900456")

    back = read_message(to_bytes(root))

    assert validate(back, schema_for(back)) == ()
    assert read_header(back) == header
    read = read_errors(back.find("{*}Update"))  # type: ignore[arg-type]
    assert read[0] == MessageError("ERROR", "CSS520E", "Order cannot be read.", path="Order")
    assert (read[1].severity, len(read[1].text)) == ("WARNING", 500)


def test_a_header_that_names_another_message_is_refused() -> None:
    with pytest.raises(BadMessage, match="MessageType must be the name of the root"):
        read_header(read_message(PROVIDE.replace(b">SubmitOrder<", b">OrderUpdate<")))


def test_ids_are_one_whatever_their_case() -> None:
    upper = PROVIDE.replace(b"7c1d0e52-3b64-4f6a-9a10", b"7C1D0E52-3B64-4F6A-9A10")
    assert read_header(read_message(upper)).message_id == read_header(read_message(PROVIDE)).message_id
