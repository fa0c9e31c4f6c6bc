"""One structured log: a line of JSON an event, in ``<home>/log/css.log``, with telephone numbers masked.

Screens and reports are for people; the log is for whoever looks afterwards. Nothing here prints to the terminal. A log
line says which verb, which ids and which code, not what the customer told us; the mask is the net under that rule.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from css.settings import Settings

KEPT = 3
"""Digits of a telephone number that stay readable: enough to tell two lines of one trace apart, too few to call."""
LOG_BYTES_MAX = 20_000_000
_NUMBER = re.compile(r"(?<![\d.])(?<!\d-)\(?(?:\+?44|0)(?:[ ()-]{0,2}\d){9,10}(?!\d)")
"""Rather too much than too little: whatever reads like a number of ours, with or without its brackets and dashes."""
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def mask(text: str) -> str:
    """The text with every United Kingdom telephone number reduced to its last three digits."""
    return _NUMBER.sub(lambda found: _masked(found.group()), text)


def _masked(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return "*" * (len(digits) - KEPT) + digits[-KEPT:]


class MaskNumbers(logging.Filter):
    """Masks the finished message, the extra fields and the traceback of a record before any handler sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = mask(record.getMessage())
        record.args = None
        if record.exc_info:
            # Another handler may have written the traceback into the record already, unmasked.
            record.exc_text = mask(record.exc_text or logging.Formatter().formatException(record.exc_info))
        for name, value in list(vars(record).items()):
            if name not in _STANDARD and isinstance(value, str):
                setattr(record, name, mask(value))
        return True


class JsonLines(logging.Formatter):
    """``{"at": …, "level": …, "logger": …, "event": …, "pid": …}`` and whatever ``extra=`` added."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            "pid": record.process,
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, default=str, ensure_ascii=False)


class _LogFile(logging.handlers.WatchedFileHandler):
    """The log file, made with its directory when the first line is written: asking for help leaves nothing behind."""

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        return super()._open()

    def emit(self, record: logging.LogRecord) -> None:
        # A log that cannot be written never stops the work.
        with suppress(OSError):
            super().emit(record)


def configure(settings: Settings) -> None:
    """Send the root logger of this process to the log file of this installation."""
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _LogFile)]:
        root.removeHandler(old)
        old.close()
    root.setLevel(settings.log_level)
    logging.raiseExceptions = False
    with suppress(OSError):
        if settings.log_file.stat().st_size > LOG_BYTES_MAX:
            # Other processes notice the move by themselves: a watched file is opened anew.
            settings.log_file.replace(settings.log_file.with_suffix(".log.1"))
    # It announces each of its plug-ins at every start.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    handler = _LogFile(settings.log_file, encoding="utf-8", delay=True)
    handler.addFilter(MaskNumbers())
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
