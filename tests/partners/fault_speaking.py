"""A partner's side of a conversation about faults."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import LineState, PairState, Role
from css.db.engine import transaction
from css.handover import outbox_after
from css.master.commands import AddProvider
from css.master.enrol import add_provider
from css.master.lines import Line
from css.master.plant import Pair
from css.master.reference import PARTNER
from css.xml import Element, MessageHeader, add_header, check, document, find, read_errors, to_bytes
from repairs.actions import clear_fault
from repairs.commands.faults import ClearFault
from tests import builders
from tests.partners.speaking import AT, RIVAL, RIVAL_CODE, Parts, header, opened, put, said, send

FIELD = Actor("operator", "FITTER", "RETAIL", frozenset({Role.REPAIR.value}), "screen")
DESK = builders.OPERATOR
SOON = AT + timedelta(hours=6)
"""In time for every line here."""


@dataclass(frozen=True)
class Trouble:
    """A district with lines of a partner's, of its rival's and of our own."""

    zz: builders.BuiltDistrict
    carrier: builders.BuiltAccount
    lines: tuple[builders.BuiltLine, ...]
    rival_line: builders.BuiltLine
    own_line: builders.BuiltLine


def trouble(session: Session, *, lines: int = 12) -> Trouble:
    zz = builders.district(session, pairs=lines + 4, sites=lines + 2)
    rival = AddProvider(
        code=RIVAL_CODE, name="Rival Networks Ltd", party_id=RIVAL.id, address_lines=("3 Quay Street", "Brackwater"), postcode="ZZ9 9ZZ"
    )
    add_provider(session, rival, by=builders.OPERATOR, at=AT)
    carrier = builders.account(session, zz, provider_code=PARTNER)
    rivals = builders.account(session, zz, provider_code=RIVAL_CODE)
    retail = builders.account(session, zz)
    return Trouble(
        zz=zz,
        carrier=carrier,
        lines=tuple(builders.working_line(session, zz, carrier) for _ in range(lines)),
        rival_line=builders.working_line(session, zz, rivals),
        own_line=builders.working_line(session, zz, retail),
    )


def message(message_type: str, parts: Parts, *, head: MessageHeader | None = None) -> bytes:
    """A message about faults, which had better be valid."""
    root = document(f"{{urn:css:fault:1}}{message_type}")
    add_header(root, replace(head or header(), message_type=message_type, schema_version="1.0"))
    put(root, parts)
    check(root)
    return to_bytes(root, indented=True)


def submit(number: str, *parts: tuple[str, str | Parts], head: MessageHeader | None = None, **others: str) -> bytes:
    """A SubmitFault with the parts that follow the contact."""
    head = head or header()
    fault: Parts = [
        ("CustomerReference", others.get("reference", f"F-{head.message_id}")),
        ("TelephoneNumber", f"+{number}"),
        *([("InstallationLineNo", others["place"])] if "place" in others else []),
        ("SymptomCode", others.get("symptom", "NDT")),
        ("Contact", [("c:Name", "Ada Tansley"), ("c:TelephoneNumber", others.get("contact", "+447700900123"))]),
        *parts,
    ]
    return message("SubmitFault", [("Fault", fault)], head=head)


def amend(number: str, *parts: tuple[str, str | Parts], head: MessageHeader | None = None) -> bytes:
    return message("AmendFault", [("Amendment", [("FaultNumber", number), *parts])], head=head)


def cancel(number: str, reason: str = "It works again.", head: MessageHeader | None = None) -> bytes:
    return message("CancelFault", [("Cancellation", [("FaultNumber", number), ("Reason", reason)])], head=head)


def confirm(number: str, answer: str, reason: str | None = None, clear_no: int | None = None, head: MessageHeader | None = None) -> bytes:
    parts: Parts = [
        ("FaultNumber", number),
        *([("ClearNo", str(clear_no))] if clear_no is not None else []),
        ("Answer", answer),
        *([("Reason", reason)] if reason else []),
    ]
    return message("ConfirmClear", [("Confirmation", parts)], head=head)


def query(number: str | None = None, reference: str | None = None, *, history: bool = False, head: MessageHeader | None = None) -> bytes:
    parts: Parts = [
        *([("FaultNumber", number)] if number else []),
        *([("CustomerReference", reference)] if reference else []),
        ("WithHistory", "true" if history else "false"),
    ]
    return message("QueryFault", [("Query", parts)], head=head)


def list_open(after: str | None = None, limit: int = 100, head: MessageHeader | None = None) -> bytes:
    parts: Parts = [*([("AfterNumber", after)] if after else []), ("Limit", str(limit))]
    return message("ListMyOpenFaults", [("Query", parts)], head=head)


@dataclass(frozen=True)
class Told:
    """A document of the outbox, opened."""

    root: Element
    body: bytes
    conversation_id: str
    ref: str | None

    @property
    def kind(self) -> str:
        return said(self.root, "Update/Kind")

    def says(self, path: str) -> str:
        return said(self.root, path)

    @property
    def codes(self) -> list[tuple[str, str | None]]:
        update = find(self.root, "Update")
        return [(error.code, error.path) for error in read_errors(self.root if update is None else update)]


def told(engine: Engine, provider_code: str = PARTNER, *, after: int = 0) -> list[Told]:
    """Everything in a partner's outbox after a number, each a valid document."""
    with transaction(engine) as session:
        rows = outbox_after(session, provider_code, after, limit=5000)
    found = []
    for row in rows:
        root = opened(row.body)
        found.append(Told(root, row.body, row.conversation_id, said(root, "Header/RefToMessageId") or None))
    return found


def updates(engine: Engine, fault_number: str, provider_code: str = PARTNER) -> list[Told]:
    """The updates of one fault, in order."""
    every = told(engine, provider_code)
    return [each for each in every if each.says("Update/Fault/FaultNumber") == fault_number and each.says("Update/SequenceNo")]


def answer_to(engine: Engine, head: MessageHeader, provider_code: str = PARTNER) -> Told:
    """The last document that names a message as answered."""
    return [each for each in told(engine, provider_code) if each.ref == head.message_id][-1]


def reported(engine: Engine, number: str, *, at: datetime = AT, **more: Any) -> str:  # noqa: ANN401 - the parts of a message
    """A fault reported by a message; its number."""
    head = header(message_id=str(uuid.uuid4()))
    send(engine, submit(number, head=head, **more), at=at)
    return answer_to(engine, head).says("Update/Fault/FaultNumber")


def sent(engine: Engine, data: bytes, head: MessageHeader, provider_code: str = PARTNER, *, at: datetime = AT) -> Told:
    """A message sent, and the last document that answers it."""
    send(engine, data, provider_code, at=at)
    return answer_to(engine, head, provider_code)


def cleared(engine: Engine, number: str, code: str = "DP", *, at: datetime = SOON) -> None:
    """The engineer says that it is put right."""
    with transaction(engine) as session:
        clear_fault(session, ClearFault(fault_number=number, clear_code=code), by=FIELD, at=at)


def further_line(session: Session, town: Trouble, line: builders.BuiltLine) -> int:
    """A second line of the installation of which a line has the number."""
    pair = session.get_one(Pair, town.zz.pair_ids[-1])
    pair.state = PairState.WORKING
    made = Line(
        district_code=town.zz.code,
        provider_id=line.account.provider_id,
        account_id=line.account.id,
        site_id=line.site.id,
        pair_id=pair.id,
        state=LineState.WORKING,
        starts_on=builders.DAY,
        auxiliary_of_id=line.id,
    )
    session.add(made)
    session.flush()
    return made.id
