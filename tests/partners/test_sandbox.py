"""A partner's test area: every scenario is played by its number, over HTTP, and nothing of the house is touched."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from werkzeug.test import TestResponse

from css.core.ids import IdKind, make_id
from css.db.engine import transaction
from css.handover import OutboxMessage
from css.master.reference import PARTNER
from css.partners.gateway import create_application
from css.partners.keys import IssuePartnerKey, issue_key
from css.partners.model import InboxMessage, KeyArea, RejectedMessage
from css.partners.sandbox import doors as pages
from css.partners.sandbox.scenarios import SCENARIOS, Scenario, Trouble
from orders.model import CustomerOrder
from tests.builders import OPERATOR
from tests.partners.speaking import (
    AT,
    BRACKWATER,
    RIVAL_CODE,
    Scene,
    amendment,
    cancellation,
    codes,
    header,
    message_2,
    opened,
    said,
    submit_order,
)

ACCOUNT = make_id("SX", IdKind.ACCOUNT, 7)
"""Nobody's: a test area asks for the form of a number alone."""
DAY = timedelta(days=1)


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

    def post(self, data: bytes, **headers: str) -> TestResponse:
        shown = {"Authorization": f"Bearer {self.key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.post("/partner/v1/sandbox/messages", data=data, content_type="application/xml", headers=shown)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(f"/partner/v1/sandbox/{path}", headers={"Authorization": f"Bearer {self.key}", **headers})

    def fetch(self) -> list[TestResponse]:
        """Every document that there is by now and was not fetched."""
        found = []
        while (answer := self.get(f"outbox?after={self.kept}")).status_code == 200:
            self.kept = int(answer.headers["CSS-Sequence"])
            found.append(answer)
        assert answer.status_code == 204
        return found

    def told(self) -> list[str]:
        return [said(opened(answer.data), "Update/Kind") for answer in self.fetch()]

    def later(self, seconds: float) -> None:
        self.watch.at += timedelta(seconds=seconds)

    def reset(self) -> None:
        answer = self.client.post("/partner/v1/sandbox/reset", headers={"Authorization": f"Bearer {self.key}"})
        assert answer.status_code == 204
        self.kept = 0


@pytest.fixture(scope="module")
def keys(engine: Engine, district: Scene) -> dict[str, str]:
    with transaction(engine) as session:
        made = {
            f"{code}/{area.value}": issue_key(session, IssuePartnerKey(provider_code=code, words="test", area=area), by=OPERATOR, at=AT)
            for code in (PARTNER, RIVAL_CODE)
            for area in KeyArea
        }
    return made


@pytest.fixture
def area(engine: Engine, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Area]:
    watch = Watch()
    found = Area(create_application(engine, watch).test_client(), keys[f"{PARTNER}/sandbox"], watch)
    monkeypatch.setattr(pages.time, "sleep", found.slept.append)
    found.reset()
    yield found


def order(number: int, *, version: int = 1, head: Any = None, **others: str | None) -> bytes:
    """An order for a new line at a magic address."""
    return submit_order(ACCOUNT, f"A00000000{number:03d}", head=head, **others)


def play(area: Area, scenario: Scenario, **others: str | None) -> list[str]:
    """Send an order that asks for a scenario, live it to its end, and give the kinds it was told."""
    assert area.post(order(scenario.number, **others)).status_code == 202
    area.later(7200)
    return area.told()


def test_the_good_way_is_told_in_time(area: Area) -> None:
    assert area.post(order_2(0)).status_code == 202
    assert area.told() == ["ACKNOWLEDGED", "COMMITTED"]
    area.later(59)
    assert area.told() == []
    area.later(1)
    (done,) = area.fetch()
    assert said(opened(done.data), "Update/Kind") == "COMPLETED"
    assert said(opened(done.data), "Update/Order/DoneDate") == "2026-03-23"


def order_2(number: int, kind: str = "PROVIDE", *, head: Any = None, **others: Any) -> bytes:
    """An order of the second version: for a new line at a magic address, or on the line with a magic number."""
    head = head or header()
    where = (
        {"AddressKey": f"A00000000{number:03d}"}
        if kind in {"PROVIDE", "TAKEOVER", "START"}
        else {"TelephoneNumber": f"+441632960{number:03d}"}
    )
    parts: dict[str, Any] = {
        "CustomerReference": f"PO-{head.message_id}",
        "Kind": kind,
        "AccountNumber": ACCOUNT,
        **where,
        "RequiredDate": "2026-03-23",
        **others,
    }
    if kind in {"PROVIDE", "TAKEOVER", "START"}:
        parts |= {"ProductCode": "LINE-WHO"}
        tail = {"DirectoryEntry": [("Kind", "DE"), ("Name", "Marlow B")], "EmergencyName": "Mr Ben Marlow"}
    else:
        tail = {}
    parts |= {"Contact": [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")], **tail}
    sequence = [name for name in SEQUENCE if name in parts]
    return message_2("SubmitOrder", [("Order", [(name, parts[name]) for name in sequence])], head=head)


SEQUENCE = (
    "CustomerReference", "Kind", "AccountNumber", "TelephoneNumber", "LinePostcode", "AddressKey", "RequiredDate", "NewNumber",
    "ProductCode", "Features", "CareLevel", "CeaseReason", "LinkedOrder", "QuoteNumber", "Consent", "Contact", "DirectoryEntry",
    "EmergencyName", "VisitNotes", "AppointmentNumber", "Appointment",
)  # fmt: skip

PLAYED = [each for each in SCENARIOS.values() if not each.refuses and each.trouble is None and not each.loses_line]


@pytest.mark.parametrize("scenario", PLAYED, ids=lambda each: f"{each.number:03d}")
def test_a_scenario_is_played_step_by_step_and_at_its_time(area: Area, scenario: Scenario) -> None:
    begun = area.watch.at
    assert area.post(order_2(scenario.number)).status_code == 202
    area.later(3600)
    documents = [opened(answer.data) for answer in area.fetch()]
    told = [(said(root, "Update/Kind"), said(root, "Update/ProblemCode")) for root in documents]
    assert told == [("ACKNOWLEDGED", ""), *((step.kind.value, step.problem_code or "") for step in scenario.steps)]
    due = [0, *(step.after_seconds for step in scenario.steps)]
    times = [datetime.fromisoformat(said(root, "Update/IssuedAt")) for root in documents]
    assert times == [begun + timedelta(seconds=seconds) for seconds in due]
    assert [said(root, "Update/SequenceNo") for root in documents] == [str(n + 1) for n in range(len(due))]
    assert len({said(root, "Header/MessageId") for root in documents}) == len(documents)


REFUSED = [each for each in SCENARIOS.values() if each.refuses and each.number != 900]


@pytest.mark.parametrize("scenario", REFUSED, ids=lambda each: f"{each.number:03d}")
def test_an_order_is_refused_by_the_codes_of_its_number(area: Area, scenario: Scenario) -> None:
    assert area.post(order_2(scenario.number)).status_code == 202
    (answer,) = area.fetch()
    root = opened(answer.data)
    assert said(root, "Update/Kind") == "ORDER_REJECTED"
    assert [code for code, _ in codes(answer.data)] == list(scenario.refuses)
    assert "{" not in said(root, "Update/Errors/Error/Text")
