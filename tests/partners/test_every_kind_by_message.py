"""Every kind of order a partner may place: asked for by one message, told of to its end, with no document that is not valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from css.db.engine import transaction
from css.master.districts import roll_business_date
from css.master.reference import PARTNER
from css.xml import Element
from orders.actions import complete_order
from orders.commands.orders import CompleteOrder
from orders.rules.kinds import KINDS
from orders.words import OrderKind
from tests import builders
from tests.builders import AT, BuiltAccount, BuiltLine, BuiltSite
from tests.partners.speaking import RIVAL_CODE, Parts, Scene, header, message_2, outbox, said, scene, send
from tests.records.numbering import FOREIGN

NEXT_ON = date(2026, 3, 24)
LATER_ON = date(2026, 4, 21)
LISTING: Parts = [("DirectoryEntry", [("Kind", "DE"), ("Name", "Marlow B")]), ("EmergencyName", "Mr Ben Marlow")]
CONTACT: Parts = [("Contact", [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")])]
CONSENT: Parts = [("Consent", [("GivenBy", "Ben Marlow")])]


class Asking:
    """Orders of every kind, each at a site or line of its own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.where: Scene = scene(session, sites=40)
        self.account: BuiltAccount = builders.account(session, self.where.district, provider_code=PARTNER)
        self._losing = builders.account(session, self.where.district, provider_code=RIVAL_CODE)
        self._sites: Iterator[BuiltSite] = iter(self.where.district.gold)

    def line(self, *, is_lost: bool = False, **others: object) -> BuiltLine:
        to = self._losing if is_lost else self.account
        return builders.working_line(self._session, self.where.district, to, site=next(self._sites), **others)  # type: ignore[arg-type]

    def site(self) -> BuiltSite:
        return next(self._sites)

    def stopped(self) -> BuiltSite:
        site = self.site()
        builders.stopped_line(self._session, self.where.district, site=site)
        return site


def _known(line: BuiltLine) -> Parts:
    return [("TelephoneNumber", f"+{line.number}")]


def _lost(it: Asking, *change: tuple[str, str | Parts]) -> Parts:
    lost = it.line(is_lost=True, features=("CALL-WAITING",))
    return [*_known(lost), ("LinePostcode", lost.site.postcode), *change, *CONSENT]


NEW: Parts = [("ProductCode", "LINE-WHO")]
PORTED: Parts = [("NewNumber", f"+{FOREIGN}"), ("NetworkCode", "KELDER"), ("LetterOfAuthority", "LOA/1")]
NO_WAITING: Parts = [("Feature", [("ProductCode", "CALL-WAITING"), ("Change", "REMOVE")])]
WANTED: dict[OrderKind, Callable[[Asking], Parts]] = {
    OrderKind.PROVIDE: lambda it: [("AddressKey", it.site().address_key), *NEW, *LISTING],
    OrderKind.START: lambda it: [("AddressKey", it.stopped().address_key), *NEW, *LISTING],
    OrderKind.TAKEOVER: lambda it: [("AddressKey", it.line(is_lost=True).site.address_key), *NEW, *CONSENT, *LISTING],
    OrderKind.TRANSFER: _lost,
    OrderKind.TRANSFER_WITH_CHANGES: lambda it: _lost(it, ("Features", NO_WAITING)),
    OrderKind.PORT_IN: lambda it: [("AddressKey", it.site().address_key), *PORTED, *NEW, *CONSENT, *LISTING],
    OrderKind.PORT_OUT: lambda it: [*_known(it.line()), ("NetworkCode", "NORSEA")],
    OrderKind.MOVE: lambda it: [*_known(it.line()), ("AddressKey", it.site().address_key), *LISTING],
    OrderKind.SHIFT: lambda it: _known(it.line()),
    OrderKind.RENUMBER: lambda it: _known(it.line()),
    OrderKind.FEATURES: lambda it: [*_known(it.line()), ("Features", [("Feature", [("ProductCode", "CALLER-DISPLAY")])])],
    OrderKind.CARE: lambda it: [*_known(it.line()), ("CareLevel", "3")],
    OrderKind.DIRECTORY: lambda it: [*_known(it.line()), ("DirectoryEntry", [("Kind", "XD")])],
    OrderKind.LINES: lambda it: [*_known(it.line()), ("LineCount", "3")],
    OrderKind.CEASE: lambda it: [*_known(it.line()), ("CeaseReason", "MV")],
}
"""What each kind says besides what all have. A conversion comes after there are several lines."""
BEFORE_THE_DATE = ("TelephoneNumber", "LinePostcode", "AddressKey")
AFTER_THE_CONTACT = ("DirectoryEntry", "EmergencyName")


