"""``css do VERB`` and ``css ask QUERY``: every verb and query there is, JSON in and JSON out, built from their types.

Whatever a screen or a partner can do, a script can do: the command is the same record and meets the same rules. Lines of
the two tables below are the whole registration; nothing is found by magic.
"""

from __future__ import annotations

import getpass
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from billing import actions as billing_actions
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.care import actions as care_actions
from css.core.actor import Actor
from css.core.clock import SystemClock
from css.core.codec import describe, from_plain, to_plain
from css.core.errors import BadMessage
from css.db.engine import database, transaction
from css.master import enrol
from orders import actions as order_actions
from repairs import actions as repair_actions

COMMAND_BYTES_MAX = 5_000_000

VERBS: Mapping[str, Callable[..., Any]] = {
    "open-district": enrol.open_district,
    "add-provider": enrol.add_provider,
    "add-operator": enrol.add_operator,
    "add-customer": enrol.add_customer,
    "open-account": enrol.open_account,
    "record-contact": care_actions.record_contact,
    "place-order": order_actions.place_order,
    "complete-order": order_actions.complete_order,
    "delay-order": order_actions.delay_order,
    "resume-order": order_actions.resume_order,
    "cancel-order": order_actions.cancel_order,
    "report-fault": repair_actions.report_fault,
    "clear-fault": repair_actions.clear_fault,
    "withdraw-fault": repair_actions.withdraw_fault,
    "take-payment": billing_actions.take_payment,
    "release-bill": billing_actions.release_bill,
}

QUERIES: Mapping[str, Callable[..., Any]] = {}

do = typer.Typer(add_completion=False)
ask = typer.Typer(add_completion=False)


def the_asker() -> Actor:
    """Whoever is signed on to the operating system, acting for the own retail arm with every role: the owner's door."""
    return Actor(
        kind="operator",
        name=getpass.getuser().upper()[:8] or "OWNER",
        provider_code="RETAIL",
        roles=frozenset({"clerk", "repair", "billing", "scheduler", "supervisor"}),
        door="command line",
    )


@do.command()
def do_verb(
    verb: Annotated[str, typer.Argument(help="One of the verbs; --fields says what it takes.")] = "",
    file: Annotated[str, typer.Argument(help="A JSON file with the command, or - for standard input.")] = "-",
    *,
    fields: Annotated[bool, typer.Option("--fields", help="Say what the verb takes, and do nothing.")] = False,
) -> None:
    """Do a deed: any verb, with its command as JSON. Prints the answer as JSON."""
    action = _named(VERBS, verb, "verb", "do")
    command_type = _command_type(action)
    if fields:
        _print(describe(command_type))
        return
    command: Any = from_plain(_read_json(file), command_type)
    engine = database()
    with transaction(engine) as session:
        answer = action(session, command, by=the_asker(), at=SystemClock().now())
    _print(to_plain(answer))


@ask.command()
def ask_query(
    query: Annotated[str, typer.Argument(help="One of the queries; --fields says what it takes.")] = "",
    criteria: Annotated[list[str] | None, typer.Argument(help="What to look for, as name=value, or values in order.")] = None,
    *,
    fields: Annotated[bool, typer.Option("--fields", help="Say what the query takes, and ask nothing.")] = False,
) -> None:
    """Ask a question: any query, its rows as JSON."""
    function = _named(QUERIES, query, "query", "ask")
    wanted = _criteria_types(function)
    if fields:
        _print({name: _phrase(kind, required=required) for name, (kind, required) in wanted.items()})
        return
    arguments = _arguments(wanted, criteria or [])
    if "by" in inspect.signature(function).parameters:
        arguments["by"] = the_asker()
    with transaction(database()) as session:
        rows = function(session, **arguments)
        _print(to_plain(rows))


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


def _command_type(action: Callable[..., Any]) -> type:
    names = list(inspect.signature(action).parameters)
    kind: type = get_type_hints(action)[names[1]]
    return kind


def _read_json(file: str) -> Any:  # noqa: ANN401 - JSON is of any type until its record is known
    try:
        text = sys.stdin.read(COMMAND_BYTES_MAX + 1) if file == "-" else _read_file(Path(file))
    except UnicodeDecodeError:
        raise BadMessage("CSS007E", "{file} is not text in UTF-8.", file=file) from None
    if len(text) > COMMAND_BYTES_MAX:
        raise BadMessage("CSS007E", "{file} is larger than {limit} bytes.", file=file, limit=COMMAND_BYTES_MAX)
    try:
        return json.loads(text, parse_float=_no_float, object_pairs_hook=_no_doubles)
    except (json.JSONDecodeError, RecursionError) as problem:
        where = f"line {problem.lineno}, column {problem.colno}" if isinstance(problem, json.JSONDecodeError) else "nested too deeply"
        raise BadMessage("CSS007E", "{file} is not JSON: {where}.", file=file, where=where) from None


def _read_file(path: Path) -> str:
    with path.open(encoding="utf-8") as stream:
        return stream.read(COMMAND_BYTES_MAX + 1)


def _no_float(text: str) -> str:
    raise BadMessage("CSS007E", 'The number {text} has a fraction; write amounts as text, like "12.34".', text=text[:40])


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadMessage("CSS007E", "A field is named twice in one object; say each once.")
    return found


def _criteria_types(function: Callable[..., Any]) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(function)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return {
        parameter.name: (hints[parameter.name], parameter.default is inspect.Parameter.empty)
        for parameter in parameters
        if parameter.name != "by"
    }


def _arguments(wanted: Mapping[str, tuple[Any, bool]], words: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    order = iter(wanted)
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or name not in wanted:
            name, value = next((free for free in order if free not in given), ""), word
        if not name:
            raise BadMessage(
                "CSS008E", "Nobody asked for {word!r}; the query takes {names}.", word=word[:40], names=", ".join(wanted) or "nothing"
            )
        given[name] = from_plain(_literal(value, wanted[name][0]), wanted[name][0])
    missing = [name for name, (_, required) in wanted.items() if required and name not in given]
    if missing:
        raise BadMessage(
            "CSS008E", "The query needs {missing}; give it as {example}=VALUE.", missing=", ".join(missing), example=missing[0]
        )
    return given


def _literal(value: str, kind: Any) -> Any:  # noqa: ANN401 - a word of the command line for a parameter of any type
    """Numbers and switches are read as such; everything else is text to the codec."""
    options = getattr(kind, "__args__", (kind,))
    if int in options and value.lstrip("-").isdigit():
        return int(value)
    if bool in options and value in {"true", "false"}:
        return value == "true"
    return value


def _phrase(kind: Any, *, required: bool) -> str:  # noqa: ANN401 - see _literal
    name = "date" if kind is date else getattr(kind, "__name__", str(kind))
    return f"{name}{'' if required else ', optional'}"


def _print(plain: Any) -> None:  # noqa: ANN401 - see _read_json
    print(json.dumps(plain, indent=2, ensure_ascii=False))
