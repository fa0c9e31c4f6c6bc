"""The morning report: what the night did, read from its own records, so that it can be written again at any time."""

from __future__ import annotations

import os
from textwrap import wrap

from sqlalchemy.orm import Session

from batch import queries, repository
from batch.model import StepState
from batch.net import Context, Counts, SingleStep, Work
from batch.steps.books import BOOKS
from billing.queries.suspense import set_aside_by_night
from css.core.money import Money

WIDTH = 96


def morning_report(session: Session, context: Context) -> str:
    """The report as text, 96 columns."""
    lines = [
        f"CSS MORNING REPORT   district {context.district_code}   business date {context.business_date:%a %d %b %Y}".ljust(WIDTH).rstrip(),
        "=" * WIDTH,
        f"{'step':<18}{'state':<12}{'read':>12}{'written':>12}{'filtered':>12}{'rejected':>12}",
        "-" * WIDTH,
    ]
    steps = queries.steps(session, context.district_code, context.business_date)
    lines += [
        f"{row.step:<18}{row.state.value:<12}{row.read_count:>12,}{row.written_count:>12,}{row.filtered_count:>12,}{row.rejected_count:>12,}"
        for row in steps
        if row.step != "report"
    ]
    lines += ["", f"{'control total':<48}{'count':>16}{'amount':>18}", "-" * WIDTH]
    lines += [
        f"{name:<48}{'' if count is None else f'{count:,}':>16}{'' if not isinstance(amount, Money) else amount.sterling:>18}"
        for _, name, count, amount in repository.control_totals(session, context.job_instance_id)
    ]
    alarms = repository.alarms(session, context.job_instance_id)
    lines += ["", "Alarms:" if alarms else "Alarms: none."]
    lines += [line for words, _ in alarms for line in wrap(words, WIDTH, initial_indent="  ", subsequent_indent="      ")]
    by_usage = set_aside_by_night(session, context.district_code, context.business_date)
    reasons = sorted([*queries.reject_reasons(session, context.job_instance_id), *by_usage])
    lines += ["", "Set aside:" if reasons else "Set aside: nothing."]
    lines += [f"  {code}  {count:>8,}  {words[:70]}" for code, words, count in reasons]
    # Asked again in the morning, the report may be of a night that stopped before its books were found in order.
    balanced = any(row.step == BOOKS.name and row.state is StepState.COMPLETED for row in steps)
    lines += ["", "The books balance." if balanced else "The night is not finished; its books are not known to balance.", ""]
    return "\n".join(lines)


def write_report(session: Session, context: Context) -> Work:
    """Write the report below the spool, whole or not at all."""
    directory = context.spool
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "morning-report.txt"
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(morning_report(session, context))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    return Work(Counts(1, 1))


REPORT = SingleStep("report", "Write the morning report", write_report)
