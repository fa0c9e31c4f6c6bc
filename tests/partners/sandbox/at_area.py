"""A partner's side of its test area."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from css.partners.sandbox.page import ACCOUNT
from css.xml import Element, MessageHeader
from tests.partners.speaking import AT, Parts, header, message_2, opened, said

__all__ = ["ACCOUNT", "Area", "Watch", "order"]

NEW_LINES = {"PROVIDE", "TAKEOVER", "START"}
SEQUENCE = (
    "CustomerReference", "Kind", "AccountNumber", "TelephoneNumber", "LinePostcode", "AddressKey", "RequiredDate", "NewNumber",
    "NetworkCode", "LetterOfAuthority", "LineCount", "ProductCode", "Features", "CareLevel", "CeaseReason", "EndsRidingServices",
    "LinkedOrder", "QuoteNumber", "Consent", "Contact", "DirectoryEntry", "EmergencyName", "HazardNotes", "VisitNotes",
    "AppointmentNumber", "Appointment",
)  # fmt: skip


@dataclass
class Watch:
    """A clock that a test sets."""

    at: datetime = AT

    def now(self) -> datetime:
        return self.at


@dataclass
class Area:
    """A partner at its test area."""

    client: FlaskClient
    key: str
    watch: Watch
    kept: int = 0
    slept: list[float] = field(default_factory=list)

    def post(self, data: bytes, headers: dict[str, str] | None = None, *, to: str = "messages") -> TestResponse:
        shown = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        return self.client.post(f"/partner/v1/sandbox/{to}", data=data, content_type="application/xml", headers=shown)

    def get(self, path: str, headers: dict[str, str] | None = None) -> TestResponse:
        return self.client.get(f"/partner/v1/sandbox/{path}", headers={"Authorization": f"Bearer {self.key}", **(headers or {})})

    def fetch(self) -> list[TestResponse]:
        """Every document that there is by now and was not fetched."""
        found = []
        while (answer := self.get(f"outbox?after={self.kept}")).status_code == 200:
            self.kept = int(answer.headers["CSS-Sequence"])
            found.append(answer)
        assert answer.status_code == 204
        return found

    def documents(self) -> list[Element]:
        return [opened(answer.data) for answer in self.fetch()]

    def told(self) -> list[str]:
        return [said(root, "Update/Kind") for root in self.documents()]

    def later(self, seconds: float) -> None:
        self.watch.at += timedelta(seconds=seconds)

    def reset(self) -> None:
        answer = self.client.post("/partner/v1/sandbox/reset", headers={"Authorization": f"Bearer {self.key}"})
        assert answer.status_code == 204
        self.kept = 0

    def placed(self, number: int, kind: str = "PROVIDE", *, head: MessageHeader | None = None, parts: Parts | None = None) -> str:
        """Have an order taken; its number."""
        assert self.post(order(number, kind, head=head, parts=parts)).status_code == 202
        found = self.documents()
        assert said(found[0], "Update/Kind") == "ACKNOWLEDGED"
        return said(found[0], "Update/Order/OrderNumber")


def order(number: int, kind: str = "PROVIDE", *, head: MessageHeader | None = None, parts: Parts | None = None) -> bytes:
    """An order for a new line at a magic address, or on the line with a magic number; ``parts`` replace or add to what it says."""
    head = head or header()
    said_of: dict[str, str | Parts] = {
        "CustomerReference": f"PO-{head.message_id}",
        "Kind": kind,
        "AccountNumber": ACCOUNT,
        "RequiredDate": "2026-03-23",
        "Contact": [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")],
    }
    if kind in NEW_LINES:
        said_of |= {
            "AddressKey": f"A00000000{number:03d}",
            "ProductCode": "LINE-WHO",
            "DirectoryEntry": [("Kind", "DE"), ("Name", "Marlow B")],
            "EmergencyName": "Mr Ben Marlow",
        }
    else:
        said_of["TelephoneNumber"] = f"+441632960{number:03d}"
    said_of |= dict(parts or [])
    return message_2("SubmitOrder", [("Order", [(name, said_of[name]) for name in SEQUENCE if name in said_of])], head=head)
