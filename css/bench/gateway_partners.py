"""Two partners that send orders of several kinds, each line and each address once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import cycle
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.bench.gateway_clients import Message
from css.core.calendar import add_working_days
from css.core.words import BillFrequency, CustomerKind, Segment
from css.db.engine import transaction
from css.demo.life import NATION, PROVIDE_LEAD_DAYS
from css.demo.plan import DISTRICT
from css.demo.run import OWNER
from css.master.clocks import house_clock, live_by_business_date
from css.master.commands import AddCustomer, AddProvider, OpenAccount
from css.master.enrol import add_customer, add_provider, open_account
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key, own_party, partner_of
from css.xml import Party, instant_text

OTHER: Final = "KELDER"
OTHER_PARTY: Final = "999900789"
_MESSAGE: Final = """<?xml version='1.0' encoding='UTF-8'?>
<SubmitOrder xmlns="urn:css:order:2" xmlns:c="urn:css:common:1">
  <Header>
    <c:MessageId>{id}</c:MessageId>
    <c:MessageType>SubmitOrder</c:MessageType>
    <c:SchemaVersion>2.0</c:SchemaVersion>
    <c:ConversationId>{conversation}</c:ConversationId>
    <c:Sender><c:Id>{them}</c:Id><c:Scheme>DUNS</c:Scheme></c:Sender>
    <c:Receiver><c:Id>{us}</c:Id><c:Scheme>DUNS</c:Scheme></c:Receiver>
    <c:CreatedAt>{at}</c:CreatedAt>
  </Header>
  <Order>
    <CustomerReference>BENCH-{n:06d}</CustomerReference>
    <Kind>{kind}</Kind>
    <AccountNumber>{account}</AccountNumber>
    {where}
    <RequiredDate>{on}</RequiredDate>
    {what}
    <Contact><c:Name>Order desk</c:Name><c:TelephoneNumber>+443069990123</c:TelephoneNumber></Contact>
    {listing}
  </Order>
</SubmitOrder>
"""
_LISTING: Final = "<DirectoryEntry><Kind>XD</Kind></DirectoryEntry><EmergencyName>The Occupier</EmergencyName>"
_FEATURE: Final = "<Features><Feature><ProductCode>THREE-WAY</ProductCode></Feature></Features>"
_REQUEST: Final = (
    "POST /partner/v1/messages HTTP/1.1\r\nHost: bench.example.com\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/xml\r\nContent-Length: {length}\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Sender:
    """A partner with its key and an account to order for."""

    code: str
    party: Party
    key: str
    account: str
    lines: tuple[str, ...]
    """Numbers of lines of its own on which nothing is open."""


def partners_of(engine: Engine, at: datetime) -> tuple[Sender, Sender]:
    """The district's partner and another one, both without limits; the installation lives by its business date from now on."""
    with transaction(engine) as session:
        live_by_business_date(session, DISTRICT, by=OWNER, at=at)
        other = AddProvider(
            code=OTHER, name="Kelder Networks Ltd", party_id=OTHER_PARTY, address_lines=("1 Quay Street",), postcode="ZZ9 9ZZ"
        )
        add_provider(session, other, by=OWNER, at=at)
        person = AddCustomer(district_code=DISTRICT, kind=CustomerKind.ORGANISATION, organisation_name="Kelder Networks Ltd")
        customer = add_customer(session, person, by=OWNER, at=at).number
        account = OpenAccount(
            customer_number=customer,
            provider_code=OTHER,
            segment=Segment.WHOLESALE,
            billing_name="Kelder Networks Ltd",
            billing_address_lines=("1 Quay Street",),
            billing_postcode="ZZ9 9ZZ",
            cycle_day=1,
            frequency=BillFrequency.MONTHLY,
        )
        theirs = open_account(session, account, by=OWNER, at=at).number
        session.execute(
            text(
                "INSERT INTO partners.partner_terms (provider_id, way, messages_a_minute, at_once, replay_days, gap_minutes, row_version,"
                " changed_at) SELECT id, 'pull', 10000000, 10000, 35, 60, 1, :at FROM css.provider WHERE code IN (:one, :other)"
            ),
            {"at": at, "one": PARTNER, "other": OTHER},
        )
        ours, lines = _of_the_district(session)
        keys = [
            issue_key(session, IssuePartnerKey(provider_code=code, words="bench"), by=OWNER, at=at)  # two of them
            for code in (PARTNER, OTHER)
        ]
        return (
            Sender(PARTNER, partner_of(session, PARTNER).party, keys[0], ours, lines),
            Sender(OTHER, partner_of(session, OTHER).party, keys[1], theirs, ()),
        )


def _of_the_district(session: Session) -> tuple[str, tuple[str, ...]]:
    """The partner's account and the numbers of its lines."""
    rows = session.execute(
        text(
            "SELECT a.number AS account, n.number FROM css.account a JOIN css.provider p ON p.id = a.provider_id"
            " JOIN css.line l ON l.account_id = a.id JOIN css.service v ON v.line_id = l.id"
            " JOIN css.service_number n ON n.service_id = v.id WHERE p.code = :code AND n.ends_at IS NULL ORDER BY n.number"
        ),
        {"code": PARTNER},
    ).all()
    return rows[0].account, tuple(row.number for row in rows)


class DealtMessages:
    """Hands out messages, by turns of each partner: new lines at vacant places, and features on lines there are."""

    def __init__(self, engine: Engine, senders: Sequence[Sender], vacant: Sequence[str], on: date) -> None:
        self._clock = house_clock(lambda: engine)
        self._senders = senders
        self._vacant = iter(vacant)
        self._lines = {sender.code: iter(sender.lines) for sender in senders}
        self._on = on
        self._n = 0
        with transaction(engine) as session:
            self._us = own_party(session)

    def take(self, count: int, *, sender: Sender | None = None) -> list[Message]:
        """So many more, made now; of one partner or of each by turns."""
        at = instant_text(self._clock.now()) or ""
        turns: Iterator[Sender] = cycle(self._senders if sender is None else (sender,))
        return [self._message(next(turns), at) for _ in range(count)]

    def _message(self, sender: Sender, at: str) -> Message:
        self._n += 1
        number = next(self._lines[sender.code], None) if self._n % 4 == 0 else None
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://example.com/bench/{self._n}"))
        if number is None:
            kind, where = "PROVIDE", f"<AddressKey>{next(self._vacant)}</AddressKey>"
            what, listing = "<ProductCode>LINE-WHO</ProductCode>", _LISTING
        else:
            kind, where, what, listing = "FEATURES", f"<TelephoneNumber>+{number}</TelephoneNumber>", _FEATURE, ""
        body = _MESSAGE.format(
            id=identity,
            conversation=uuid.uuid5(uuid.UUID(identity), "conversation"),
            them=sender.party.id,
            us=self._us.id,
            at=at,
            n=self._n,
            kind=kind,
            account=sender.account,
            where=where,
            on=add_working_days(self._on, PROVIDE_LEAD_DAYS + self._n % 40, NATION),
            what=what,
            listing=listing,
        ).encode()
        return Message(identity, _REQUEST.format(key=sender.key, length=len(body)).encode() + body)
