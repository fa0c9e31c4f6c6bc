"""``css night report``, ``board`` and ``runbook``: what runs did and what waits for a person; what the nets say of themselves."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from batch.clock.times import database_clock
from batch.net import Context
from batch.nets import NETS
from batch.report.board import board_text, night_board
from batch.report.history import Lasted, lasted
from batch.report.reading import read, run_of
from batch.report.text import as_text
from batch.report.writing import withdraw_stopped, write_stopped
from batch.runbook import runbook as runbook_of
from css.cli.asker import system_user
from css.cli.days import read_day
from css.cli.places import read_district
from css.core.actor import Actor
from css.core.errors import CssError, NotFound, Refused
from css.db.engine import database, transaction
from css.master.clocks import house_clock
from css.master.districts import District, no_district
from css.whole_file import cannot_write, put_whole

LOG = logging.getLogger(__name__)


def report(
    district: Annotated[
        str, typer.Argument(help="The district's two letters; left out for a net of the whole house.", callback=read_district)
    ] = "",
    *,
    business_date: Annotated[str, typer.Option("--date", help="Which run; the last that was begun when left out.")] = "",
    net: Annotated[str, typer.Option(help="The net.")] = "night",
    key: Annotated[str, typer.Option(help="The key of an extra run.")] = "",
    pdf: Annotated[Path | None, typer.Option(help="Write the page with its charts to this file instead.")] = None,
) -> None:
    """Say what a run did against what is usual, and what a person must do: as text, or as a page of A4 with charts."""
    chosen = NETS.get(net)
    if chosen is None:
        raise NotFound("CSS985E", "There is no net {net!r}; there are {known}.", net=net[:40], known=", ".join(NETS))
    if not district and not chosen.is_of_house:
        raise Refused("CSS986E", "The {net} net runs for each district; say which.", net=net)
    asked = read_day(business_date) if business_date else None
    with transaction(database()) as session:
        if district and session.get(District, district) is None:
            raise no_district(district)
        found = run_of(session, net, district, asked, key)
        if found is None:
            what = "night" if net == "night" else f"{net} run"
            raise NotFound(
                "CSS606E",
                "{what} has been run in {where}; {then}.",
                what=f"No {what} of {asked}" if asked else f"No {what}",
                where=f"district {district}" if district else "the house",
                then=f"`css night run {district}` runs the next that is due" if net == "night" else "`css night status` says what was run",
            )
        facts = read(session, found, by=_by(), planned=[step.name for step in chosen.steps])
    if pdf is None:
        print(as_text(facts))
        return
    from batch.report.pdf import as_pdf  # noqa: PLC0415 - drawing needs a tenth of a second that text need not pay

    try:
        put_whole(pdf, as_pdf(facts))
    except OSError as error:
        raise cannot_write(error, pdf.parent) from error
    print(f"{pdf}: the report of {facts.business_date}.")


def board() -> None:
    """Show all districts on one page: how the latest run of each net stands, and what waits for a person."""
    engine = database()
    at = house_clock(database, database_clock(engine)).now()
    with transaction(engine) as session:
        print(board_text(night_board(session, at=at)))


def leave(engine: Engine, context: Context, net: str) -> None:
    """Leave the report of a run that stopped for whoever mends it. What stopped the run may stop this too; then nothing is left."""
    try:
        with transaction(engine) as session:
            paths = write_stopped(session, context, [step.name for step in NETS[net].steps])
    except (CssError, SQLAlchemyError) as trouble:
        LOG.warning("the report of the stop could not be written", extra={"why": str(trouble).splitlines()[0]})
    else:
        print(f"What is known so far: {paths[0]}", file=sys.stderr)


def withdraw(context: Context, net: str, key: str) -> None:
    """Take away the report of a stop, now that the run is done. The run is done whether that succeeds or not."""
    try:
        withdraw_stopped(context, net, key)
    except OSError as trouble:
        LOG.warning("the report of the stop could not be taken away", extra={"why": str(trouble)})


def runbook(
    district: Annotated[
        str, typer.Argument(help="A district: then each step says how long its last ten runs took there.", callback=read_district)
    ] = "",
    *,
    out: Annotated[Path | None, typer.Option(help="The file to write; printed when left out.")] = None,
) -> None:
    """Print the runbook: chapters by hand, and what the nets and their steps say of themselves. As Markdown."""
    took: dict[tuple[str, str], Lasted] = {}
    if district:
        with transaction(database()) as session:
            if session.get(District, district) is None:
                raise no_district(district)
            for net in NETS.values():
                took |= lasted(session, net, "" if net.is_of_house else district)
    page = runbook_of(NETS, took)
    if out is None:
        print(page, end="")
    else:
        out.write_text(page, encoding="utf-8")
        print(f"{out}: {len(NETS)} nets, {len({step.name for net in NETS.values() for step in net.steps})} steps.")


def _by() -> Actor:
    return Actor(kind="batch", name=f"night/{system_user()}", provider_code="RETAIL", door="night")
