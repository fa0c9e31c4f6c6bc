"""Two partners with the same of everything, each of its own: what the wall between them is tried against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from css.core.ids import IdKind, make_id
from css.db.engine import transaction
from css.handover import outbox_last_sequence
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, Partner, issue_key, partner_of
from css.xml import Party
from tests import builders
from tests.bulk.carrier import carrier_file, given
from tests.bulk.taking import MADE_AT, NIGHT, NOON
from tests.partners.asking import answer_of, enquiry
from tests.partners.fault_speaking import submit
from tests.partners.speaking import (
    AT,
    BRACKWATER,
    RIVAL,
    RIVAL_CODE,
    Scene,
    answers_to,
    header,
    orders_of,
    outbox,
    result,
    said,
    scene,
    send,
    submit_order,
)
from tests.scenarios.nights import nights_through

BILLED = NIGHT + timedelta(days=1)


@dataclass(frozen=True)
class Side:
    """One partner, and a thing of each kind that it has."""

    partner: Partner
    key: str
    account: str
    line: str
    """The telephone number of a working line."""
    order: str
    order_reference: str
    fault: str
    fault_reference: str
    appointment: str
    """A slot that it keeps."""
    bill: str
    last_sequence: int


@dataclass(frozen=True)
class World:
    """Both, and a thing of each kind that nobody has."""

    ours: Side
    theirs: Side
    nobody: Side
    spare_site: str
    """An address where nobody has a line."""


def world(engine: Engine, home: Path) -> World:
    with transaction(engine) as session:
        where = scene(session, sites=12)
        lines = {}
        for code, number in ((PARTNER, where.account), (RIVAL_CODE, where.rival_account)):
            session.execute(text("UPDATE css.account SET cycle_day = 3 WHERE number = :number"), {"number": number})
            lines[code] = builders.working_line(session, where.district, builders.built_account(session, number, "")).number
    calls = [(number, "442079460123", NOON, 60) for number in lines.values()]
    given(home / "incoming" / "ZZ", carrier_file(calls, made_at=MADE_AT))
    nights_through(engine, "ZZ", NIGHT, BILLED, home)
    ours = _side(engine, where, PARTNER, lines[PARTNER], 0)
    theirs = _many_documents(engine, _side(engine, where, RIVAL_CODE, lines[RIVAL_CODE], 1))
    nobody = Side(
        partner=ours.partner,
        key="css-nobodys",
        account=make_id("ZZ", IdKind.ACCOUNT, 9_999_990),
        line="441632960998",
        order=make_id("ZZ", IdKind.ORDER, 9_999_990),
        order_reference="PO-00000000-0000-4000-8000-000000000000",
        fault=make_id("ZZ", IdKind.FAULT, 9_999_990),
        fault_reference="F-00000000-0000-4000-8000-000000000000",
        appointment=make_id("ZZ", IdKind.APPOINTMENT, 9_999_990),
        bill="9999990",
        last_sequence=7_777_777,
    )
    return World(ours, theirs, nobody, where.district.gold[-1].address_key)


def _many_documents(engine: Engine, side: Side) -> Side:
    """The last document of its outbox has a number that the other's outbox does not reach."""
    numbers = {"id": side.partner.provider_id, "last": side.last_sequence, "now": side.last_sequence + 1000}
    with engine.begin() as connection:
        connection.execute(text("UPDATE css.outbox_message SET sequence = :now WHERE provider_id = :id AND sequence = :last"), numbers)
        connection.execute(
            text("UPDATE css.outbox_counter SET last_sequence = :now WHERE provider_id = :id AND last_sequence = :last"), numbers
        )
    return replace(side, last_sequence=numbers["now"])


def party_of(code: str) -> Party:
    return BRACKWATER if code == PARTNER else RIVAL


def _side(engine: Engine, where: Scene, code: str, line: str, place: int) -> Side:
    account = where.account if code == PARTNER else where.rival_account
    gold = where.district.gold
    order = header(sender=party_of(code))
    assert result(send(engine, submit_order(account, gold[4 + place].address_key, head=order), code)) == "RECEIVED"
    slot = header(sender=party_of(code))
    request = enquiry("ReserveAppointment", AddressKey=gold[6 + place].address_key, Date="2026-03-16", Slot="AM", head=slot)
    assert result(send(engine, request, code)) == "RECEIVED"
    (reserved,) = answers_to(engine, slot.conversation_id, code)
    fault = header(sender=party_of(code))
    assert result(send(engine, submit(line, head=fault), code)) == "RECEIVED"
    (order_number,) = orders_of(engine, order.message_id)
    told = [said(document, "Update/Fault/FaultNumber") for document in outbox(engine, code)]
    with transaction(engine) as session:
        partner = partner_of(session, code)
        key = issue_key(session, IssuePartnerKey(provider_code=code, words="test"), by=builders.OPERATOR, at=AT)
        issued = text("SELECT b.number FROM billing.bill b JOIN css.account a ON a.id = b.account_id WHERE a.number = :number")
        return Side(
            partner=partner,
            key=key,
            account=account,
            line=line,
            order=order_number,
            order_reference=f"PO-{order.message_id}",
            fault=next(number for number in told if number),
            fault_reference=f"F-{fault.message_id}",
            appointment=said(answer_of(reserved), "Reservation/AppointmentNumber"),
            bill=session.execute(issued, {"number": account}).scalar_one(),
            last_sequence=outbox_last_sequence(session, code),
        )
