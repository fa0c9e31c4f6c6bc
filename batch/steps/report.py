"""The morning report, written when the night's date is closed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from batch.net import Context, Counts, Rerun, SingleStep, Work
from batch.report.reading import read
from batch.report.text import as_text
from batch.report.writing import publish_report
from batch.steps import told_days


def morning_report(session: Session, context: Context) -> str:
    """The report as text, 96 columns."""
    return as_text(read(session, context.job_instance_id, by=context.by))


def write_report(session: Session, context: Context) -> Work:
    """Have the report on the spool."""
    publish_report(session, context)
    return Work(Counts(1, 1))


REPORT = SingleStep(
    "report",
    "Write the morning report",
    write_report,
    may_be_skipped=True,
    skip_words="There is no morning report on the spool; `css night report` prints it at any time.",
    rerun=Rerun(is_allowed=True, words="The report is made again from the run's records, as a new generation; the one before stays."),
    doc=told_days.REPORT,
)
