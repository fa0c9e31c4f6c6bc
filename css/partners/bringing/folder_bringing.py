"""Documents put into partners' folders, each with its control file, and moved away when the partner says that it has them."""

from __future__ import annotations

import hashlib
import logging
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from billing.queries.issued_files import issued_files
from css.core.errors import BadMessage
from css.db.engine import transaction
from css.handover import OutboxRow
from css.partners.bringing.folder_files import NAME_FORM, Box, Boxes, NotPlainError
from css.partners.bringing.folder_round import CONTROL, CONTROL_BYTES_MAX, FILE_CONTROL, KEPT, MESSAGE, Exchanged, Office
from css.partners.model import DeliveryWay
from css.partners.outgoing.deliveries import Attempt, Lane, Outcome, begin, end, interrupted
from css.xml import MessageHeader, Party, add, add_header, children, document, read_message, read_stored, read_text, to_bytes

_OURS: Final = re.compile(r"[0-9]{8,18}-[A-Z][A-Za-z0-9]{1,31}")
_log = logging.getLogger(__name__)


def bring_all(office: Office, lane: Lane, us: Party, boxes: Boxes, still_held: Callable[[], None]) -> Exchanged:
    """Every document that is due, in order."""
    brought = 0
    attempt = _begun(office, lane, boxes) if lane.way is DeliveryWay.FOLDER and not office.stop.is_set() else None
    while attempt is not None:
        still_held()
        outcome = _put(office, lane, us, boxes, attempt)
        # What became of one and that the next begins is one commit: half as often to wait for the disk.
        with transaction(office.engine) as session:
            end(session, attempt, outcome, at=office.clock.now())
            goes_on = outcome.is_delivered and not office.stop.is_set()
            attempt = begin(session, lane, at=office.clock.now()) if goes_on else None
        if not outcome.is_delivered:
            return Exchanged(brought=brought, troubled=1)
        brought += 1
    return Exchanged(brought=brought)


def _begun(office: Office, lane: Lane, boxes: Boxes) -> Attempt | None:
    """The next document to put there. One whose control file a process wrote before it died is there: that is written down first."""
    at = office.clock.now()
    with transaction(office.engine) as session:
        before = interrupted(session, lane)
        if before is not None:
            control = _stem(before.document) + CONTROL
            if boxes.outgoing.has(control) or boxes.kept.has(control):
                end(session, before, Outcome(is_delivered=True), at=at)
        return begin(session, lane, at=at)


def _put(office: Office, lane: Lane, us: Party, boxes: Boxes, attempt: Attempt) -> Outcome:
    stem = _stem(attempt.document)
    with transaction(office.engine) as session:
        number = _bill_number(attempt.document)
        bill = issued_files(session, lane.partner.provider_id, number) if number else ()
    files = [(stem + MESSAGE, attempt.document.body), *((file.file_name, file.content) for file in bill)]
    try:
        # The files of a bill before the notice that names them, and the control file last of all.
        for name, content in reversed(files):
            boxes.outgoing.write(name, content)
        boxes.outgoing.write(stem + CONTROL, _control(attempt, files, us=us, to=lane.partner.party))
    except OSError as trouble:
        _log.warning(
            "folder cannot be written", extra={"provider": lane.partner.code, "reason": type(trouble).__name__, "errno": trouble.errno}
        )
        return Outcome(is_delivered=False, words="The folder could not be written.")
    return Outcome(is_delivered=True)


def _stem(row: OutboxRow) -> str:
    return f"{row.sequence:08}-{row.message_type}"


def _bill_number(row: OutboxRow) -> str | None:
    return read_text(read_stored(row.body), "Bill/BillNumber") if row.message_type == "BillNotice" else None


def _control(attempt: Attempt, files: Sequence[tuple[str, bytes]], *, us: Party, to: Party) -> bytes:
    """The control file of a document. The same files, new or marked, have the same bytes and id whenever it is written."""
    row = attempt.document
    root = document(FILE_CONTROL)
    mark = "again" if attempt.is_possible_duplicate else "first"
    add_header(
        root,
        MessageHeader(
            message_id=str(uuid.uuid5(uuid.UUID(row.message_id), f"FileControl/{mark}")),
            message_type="FileControl",
            conversation_id=row.conversation_id,
            sender=us,
            receiver=to,
            created_at=row.created_at,
        ),
    )
    add(root, "Sequence", str(row.sequence))
    if attempt.is_possible_duplicate:
        add(root, "PossibleDuplicate", "true")
    block = add(root, "Files")
    for name, content in files:
        file = add(block, "File")
        add(file, "FileName", name)
        add(file, "ByteCount", str(len(content)))
        add(file, "Sha256", hashlib.sha256(content).hexdigest())
    return to_bytes(root, indented=True)


def put_away(office: Office, boxes: Boxes) -> Exchanged:
    """Move what the partner says it has; its own file last, for that is what is looked for."""
    kept = 0
    for name in boxes.outgoing.names():
        stem = name.removesuffix(KEPT)
        if office.stop.is_set() or not name.endswith(KEPT) or not _OURS.fullmatch(stem):
            continue
        for file in (*_named_in(boxes.outgoing, stem), stem + MESSAGE, stem + CONTROL, name):
            boxes.outgoing.move(file, boxes.kept)
        kept += 1
    return Exchanged(kept=kept)


def _named_in(box: Box, stem: str) -> list[str]:
    """The files a control file of ours names, whatever was done to it meanwhile: at worst none."""
    try:
        control = box.read(stem + CONTROL, CONTROL_BYTES_MAX)
        root = read_message(control or b"", limit_bytes=CONTROL_BYTES_MAX)
    except (NotPlainError, BadMessage):
        return []
    named = [read_text(file, "FileName") or "" for file in children(root, "Files/File")]
    return [name for name in named if NAME_FORM.fullmatch(name) and not name.endswith((CONTROL, KEPT))]
