"""A client that zeep makes of our WSDL, in an interpreter of its own that has no CSS: an order, its KCIs, a fault."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from werkzeug.serving import make_server

import schemas
from css.db.engine import transaction
from css.master.clocks import LOOKED_EVERY_SECONDS, house_clock, live_by_business_date
from css.master.districts import roll_business_date
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from orders.actions import complete_order
from orders.commands.orders import CompleteOrder
from orders.model import CustomerOrder
from tests import builders
from tests.builders import AT, OPERATOR
from tests.partners import running
from tests.partners.speaking import BRACKWATER, CLOCK, US, Scene, scene

GUEST = Path(__file__).with_name("soap_guest.py")
PAGE = schemas.DIRECTORY.parent / "docs" / "partner-soap.md"
NAME = re.compile(r"[A-Za-z0-9._-]+")


def needed(package: str, found: set[str] | None = None) -> set[str]:
    """A package and what it needs, of what is installed here."""
    found = set() if found is None else found
    found.add(package)
    for wanted in metadata.requires(package) or ():
        name = NAME.match(wanted)
        if name is not None and "extra ==" not in wanted and name[0].lower() not in found:
            try:
                metadata.distribution(name[0])
            except metadata.PackageNotFoundError:
                continue
            needed(name[0].lower(), found)
    return found


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has zeep and what zeep needs, and nothing else."""
    home = tmp_path_factory.mktemp("guest")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=60)
    (packages,) = (home / "lib").glob("python*/site-packages")
    for name in needed("zeep"):
        for file in metadata.distribution(name).files or ():
            top = Path(str(file)).parts[0]
            if top not in {"..", "__pycache__"} and not (packages / top).exists():
                (packages / top).symlink_to(Path(str(metadata.distribution(name).locate_file(top))).resolve())
    return home / "bin" / "python"


@pytest.fixture
def gateway(engine: Engine, district: Scene) -> Iterator[tuple[str, str]]:
    """Its address and a key."""
    with transaction(engine) as session:
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="guest"), by=OPERATOR, at=AT)
    server = make_server("127.0.0.1", 0, create_application(engine, CLOCK), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", key
    server.shutdown()
    thread.join()
    server.server_close()


def paper(directory: Path, district: Scene, now: datetime = AT) -> Path:
    """What the partner was told in its contract."""
    told = directory / "paper.json"
    address_key = district.district.gold[0].address_key
    facts = {"me": BRACKWATER.id, "you": US.id, "account": district.account, "address_key": address_key, "now": now.isoformat()}
    told.write_text(json.dumps(facts), encoding="utf-8")
    return told


def started(interpreter: Path, directory: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
    """The program, alone: none of our directories on its path and none of our variables."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "TMPDIR"}} | variables
    return subprocess.Popen(
        [str(interpreter), "-I", *words], cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def complete(engine: Engine, reference: str) -> None:
    """The house does the order, once it is there, on its date, which the gateway has noticed by then."""
    order = None
    end = time.monotonic() + 30
    while order is None and time.monotonic() < end:
        time.sleep(0.1)
        with transaction(engine) as session:
            order = session.execute(select(CustomerOrder).where(CustomerOrder.customer_reference == reference)).scalar()
    assert order is not None
    with transaction(engine) as session:
        roll_business_date(session, order.number[:2], to=order.required_on)
    time.sleep(LOOKED_EVERY_SECONDS + 0.5)
    done_at = datetime.combine(order.required_on, AT.timetz())
    with transaction(engine) as session:
        complete_order(session, CompleteOrder(order_number=order.number, done_on=order.required_on), by=builders.SYSTEM, at=done_at)


def judge(status: int, out: str, err: str) -> None:
    """What the guest met is what it should have met."""
    assert status == 0, err + out
    steps: dict[str, dict[str, Any]] = {words.pop("step"): words for words in map(json.loads, out.splitlines())}
    line = steps["kcis"]["line"]
    assert steps["order"] == {"result": "RECEIVED", "answers": True}
    assert steps["again"] == {"result": "DUPLICATE", "received_at": True}
    assert steps["altered"] == {"result": "REJECTED", "codes": ["CSS554E"]}
    assert steps["kcis"] == {"kinds": ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"], "numbers": [1, 2, 3], "line": line}
    assert steps["fault"] == {"result": "RECEIVED", "codes": []}
    assert (steps["told"]["reference"], steps["told"]["line"]) == ("GUEST-2", line)
    assert steps["snapshot"]["same"]
    assert steps["refetched"] == {"sequence": 1, "possible_duplicate": True}
    assert steps["wrong"] == {"result": "REJECTED", "paths": ["SubmitOrder/Order/AddressKey", "SubmitOrder/Order/ExcessAgreed"]}
    assert steps["stranger"] == {"fault": "soap:Client", "codes": ["CSS556E"]}
    assert steps["question"] == {"fault": "soap:Client", "codes": ["CSS513E"]}
    assert "done" in steps


@pytest.mark.timeout(180)
def test_a_client_made_of_the_wsdl_alone_orders_follows_and_reports_a_fault(
    fresh_engine: Engine, interpreter: Path, tmp_path: Path
) -> None:
    with transaction(fresh_engine) as session:
        district = scene(session)
        live_by_business_date(session, "ZZ", by=OPERATOR, at=AT)
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="guest"), by=OPERATOR, at=AT - timedelta(days=1))
    guest = tmp_path / "guest.py"
    guest.write_bytes(GUEST.read_bytes())
    now = house_clock(lambda: fresh_engine).now()

    with running.gateway(fresh_engine, tmp_path / "home") as gateway:
        address = gateway.url.removesuffix("/partner/v1")
        with started(interpreter, tmp_path, guest.name, address, key, str(paper(tmp_path, district, now))) as program:
            try:
                complete(fresh_engine, "GUEST-1")
                out, err = program.communicate(timeout=90)
            finally:
                program.kill()

    judge(program.returncode, out, err)


def test_the_guest_refuses_to_run_where_css_can_be_imported(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-I", str(GUEST), "", "", ""], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "'css'" in done.stderr


def test_the_example_of_the_page_orders_and_fetches(district: Scene, gateway: tuple[str, str], interpreter: Path, tmp_path: Path) -> None:
    address, key = gateway
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "partner.py").write_text(program, encoding="utf-8")
    told = {"GATEWAY": address, "KEY": key, "ACCOUNT": district.account, "NOW": AT.isoformat()}

    with started(interpreter, tmp_path, "partner.py", ADDRESS_KEY=district.district.gold[1].address_key, **told) as example:
        out, err = example.communicate(timeout=60)

    assert example.returncode == 0, err
    first, *fetched = out.splitlines()
    assert first == "RECEIVED"
    assert [words.split()[2:] for words in fetched[-2:]] == [["ACKNOWLEDGED"], ["COMMITTED"]]