def message(kind: OrderKind, account: str, parts: Parts, required_on: date) -> bytes:
    head = header()
    before = [part for part in parts if part[0] in BEFORE_THE_DATE]
    after = [part for part in parts if part[0] in AFTER_THE_CONTACT]
    between = [part for part in parts if part not in before and part not in after]
    order: Parts = [
        ("CustomerReference", f"PO-{head.message_id}"),
        ("Kind", kind.value.upper().replace("-", "_")),
        ("AccountNumber", account),
        *sorted(before, key=lambda part: BEFORE_THE_DATE.index(part[0])),
        ("RequiredDate", required_on.isoformat()),
        *between,
        *CONTACT,
        *after,
    ]
    return message_2("SubmitOrder", [("Order", order)], head=head)


def errors(root: Element) -> list[str]:
    return [f"{said(entry, 'Code')} {said(entry, 'Path')} {said(entry, 'Text')}" for entry in root.iterfind("{*}Update/{*}Errors/{*}Error")]


def place(engine: Engine, data: bytes, at: datetime = AT) -> str:
    """The number of the order that a message placed."""
    before = len(outbox(engine))
    assert send(engine, data, at=at).status == 202
    told = outbox(engine)[before:]
    assert [error for root in told for error in errors(root)] == []
    assert [said(root, "Update/Kind") for root in told] == ["ACKNOWLEDGED", "COMMITTED"]
    return said(told[0], "Update/Order/OrderNumber")


def complete(engine: Engine, numbers: dict[OrderKind, str], on: date) -> None:
    with transaction(engine) as session:
        roll_business_date(session, "ZZ", to=on)
        for number in numbers.values():
            complete_order(
                session,
                CompleteOrder(order_number=number, done_on=on),
                by=builders.SYSTEM,
                at=datetime.combine(on, AT.timetz()),
            )


def test_every_kind_of_order_is_placed_by_message_and_told_to_its_end(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        it = Asking(session)
        parts = {kind: wants(it) for kind, wants in WANTED.items()}
    placed = {kind: place(fresh_engine, message(kind, it.account.number, parts[kind], NEXT_ON)) for kind in WANTED}
    complete(fresh_engine, placed, NEXT_ON)
    # What an installation was made of can be made one line again.
    later = datetime.combine(NEXT_ON, AT.timetz())
    one = message(OrderKind.CONVERT, it.account.number, parts[OrderKind.LINES][:1], LATER_ON)
    placed[OrderKind.CONVERT] = place(fresh_engine, one, later)
    complete(fresh_engine, {OrderKind.CONVERT: placed[OrderKind.CONVERT]}, LATER_ON)

    assert set(placed) == {kind for kind, rule in KINDS.items() if rule.is_for_partners}
    documents = outbox(fresh_engine)
    for kind, number in placed.items():
        mine = [root for root in documents if said(root, "Update/Order/OrderNumber") == number]
        assert [said(root, "Update/Kind") for root in mine] == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"], kind
        assert [said(root, "Update/SequenceNo") for root in mine] == ["1", "2", "3"]
        assert {said(root, "Update/Order/Kind") for root in mine} == {kind.value.upper().replace("-", "_")}
        assert said(mine[-1], "Update/Order/State") == "COMPLETED"
    assert {root.tag for root in documents} == {"{urn:css:order:2}OrderUpdate"}
