"""Where morning reports lie: those of runs that are over as generations, that of one that stopped beside them until it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from batch.net import Context
from batch.outputs import publish
from batch.report.facts import Facts
from batch.report.reading import read
from batch.report.text import as_text
from css.whole_file import cannot_write, put_files

TEXT: Final = "morning-report.txt"
PAGE: Final = "morning-report.pdf"


def files_of(facts: Facts) -> dict[str, bytes]:
    """Both faces of a report, by name."""
    from batch.report.pdf import as_pdf  # noqa: PLC0415 - drawing needs a tenth of a second that other commands need not pay

    return {TEXT: as_text(facts).encode(), PAGE: as_pdf(facts)}


def as_undisturbed(facts: Facts) -> Facts:
    """The facts without the attempts before the last."""
    return replace(facts, attempts=facts.attempts[-1:])


def name_of(net: str, parameter_key: str = "") -> str:
    """What the report of a net is called: ``morning-report``, ``month-end-report``; of an extra run ``housekeeping-report-again``."""
    name = "morning-report" if net == "night" else f"{net}-report"
    return f"{name}-{parameter_key}" if parameter_key else name


def dataset_of(net: str, district: str) -> str:
    """What the generations of a net's reports are called: ``morning-report/ZZ``, ``month-end-report/ZZ``, ``housekeeping-report``."""
    name = name_of(net)
    return f"{name}/{district}" if district else name


def publish_report(session: Session, context: Context) -> None:
    """Put the report of a run on the spool as a generation. What lay there while it stood still goes.

    Raises:
        Unavailable: CSS968E, no room; CSS969E, the spool cannot be written.
    """
    # Without the attempts: what a night leaves has the same bytes, however often it was killed. `css night report` tells of them.
    facts = as_undisturbed(read(session, context.job_instance_id, by=context.by))
    publish(session, context, dataset_of(facts.net, facts.district_code), files_of(facts), at=context.at)
    withdraw_stopped(context, facts.net, facts.parameter_key)


def stopped_files(context: Context, net: str, parameter_key: str = "") -> tuple[Path, Path]:
    """Where the report of a run that stopped lies, text and page. Nets share the directory of their date, and each has names of its own."""
    name = name_of(net, parameter_key)
    return context.spool / f"{name}.txt", context.spool / f"{name}.pdf"


def withdraw_stopped(context: Context, net: str, parameter_key: str = "") -> None:
    """Take away what was left when the run stopped: it is done, and would be told of as if it stood still."""
    for path in stopped_files(context, net, parameter_key):
        path.unlink(missing_ok=True)


def write_stopped(session: Session, context: Context, planned: Sequence[str] = ()) -> tuple[str, ...]:
    """Write the report of a run that stopped below ``<home>/spool/<district>/<date>/``: whoever mends it wants it now.

    It is no generation: the run is not over. ``planned`` as in ``read``. Gives the paths. Raises as ``publish_report``.
    """
    facts = read(session, context.job_instance_id, by=context.by, planned=planned)
    files = dict(zip(stopped_files(context, facts.net, facts.parameter_key), files_of(facts).values(), strict=True))
    try:
        put_files(files)
    except OSError as error:
        raise cannot_write(error, context.spool) from error
    return tuple(str(path) for path in files)
