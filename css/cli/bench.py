"""``css bench NAME``: how fast things go here, measured in a temporary server of its own and never in anybody's data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from css.bench.place import Place

app = typer.Typer(add_completion=False, help="Measure how fast things go here: css bench NAME, or all of them briefly with css bench all.")

MEMORY = typer.Option("--memory", help="In memory, without waiting for a disk: how fast the program is, not the installation.")
Memory = Annotated[bool, MEMORY]


@app.callback(invoke_without_command=True)
def bench(context: typer.Context) -> None:
    """Measure how fast things go here. Each runs in a temporary database server and leaves nothing behind."""
    if context.invoked_subcommand is None:
        print("css bench NAME measures one thing, css bench all every one of them briefly:\n")
        for command in app.registered_commands:
            assert command.callback is not None
            print(f"  {command.name or command.callback.__name__:<8}{(command.callback.__doc__ or '').strip().splitlines()[0]}")


@app.command()
def rating(
    records: Annotated[int, typer.Option(min=1000, max=9_999_999, help="Records of the carrier's file.")] = 1_000_000,
    lines: Annotated[int, typer.Option(min=20, max=700_000, help="Lines of the district.")] = 20_000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that rate.")] = 2,
    on_file: Annotated[int, typer.Option(min=0, max=1_000_000_000, help="Rows of history; measured without them and with them.")] = 0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON at the end instead of a table.")] = False,
    memory: Memory = False,
) -> None:
    """Usage: from a carrier's file to posted rows, against a bare COPY of the rows."""
    from css.bench import rating as question  # noqa: PLC0415 - after the words are understood

    def measure(place: Place) -> None:
        question.run(place, records, lines=lines, workers=workers, on_file=on_file, as_json=as_json)

    _in_a_place(measure, memory=memory, says_machine=not as_json)


@app.command()
def night(
    lines: Annotated[int, typer.Option(min=80, max=700_000, help="Lines of the district.")] = 100_000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes for the steps that can share their work.")] = 2,
    lanes: Annotated[int, typer.Option(min=1, max=16, help="Steps at once where the net lets them.")] = 2,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON at the end instead of a table.")] = False,
    memory: Memory = False,
) -> None:
    """A night: what the engine itself costs, and a whole night with its stages and its memory at two sizes."""
    from css.bench import night_shift as question  # noqa: PLC0415

    _in_a_place(
        lambda place: question.run(place, lines, workers=workers, lanes=lanes, as_json=as_json), memory=memory, says_machine=not as_json
    )


@app.command()
def bills(
    bills: Annotated[int, typer.Option(min=10, max=200_000, help="How many bills of about sixty calls.")] = 2000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that calculate and render.")] = 2,
    pages: Annotated[int, typer.Option(min=0, max=5000, help="Pages of the large bill; 0 for none.")] = 2000,
    *,
    serial: Annotated[bool, typer.Option(help="Do it again by one process in a copy of the database, and compare the bytes.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON at the end instead of a table.")] = False,
    memory: Memory = False,
) -> None:
    """Bills by the thousand: from the cut to files on the disk."""
    from css.bench import bills as question  # noqa: PLC0415

    def measure(place: Place) -> None:
        question.run(place, bills, workers=workers, pages=pages, serially_too=serial, as_json=as_json)

    _in_a_place(measure, memory=memory, says_machine=not as_json)


@app.command()
def bill(calls: Annotated[list[int] | None, typer.Argument(min=1, max=500_000, help="Sizes of bills.")] = None) -> None:
    """One bill as PDF and as XML, by its number of calls."""
    from css.bench import bill as question  # noqa: PLC0415

    # The rendering touches no database: where the bills come from makes no difference.
    _in_a_place(lambda place: question.run(place, calls or [1, 60, 300, 3000]), memory=True)


@app.command()
def orders(
    orders: Annotated[int, typer.Option(min=16, max=20_000, help="How many orders in a round.")] = 2000,
    lines: Annotated[int, typer.Option(min=1000, max=700_000, help="Lines of the district.")] = 100_000,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="How many are placed at once.")] = 8,
    past: Annotated[list[int] | None, typer.Option(min=0, max=5_000_000, help="Orders of the past, a round each, rising.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON at the end instead of a table.")] = False,
    memory: Memory = False,
) -> None:
    """Orders of every kind, several at once: how soon each is acknowledged, and whether that grows with the past."""
    from css.bench import orders as question  # noqa: PLC0415

    sizes = past or list(question.PAST)
    _in_a_place(
        lambda place: question.run(place, lines, orders, at_once=at_once, past=sizes, as_json=as_json),
        memory=memory,
        says_machine=not as_json,
    )


