"""What an item that was set aside is, read from the key that names it once for ever. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class RejectKind(StrEnum):
    """What was set aside."""

    FILE = "file"  # a carrier's file, refused whole
    ACCOUNT = "account"  # parked: it could not be billed
    SAMPLE = "sample"  # a bill of the sample whose document contradicts itself
    DOCUMENT = "document"  # a posted bill whose document or files are not right
    STORED = "stored"  # a rendered bill of which a stored file is not what was rendered
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RejectSource:
    """An item set aside."""

    kind: RejectKind
    subject: str
    """The file's name, the account's number, the bill's number."""
    cut: date | None = None
    """Of an account: the night that could not bill it."""
    digest: str = ""
    """Of a file: the SHA-256 of its content, as it was refused."""


_FORMS: Final = (
    (RejectKind.FILE, re.compile(r"^usage-file/[A-Z]{2}/(?P<digest>[0-9a-f]+)/(?P<subject>.+)$", re.DOTALL)),
    (RejectKind.SAMPLE, re.compile(r"^bill/(?P<cut>\d{4}-\d\d-\d\d)/(?P<subject>[^/]+)/sample$")),
    (RejectKind.ACCOUNT, re.compile(r"^bill/(?P<cut>\d{4}-\d\d-\d\d)/(?P<subject>[^/]+)$")),
    (RejectKind.DOCUMENT, re.compile(r"^bill/(?P<subject>[^/]+)/(document|files)$")),
    (RejectKind.STORED, re.compile(r"^bill/(?P<subject>[^/]+)/file$")),
)

TO_DO: Final = {
    RejectKind.FILE: (
        "Ask the carrier for the file again, or put a mended one in place of the refused one; replay brings it before the next night. "
        "A file of the same name that a later night takes in settles it."
    ),
    RejectKind.ACCOUNT: (
        "Mend what the words name: a price, a tariff, the account's name or address. Every night tries the account again and settles "
        "this when it is billed; replay tries now whether it could be."
    ),
    RejectKind.SAMPLE: (
        "Look at the bill, take it back (`css bills withdraw`) or mend its cause; it is settled when the bill has its number."
    ),
    RejectKind.DOCUMENT: (
        "Mend what the words name; replay makes the bill's files now. Every night tries again, and the night after sends it."
    ),
    RejectKind.STORED: (
        "Bring the stored file back from a backup (`css db restore`); replay looks whether it is what was rendered, and the next night "
        "sends it."
    ),
    RejectKind.OTHER: "The runbook says under its code what to do.",
}
"""What a person does about it."""


def source_of(source_key: str) -> RejectSource:
    """What a key names; OTHER, with the key itself, for one of no known form."""
    for kind, form in _FORMS:
        found = form.match(source_key)
        if found is not None:
            named = found.groupdict()
            cut = named.get("cut")
            return RejectSource(kind, named["subject"], date.fromisoformat(cut) if cut else None, named.get("digest", ""))
    return RejectSource(RejectKind.OTHER, source_key)
