"""One order, three doors: keyed on the screen, sent by the partner as XML, and given to ``css do``. The rows are the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from css.core.clock import FixedClock
from css.core.codec import to_plain
from css.core.words import DirectoryEntryKind, Role
from css.db.engine import transaction
from css.master.commands import AddOperator
from css.master.enrol import add_operator
from css.partners.access.keys import own_party, partner_of
from css.partners.intake.inbox import receive
from css.settings import Settings
from css.web.app import create_app
from css.xml import COMMON, MessageHeader, add, add_contact, add_header, date_text, document, to_bytes
from orders.commands.orders import PlaceOrder
from orders.words import OrderKind
from tests import builders
from tests.scenarios.copies import copy_of
from tests.web.conftest import seated

REQUIRED_ON = date(2026, 3, 16)
REFERENCE = "BN-2026-0001"


@dataclass(frozen=True)
class Morning:
    account: str
    address_key: str


# What a door adds of its own is left out: who keyed it and when, and the conversation. So are serials and surrogate keys: the
# screen shows an order by rehearsing it, and what a rehearsal took from a sequence is gone.
ROWS = {
    "order": "SELECT kind, state, account_id, provider_id, customer_reference, required_on, committed_on, plant_outcome, "
    "telephone_number, care_level, contact_name, contact_phone, directory_kind, directory_name, emergency_name, hazard_notes, visit_notes "
    "FROM orders.customer_order",
    "items": "SELECT item_number, action, product_id FROM orders.order_item ORDER BY 1",
    "kci": "SELECT sequence, kind, problem_code, words, "
    "order_copy - 'order_number' - 'placed_at' - 'placed_by' - 'placed_on' - 'consented_at' - 'conversation_id' "
    "FROM orders.kci_event ORDER BY 1",
    "line": "SELECT state, account_id, provider_id, site_id, pair_id FROM css.line",
    "pairs": "SELECT id, state FROM css.pair ORDER BY 1",
    "outbox": "SELECT sequence, message_type FROM css.outbox_message ORDER BY 1",
    "audit": "SELECT verb, subject_kind FROM css.audit_event WHERE verb = 'place_order'",
}


def rows_of(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(text(statement))] for name, statement in ROWS.items()}


@pytest.fixture
def morning(fresh_engine: Engine) -> tuple[Engine, Morning]:
    """A district with a partner's account, a free site, and an operator."""
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        account = builders.account(session, zz, provider_code="BRACKWAT", billing_name="Brackwater Networks Ltd")
        add_operator(
            session,
            AddOperator(code="AMY", name="Amy", team="Desk", password="slow green parrot", roles=tuple(Role)),
            by=builders.OPERATOR,
            at=builders.AT,
        )
    return fresh_engine, Morning(account.number, zz.gold[0].address_key)


def by_screen(engine: Engine, morning: Morning, home: Path) -> None:
    app = create_app(Settings(home=home, secret_key="for tests and nothing else"), engine, FixedClock(builders.AT))
    desk = seated(app, engine, "AMY", builders.AT)
    desk.open(f"/s/OR01/{morning.account}")
    desk.press(
        "Enter",
        account_number=morning.account,
        kind="P",
        customer_reference=REFERENCE,
        contact_name="Order desk",
        contact_phone="0306 999 0123",
        product_codes="LINE-WHO CALLER-DISPLAY",
        address_key=morning.address_key,
        care_level="2",
        directory_kind="XD",
        directory_name="",  # the screen proposes one; ex-directory needs none
        emergency_name="Olwen Pryce",
        required_on="16 Mar 2026",
        hazard_notes="Dog in the yard",
    )
    desk.press("F6")
    assert desk.title == "OR03 Order progress", (desk.title, desk.said)


def by_xml(engine: Engine, morning: Morning, _home: Path) -> None:
    with transaction(engine) as session:
        us, them = own_party(session), partner_of(session, "BRACKWAT").party
    root = document("{urn:css:order:2}SubmitOrder", {"c": COMMON.strip("{}")})
    header = MessageHeader(
        message_id=str(uuid.uuid4()),
        message_type="SubmitOrder",
        schema_version="2.0",
        conversation_id=str(uuid.uuid4()),
        sender=them,
        receiver=us,
        created_at=builders.AT,
    )
    add_header(root, header)
    order = add(root, "Order")
    add(order, "CustomerReference", REFERENCE)
    add(order, "Kind", "PROVIDE")
    add(order, "AccountNumber", morning.account)
    add(order, "AddressKey", morning.address_key)
    add(order, "RequiredDate", date_text(REQUIRED_ON))
    add(order, "ProductCode", "LINE-WHO")
    add(add(add(order, "Features"), "Feature"), "ProductCode", "CALLER-DISPLAY")
    add(order, "CareLevel", "2")
    # The screen has what it read out agreed to by whom it speaks with; the others say so.
    add(add(order, "Consent"), "GivenBy", "Order desk")
    add_contact(order, "Contact", "Order desk", "+443069990123")
    add(add(order, "DirectoryEntry"), "Kind", "XD")
    add(order, "EmergencyName", "Olwen Pryce")
    add(order, "HazardNotes", "Dog in the yard")
    answer = receive(engine, "BRACKWAT", to_bytes(root), clock=FixedClock(builders.AT), own_party=us)
    assert answer.status == 202, answer.body.decode()


def by_script(engine: Engine, morning: Morning, home: Path) -> None:
    command = PlaceOrder(
        token="script-1",
        kind=OrderKind.PROVIDE,
        account_number=morning.account,
        product_codes=("LINE-WHO", "CALLER-DISPLAY"),
        address_key=morning.address_key,
        required_on=REQUIRED_ON,
        care_level="2",
        consented_by="Order desk",
        customer_reference=REFERENCE,
        contact_name="Order desk",
        contact_phone="03069 990123",
        directory_kind=DirectoryEntryKind.EX_DIRECTORY,
        emergency_name="Olwen Pryce",
        hazard_notes="Dog in the yard",
    )
    file = home / "order.json"
    file.write_text(json.dumps(to_plain(command)), encoding="utf-8")
    environment = {**os.environ, "CSS_DATABASE_URL": engine.url.render_as_string(hide_password=False), "CSS_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "css", "do", "place-order", str(file)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_same_order_by_screen_xml_and_script_gives_the_same_rows(morning: tuple[Engine, Morning], tmp_path: Path) -> None:
    engine, what = morning
    found: dict[str, dict[str, list[tuple[object, ...]]]] = {}
    doors: tuple[Callable[[Engine, Morning, Path], None], ...] = (by_screen, by_xml, by_script)
    for door in doors:
        home = tmp_path / door.__name__
        home.mkdir()
        with copy_of(engine) as copy:
            door(copy, what, home)
            found[door.__name__] = rows_of(copy)
    assert found["by_xml"] == found["by_script"]
    assert found["by_screen"] == found["by_script"]
    assert len(found["by_script"]["order"]) == 1
    assert [row[1] for row in found["by_script"]["kci"]] == ["ACKNOWLEDGED", "COMMITTED"]
    assert len(found["by_script"]["outbox"]) == 2
