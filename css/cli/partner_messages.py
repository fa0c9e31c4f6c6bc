"""``css partners drain`` and ``css partners replay``: what waits is done, what was said is said again from its bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from css.partners.desk.cards import Spoken
    from css.partners.intake.handling import Drained

LANES_MAX = 64


def register(app: typer.Typer) -> None:
    """Add the commands to ``css partners``."""
    app.command()(drain)
    app.command()(replay)


def drain(
    provider: Annotated[str, typer.Argument(help="Only this provider's messages; left out, everybody's.")] = "",
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on with what comes, until interrupted. Not needed beside css gateway.")
    ] = False,
    lanes: Annotated[int, typer.Option(help="With --watch: so many partners' messages at the same time.", min=1, max=LANES_MAX)] = 2,
) -> int:
    """Handle the messages that wait, also those that failed before. Exit status 4: some still wait, the log says why."""
    from css.core.errors import BadMessage  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database  # noqa: PLC0415
    from css.master.clocks import house_clock  # noqa: PLC0415
    from css.partners.intake import handling  # noqa: PLC0415

    if watch and provider:
        raise BadMessage("CSS002E", "--watch is for everybody's messages; leave the provider out.")
    if watch:
        _watch(lanes)
        return 0
    drained = handling.drain(database(), clock=house_clock(database), provider_code=provider or None)
    typer.echo(f"{drained.done:,} done, {drained.refused:,} refused, {drained.left:,} still waiting.")
    return 4 if drained.left else 0


def _watch(lanes: int) -> None:
    import signal  # noqa: PLC0415
    import threading  # noqa: PLC0415

    from css.db.engine import database  # noqa: PLC0415
    from css.master.clocks import house_clock  # noqa: PLC0415
    from css.partners.intake.draining import drain_forever  # noqa: PLC0415

    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())

    def told(drained: Drained) -> None:
        if drained.handled:
            typer.echo(f"{drained.done:,} done, {drained.refused:,} refused.")

    database()
    typer.echo("Handling what partners send; Ctrl-C ends once the message in hand is done.")
    drain_forever(database, house_clock(database), stop, lanes=lanes, told=told)


def replay(
    conversation_id: Annotated[str, typer.Argument(help="The ConversationId of its messages.")],
    into: Annotated[Path | None, typer.Option(help="Write each message into a file of this directory, byte for byte.")] = None,
) -> int:
    """Say again what was said in a conversation, in order, from the stored bytes; nothing is done. Exit status 4: a sum is wrong."""
    import hashlib  # noqa: PLC0415

    from css.cli.door import the_asker  # noqa: PLC0415
    from css.core.errors import NotFound  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.partners.desk.cards import conversation  # noqa: PLC0415

    with transaction(database()) as session:
        turns = conversation(session, conversation_id, by=the_asker())
    if not turns:
        raise NotFound("CSS540E", "There is no message {key}.", key=conversation_id[:60], element="conversation_id")
    is_whole = True
    for number, turn in enumerate(turns, start=1):
        is_same = hashlib.sha256(turn.body).hexdigest() == turn.body_sha256
        is_whole &= is_same
        arrow = "<-" if turn.direction == "in" else "->"
        remark = "" if is_same else "  its bytes are not those that came"
        what = f"{turn.partner_code:<10} {turn.message_type or '?':<20} {turn.state:<9} {turn.key}"
        typer.echo(f"{turn.at:%Y-%m-%d %H:%M:%S}  {arrow} {what}{remark}")
        if into is not None:
            _write(into, number, turn)
    return 0 if is_whole else 4


def _write(into: Path, number: int, turn: Spoken) -> None:
    into.mkdir(parents=True, exist_ok=True)
    name = f"{number:04}-{turn.direction}-{turn.message_type or 'unreadable'}"
    (into / f"{name}.xml").write_bytes(turn.body)
    if turn.acknowledgement is not None:
        (into / f"{name}.ack.xml").write_bytes(turn.acknowledgement)
