"""The files of issued bills, for whoever the bill is sent to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.messages import FORMS
from billing.model import Bill, BillFile
from billing.words import BillFileKind, BillState
from css.core.errors import NotFound
from css.master.accounts import Account

_KINDS = {name: kind for kind, (name, _) in FORMS.items()}


@dataclass(frozen=True, slots=True)
class IssuedFile:
    """A file as it was issued, byte for byte."""

    kind: str
    """As the bill's notice calls it: ``BILL_PDF``."""
    media_type: str
    file_name: str
    sha256: str
    content: bytes


def issued_file(session: Session, provider_id: int, bill_number: str, kind: str) -> IssuedFile:
    """A file of a provider's issued bill, by the number and the kind that stand in its notice. One statement.

    Raises:
        NotFound: CSS581E: no such bill, not this provider's, not issued, or without such a file; which of them is not said.
    """
    row = session.execute(
        select(BillFile.kind, BillFile.file_name, BillFile.sha256, BillFile.content)
        .join(Bill, Bill.id == BillFile.bill_id)
        .join(Account, Account.id == Bill.account_id)
        .where(
            # What could be no number is none: some of it, like NUL, no statement could even hold.
            Bill.number == (bill_number if bill_number.isascii() and bill_number.isalnum() else None),
            Bill.state == BillState.ISSUED,
            BillFile.kind == _KINDS.get(kind),
            Account.provider_id == provider_id,
        )
    ).one_or_none()
    if row is None:
        raise NotFound("CSS581E", "There is no such file of a bill of yours.")
    return _file(BillFileKind(row.kind), row.file_name, row.sha256, row.content)


def issued_files(session: Session, provider_id: int, bill_number: str) -> Sequence[IssuedFile]:
    """All files of a provider's issued bill, in the order of its notice; none where there is no such bill. One statement."""
    rows = session.execute(
        select(BillFile.kind, BillFile.file_name, BillFile.sha256, BillFile.content)
        .join(Bill, Bill.id == BillFile.bill_id)
        .join(Account, Account.id == Bill.account_id)
        .where(Bill.number == bill_number, Bill.state == BillState.ISSUED, Account.provider_id == provider_id)
    ).all()
    order = list(FORMS)
    files = [_file(BillFileKind(row.kind), row.file_name, row.sha256, row.content) for row in rows]
    return sorted(files, key=lambda file: order.index(_KINDS[file.kind]))


def _file(kind: BillFileKind, file_name: str, sha256: str, content: bytes) -> IssuedFile:
    name, media_type = FORMS[kind]
    return IssuedFile(name, media_type, file_name, sha256, bytes(content))
