"""The examples of the partner guide, run as they stand against the gateway on a real socket."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from sqlalchemy import Engine
from werkzeug.serving import make_server

import schemas
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners import front
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from css.partners.intake import inbox
from css.partners.pages import doors, fetching
from orders.commands.orders import PlaceOrder
from orders.messages import version2
from orders.rules.content import makes_a_line
from orders.rules.kinds import KINDS, KindRule
from orders.words import CancelOtherReason, CeaseReason, KciKind, OrderKind
from tests.builders import AT, OPERATOR
from tests.partners.speaking import CLOCK, Scene, codes, header, opened, orders_of, outbox, said, submit_order

ROOT = schemas.DIRECTORY.parent
GUIDE = (ROOT / "docs" / "partner-xml-guide.md").read_text(encoding="utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@pytest.fixture(scope="module")
def environment(engine: Engine, district: Scene) -> Iterator[dict[str, str]]:
    """What the examples take for given: the gateway's address and a key."""
    with transaction(engine) as session:
        key = issue_key(session, IssuePartnerKey(provider_code=PARTNER, words="guide"), by=OPERATOR, at=AT)
    server = make_server("127.0.0.1", 0, create_application(engine, CLOCK), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {**os.environ, "KEY": key, "GATEWAY": f"http://127.0.0.1:{server.server_port}"}
    server.shutdown()
    thread.join()
    server.server_close()


@needs_curl
def test_the_shell_examples_send_and_fetch(environment: dict[str, str], tmp_path: Path) -> None:
    assert len(SHELL) == 2
    (tmp_path / "schemas").symlink_to(ROOT / "schemas")
    answers = []
    for words in SHELL:
        done = subprocess.run(["sh", "-c", words], env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=30)
        answers.append(done.stdout)
    assert said(opened(answers[0]), "Receipt/Result") == "RECEIVED"
    # The sample's account is nobody's in the district of this test.
    assert codes(answers[1]) == [("CSS200E", "SubmitOrder/Order/AccountNumber")]
    assert "CSS-Sequence: 1" in (tmp_path / "headers.txt").read_text(encoding="ascii")


def test_the_python_example_is_a_whole_partner(
    environment: dict[str, str], engine: Engine, district: Scene, site: Callable[[], str], tmp_path: Path
) -> None:
    (program,) = PYTHON
    (tmp_path / "partner.py").write_text(program, encoding="utf-8")
    head = header()
    message = tmp_path / "order.xml"
    message.write_bytes(submit_order(district.account, site(), head=head))

    done = subprocess.run(
        [sys.executable, "partner.py"],
        env={**environment, "MESSAGE": str(message)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    documents = outbox(engine)
    assert done.stdout == f"{message} 202\nkept up to {len(documents)}\n"
    kept = [opened(path.read_bytes()) for path in sorted(tmp_path.glob("0*.xml"))]
    assert [said(root, "Header/MessageId") for root in kept] == [said(root, "Header/MessageId") for root in documents]
    assert len(orders_of(engine, head.message_id)) == 1


def test_the_guide_names_every_status_the_gateway_gives() -> None:
    named = {int(number) for row in re.findall(r"^\| ([0-9, ]+), [A-Z]+ \|", GUIDE, re.MULTILINE) for number in row.split(",")}
    # What a request is refused with before it is whole, too.
    before = Path(str(front.__file__)).parent.glob("*.py")
    paths = [*(Path(str(module.__file__)) for module in (doors, fetching, inbox)), *before]
    sources = "".join(path.read_text(encoding="utf-8") for path in paths)
    given = {HTTPStatus[name].value for name in re.findall(r"HTTPStatus\.([A-Z_]+)\b", sources)}
    assert given - {204, 304} == named


def row_of(rule: KindRule) -> str:
    """What the guide says of a kind of order, from the rule that refuses by it."""
    plain = PlaceOrder(kind=rule.kind, account_number="", required_on=AT.date(), contact_name="", contact_phone="")
    stands = version2._ORDER | (version2._NEW_LINE if rule.kind is OrderKind.PROVIDE else {})
    types = {str(kind.get("name")): kind for kind in schemas.source("order-2").iterchildren("{*}complexType")}
    sequence = [str(element.get("name")) for element in types["OrderRequest"].iter("{*}element")]

    def elements(names: frozenset[str]) -> set[str]:
        found = {stands[name].split("/")[0] for name in names}
        return found if makes_a_line(plain) or "product_codes" not in names else found - {"ProductCode"}

    needs = elements(rule.needs | ({"consented_by"} if rule.needs_consent else set()))
    may = elements(rule.may) - needs
    # The products of an order are a main one and features, and for most kinds features alone.
    may |= {"Features"} if "product_codes" in rule.needs | rule.may else set()
    told = [", ".join(name for name in sequence if name in part) for part in (needs, may)]
    return f"| {version2.code_of(rule.kind)} | {rule.does} | {told[0]} | {told[1]} |"


@pytest.mark.parametrize("rule", [rule for rule in KINDS.values() if rule.is_for_partners], ids=lambda rule: rule.kind.value)
def test_the_guide_says_of_each_kind_of_order_what_the_rules_say(rule: KindRule) -> None:
    assert row_of(rule) in GUIDE.splitlines()
    assert f"`schemas/samples/valid/submit-order-2-{rule.kind.value}.xml`" in GUIDE


def test_the_guide_has_every_code_of_the_open_lists() -> None:
    kinds = {word for row in re.findall(r"^\| ([A-Z_, ]+) \|", GUIDE, re.MULTILINE) for word in row.split(", ")}
    assert {kci.value for kci in KciKind} <= kinds
    causes = GUIDE.partition("CeaseReason is of the list:")[2][:300]
    assert {reason.value for reason in CeaseReason} <= set(re.findall(r"\b[A-Z]{2}\b", causes))
    assert {reason.value for reason in CancelOtherReason} <= set(
        re.findall(r"[A-Z_]+", GUIDE.partition("CancelOtherReason is of the list:")[2][:200])
    )
