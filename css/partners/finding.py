"""What a partner can be told, found in the source: ``python -m css.partners.finding`` renews ``errors.json`` and its page.

From each door of the gateway every definition is followed that it names, and every one those name, through imports and through
the tables that choose a verb by a word. A code that stands in any definition reached so can be told, and is in the catalogue.
What is reached too much is harmless, what is not reached would be a lie: so names are followed wherever they lead.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from css.partners import errors
from css.partners.messages import TAKEN
from css.partners.reaching import CODE, ROOT, Place, codes_in, module, named_in, reached

MESSAGES_PAGE: Final = ROOT / "docs" / "messages.md"
PAGE: Final = ROOT / "docs" / "error-catalogue.md"
DOORS: Final = (
    ("css.partners.gateway", "ROUTES"),
    ("css.partners.pages.doors", "Doors"),
    ("css.partners.front.connection", "Connection"),
    ("css.partners.front.server", "Front"),
)
"""Where requests come in."""
FRONT: Final = "css.partners.front."
BEHIND: Final = (
    "css.partners.messages",
    "css.partners.intake.handling",
    *(
        f"css.partners.sandbox.{name}"
        for name in (
            *(
                "amendments",
                "bookings",
                "deliveries",
                "fault_scenarios",
                "faults",
                "holding",
                "magic",
                "order_cases",
                "orders",
                "placing",
                "playing",
            ),
            *("questions", "reporting", "scenarios"),
        )
    ),
)
"""Modules in which a message is done that was acknowledged before; what is told before them is told in its Acknowledgement."""
UNAVAILABLE: Final = "We cannot take it now; send the same bytes again later."
"""What a partner is told of the database's troubles, whichever they are."""
OF_OURS: Final = "A trouble of ours, which the code names to us. Nothing was kept: send the same bytes again after `Retry-After` seconds."
"""What it can do about them; the page of messages tells our own people what to do."""
NEVER_TOLD: Final = {
    "CSS010E": "the schemas bound every amount far below it",
    "CSS011E": "the schemas read amounts; this is of what people key",
    "CSS012E": "as CSS011E",
    "CSS013E": "as CSS011E",
    "CSS060E": "reads back what we wrote ourselves",
    "CSS061E": "as CSS060E",
    "CSS062E": "as CSS060E",
    "CSS071E": "no message names a nation",
    "CSS101E": "no message names a district",
    "CSS104E": "whoever calls is a provider that trades, or is not let in",
    "CSS111E": "asks for a role that operators have; a partner reaches no verb of theirs",
    "CSS203E": "no message asks for a deed that is the desk's or the field's alone",
    "CSS204E": "no message says which version of an order its sender saw",
    "CSS233E": "completing is the field's",
    "CSS234E": "completing is the field's",
    "CSS555E": "stays with the message, for us: its sender was told RECEIVED",
    "CSS750E": "as CSS204E",
    "CSS836E": "no message names a calendar",
    "CSS837E": "no message names a calendar",
    "CSS854E": "no message names a time zone",
}
"""Reached by name and yet told to nobody at the gateway, with the reason."""
_PARAGRAPH: Final = re.compile(r"^(?:#{3,4} |\*\*)(CSS[0-9]{3}[EWI])\b\**(.*?)(?=^(?:#{2,4} |\*\*CSS[0-9])|\Z)", re.MULTILINE | re.DOTALL)
_NAME: Final = re.compile(r"^\([A-Z-]+\) ")
"""What some paragraphs call their code in other words."""


@dataclass(slots=True)
class Saying:
    """What the source says of a code."""

    sentences: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)


def sayings(places: Mapping[Place, list[ast.stmt]]) -> dict[str, Saying]:
    """What the definitions say with each code: the sentence that stands behind it, the element, the status."""
    found: dict[str, Saying] = {}
    for _, statements in sorted(places.items(), key=_as_usual):
        for statement in statements:
            texts = _texts_assigned(statement)
            for node in ast.walk(statement):
                if isinstance(node, ast.Call):
                    _read_call(node, texts, found)
                elif isinstance(node, ast.Dict):
                    _read_statuses(node, found)
    return found


def _as_usual(there: tuple[Place, object]) -> tuple[bool, Place]:
    """What the front says of a request that no page ever sees is never the usual sentence of a code."""
    return there[0][0].startswith(FRONT), there[0]


def _texts_assigned(statement: ast.stmt) -> dict[str, str]:
    """Sentences that stand in a variable first."""
    found = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            text = _text(node.value, {})
            if text is not None:
                found[node.targets[0].id] = text
    return found


def _read_call(node: ast.Call, texts: Mapping[str, str], found: dict[str, Saying]) -> None:
    for place, argument in enumerate(node.args):
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and CODE.fullmatch(argument.value):
            saying = found.setdefault(argument.value, Saying())
            sentence = _text(node.args[place + 1], texts) if place + 1 < len(node.args) else None
            if sentence and sentence not in saying.sentences and " " in sentence:
                saying.sentences.append(sentence)
            for keyword in node.keywords:
                if keyword.arg == "element" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
                    saying.elements.append(keyword.value.value)
            if isinstance(node.func, ast.Name) and node.func.id == "EnvelopeRefusal":
                saying.statuses.add(int(HTTPStatus.INTERNAL_SERVER_ERROR))
            saying.statuses |= {status for before in node.args[:place] if (status := _status(before)) is not None}


def _read_statuses(node: ast.Dict, found: dict[str, Saying]) -> None:
    """``{"CSS500E": HTTPStatus.REQUEST_ENTITY_TOO_LARGE}``."""
    for key, value in zip(node.keys, node.values, strict=True):
        status = _status(value)
        if status is not None and isinstance(key, ast.Constant) and isinstance(key.value, str) and CODE.fullmatch(key.value):
            found.setdefault(key.value, Saying()).statuses.add(status)


