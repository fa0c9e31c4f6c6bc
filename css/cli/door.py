"""``css do VERB`` and ``css ask QUERY``: every verb and query there is, JSON in and JSON out, built from their types.

Whatever a screen or a partner can do, a script can do: the command is the same record and meets the same rules. What there is
stands in ``css.cli.door_verbs`` and ``css.cli.door_queries``; nothing is found by magic.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_origin, get_type_hints

import typer
from sqlalchemy.orm import Session

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.cli import asker
from css.cli.acting import acting
from css.cli.door_queries import QUERIES
from css.cli.door_verbs import VERBS
from css.core.codec import describe, from_plain, phrase, to_plain
from css.core.errors import BadMessage, CssError, Refusals
from css.db.engine import database, transaction
from css.master.clocks import house_clock
from css.master.districts import District, no_district

__all__ = ["QUERIES", "VERBS", "ask", "do", "the_asker"]

COMMAND_BYTES_MAX = 5_000_000

do = typer.Typer(add_completion=False)
ask = typer.Typer(add_completion=False)

_NAMED = re.compile(r"^([a-z_]+)=(.*)$", re.DOTALL)
"""A criterion by its name; what has no name before the sign is a value with a sign in it."""
MISSHAPEN = frozenset({"CSS061E", "CSS062E"})
"""A field is missing, or known to nobody: this door says which a verb takes."""
_GIVEN = frozenset({"session", "by"})
"""What the door itself gives to a query."""


the_asker = asker.the_asker
"""Who asks where nobody gave a password."""


@do.command()
def do_verb(
    verb: Annotated[str, typer.Argument(help="One of the verbs; without one they are listed.")] = "",
    file: Annotated[str, typer.Argument(help="A JSON file with the command, or - for standard input.")] = "",
    *,
    fields: Annotated[bool, typer.Option("--fields", help="Say what the verb takes, and do nothing.")] = False,
    by: Annotated[
        str, typer.Option("--by", help="The operator who does it, and gives a password; left out, whoever is signed on here.")
    ] = "",
) -> None:
    """Do a deed: any verb, with its command as JSON. Prints the answer as JSON."""
    if not verb:
        _list(VERBS)
        return
    action = _named(VERBS, verb, "verb", "do")
    command_type = _command_type(action)
    if fields:
        _print(describe(command_type))
        return
    if by and file in {"", "-"}:
        raise BadMessage("CSS007E", "With --by the command stands in a file: standard input is for the password.")
    command = _command(_read_json(file, verb), command_type, verb)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = action(session, command, by=actor, at=at)
    _print(to_plain(answer))


@ask.command()
def ask_query(
    query: Annotated[str, typer.Argument(help="One of the queries; without one they are listed.")] = "",
    criteria: Annotated[list[str] | None, typer.Argument(help="What to look for, as name=value, or values in order.")] = None,
    *,
    fields: Annotated[bool, typer.Option("--fields", help="Say what the query takes, and ask nothing.")] = False,
) -> None:
    """Ask a question: any query, its rows as JSON."""
    if not query:
        _list(QUERIES)
        return
    function = _named(QUERIES, query, "query", "ask")
    wanted = _criteria_of(function)
    if fields:
        _print({name: phrase(kind) + ("" if is_required else ", optional") for name, (kind, is_required) in wanted.items()})
        return
    arguments = _arguments(wanted, criteria or [])
    parameters = inspect.signature(function).parameters
    if "by" in parameters:
        arguments["by"] = the_asker()
    if _is_now(parameters, "at") and "at" not in arguments:
        arguments["at"] = house_clock(database).now()
    with transaction(database()) as session:
        if "session" in parameters:
            arguments["session"] = session
        _refuse_unknown_district(session, arguments)
        rows = function(**arguments)
    _print(to_plain(rows))


def _refuse_unknown_district(session: Session, arguments: Mapping[str, Any]) -> None:
    """A district nobody knows is a slip of the keys, not a district with nothing in it."""
    code = arguments.get("district_code") or arguments.get("district")
    if isinstance(code, str) and session.get(District, code) is None:
        raise no_district(code)


def _list(table: Mapping[str, Callable[..., Any]]) -> None:
    """Each name with the first sentence of what its function says of itself."""
    width = max(map(len, table))
    for name, function in table.items():
        first_line = (inspect.getdoc(function) or "").partition("\n")[0]
        print(f"{name:<{width}}  {re.split(r'(?<=[.]) ', first_line)[0]}")


def _named(table: Mapping[str, Callable[..., Any]], name: str, what: str, door: str) -> Callable[..., Any]:
    if name in table:
        return table[name]
    raise BadMessage(
        "CSS006E",
        "There is no {what} {name!r}; `css {door}` knows: {known}.",
        what=what,
        name=name[:40],
        door=door,
        known=", ".join(sorted(table)),
    )


def _command(plain: Any, command_type: type, verb: str) -> Any:  # noqa: ANN401 - JSON becomes whatever the verb takes
    try:
        return from_plain(plain, command_type)
    except CssError as fault:
        if fault.code not in MISSHAPEN:
            raise
        sentence = "{sentence} `css do {verb} --fields` says what it takes."
        raise BadMessage(fault.code, sentence, sentence=str(fault), verb=verb, element=fault.element) from None


def _command_type(action: Callable[..., Any]) -> type:
    """The type of what comes after the session."""
    kind: type = get_type_hints(action)[list(inspect.signature(action).parameters)[1]]
    return kind


def _read_json(file: str, verb: str) -> Any:  # noqa: ANN401 - JSON is of any type until its record is known
    name = file or "standard input"
    if not file and sys.stdin.isatty():
        sentence = "Give the command as a JSON file, or - to type it; `css do {verb} --fields` says its fields."
        raise BadMessage("CSS007E", sentence, verb=verb)
    content = sys.stdin.buffer.read(COMMAND_BYTES_MAX + 1) if file in {"", "-"} else _read_file(Path(file))
    if len(content) > COMMAND_BYTES_MAX:
        raise BadMessage("CSS007E", "{file} is larger than {limit} bytes.", file=name, limit=COMMAND_BYTES_MAX)
    if not content.strip():
        raise BadMessage("CSS007E", "{file} is empty; `css do {verb} --fields` says what the command needs.", file=name, verb=verb)
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, parse_float=_no_float, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except UnicodeDecodeError:
        raise BadMessage("CSS007E", "{file} is not text in UTF-8.", file=name) from None
    except json.JSONDecodeError as problem:
        sentence = "{file} is not JSON: line {line}, column {column}."
        raise BadMessage("CSS007E", sentence, file=name, line=problem.lineno, column=problem.colno) from None
    except (RecursionError, ValueError):  # brackets without end; a number of thousands of digits
        raise BadMessage("CSS007E", "{file} is JSON past any use: nested too deeply, or a number too long.", file=name) from None


def _read_file(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(COMMAND_BYTES_MAX + 1)


def _no_float(text: str) -> NoReturn:
    raise BadMessage("CSS007E", 'The number {text} has a fraction; write amounts as text, like "12.34".', text=text[:40])


def _no_constant(text: str) -> NoReturn:
    raise BadMessage("CSS007E", '{text} is no amount; write amounts as text, like "12.34".', text=text)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadMessage("CSS007E", "The field {name!r} is named twice in one object; say it once.", name=twice[:40])
    return found


def _criteria_of(function: Callable[..., Any]) -> dict[str, tuple[Any, bool]]:
    """The criteria of a query in order: their type, and whether they must be given."""
    hints = get_type_hints(function)
    parameters = inspect.signature(function).parameters
    return {
        name: (hints[name], parameter.default is inspect.Parameter.empty and not _is_now(parameters, name))
        for name, parameter in parameters.items()
        if name not in _GIVEN
    }


def _is_now(parameters: Mapping[str, inspect.Parameter], name: str) -> bool:
    """Whether it is the instant a query is asked as of, and not said: then it is now, as at every other door."""
    return name == "at" and name in parameters and parameters[name].default is inspect.Parameter.empty


def _arguments(wanted: Mapping[str, tuple[Any, bool]], words: list[str]) -> dict[str, Any]:
    """The criteria as values. Everything wrong with the values is told at once."""
    given = _by_name(wanted, words)
    missing = [name for name, (_, is_required) in wanted.items() if is_required and name not in given]
    wrong = Refusals()
    if missing:
        sentence = "The query needs {missing}; give it as {example}=VALUE."
        wrong.add(BadMessage("CSS008E", sentence, missing=", ".join(missing), example=missing[0]))
    values = {name: wrong.reading(partial(_value, word, wanted[name][0], name)) for name, word in given.items()}
    wrong.tell()
    return values


def _by_name(wanted: Mapping[str, tuple[Any, bool]], words: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for word in words:
        named = _NAMED.match(word)
        name = named[1] if named else next((free for free in wanted if free not in given), "")
        if name not in wanted:
            names = ", ".join(wanted) or "nothing"
            raise BadMessage("CSS008E", "Nobody asked for {word!r}; the query takes {names}.", word=word[:40], names=names)
        if name in given:
            raise BadMessage("CSS008E", "{name} is given twice.", name=name)
        given[name] = named[2] if named else word
    return given


def _value(word: str, kind: Any, name: str) -> Any:  # noqa: ANN401 - a word of the command line for a parameter of any type
    """Numbers and switches are read as such; everything else is text to the codec."""
    kinds = getattr(kind, "__args__", (kind,))
    plain: str | int | list[str] = word
    if int in kinds and re.fullmatch(r"-?[0-9]{1,20}", word):
        number = plain = int(word)
        if number < 0:
            raise BadMessage("CSS008E", "{name} is nought or more.", name=name, element=name)
    elif bool in kinds and word in {"true", "false"}:
        plain = word == "true"
    elif get_origin(kind) in {tuple, Sequence}:
        plain = word.split(",")
    return from_plain(plain, kind, path=name)


def _print(plain: Any) -> None:  # noqa: ANN401 - see _read_json
    print(json.dumps(plain, indent=2, ensure_ascii=False))
