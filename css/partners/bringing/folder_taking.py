"""Messages that partners put into their folders: taken in by the gateway's own intake, answered by a file, and moved away."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from css.core.errors import BadMessage
from css.partners.bringing.folder_files import Box, Boxes, NotPlainError
from css.partners.bringing.folder_round import ANSWER, CONTROL, CONTROL_BYTES_MAX, FILE_CONTROL, MESSAGE, Exchanged, Office
from css.partners.intake.acknowledging import Traces, acknowledgement
from css.partners.intake.inbox import receive
from css.partners.model import Channel
from css.partners.outgoing.deliveries import Lane
from css.xml import (
    MESSAGE_BYTES_MAX,
    MessageError,
    Party,
    children,
    read_header,
    read_message,
    read_text,
    read_whole,
    required,
    schema_for,
    validate,
)

SETTLED_SECONDS: Final = 60
"""What does not fit together is left alone until nothing was written to it for so long: somebody may be writing it without a
temporary name."""

_log = logging.getLogger(__name__)


def take_all(office: Office, lane: Lane, us: Party, boxes: Boxes, still_held: Callable[[], None]) -> Exchanged:
    """Every message with its control file, in order of the names."""
    names = boxes.incoming.names()
    controls = [name for name in names if name.endswith(CONTROL)]
    alone = {name.removesuffix(MESSAGE) for name in names if name.endswith(MESSAGE)} - {name.removesuffix(CONTROL) for name in controls}
    total = Exchanged(waiting=len(alone))
    for name in controls:
        if office.stop.is_set():
            break
        still_held()
        total += _take(office, lane, us, boxes, name.removesuffix(CONTROL))
    return total


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a control file says of its file."""

    byte_count: int
    sha256: str


class _No(Exception):  # noqa: N818 - it reads as what it says
    """Why a file is not taken: told to the partner once nothing is being written any more."""

    def __init__(self, *errors: MessageError, traces: Traces | None = None) -> None:
        super().__init__(errors[0].text)
        self.errors = errors
        self.traces = traces or Traces()


def _take(office: Office, lane: Lane, us: Party, boxes: Boxes, stem: str) -> Exchanged:
    """One message: read, taken in, answered, moved away; in this order."""
    try:
        control = _read(boxes.incoming, stem + CONTROL, CONTROL_BYTES_MAX)
        if control is None:
            return Exchanged()
        stated, traces = _stated(control, stem, lane, us)
        data = _read(boxes.incoming, stem + MESSAGE, MESSAGE_BYTES_MAX)
        if data is None:
            return _left_over(boxes, stem, stated)
        _refuse_other(data, stated, traces)
    except _No as no:
        seen = [boxes.incoming.quiet_seconds(stem + ending) for ending in (CONTROL, MESSAGE) if boxes.incoming.has(stem + ending)]
        if min(seen, default=0) < SETTLED_SECONDS:
            return Exchanged(waiting=1)
        at = office.clock.now()
        answer = acknowledgement("REJECTED", us=us, to=lane.partner.party, at=at, traces=no.traces, errors=no.errors)
        _log.warning("file rejected", extra={"provider": lane.partner.code, "code": no.errors[0].code})
        _answer(boxes, stem, answer)
        return Exchanged(rejected=1)
    taken = receive(office.engine, lane.partner.code, data, clock=office.clock, own_party=us, channel=Channel.FOLDER, handle=office.handle)
    _answer(boxes, stem, taken.body)
    is_taken = taken.status < 300  # noqa: PLR2004 - as HTTP counts
    return Exchanged(taken=int(is_taken), rejected=int(not is_taken))


def _answer(boxes: Boxes, stem: str, answer: bytes) -> None:
    """Write the answer; then move away what it answers, the control file last, for it is what is looked for."""
    boxes.answers.write(stem + ANSWER, answer)
    boxes.incoming.move(stem + MESSAGE, boxes.done)
    boxes.incoming.move(stem + CONTROL, boxes.done)


def _refuse_other(data: bytes, stated: _Stated, traces: Traces) -> None:
    if (len(data), hashlib.sha256(data).hexdigest()) != (stated.byte_count, stated.sha256):
        text = "The file has not the length and sum that its control file states."
        raise _No(_error("CSS582E", text, "FileControl/Files/File"), traces=traces)


def _left_over(boxes: Boxes, stem: str, stated: _Stated) -> Exchanged:
    """A control file without its file: of one that was answered and moved away, or before one that comes yet."""
    done = _read(boxes.done, stem + MESSAGE, MESSAGE_BYTES_MAX)
    if done is None or hashlib.sha256(done).hexdigest() != stated.sha256:
        return Exchanged(waiting=1)
    boxes.incoming.move(stem + CONTROL, boxes.done)
    return Exchanged()


def _read(box: Box, name: str, limit: int) -> bytes | None:
    try:
        data = box.read(name, limit)
    except NotPlainError:
        raise _No(
            _error("CSS582E", "There is no plain file of that name, but a link or something else.", "FileControl/Files/File")
        ) from None
    if data is not None and len(data) > limit:
        raise _No(_error("CSS500E", f"The file is larger than {limit} bytes.", None))
    return data


def _stated(control: bytes, stem: str, lane: Lane, us: Party) -> tuple[_Stated, Traces]:
    """What a control file states; refused when it is not valid, of somebody else, or about another file."""
    try:
        root = read_message(control, limit_bytes=CONTROL_BYTES_MAX)
        faults = validate(root, schema_for(root)) if root.tag == FILE_CONTROL else ()
        if root.tag != FILE_CONTROL:
            raise _No(_error("CSS582E", "What stands in the control file is no FileControl.", None))
        if faults:
            raise _No(*(MessageError.of_fault(fault) for fault in faults))
        header = read_header(root)
    except BadMessage as refusal:
        raise _No(*MessageError.of_error(refusal)) from None
    traces = Traces(header.message_id, header.conversation_id)
    files = list(children(root, "Files/File"))
    errors = []
    if header.sender != lane.partner.party:
        errors.append(_error("CSS550E", "Sender is not the party whose folder it is.", "FileControl/Header/Sender"))
    if header.receiver != us:
        errors.append(_error("CSS551E", "Receiver is not us.", "FileControl/Header/Receiver"))
    if len(files) != 1 or read_text(files[0], "FileName") != stem + MESSAGE:
        errors.append(
            _error("CSS582E", "A control file names one file, of its own name but for the ending.", "FileControl/Files/File/FileName")
        )
    if errors:
        raise _No(*errors, traces=traces)
    byte_count = required(read_whole(files[0], "ByteCount"), "FileControl/Files/File/ByteCount")
    return _Stated(byte_count, required(read_text(files[0], "Sha256"), "FileControl/Files/File/Sha256")), traces


def _error(code: str, text: str, path: str | None) -> MessageError:
    return MessageError("ERROR", code, text, path)
