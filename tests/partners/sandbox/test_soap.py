"""The test area by SOAP: the same scenarios, their trouble on the way too, in envelopes."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from css.partners.pages import soap
from css.partners.sandbox.scenarios import SLOW_SECONDS
from css.xml import Element, add, add_header, check, document, read_message, to_bytes
from tests.partners.sandbox.at_area import Area, order
from tests.partners.speaking import codes, header, opened, said

ADDRESS = "/partner/v1/sandbox/soap"
ENVELOPE = f'<s:Envelope xmlns:s="{soap.SOAP}"><s:Body>%s</s:Body></s:Envelope>'


def call(area: Area, message: bytes, key: str | None = None) -> TestResponse:
    body = ENVELOPE % message.decode().partition("?>")[2]
    shown = {"Authorization": f"Bearer {key or area.key}", "SOAPAction": '""'}
    return area.client.post(ADDRESS, data=body.encode(), content_type="text/xml", headers=shown)


def inside(answer: TestResponse) -> bytes:
    """The document in the Body, or in the detail of the Fault there."""
    ((content,),) = [list(part) for part in read_message(answer.data)]
    if content.tag == f"{{{soap.SOAP}}}Fault":
        content = content.find("detail")[0]  # type: ignore[index]
    return to_bytes(content)


def fetched(area: Area, after: int) -> Element:
    root = document("{urn:css:delivery:1}FetchDocument")
    add_header(root, header(message_type="FetchDocument"))
    add(add(root, "Fetch"), "After", str(after))
    check(root)
    answer = call(area, to_bytes(root))
    assert answer.status_code == 200
    return opened(inside(answer))


def test_an_order_is_played_and_its_documents_are_fetched(area: Area) -> None:
    answer = call(area, order(0))
    assert (answer.status_code, said(opened(inside(answer)), "Receipt/Result")) == (200, "RECEIVED")
    area.later(60)
    kinds, after = [], 0
    while said(delivery := fetched(area, after), "Delivered/Sequence"):
        after = int(said(delivery, "Delivered/Sequence"))
        kinds.append(said(delivery, "Delivered/Extension/OrderUpdate/Update/Kind"))
    assert kinds == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
    assert area.told() == kinds


@pytest.mark.parametrize(("number", "kind", "status"), [(801, "soap:Server", 503), (803, "soap:Client", 429), (804, "soap:Server", 500)])
def test_what_a_scenario_turns_away_is_a_fault_with_its_status(area: Area, number: int, kind: str, status: int) -> None:
    message = order(number)
    answer = call(area, message)
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "2")
    assert read_message(answer.data).findtext(".//faultcode") == kind
    assert said(opened(inside(answer)), "Receipt/Result") == "REJECTED"
    taken = call(area, message)
    assert (taken.status_code, said(opened(inside(taken)), "Receipt/Result")) == (200, "RECEIVED")


def test_a_slow_answer_is_slow_here_too(area: Area) -> None:
    assert call(area, order(806)).status_code == 200
    assert area.slept == [SLOW_SECONDS]


def test_an_answer_that_is_lost_is_no_envelope_and_the_same_again_is_a_duplicate(area: Area) -> None:
    message = order(805)
    broken = call(area, message)
    with pytest.raises(ConnectionAbortedError):
        inside(broken)
    again = call(area, message)
    assert (again.status_code, said(opened(inside(again)), "Receipt/Result")) == (200, "DUPLICATE")


def test_a_key_of_the_live_gateway_opens_nothing_here_nor_the_other_way(area: Area, keys: dict[str, str]) -> None:
    refused = call(area, order(0), keys["BRACKWAT/live"])
    assert (refused.status_code, [code for code, _ in codes(inside(refused))]) == (401, ["CSS556E"])
    live = area.client.post(
        "/partner/v1/soap", data=ENVELOPE % "<a/>", content_type="text/xml", headers={"Authorization": f"Bearer {area.key}"}
    )
    assert live.status_code == 401


def test_an_envelope_is_judged_as_on_the_live_gateway(area: Area) -> None:
    answer = call(area, b"<?xml version='1.0'?><a/><b/>")
    assert (answer.status_code, [code for code, _ in codes(inside(answer))]) == (500, ["CSS573E"])


def test_the_wsdl_of_the_test_area_has_its_address_and_finds_the_schemas(area: Area) -> None:
    described = read_message(area.client.get(f"{ADDRESS}?wsdl").data)
    assert {node.get("location") for node in described.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")} == {
        f"http://localhost{ADDRESS}"
    }
    (first, *_) = described.iter("{http://www.w3.org/2001/XMLSchema}import")
    # As seen from the address of the WSDL: one folder up.
    assert str(first.get("schemaLocation")).startswith("../schemas/")
    assert area.client.get("/partner/v1/schemas/order-2.xsd").status_code == 200