@app.command()
def gateway(
    messages: Annotated[int, typer.Option(min=20, max=100_000, help="Messages of a round.")] = 400,
    lines: Annotated[int, typer.Option(min=1000, max=700_000, help="Lines of the district; an eighth as many places are vacant.")] = 24_000,
    at_once: Annotated[list[int] | None, typer.Option(min=1, max=512, help="Connections, a round each, rising.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that take messages.")] = 2,
    drainers: Annotated[int, typer.Option(min=1, max=64, help="Processes that do what was taken.")] = 2,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON at the end instead of a table.")] = False,
    memory: Memory = False,
) -> None:
    """Partners' messages: stored and acknowledged a second, made into orders a second, and a kill with a backlog."""
    from css.bench import gateway as question  # noqa: PLC0415

    ladder = at_once or list(question.LADDER)
    _in_a_place(
        lambda place: question.run(place, lines, messages, ladder=ladder, workers=workers, drainers=drainers, as_json=as_json),
        memory=memory,
        says_machine=not as_json,
    )


@app.command()
def repairs(
    lines: Annotated[int, typer.Option(min=500, max=700_000, help="Lines of the district.")] = 65_000,
    a_minute: Annotated[int, typer.Option("--a-minute", min=10, max=60_000, help="Reports a minute.")] = 2000,
    minutes: Annotated[float, typer.Option(min=0.05, max=60, help="For how long.")] = 5,
    open_faults: Annotated[int, typer.Option("--open", min=0, max=500_000, help="Open faults at the end.")] = 50_000,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON at the end instead of a table.")] = False,
    memory: Memory = False,
) -> None:
    """A storm: due times a second, fault reports by the clock, and the work queue beside them."""
    from css.bench import repairs as question  # noqa: PLC0415

    _in_a_place(
        lambda place: question.run(place, lines=lines, a_minute=a_minute, minutes=minutes, open_faults=open_faults, as_json=as_json),
        memory=memory,
        says_machine=not as_json,
    )


@app.command()
def screen(
    lines: Annotated[int, typer.Option(min=20, max=700_000, help="Lines of the district.")] = 4000, *, memory: Memory = False
) -> None:
    """What an operator waits for: find a customer, see the customer on one page."""
    from css.bench import screen as question  # noqa: PLC0415

    _in_a_place(lambda place: question.run(place, lines), memory=memory)


@app.command()
def desk(
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Screens a second, of all operators together.")] = 50,
    lines: Annotated[int, typer.Option(min=500, max=700_000, help="Lines of the district.")] = 100_000,
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="How long, after the warming up.")] = 60,
    keep: Annotated[Path | None, typer.Option(help="Keep the district in this directory, and use the one that is there.")] = None,
    *,
    with_night: Annotated[
        bool | None, typer.Option("--night/--no-night", help="Beside a night, or not; both, one after the other.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON at the end instead of tables.")] = False,
    memory: Memory = False,
) -> None:
    """The operator's desk: how soon each screen is there at so many a second, without and with a night beside."""
    from css.bench import desk as question  # noqa: PLC0415
    from css.bench.desk_district import desk_place  # noqa: PLC0415

    with desk_place(lines, durable=not memory, keep=keep) as place:
        question.run(place, rate=rate, seconds=seconds, with_night=with_night, as_json=as_json)


@app.command(name="all")
def everything() -> None:
    """All of them, briefly: about two minutes."""
    rating(records=200_000, lines=2000)
    night(lines=1000)
    bills(bills=200, pages=100)
    bill()
    orders(orders=160, lines=4000, past=[1000])
    repairs(lines=2000, a_minute=600, minutes=0.2, open_faults=1000)
    screen(lines=1000)
    gateway(messages=60, lines=4000, at_once=[4])
    desk(rate=10, lines=1000, seconds=10)


def _in_a_place(measure: Callable[[Place], None], *, memory: bool, says_machine: bool = True) -> None:
    from css.bench.place import place  # noqa: PLC0415
    from css.bench.table import machine  # noqa: PLC0415

    with place(durable=not memory) as made:
        measure(made)
        if says_machine:
            print(machine(made), flush=True)
