"""From posted rows to documents: what they say, that they are the same again, and how they leave the house."""

from __future__ import annotations

import hashlib
from datetime import date, time
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import dispatch_block, render_block, take_payment
from billing.commands import TakePayment
from billing.document_check import check
from billing.model import Bill, BillFile
from billing.queries.as_posted import bills_as_posted, supplier
from billing.rules.compose import compose
from billing.words import BillState, PaymentMethod
from css.core.calendar import Period, london_instant
from css.core.errors import NotFound, Unavailable
from css.core.ids import IdKind, make_id
from css.core.money import Money, Price
from css.core.words import FailureKind, Segment
from css.handover import leave_service_failure, outbox_after
from css.master.reference import PARTNER
from css.xml import check as check_schema
from css.xml import read_message, read_money, read_text
from tests import builders
from tests.golden.rule_files import all_faults
from tests.records.billed import NIGHT, at, bills, cease, correction, leave_item, night, rated_call

START = date(2026, 1, 15)
FEBRUARY, MARCH = date(2026, 2, 5), date(2026, 3, 5)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)


@pytest.fixture
def firm(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A business with an electronic address, paying by Direct Debit: its bill obeys Peppol too."""
    account = builders.account(
        session,
        zz,
        cycle_day=5,
        segment=Segment.BUSINESS,
        billing_name="Hollin & Daughters Ltd",
        payment_means="direct-debit",
        mandate_reference="WREN000041",
        vat_number="GB999999973",
        endpoint="9932:GB999999973",
    )
    return builders.working_line(session, zz, account, starts_on=START)


@pytest.fixture
def carrier(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    account = builders.account(
        session,
        zz,
        provider_code=PARTNER,
        cycle_day=5,
        vat_status="reverse-charge",
        vat_number="GB999999931",
        endpoint="9932:GB999999931",
    )
    return builders.working_line(session, zz, account, starts_on=START)


def files_of(session: Session, bill: Bill) -> dict[str, BillFile]:
    return {file.kind: file for file in session.execute(select(BillFile).where(BillFile.bill_id == bill.id)).scalars()}


def test_the_document_says_what_was_posted(session: Session, home: builders.BuiltLine) -> None:
    rated_call(session, home, 1, date(2026, 1, 20), 10_400_000)
    rated_call(session, home, 2, date(2026, 1, 21), 8_000_000, charge_class="MOB", band="evening", other_number="447700900123")
    rated_call(session, home, 3, date(2026, 1, 21), 0, charge_class="FREE", is_itemised=False, other_number="448081570123")
    night(session, FEBRUARY)
    take_payment(
        session,
        TakePayment(account_number=home.account.number, amount=Money(1000), method=PaymentMethod.BANK_TRANSFER),
        by=builders.CLERK,
        at=at(MARCH),
    )
    leave_service_failure(
        session,
        source_key="test/appointment",
        district_code="ZZ",
        account_id=home.account.id,
        line_id=home.id,
        kind=FailureKind.MISSED_APPOINTMENT,
        reference="ZZF00000018",
        issue_on=date(2026, 2, 10),
        promised_at=london_instant(date(2026, 2, 10), time(13)),
        put_right_at=london_instant(date(2026, 2, 10), time(13)),
        business_date=date(2026, 2, 10),
    )
    night(session, MARCH)
    first, second = bills(session, home.account)
    (one, two) = (compose(posted.bill, supplier(session)) for posted in bills_as_posted(session, [first.id, second.id]))
    assert (check(one), check(two)) == ([], [])

    assert (one.bill_number, one.period, one.due_on) == ("ZZB00000012", Period(START, FEBRUARY), date(2026, 2, 19))
    assert [(line.group, line.unit, line.quantity, line.price_per, line.service_number) for line in one.lines] == [
        ("rental", "MON", 1, 1, "01632 960123"),
        ("part_period", "DAY", 21, 31, "01632 960123"),
        ("calls", "C62", 1, 1, "01632 960123"),
        ("calls", "C62", 1, 1, "01632 960123"),
    ]
    (listed,) = one.call_lists
    assert [(call.number, call.destination, call.band, call.price, call.line_no) for call in listed.calls] == [
        ("020 7946 0123", "London", "Day", Price(10_400_000), 3),
        ("07700 900123", "London", "Evening", Price(8_000_000), 4),
    ]
    assert [message.heading for message in one.messages] == ["Your first bill"]
    assert one.slip is not None
    assert one.slip.reference == "ZZ A 0000 0019"
    assert one.slip.code_line.startswith("ZZA00000019 00000003812 ")

    assert [(paid.means, paid.amount) for paid in two.payments] == [("Bank transfer", Money(1000))]
    assert [(item.kind, item.amount, item.reference) for item in two.outside_items] == [("compensation", Money(-3119), "ZZF00000018")]
    assert [(past.label, past.invoice_total) for past in two.history] == [("Feb", one.invoice_total)]
    assert two.call_lists == ()


def test_corrections_of_calls_stand_apart_from_calls_and_name_the_bill_that_had_them(session: Session, home: builders.BuiltLine) -> None:
    rated_call(session, home, 1, date(2026, 1, 20), 10_400_000)
    rated_call(session, home, 2, date(2026, 1, 21), 8_000_000)
    night(session, FEBRUARY)
    correction(session, home, 1, date(2026, 2, 10), -2_400_000)
    correction(session, home, 1, date(2026, 2, 11), -1_000_000, rerating_id=2)
    correction(session, home, 2, date(2026, 2, 11), -8_000_000, call_count=-1, duration_seconds=-90, rerating_id=2)
    correction(session, home, 3, date(2026, 2, 11), 0, rerating_id=2, wholesale_net_millionths=5)
    correction(session, home, 4, date(2026, 2, 11), 700_000, rerating_id=2, charge_class="FREE", is_itemised=False)
    rated_call(session, home, 5, date(2026, 2, 12), 6_000_000, leg="diverted")
    rated_call(session, home, 6, date(2026, 2, 12), 90_000_000, charge_class="PRS", service_net_millionths=35_000_000)
    night(session, MARCH)
    second = bills(session, home.account)[1]
    (posted,) = bills_as_posted(session, [second.id])
    document = compose(posted.bill, supplier(session))
    assert check(document) == []
    assert [
        (line.description, line.net, line.quantity, line.call_count, line.duration_seconds, line.is_correction)
        for line in document.lines
        if line.group == "calls"
    ] == [
        ("Calls to UK landlines, daytime", Money(6), 1, 1, 90, False),
        ("Calls to premium rate numbers, daytime", Money(90), 1, 1, 90, False),
        ("Correction of calls to free numbers, daytime", Money(1), 1, 1, None, True),
        ("Correction of calls to UK landlines, daytime", Money(-11), -2, 2, -90, True),
    ]
    assert document.lines[-1].period == Period(date(2026, 1, 20), date(2026, 1, 21))
    made, corrected = document.call_lists
    assert [(call.leg, call.price, call.access_charge, call.service_charge) for call in made.calls] == [
        ("diverted", Price(6_000_000), None, None),
        ("outgoing", Price(90_000_000), Price(55_000_000), Price(35_000_000)),
    ]
    # Two differences of one call are one correction; those of nought, and of what is not itemised, are not listed.
    assert [(call.started_on, call.duration_seconds, call.price) for call in corrected.calls] == [
        (date(2026, 1, 20), 0, Price(-3_400_000)),
        (date(2026, 1, 20), -90, Price(-8_000_000)),
    ]
    assert (made.is_corrections, corrected.is_corrections) == (False, True)
    assert [(one.number, one.issued_on) for one in document.corrects] == [("ZZB00000012", FEBRUARY)]
    assert all_faults(bytes(files_of(session, second)["xml"].content)) == []
    assert b"Calls corrected" in files_of(session, second)["xml"].content


def test_a_credit_names_the_bill_it_corrects_and_large_print_is_large(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, cycle_day=5, medium="large-print")
    line = builders.working_line(session, zz, account, starts_on=START)
    night(session, FEBRUARY)
    cease(session, line, date(2026, 2, 10))
    night(session, date(2026, 2, 10))
    final = bills(session, account)[1]
    (posted,) = bills_as_posted(session, [final.id])
    document = compose(posted.bill, supplier(session))
    assert (document.kind, document.large_print, document.is_credit) == ("final", True, True)
    assert [(one.number, one.issued_on) for one in document.corrects] == [("ZZB00000012", FEBRUARY)]
    assert check(document) == []
    assert all_faults(bytes(files_of(session, final)["xml"].content)) == []


def test_bills_of_every_kind_of_customer_pass_the_published_rules(
    session: Session, home: builders.BuiltLine, firm: builders.BuiltLine, carrier: builders.BuiltLine
) -> None:
    leave_item(session, firm, "VISIT", "9900", START, words="Engineer's visit")
    rated_call(session, firm, 1, START, 4_000_000)
    night(session, FEBRUARY)
    for line in (home, firm, carrier):
        (bill,) = bills(session, line.account)
        assert all_faults(bytes(files_of(session, bill)["xml"].content)) == [], line.account.segment
    (wholesale,) = bills(session, carrier.account)
    assert b"Reverse charge" in files_of(session, wholesale)["xml"].content
    assert b">AE<" in files_of(session, wholesale)["xml"].content


def test_direct_debit_is_collected_on_the_due_date_and_has_no_slip(session: Session, firm: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    (bill,) = bills(session, firm.account)
    (posted,) = bills_as_posted(session, [bill.id])
    document = compose(posted.bill, supplier(session))
    assert (document.payment.kind, document.payment.mandate_reference, document.payment.collect_on) == (
        "direct_debit",
        "WREN000041",
        bill.due_on,
    )
    assert document.slip is None


def test_rendering_again_gives_the_same_bytes_and_is_not_done_by_itself(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    (bill,) = bills(session, home.account)
    before = {kind: (file.sha256, bytes(file.content), file.rendered_at) for kind, file in files_of(session, bill).items()}
    assert before.keys() == {"pdf", "xml"}
    assert before["pdf"][1].startswith(b"%PDF")
    assert render_block(session, [bill.id], by=NIGHT, at=at(MARCH)).filtered == 1
    session.execute(text("DELETE FROM billing.bill_file"))
    session.execute(text("UPDATE css.account SET billing_name = 'Somebody Else'"))
    session.expire_all()
    assert render_block(session, [bill.id], by=NIGHT, at=at(MARCH)).written == 1
    after = {kind: (file.sha256, bytes(file.content), file.rendered_at) for kind, file in files_of(session, bill).items()}
    assert after == before


def test_a_bill_that_contradicts_itself_is_set_aside_and_the_others_are_rendered(
    session: Session, home: builders.BuiltLine, firm: builders.BuiltLine
) -> None:
    night(session, FEBRUARY)
    wrong, right = bills(session, home.account)[0], bills(session, firm.account)[0]
    session.execute(text("DELETE FROM billing.bill_file"))
    session.execute(text("UPDATE billing.bill_line SET net = net + 1 WHERE bill_id = :bill AND line_number = 1"), {"bill": wrong.id})
    totals = render_block(session, [wrong.id, right.id], by=NIGHT, at=at(FEBRUARY))
    assert (totals.read, totals.written, totals.rejected) == (2, 1, 1)
    (aside,) = totals.set_aside
    assert (aside.code, aside.source_key) == ("CSS445E", "bill/ZZB00000012/document")
    assert "The net total 31.59 is not that of the lines 31.60" in aside.words
    assert queries.bills_to_render(session, right.bill_run_id) == (wrong.id,)


def test_dispatch_writes_the_stored_bytes_and_again_the_same(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    night(session, FEBRUARY, tmp_path)
    (bill,) = bills(session, home.account)
    assert bill.state is BillState.ISSUED
    folder = tmp_path / "ZZ" / "2026-02-05"
    stored = files_of(session, bill)
    for kind, file in stored.items():
        on_disk = (folder / f"ZZB00000012.{kind}").read_bytes()
        assert hashlib.sha256(on_disk).hexdigest() == file.sha256
    assert sorted(path.name for path in folder.iterdir()) == ["ZZB00000012.pdf", "ZZB00000012.xml", "print-paper-ZZB00000012.csv"]
    # Killed before the commit: the file half written, the bill not marked. The next attempt mends both.
    (folder / "ZZB00000012.pdf").write_bytes(b"%PDF half")
    (folder / ".ZZB00000012.xml.part").write_bytes(b"left behind")
    session.execute(text("UPDATE billing.bill SET state = 'posted'"))
    session.expire_all()
    totals = dispatch_block(session, [bill.id], directory=tmp_path, by=NIGHT, at=at(FEBRUARY))
    assert (totals.written, totals.amount) == (1, bill.invoice_gross)
    assert (folder / "ZZB00000012.pdf").read_bytes() == bytes(stored["pdf"].content)
    assert dispatch_block(session, [bill.id], directory=tmp_path, by=NIGHT, at=at(FEBRUARY)).filtered == 1


def test_a_spoilt_file_is_not_sent(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    night(session, FEBRUARY)
    (bill,) = bills(session, home.account)
    session.execute(text("UPDATE billing.bill_file SET content = content || '\\x00' WHERE kind = 'pdf'"))
    totals = dispatch_block(session, [bill.id], directory=tmp_path, by=NIGHT, at=at(FEBRUARY))
    assert (totals.written, totals.rejected, totals.set_aside[0].code) == (0, 1, "CSS446E")
    assert list(tmp_path.rglob("*.pdf")) == []
    assert queries.bills_to_dispatch(session, bill.bill_run_id) == (bill.id,)


def test_a_directory_that_cannot_be_written_is_told(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    night(session, FEBRUARY)
    (tmp_path / "ZZ").write_text("a file where the directory should be")
    with pytest.raises(Unavailable) as refusal:
        dispatch_block(session, [bills(session, home.account)[0].id], directory=tmp_path, by=NIGHT, at=at(FEBRUARY))
    assert refusal.value.code == "CSS447E"


def test_a_partner_gets_a_notice_of_each_bill_in_order(
    session: Session, zz: builders.BuiltDistrict, carrier: builders.BuiltLine, home: builders.BuiltLine, tmp_path: Path
) -> None:
    second = builders.account(session, zz, provider_code=PARTNER, cycle_day=5, vat_status="reverse-charge", vat_number="GB999999931")
    builders.working_line(session, zz, second, starts_on=START)
    night(session, FEBRUARY, tmp_path)
    notices = outbox_after(session, PARTNER, 0)
    assert [notice.sequence for notice in notices] == [1, 2]
    roots = [read_message(notice.body) for notice in notices]
    for root in roots:
        check_schema(root)
    numbers = [read_text(root, "Bill/BillNumber") for root in roots]
    assert numbers == [bills(session, account)[0].number for account in (carrier.account, second)]
    (bill,) = bills(session, carrier.account)
    root = roots[0]
    assert read_money(root, "Bill/InvoiceTotal") == bill.invoice_gross
    stored = files_of(session, bill)
    told = [(read_text(one, "Kind"), read_text(one, "Sha256")) for one in root.iter("{urn:css:bill:1}Document")]
    assert told == [("INVOICE_XML", stored["xml"].sha256), ("BILL_PDF", stored["pdf"].sha256), ("BILL_DATA", stored["csv"].sha256)]


def test_bills_and_files_are_found_by_number_and_only_by_whose_they_are(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    (bill,) = bills(session, home.account)
    content = queries.bill_file(session, "zz b 0000 0012", "pdf", by=builders.CLERK)
    assert (content.file_name, content.sha256) == ("ZZB00000012.pdf", files_of(session, bill)["pdf"].sha256)
    card = queries.bill_card(session, "ZZB00000012", by=builders.CLERK)
    assert [file.kind for file in card.files] == ["pdf", "xml"]
    assert card.bill == queries.bills_of_account(session, home.account.number, by=builders.CLERK)[0]
    unknown = make_id("ZZ", IdKind.BILL, 99)
    for number, kind, by in (
        ("ZZB00000012", "pdf", builders.PARTNER_ACTOR),
        ("ZZB00000012", "doc", builders.CLERK),
        (unknown, "pdf", builders.CLERK),
    ):
        with pytest.raises(NotFound) as refusal:
            queries.bill_file(session, number, kind, by=by)
        assert refusal.value.code == "CSS448E"


def test_nobody_can_send_bills_without_a_retail_arm(session: Session) -> None:
    session.execute(text("UPDATE css.provider SET is_own_retail = FALSE"))
    with pytest.raises(NotFound) as refusal:
        supplier(session)
    assert refusal.value.code == "CSS444E"
