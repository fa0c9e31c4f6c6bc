"""``css night``: run a net, look at what it does and did, tell it something, leave it to the clock."""

from __future__ import annotations

from functools import partial

import typer

from css.cli import night_look, night_plan, night_report, night_run, night_spool, night_tell, night_watch
from css.cli.unheard import unheard
from css.db.engine import database

app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command()(night_run.run)
app.command()(night_report.report)
app.command()(night_report.board)
night_look.register(app)
night_watch.register(app)
night_tell.register(app)
night_spool.register(app)


@app.command()
def clock() -> None:
    """Watch the clock: plan what is due, start it, raise what is late; until interrupted."""
    from batch.clock.scheduler import watch  # noqa: PLC0415 - only this command needs it
    from batch.nets import NETS  # noqa: PLC0415 - with it

    with unheard():
        print("Looking every 15 seconds what is due; Ctrl-C ends it.", flush=True)
        watch(database(), NETS, told=partial(print, flush=True))


app.command()(night_plan.year)
app.command()(night_plan.clocks)
app.command()(night_report.runbook)
