"""The command line, a door: ``css NAME …``. Finds the command, runs it, and turns every error into a sentence with a code.

A command is a Typer application in a module of this package, imported only when it is called: starting up stays quick.
It returns nothing, or its exit status. To add one, write the module and a line in ``COMMANDS``.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import logging
import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from css import log
from css.cli.unheard import fall_silent
from css.core.errors import BadMessage, CssError, Unavailable
from css.settings import Settings, settings

STATUS_REFUSED = 2
STATUS_INTERRUPTED = 130
STATUS_NO_READER = 141


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command lives, and what it does in a few words."""

    application: str
    """``module:name`` of a ``typer.Typer``."""
    summary: str


COMMANDS: dict[str, Command] = {
    "init": Command("css.cli.init:app", "Make the database ready: start the server, make the tables, load the reference data."),
    "demo": Command("css.cli.demo:app", "Make a synthetic district and live some days in it, up to a bill run."),
    "serve": Command("css.cli.serve:app", "Serve the operators' screens and the partners' gateway."),
    "gateway": Command("css.cli.gateway:app", "Serve the partners' gateway alone: over TLS, from processes of its own."),
    "line-tests": Command("css.cli.line_tests:app", "Take in what test heads answer, where no `css serve` does."),
    "night": Command("css.cli.night:app", "Run the night net for a business date, or go on with one that was stopped."),
    "do": Command("css.cli.door:do", "Do a deed: any verb, with its command as JSON."),
    "ask": Command("css.cli.door:ask", "Ask a question: any query, its rows as JSON."),
    "orders": Command("css.cli.orders:app", "Place the orders of a file: all of them, or none."),
    "usage": Command("css.cli.usage:app", "Take in usage files and look at what was rejected."),
    "tariffs": Command("css.cli.tariffs:app", "Load, compare, release and show price lists for calls, and quote by them."),
    "bills": Command("css.cli.bills:app", "Bill runs: what is held or parked, sample, approval, bills in between; and what is on a bill."),
    "check": Command("css.cli.check:app", "Check the books."),
    "schemas": Command("css.cli.schemas:app", "The published schemas: hold them, or others, against the house rules."),
    "partners": Command("css.cli.partners:app", "Partners: keys for the gateway, messages that wait, outboxes."),
    "handbook": Command("css.cli.handbook:app", "Write the page of all screens, and their pictures, from the screens' records."),
    "bench": Command("css.cli.bench:app", "Measure how fast things go here."),
    "chaos": Command("css.cli.chaos:app", "Do harm to a synthetic night on purpose, and see that it makes no difference."),
    "db": Command("css.cli.db:app", "The database: start, stop, status, upgrade, backup, restore."),
}


NEGATIVE: Final = re.compile(r"No such option: (-[0-9.]+)")
CHOICE: Final = re.compile(r"Invalid value for (.+?): .*?('[^']*') is not one of (.+)$")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status: 0 done, 2 refused with a sentence on stderr, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = bool(words) and words[0] == "--debug"
    if debug:
        words.pop(0)
    try:
        chosen = settings()
        debug = debug or chosen.debug
        return _run(words, chosen)
    except KeyboardInterrupt:
        _say("CSS003W Interrupted; nothing of the unfinished transaction was kept.")
        return STATUS_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        fall_silent(sys.stdout)
        return STATUS_NO_READER
    except Exception as error:  # the last catch of the door: no traceback reaches a person
        named = named_error(error)
        if debug:
            traceback.print_exc()
        logging.getLogger(__name__).log(
            logging.INFO if isinstance(error, CssError) else logging.ERROR,
            "%s",
            named.code if isinstance(error, CssError) else named.text,
            exc_info=None if isinstance(error, CssError) else error,
            extra={"command": words[0] if words else ""},
        )
        _say(named.text)
        return STATUS_REFUSED


def _run(words: list[str], chosen: Settings) -> int:
    if not words:
        print(_overview(), file=sys.stderr)
        raise BadMessage("CSS002E", "Say what to do: css NAME, with a name from the list above.")
    name, rest = words[0], words[1:]
    if name in {"--help", "-h", "help"}:
        print(_overview())
        return 0
    if name == "--version":
        from importlib.metadata import version  # noqa: PLC0415 - a tenth of a second

        print(f"css {version('css')}")
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]}?" if near else "css --help lists them."
        raise BadMessage("CSS002E", "There is no command {name!r}; {hint}", name=name[:40], hint=hint)
    log.configure(chosen)
    return _invoke(name, rest)


def _invoke(name: str, words: list[str]) -> int:
    import typer  # noqa: PLC0415 - not needed to say that there is no such command
    import typer.main  # noqa: PLC0415

    module, _, attribute = COMMANDS[name].application.partition(":")
    application: typer.Typer = getattr(importlib.import_module(module), attribute)
    try:
        status = typer.main.get_command(application).main(words, prog_name=f"css {name}", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.message, file=sys.stderr)
            raise BadMessage("CSS002E", "Say what to do with `css {name}`, by a name from the list above.", name=name) from None
        sentence = " ".join(error.format_message().split()).rstrip(".?").replace("argument(s)", "words")
        if (negative := NEGATIVE.search(sentence)) is not None:
            sentence = f"{negative[1]} was taken for an option: write a negative amount last, after two dashes, like `-- {negative[1]}`"
        elif (choice := CHOICE.search(sentence)) is not None:
            sentence = f"{choice[2]} is none of {choice[3]}, for {choice[1]}"
        command = getattr(getattr(error, "ctx", None), "command_path", None) or f"css {name}"
        raise BadMessage("CSS002E", "{sentence}. `{command} --help` shows how.", sentence=sentence, command=command) from None
    if status == STATUS_INTERRUPTED:  # Typer answers Ctrl-C so
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0


def named_error(error: Exception) -> CssError:
    """Any error as one with a code and a sentence: ours as it is, the database's and the file system's by kind, else CSS000E."""
    if isinstance(error, CssError):
        return error
    found = _database_fault(error)
    if found is not None:
        return found
    if isinstance(error, OSError):
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return Unavailable("CSS005E", "The disk is full; free some space and do it again.")
        if error.filename is not None and error.strerror:
            return BadMessage("CSS004E", "{path} cannot be used: {reason}.", path=str(error.filename), reason=error.strerror)
    if isinstance(error, UnicodeDecodeError):
        return BadMessage("CSS004E", "What was given is not text in UTF-8: byte {position} is wrong.", position=error.start)
    return CssError(
        "CSS000E",
        "Something went wrong inside the program ({kind}); nothing of this was kept. The log says where: {log}",
        kind=type(error).__name__,
        log=str(settings().log_file),
    )


def _database_fault(error: Exception) -> CssError | None:
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - only where somebody else has loaded it already

    from css.db.faults import fault_of  # noqa: PLC0415

    return fault_of(error) if isinstance(error, DBAPIError) else None


def _overview() -> str:
    width = max(len(name) for name in COMMANDS)
    lines = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(["css NAME [ARGUMENTS]   `css NAME --help` explains one. `css --debug NAME …` shows tracebacks.", "", *lines])


def _say(sentence: str) -> None:
    try:
        print(sentence, file=sys.stderr, flush=True)
    except OSError:
        # Nobody reads it; the exit status says it all the same.
        fall_silent(sys.stderr)
