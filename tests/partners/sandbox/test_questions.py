"""Questions to a test area, both ways; slots held; and the pages a partner reads there."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from werkzeug.serving import make_server

import schemas
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.gateway import create_application
from css.partners.messages import TAKEN
from css.partners.sandbox import page
from css.partners.sandbox.area import ResetSandbox, reset_sandbox
from css.partners.sandbox.fault_scenarios import FAULTS
from css.partners.sandbox.intake import _VERBS
from css.partners.sandbox.progress import ASKED_FOR, Stage, sandbox_progress
from css.partners.sandbox.questions import ANSWERED
from css.partners.sandbox.scenarios import SCENARIOS
from css.xml import add_header, document, find, to_bytes
from tests.builders import OPERATOR
from tests.partners.asking import answer_of, codes_of, enquiry
from tests.partners.fault_speaking import list_open, query, submit
from tests.partners.sandbox.at_area import Area, order
from tests.partners.speaking import AT, codes, header, opened, put, said


def test_every_message_that_is_taken_is_played() -> None:
    assert set(TAKEN) <= {*_VERBS, *ANSWERED}


def test_an_order_is_asked_for_both_ways(area: Area) -> None:
    number = area.placed(103)
    area.later(20)
    at_once = area.post(enquiry("QueryOrder", OrderNumber=number), to="queries")
    assert at_once.status_code == 200
    answer = answer_of(at_once.data)
    assert said(answer, "Order/State") == "HELD"
    assert [event.findtext("{*}Kind") for event in answer.iterfind("{*}Events/{*}Event")] == ["ACKNOWLEDGED", "COMMITTED", "DELAY"]
    short = answer_of(area.post(enquiry("QueryOrder", OrderNumber=number, WithEvents="false"), to="queries").data)
    assert (said(short, "Order/State"), find(short, "Events")) == ("HELD", None)
    assert area.post(enquiry("QueryOrder", OrderNumber=number)).status_code == 202
    _, snapshot = area.documents()
    assert said(snapshot, "Answer/Order/OrderNumber") == number
    assert codes_of(area.post(enquiry("QueryOrder", OrderNumber="SXO99999990"), to="queries").data)[0][0] in {"CSS054E", "CSS202E"}


def test_what_was_ordered_is_listed(area: Area) -> None:
    area.placed(4)
    area.placed(0)
    orders = answer_of(area.post(enquiry("ListMyOpenOrders", Limit="10"), to="queries").data)
    assert said(orders, "Count") == "2"
    area.later(60)
    orders = answer_of(area.post(enquiry("ListMyOpenOrders", Limit="10"), to="queries").data)
    lines = answer_of(area.post(enquiry("ListMyLines", Limit="10"), to="queries").data)
    assert (said(orders, "Count"), said(lines, "Count")) == ("1", "1")
    assert said(lines, "Lines/Line/TelephoneNumber") == "+441632960000"
    area.post(order(0, "CEASE"))
    area.later(60)
    assert said(answer_of(area.post(enquiry("ListMyLines", Limit="10"), to="queries").data), "Count") == "0"


@pytest.mark.parametrize(("number", "outcome"), [(0, "SPARE_PAIR"), (2, "BUILD"), (9, "RESTART")])
def test_plant_is_as_the_order_will_find_it(area: Area, number: int, outcome: str) -> None:
    answer = answer_of(area.post(enquiry("LinePlantQuery", AddressKey=f"A00000000{number:03d}"), to="queries").data)
    assert said(answer, "Plant/PlantOutcome") == outcome
    assert find(answer, "Plant/Orderables") is not None
    short = answer_of(area.post(enquiry("LinePlantQuery", AddressKey=f"A00000000{number:03d}", WithOrderables="false"), to="queries").data)
    assert (said(short, "Plant/PlantOutcome"), find(short, "Plant/Orderables")) == (outcome, None)
    area.post(order(number))
    area.later(90)
    assert said(area.documents()[0], "Update/Order/PlantOutcome") == outcome


def test_addresses_are_found_by_postcode(area: Area) -> None:
    several = answer_of(area.post(enquiry("LinePlantQuery", Postcode="ZZ1 0AA"), to="queries").data)
    found = find(several, "AddressesFound")
    assert found is not None
    assert len(found) == 2
    one = answer_of(area.post(enquiry("LinePlantQuery", Postcode="ZZ1 0AA", Premises="103"), to="queries").data)
    assert said(one, "Plant/AddressKey") == "A00000000103"
    for wrong, code in (("Postcode", "ZZ9 9ZZ"), "CSS530E"), (("AddressKey", "A00000000501"), "CSS209E"):
        assert codes_of(area.post(enquiry("LinePlantQuery", [wrong]), to="queries").data)[0][0] == code


def test_a_slot_is_offered_held_and_ordered_by(area: Area) -> None:
    offer = answer_of(area.post(enquiry("AppointmentQuery", AddressKey="A00000000004"), to="queries").data)
    day, half = said(offer, "Offer/FreeSlots/FreeSlot/Date"), said(offer, "Offer/FreeSlots/FreeSlot/Slot")
    assert area.post(enquiry("ReserveAppointment", AddressKey="A00000000004", Date=day, Slot=half)).status_code == 202
    (held,) = area.documents()
    number = said(held, "Answer/Reservation/AppointmentNumber")
    assert said(held, "Answer/Reservation/State") == "HELD"
    area.placed(4, parts=[("AppointmentNumber", number)])
    assert area.post(enquiry("ReleaseAppointment", AppointmentNumber=number)).status_code == 202
    area.later(25 * 3600)
    assert area.post(order(4, parts=[("AppointmentNumber", number)])).status_code == 202
    assert codes(area.fetch()[-1].data)[0][0] in {"CSS820E", "CSS535E"}


def test_where_nothing_is_free_nothing_is_held(area: Area) -> None:
    offer = answer_of(area.post(enquiry("AppointmentQuery", AddressKey="A00000000510"), to="queries").data)
    assert find(offer, "Offer/FreeSlots") is None
    assert area.post(enquiry("ReserveAppointment", AddressKey="A00000000510", Date="2026-03-10", Slot="AM")).status_code == 202
    (answer,) = area.fetch()
    assert [code for code, _ in codes_of(answer.data)] == ["CSS818E"]


def test_faults_are_asked_for(area: Area) -> None:
    message = submit("441632960000", reference="F-1")
    assert area.post(message).status_code == 202
    area.later(10)
    answer = opened(area.post(query(reference="F-1", history=True), to="queries").data)
    kinds = [event.findtext("{*}Kind") for event in answer.iterfind("{*}Snapshot/{*}History/{*}Event")]
    assert kinds == ["ACKNOWLEDGED", "TESTED", "DIAGNOSED"]
    listed = opened(area.post(list_open(), to="queries").data)
    assert said(listed, "Page/Faults/Fault/CustomerReference") == "F-1"
    assert said(listed, "Page/Last") == "true"


def test_a_document_is_fetched_by_a_question(area: Area) -> None:
    assert area.post(order(0)).status_code == 202
    head = replace(header(), message_type="FetchDocument")
    root = document("{urn:css:delivery:1}FetchDocument")
    add_header(root, head)
    put(root, [("Fetch", [("After", "1")])])
    answer = opened(area.post(to_bytes(root), to="queries").data)
    assert (said(answer, "Delivered/Sequence"), said(answer, "LastSequence")) == ("2", "2")
    assert answer.findtext(".//{urn:css:order:1}Update/{*}Kind") or answer.findtext(".//{urn:css:order:2}Kind") == "COMMITTED"
    assert area.post(to_bytes(root)).status_code == 202
    refused = area.documents()[-1]
    assert said(refused, "Errors/Error/Code") == "CSS579E"


def test_a_command_is_no_question(area: Area) -> None:
    answer = area.post(order(0), to="queries")
    assert (answer.status_code, codes(answer.data)[0][0]) == (400, "CSS534E")
    assert area.told() == []


def test_the_page_is_as_the_table_makes_it() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run: python -m css.partners.sandbox.page"
    rows = re.findall(r"^\| ([0-9]{3}) \|", page.page(), re.MULTILINE)
    assert len(rows) == len(SCENARIOS) + len(FAULTS)


def test_the_table_and_the_progress_are_read_there(area: Area) -> None:
    table = area.get("scenarios").get_data(as_text=True)
    assert len([line for line in table.splitlines() if line[:3].isdigit()]) == len(SCENARIOS) + len(FAULTS)
    area.post(order(3))
    area.fetch()
    lines = area.get("progress").get_data(as_text=True).splitlines()
    assert any(line.startswith("passed   003   received, and then silence") for line in lines)
    assert not any(line.startswith("missing  003 ") for line in lines)


def test_progress_is_asked_for_and_survives_a_reset(engine: Engine, area: Area) -> None:
    area.post(order(501))
    area.fetch()
    with transaction(engine) as session:
        emptied = reset_sandbox(session, ResetSandbox(provider_code=PARTNER), by=OPERATOR, at=AT)
        found = sandbox_progress(session, PARTNER, at=AT)
    assert (emptied.documents, emptied.messages) == (1, 1)
    assert 501 in {row.scenario for row in found.passed}
    assert found.stage is Stage.LIVE
    assert set(ASKED_FOR) <= {*SCENARIOS, *FAULTS}


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_shell_example_of_the_page_works(engine: Engine, area: Area, tmp_path: Path) -> None:
    (words,) = re.findall(r"```sh\n(.*?)```", page.page(), re.DOTALL)
    (tmp_path / "schemas").symlink_to(schemas.DIRECTORY)
    server = make_server("127.0.0.1", 0, create_application(engine, area.watch), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    environment = {
        "PATH": "/usr/bin:/bin",
        "SANDBOX_KEY": area.key,
        "GATEWAY": f"http://127.0.0.1:{server.server_port}",
        "NOW": f"{AT:%Y-%m-%dT%H:%M:%SZ}",
    }
    try:
        done = subprocess.run(["sh", "-ec", words], env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=30)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    taken, told, _ = done.stdout.split(b"<?xml")[0:3]
    assert b"RECEIVED" in told
    assert b"ACKNOWLEDGED" in done.stdout
    assert taken == b""
