"""What is wrong with a command that a page, a message or a report tells people to give: it is parsed by the real command line."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from collections.abc import Mapping
from typing import Any

import typer

from css.cli import COMMANDS
from css.cli.door import QUERIES, VERBS, _arguments, _criteria_of
from css.core.errors import CssError
from tests.house.source import ROOT

DISTRICT = re.compile(r"^[A-Z]{2}$")
PLACEHOLDER = re.compile(r"^(?:\[?-{0,2}[A-Z]+[\]…]*|…|<.*>)$")
EXPLAINED = {"--reason", "--words"}
"""A command of the night that can be tried with ``--dry-run`` has its reason left out only then: its own refusal, not the parser's."""


def fault_of_command(words: str) -> str | None:
    """What is wrong with a command, as far as can be told without doing it."""
    parts = shlex.split(words)
    match parts:
        case ["make", target, *rest]:
            targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
            return None if target in targets and all("=" in word or word in targets for word in rest) else "no such target"
        case ["python", "-m", module, *_]:
            return None if importlib.util.find_spec(module) else "no such module"
        case ["css", *rest]:
            return _fault_of_css(rest)
        case _:
            return None


def _fault_of_css(words: list[str]) -> str | None:
    words = words[1:] if words[:1] == ["--debug"] else words
    if not words or PLACEHOLDER.match(words[0]) or words == ["--help"]:
        return None
    name, *rest = words
    if name not in COMMANDS:
        return "no such command"
    module, _, attribute = COMMANDS[name].application.partition(":")
    command = typer.main.get_command(getattr(importlib.import_module(module), attribute))
    below = getattr(command, "commands", None)
    if below is not None and rest and not rest[0].startswith("-"):
        if name == "check" and (DISTRICT.match(rest[0]) or rest[0] == "DISTRICT"):
            rest.insert(0, "books")
        if rest[0] not in below:
            return f"{name} has no {rest[0]}"
        command = below[rest.pop(0)]
    if name in {"do", "ask"} and (fault := _fault_at_the_door(name, rest)):
        return fault
    return _fault_of_words(command, rest, is_of_night=name == "night")


def _fault_at_the_door(name: str, words: list[str]) -> str | None:
    """A verb or query that there is, and criteria it takes; a verb's command stands in a file that nobody sees here."""
    if not words or PLACEHOLDER.match(words[0]) or words[0].startswith("-"):
        return None
    table: Mapping[str, Any] = VERBS if name == "do" else QUERIES
    if words[0] not in table:
        return f"{name} does not know it"
    criteria = [word for word in words[1:] if not word.startswith("-")]
    values = [word.partition("=")[2] or word for word in criteria]
    if name == "do" or not criteria or any(PLACEHOLDER.match(word) and not DISTRICT.match(word) for word in values):
        return None
    try:
        _arguments(_criteria_of(table[words[0]]), criteria)
    except CssError as fault:
        return fault.text
    return None


def _fault_of_words(command: Any, words: list[str], *, is_of_night: bool) -> str | None:  # noqa: ANN401 - of the parser's own
    """With nothing behind its name but options without a value, a command is only named. What stands for a value need not be one."""
    options = {option: parameter for parameter in command.params for option in parameter.opts}
    wrong = [word for word in words if word.startswith("--") and word != "--" and word.partition("=")[0] not in {*options, "--help"}]
    if wrong:
        return f"no option {wrong[0]}"
    if all(word.startswith("--") for word in words) or "…" in words or any(word.startswith("[") for word in words):
        return None
    try:
        command.make_context(command.name, [*words])
    except typer.BadParameter as fault:
        if type(fault).__name__ == "MissingParameter" or not any(PLACEHOLDER.match(word) for word in words):
            return " ".join(fault.format_message().split())
    except typer.TyperException as fault:
        return " ".join(fault.format_message().split())
    except CssError as fault:
        if not any(PLACEHOLDER.match(word) and not DISTRICT.match(word) for word in words):
            return fault.text
    lacks = (EXPLAINED & {*options}) - {*words}
    return f"lacks {min(lacks)}" if is_of_night and lacks and "--dry-run" in options and "--dry-run" not in words else None