def _status(node: ast.expr) -> int | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "HTTPStatus":
        return int(HTTPStatus[node.attr])
    return None


def _text(node: ast.expr, texts: Mapping[str, str]) -> str | None:
    """A sentence as a template; what an f-string puts in has no name there."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            parts = [part.value if isinstance(part, ast.Constant) else "{it}" for part in node.values]
            return "".join(str(part) for part in parts)
        case ast.Name(id=name):
            return texts.get(name)
        case ast.IfExp():
            return _text(node.body, texts)
        case _:
            return None


def advice() -> dict[str, str]:
    """What ``docs/messages.md`` says of each code: its cause and the way out, on one line."""
    page = MESSAGES_PAGE.read_text(encoding="utf-8")
    return {found[1]: _NAME.sub("", " ".join(found[2].lstrip("*:.— ").split())) for found in _PARAGRAPH.finditer(page)}


def catalogue() -> list[dict[str, Any]]:
    """The rows of ``errors.json``."""
    everything = reached(DOORS)
    by_message = {name: codes_in(reached(starts)) for name, starts in message_starts().items()}
    before = reached(DOORS, not_into=BEHIND)
    at_once, of_database = codes_in(before), codes_in(place for place in before if place[0].startswith("css.db."))
    said, words = sayings(everything), {**advice(), "CSS000E": OF_OURS}
    rows = []
    for code in sorted((codes_in(everything) | set().union(*by_message.values())) - set(NEVER_TOLD)):
        saying = said.get(code, Saying())
        statuses = saying.statuses if code in at_once else set()
        if code in of_database:
            saying, statuses = Saying([UNAVAILABLE]), {int(HTTPStatus.SERVICE_UNAVAILABLE)}
            words[code] = OF_OURS
        elif code in at_once and not statuses:
            statuses = {int(HTTPStatus.BAD_REQUEST if code.endswith("E") else HTTPStatus.ACCEPTED)}
        rows.append(
            {
                "code": code,
                "sentences": saying.sentences or [_first_sentence(words.get(code, ""))],
                "element": saying.elements[0] if saying.elements else None,
                "statuses": sorted(statuses),
                "messages": [] if code in at_once else _messages(code, saying, by_message),
                "advice": words.get(code, ""),
            }
        )
    return rows


def _messages(code: str, saying: Saying, by_message: Mapping[str, set[str]]) -> list[str]:
    """Of what messages a code is the refusal; one whose path is in a message is that message's alone."""
    of_paths = {element.partition("/")[0] for element in saying.elements if "/" in element}
    found = [name for name, its in by_message.items() if code in its and (name in of_paths or not of_paths & set(by_message))]
    # Reached from the doors behind the Acknowledgement, and from no verb: told before any verb is asked.
    return found or [errors.ANY]


def message_starts() -> dict[str, list[Place]]:
    """By the name of each message what handles it: what stands behind its name in the tables of ``css.partners.messages``."""
    found: dict[str, list[Place]] = {}
    for path in sorted((ROOT / "css" / "partners" / "messages").glob("*.py")):
        there = module("css.partners.messages" if path.stem == "__init__" else f"css.partners.messages.{path.stem}")
        assert there is not None
        for statement in (each for table in ("COMMANDS", "QUESTIONS") for each in there.defined.get(table, [])):
            for node in ast.walk(statement):
                if isinstance(node, ast.Dict):
                    for key, value in zip(node.keys, node.values, strict=True):
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            found.setdefault(key.value, []).extend(named_in(there, ast.Expr(value)))
    missing = set(TAKEN) - set(found)
    assert not missing, f"messages that no table of css.partners.messages names by itself: {missing}"
    return {name: found[name] for name in TAKEN}


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;:])\s", text, maxsplit=1)[0] or "…"


def main() -> None:
    """Renew the catalogue and its page."""
    errors.FILE.write_text(json_text(), encoding="utf-8")
    PAGE.write_text(page(errors.read().values()), encoding="utf-8")
    sys.stdout.write(f"Wrote {errors.FILE.name} and docs/{PAGE.name}.\n")


def json_text() -> str:
    """What ``errors.json`` must hold."""
    return json.dumps(catalogue(), indent=1, ensure_ascii=False) + "\n"


_HEAD: Final = """\
# The error catalogue

Every code that a partner can be told, in the order of their numbers. It is written by `python -m css.partners.finding` from the
program's own source and from [messages.md](messages.md); a test fails when a code that can be told is missing. `css partners errors`
prints the same at our desk. In your test area scenario 900 shows the refusal of an order by any of them: see [sandbox.md](sandbox.md).

**Where** a code is met:

- a number is the HTTP status of an Acknowledgement that says REJECTED (202: one that says RECEIVED and warns); the message, if there was
  one, was not taken;
- a message's name means that the message was taken (202) and its answer in the outbox tells the code: of SubmitOrder an OrderUpdate
  ORDER_REJECTED, of AmendOrder AMENDMENT_REJECTED, of CancelOrder CANCELLATION_REJECTED, of messages about faults a FaultUpdate of the
  same names, of anything else the Errors of its own answer document.

In a sentence, … stands for what it tells of the case. A code never changes its meaning; its sentence may.
"""


def page(entries: Iterable[errors.Entry]) -> str:
    """``docs/error-catalogue.md``."""
    parts = [_HEAD]
    for entry in entries:
        parts += [f"## {entry.code}", "", f"*{entry.filled({})}*", "", f"Where: {entry.where}.", "", entry.advice, ""]
    return "\n".join(parts)


if __name__ == "__main__":
    main()
