"""A partner's program, written from the WSDL, the schemas and the guide, and run where nothing of CSS can be imported.

Arguments: the gateway's address, a key, and a file of what a partner is told on paper, as JSON: its number and ours, an account, an
address key, the time in the test area. It says on stdout what it met, a line of JSON for each step.
"""

# ruff: noqa: ANN401 - what zeep gives has no types before the WSDL is read
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import importlib.util
import json
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from zeep import Client
from zeep.exceptions import Fault
from zeep.transports import Transport

PATIENCE_SECONDS = 60

found = [name for name in ("css", "orders", "repairs", "billing", "batch", "schemas") if importlib.util.find_spec(name)]
if found:
    sys.exit(f"This proves nothing here: {found} can be imported.")

address, key, paper = sys.argv[1:]
told = json.loads(Path(paper).read_text(encoding="utf-8"))
begun, clock = datetime.now(UTC), datetime.fromisoformat(told["now"])


def client(with_key: str) -> Any:
    http = requests.Session()
    http.trust_env = False
    http.headers["Authorization"] = f"Bearer {with_key}"
    return Client(f"{address}/partner/v1/soap?wsdl", transport=Transport(session=http, operation_timeout=30))


def header(message_type: str, version: str = "1.0") -> dict[str, Any]:
    return {
        "MessageId": str(uuid.uuid4()),
        "MessageType": message_type,
        "SchemaVersion": version,
        "ConversationId": str(uuid.uuid4()),
        "Sender": {"Id": told["me"], "Scheme": "DUNS"},
        "Receiver": {"Id": told["you"], "Scheme": "DUNS"},
        "CreatedAt": clock + (datetime.now(UTC) - begun),
    }


def say(step: str, **words: object) -> None:
    print(json.dumps({"step": step, **words}, default=str), flush=True)  # noqa: T201 - what the test reads


def codes(receipt: Any) -> list[str]:
    return [error.Code for error in receipt.Errors.Error] if receipt.Errors else []


partner = client(key)
orders, faults, enquiries, delivery = (partner.bind("Partner", port) for port in ("Orders2", "Faults1", "Enquiries1", "Delivery1"))
kept = 0


def follow(conversation: str, until: set[str]) -> list[Any]:
    """Fetch what is left for us, in order, until the conversation has come so far; the updates of the conversation."""
    global kept  # noqa: PLW0603 - a program of one page
    mine: list[Any] = []
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        answer = delivery.FetchDocument(Header=header("FetchDocument"), Fetch={"After": kept})
        if answer.Delivered is None:
            time.sleep(0.3)
            continue
        kept = answer.Delivered.Sequence
        (document,) = answer.Delivered.Extension._value_1
        if document.Header.ConversationId == conversation:
            mine.append(document)
            if document.Update.Kind in until:
                return mine
    sys.exit(f"{until} did not come within {PATIENCE_SECONDS} seconds, after {[each.Update.Kind for each in mine]}.")


# What is there, and from when it can be had.
plant = enquiries.LinePlantQuery(
    Header=header("LinePlantQuery"), Query={"AddressKey": told["address_key"], "WithOrderables": False}
).Answer.Plant
say("plant", address_key=plant.AddressKey, earliest=plant.EarliestDate)

# An order.
head = header("SubmitOrder", "2.0")
order = {
    "CustomerReference": "GUEST-1",
    "Kind": "PROVIDE",
    "AccountNumber": told["account"],
    "AddressKey": told["address_key"],
    "RequiredDate": plant.EarliestDate,
    "ProductCode": "LINE-WHO",
    "Contact": {"Name": "Siân O'Neill", "TelephoneNumber": "+447700900456"},
    "DirectoryEntry": {"Kind": "DE", "Name": "O'Neill S"},
    "EmergencyName": "Siân O'Neill",
}
first = orders.SubmitOrder(Header=head, Order=order)
say("order", result=first.Receipt.Result, answers=first.Header.RefToMessageId == head["MessageId"])

# The same again, as if no answer had come; then other content under the same id.
again = orders.SubmitOrder(Header=head, Order=order)
say("again", result=again.Receipt.Result, received_at=again.Receipt.ReceivedAt == first.Receipt.ReceivedAt)
other = orders.SubmitOrder(Header=head, Order={**order, "EmergencyName": "Somebody else"})
say("altered", result=other.Receipt.Result, codes=codes(other.Receipt))

# What becomes of it.
updates = follow(head["ConversationId"], {"COMPLETED", "ORDER_REJECTED"})
line = updates[-1].Update.Order
say("kcis", kinds=[each.Update.Kind for each in updates], numbers=[each.Update.SequenceNo for each in updates], line=line.TelephoneNumber)

# A fault on the new line, and how it stands.
head = header("SubmitFault")
fault = {
    "CustomerReference": "GUEST-2",
    "TelephoneNumber": line.TelephoneNumber,
    "SymptomCode": "NDT",
    "Description": "No dial tone since this morning.",
    "Contact": {"Name": "Siân O'Neill", "TelephoneNumber": "+447700900456"},
}
receipt = faults.SubmitFault(Header=head, Fault=fault).Receipt
say("fault", result=receipt.Result, codes=codes(receipt))
(*_, update) = follow(head["ConversationId"], {"ACKNOWLEDGED", "FAULT_REJECTED"})
say("told", kind=update.Update.Kind, reference=update.Update.Fault.CustomerReference, line=update.Update.Fault.TelephoneNumber)
snapshot = faults.QueryFault(Header=header("QueryFault"), Query={"CustomerReference": "GUEST-2", "WithHistory": True}).Snapshot
say("snapshot", number=snapshot.Fault.FaultNumber, same=snapshot.Fault.FaultNumber == update.Update.Fault.FaultNumber)

# From the beginning, as if what was kept had been lost.
once = delivery.FetchDocument(Header=header("FetchDocument"), Fetch={"After": 0}).Delivered
say("refetched", sequence=once.Sequence, possible_duplicate=once.PossibleDuplicate)

# What is refused.
wrong = orders.SubmitOrder(Header=header("SubmitOrder", "2.0"), Order={**order, "AddressKey": "A1", "ExcessAgreed": "-1"})
say("wrong", result=wrong.Receipt.Result, paths=[error.Path for error in wrong.Receipt.Errors.Error])
for step, use in (("stranger", client("css-stranger")), ("question", partner)):
    try:
        service = use.bind("Partner", "Enquiries1")
        service.QueryOrder(Header=header("QueryOrder"), Query={"OrderNumber": "1", "WithEvents": True})
    except Fault as refusal:
        detail = use.get_element("{urn:css:acknowledgement:1}Acknowledgement").parse(refusal.detail[0], use.wsdl.types)
        say(step, fault=refusal.code, codes=codes(detail.Receipt))
say("done", after=kept)
