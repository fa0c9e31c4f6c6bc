"""The files of bills as a BillNotice names them: over HTTP and beside the notice in a folder, and nobody else's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from css.db.engine import transaction
from css.handover import outbox_after
from css.master.commands import AddProvider
from css.master.enrol import add_provider
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.bringing.folder_round import Exchanged
from css.partners.bringing.folders import exchange_once
from css.partners.gateway import create_application
from css.partners.model import DeliveryWay
from css.xml import children, read_message, read_text
from tests import builders
from tests.partners.dropping import FOLDER, Drop
from tests.partners.receiving import agree
from tests.partners.speaking import AT, CLOCK, RIVAL, RIVAL_CODE, codes, opened, said
from tests.records.billed import bills, night

START, FEBRUARY = date(2026, 1, 15), date(2026, 2, 5)


@dataclass(frozen=True)
class Night:
    """A partner's bill and its notice, and who else there is."""

    number: str
    retail_number: str
    notice: bytes
    keys: dict[str, str]

    def files(self) -> list[tuple[str, str, str, int, str]]:
        """Kind, media type, name, length and sum of each."""
        root = read_message(self.notice)
        return [
            (said(one, "Kind"), said(one, "MediaType"), said(one, "Reference"), int(said(one, "ByteCount")), said(one, "Sha256"))
            for one in children(root, "Bill/Documents/Document")
        ]


@pytest.fixture(scope="module")
def billed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Night:
    with transaction(engine) as session:
        zz = builders.district(session, on=START, sites=6)
        add_provider(
            session,
            AddProvider(
                code=RIVAL_CODE, name="Rival Networks Ltd", party_id=RIVAL.id, address_lines=("3 Quay Street",), postcode="ZZ9 9ZZ"
            ),
            by=builders.OPERATOR,
            at=AT,
        )
        home = builders.account(session, zz, cycle_day=5)
        carrier = builders.account(session, zz, provider_code=PARTNER, cycle_day=5, vat_status="reverse-charge", vat_number="GB999999973")
        for account in (home, carrier):
            builders.working_line(session, zz, account, starts_on=START)
        night(session, FEBRUARY, tmp_path_factory.mktemp("bills"))
        (own,), (retail,) = bills(session, carrier), bills(session, home)
        keys = {
            code: issue_key(session, IssuePartnerKey(provider_code=code, words="bills"), by=builders.OPERATOR, at=AT)
            for code in (PARTNER, RIVAL_CODE)
        }
        (notice,) = outbox_after(session, PARTNER, 0)
        assert own.number is not None
        assert retail.number is not None
        return Night(own.number, retail.number, notice.body, keys)


@pytest.fixture
def client(engine: Engine) -> FlaskClient:
    return create_application(engine, CLOCK).test_client()


def shown(billed: Night, code: str = PARTNER) -> dict[str, str]:
    return {"Authorization": f"Bearer {billed.keys[code]}"}


def test_every_file_of_a_notice_is_had_byte_for_byte(client: FlaskClient, billed: Night) -> None:
    assert [kind for kind, *_ in billed.files()] == ["INVOICE_XML", "BILL_PDF", "BILL_DATA"]
    for kind, media_type, name, length, digest in billed.files():
        answer = client.get(f"/partner/v1/bills/{billed.number}/{kind}", headers=shown(billed))
        assert (answer.status_code, len(answer.data), hashlib.sha256(answer.data).hexdigest()) == (200, length, digest)
        assert answer.mimetype == media_type
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["ETag"] == f'"{digest}"'
        again = client.get(f"/partner/v1/bills/{billed.number}/{kind}", headers={**shown(billed), "If-None-Match": f'"{digest}"'})
        assert (again.status_code, again.data) == (304, b"")
        assert client.head(f"/partner/v1/bills/{billed.number}/{kind}", headers=shown(billed)).headers["Content-Length"] == str(length)


def test_not_yours_is_told_as_not_there(client: FlaskClient, billed: Night) -> None:
    """Another partner's, our own customer's, no bill at all, no such kind, no number: one answer, but for its id and time."""
    asked = [
        (RIVAL_CODE, billed.number, "BILL_PDF"),
        (PARTNER, billed.retail_number, "BILL_PDF"),
        (PARTNER, "ZZB99999999", "BILL_PDF"),
        (PARTNER, billed.number, "CALLS_XML"),
        (PARTNER, billed.number, "pdf"),
        (PARTNER, billed.number.lower(), "BILL_PDF"),
        (PARTNER, "%00", "%ff"),
        (PARTNER, "' OR 1=1", "BILL_PDF"),
    ]
    answers = [client.get(f"/partner/v1/bills/{number}/{kind}", headers=shown(billed, code)) for code, number, kind in asked]
    assert {answer.status_code for answer in answers} == {404}
    assert {tuple(codes(answer.data)) for answer in answers} == {(("CSS581E", None),)}
    assert len({said(opened(answer.data), "Receipt/Errors/Error/Text") for answer in answers}) == 1
    assert client.get(f"/partner/v1/bills/{billed.number}/BILL_PDF").status_code == 401


def test_a_bill_that_is_not_issued_yet_is_not_there(engine: Engine, client: FlaskClient, billed: Night) -> None:
    address = f"/partner/v1/bills/{billed.number}/BILL_PDF"
    with engine.begin() as connection:
        connection.execute(text("UPDATE billing.bill SET state = 'posted' WHERE number = :number"), {"number": billed.number})
    assert client.get(address, headers=shown(billed)).status_code == 404
    with engine.begin() as connection:
        connection.execute(text("UPDATE billing.bill SET state = 'issued' WHERE number = :number"), {"number": billed.number})
    assert client.get(address, headers=shown(billed)).status_code == 200


def test_in_a_folder_the_files_lie_beside_their_notice(engine: Engine, billed: Night, tmp_path: Path) -> None:
    agree(engine, DeliveryWay.FOLDER, folder=FOLDER)
    drop = Drop(tmp_path / "partners").ready()
    assert exchange_once(engine, CLOCK, drop.directory) == Exchanged(brought=1)
    stem = "00000001-BillNotice"
    names = [name for _, _, name, _, _ in billed.files()]
    assert drop.names("out") == sorted([f"{stem}.xml", f"{stem}.ctl", *names])
    root = opened(drop.at("out", f"{stem}.ctl").read_bytes())
    stated = [(said(file, "FileName"), said(file, "Sha256")) for file in children(root, "Files/File")]
    assert stated == [
        (f"{stem}.xml", hashlib.sha256(billed.notice).hexdigest()),
        *((name, digest) for _, _, name, _, digest in billed.files()),
    ]
    for name, digest in stated:
        assert hashlib.sha256(drop.at("out", name).read_bytes()).hexdigest() == digest
    assert read_text(root, "Sequence") == "1"
    drop.at("out", f"{stem}.ack").touch()
    assert exchange_once(engine, CLOCK, drop.directory) == Exchanged(kept=1)
    assert drop.names("out") == []
    assert drop.names("kept") == sorted([f"{stem}.xml", f"{stem}.ctl", f"{stem}.ack", *names])
