"""Usage records as people name them: the file's id and the line, ``12/345``; or the one number that the tables hold."""

from __future__ import annotations

import re
from typing import Final

from billing.rules.file_outcomes import RECORDS_PER_FILE
from css.core.errors import BadMessage

_FORM: Final = re.compile(r"^(?:([1-9][0-9]{0,10})/([1-9][0-9]{0,6})|([1-9][0-9]{7,17}))\Z")


def record_named(text: str) -> int:
    """The id of a record; BadMessage CSS673E when it is not named so."""
    form = _FORM.match(text)
    if form is None:
        sentence = "{text!r} is no record; write it like 12/345, the file's id and the line."
        raise BadMessage("CSS673E", sentence, text=text[:40], element="record_id")
    return int(form[3]) if form[3] else int(form[1]) * RECORDS_PER_FILE + int(form[2])


def shown_record(record: int) -> str:
    """As people name it."""
    file, line = divmod(record, RECORDS_PER_FILE)
    return f"{file}/{line}"
