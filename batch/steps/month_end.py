"""The end of a month, step by step: the figures of the books and of service, each with its proof, and the close."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from batch.balance import Finding, OutOfBalance
from batch.balance.joints import difference_of
from batch.model import JobInstance
from batch.net import Context, Counts, Joint, Rerun, Side, SingleStep, Total, Work
from batch.outputs import publish
from batch.steps import told_month as told
from batch.turns import NIGHT_NET, next_turn
from billing.actions import periods
from billing.period_csv import period_files
from billing.period_pdf import render_period
from billing.queries.as_posted import supplier
from billing.queries.period_ledger import PeriodAsked, last_close
from billing.queries.period_proofs import PROOFS, ProofSide
from billing.queries.periods import figures_kept, months_wanting, period_card
from billing.rules.period import Figure, after, period_of, require_ended
from billing.words import FigureSubject, PeriodKind
from css.core.errors import Refused
from css.core.money import Money
from css.master.districts import BusinessDate, District
from orders.queries.in_time import orders_completed
from repairs.queries.in_time import faults_cleared

OUT_OF_TURN: Final = "CSS981E"
"""Something before the period is not closed."""
BEFORE_CLOSE: Final = Rerun(
    is_allowed=True, words="Until the month is closed its figures are counted anew: those kept before are replaced. Afterwards they stand."
)
STANDS: Final = Rerun(
    is_allowed=False,
    words="A closed period stands: nothing changes its figures, and nothing is entered for its days. What is found later is entered today.",
)


def asked_for(context: Context, kind: PeriodKind = PeriodKind.MONTH) -> PeriodAsked:
    """The period that ends with the business date. Refused CSS980E when none does."""
    return PeriodAsked(context.district_code, kind, require_ended(kind, context.business_date).starts_on)


def proof(name: str, kind: PeriodKind = PeriodKind.MONTH) -> Joint:
    """A proof of billing's as a joint of the net."""
    return Joint(name, partial(_sides, name, kind))


def _sides(name: str, kind: PeriodKind, session: Session, context: Context) -> tuple[Side, Side]:
    one, other = PROOFS[kind][name](session, asked_for(context, kind))
    return _side(one), _side(other)


def _side(side: ProofSide) -> Side:
    return Side(side.words, side.item_count, side.amount)


def proved(run: Callable[[Session, Context], Work], joints: Sequence[Joint], session: Session, context: Context) -> Work:
    """Do it, and look at its joints in the same transaction: figures that are apart are not kept, and are counted anew next time.

    Raises:
        OutOfBalance: two figures that should be one are not.
    """
    work = run(session, context)
    session.flush()
    sides = [(joint.name, *joint.sides(session, context)) for joint in joints]
    findings = [Finding(name, one, other, difference_of(name, one, other)) for name, one, other in sides]
    if any(found.difference is not None for found in findings):
        raise OutOfBalance(context.step, findings)
    return work


def turn(session: Session, context: Context, *, kind: PeriodKind) -> Work:
    """Look whether it is this period's turn."""
    require_turn(session, context.district_code, context.business_date, kind=kind)
    return Work(Counts(1, 1))


def require_turn(session: Session, district_code: str, business_date: date, *, kind: PeriodKind) -> None:
    """As billing has it, with the command that runs what comes first. Errors: Refused CSS980E, CSS981E, CSS982E; NotFound CSS101E."""
    asked = PeriodAsked(district_code, kind, require_ended(kind, business_date).starts_on)
    try:
        periods.require_turn(session, asked)
    except Refused as refusal:
        if refusal.code != OUT_OF_TURN:
            raise
        words = " ".join(_first_of_all(session, asked))
        raise Refused(OUT_OF_TURN, "{why} `css {words}` comes first.", why=str(refusal), words=words) from refusal


def _first_of_all(session: Session, asked: PeriodAsked) -> tuple[str, ...]:
    """The command that runs the first of all that keep a period from being closed."""
    dates = session.execute(select(BusinessDate).where(BusinessDate.district_code == asked.district_code)).scalar_one()
    month = _first_wanting(session, asked) if asked.kind is PeriodKind.QUARTER else asked
    before = last_close(session, month)
    if before is not None:
        month = PeriodAsked(asked.district_code, PeriodKind.MONTH, after(period_of(PeriodKind.MONTH, before)))
    if dates.closed_through < month.last_on:
        return ("night", "run", asked.district_code, "--date", next_turn(session, dates).isoformat())
    return ("night", "run", asked.district_code, "--date", month.last_on.isoformat(), "--net", "month-end")


def _first_wanting(session: Session, asked: PeriodAsked) -> PeriodAsked:
    """The first month of a quarter that must be closed before it: of a district that began in it, the first that had a night of ours."""
    began: date | None = session.execute(
        select(func.min(JobInstance.business_date)).where(
            JobInstance.net == NIGHT_NET, JobInstance.district_code == asked.district_code, JobInstance.parameter_key == ""
        )
    ).scalar_one()
    wanting = months_wanting(session, asked)
    # When its last month is closed before any other, a quarter wants no more than that.
    return next((month for month in wanting if began is not None and month.last_on >= began), wanting[-1])


def kept(count: int, *totals: Total, alarms: tuple[str, ...] = ()) -> Work:
    """So many figures were kept."""
    return Work(Counts(count, count), totals=totals, alarms=alarms)


def _trial_balance(session: Session, context: Context) -> Work:
    asked = asked_for(context)
    count = periods.keep_trial_balance(session, asked)
    debits = sum(one.debits.pence for one in figures_kept(session, asked).nominals)
    return kept(count, Total("debits of the month", count, Money(debits)))


def _vat(session: Session, context: Context) -> Work:
    asked = asked_for(context)
    count = periods.keep_vat(session, asked)
    due = sum(one.vat.pence for one in figures_kept(session, asked).vat)
    return kept(count, Total("VAT of the month's bills", count, Money(due)))


def _figures(subjects: Sequence[FigureSubject], session: Session, context: Context) -> Work:
    asked = asked_for(context)
    count = periods.keep_figures(session, asked, subjects)
    return kept(count, *_totals(session, asked, subjects))


def _unbilled(session: Session, context: Context) -> Work:
    asked = asked_for(context)
    count, wanting = periods.keep_unbilled(session, asked)
    alarms = tuple(f"What is unbilled lacks services of which days have no price: {words}" for words in wanting)
    return kept(count, *_totals(session, asked, (FigureSubject.UNBILLED, FigureSubject.DEFERRED)), alarms=alarms)


def _service(session: Session, context: Context) -> Work:
    asked = asked_for(context)
    orders = [
        Figure(FigureSubject.ORDERS, row.kind.value, row.completed_count, of_which_count=row.in_time_count)
        for row in orders_completed(session, asked.district_code, asked.period)
    ]
    faults = [
        Figure(FigureSubject.FAULTS, row.care_level, row.cleared_count, of_which_count=row.in_time_count)
        for row in faults_cleared(session, asked.district_code, asked.period)
    ]
    count = periods.keep_said(session, asked, FigureSubject.ORDERS, orders)
    count += periods.keep_said(session, asked, FigureSubject.FAULTS, faults)
    return kept(
        count,
        Total("orders completed", sum(one.item_count for one in orders)),
        Total("faults cleared", sum(one.item_count for one in faults)),
    )


def close(session: Session, context: Context, *, kind: PeriodKind) -> Work:
    """Prove everything once more, and let it stand."""
    asked = asked_for(context, kind)
    periods.close_period(session, asked, by=context.by, at=context.at)
    return Work(Counts(1, 1), messages=(f"{asked.words} is closed in district {asked.district_code}.",))


def report(session: Session, context: Context, *, kind: PeriodKind) -> Work:
    """Publish the closed period as CSV files and a PDF."""
    asked = asked_for(context, kind)
    card = period_card(session, asked)
    place = session.get_one(District, asked.district_code).name
    name = f"{kind}-end-{asked.district_code}-{asked.starts_on:%Y-%m}"
    files = {f"{name}.pdf": render_period(card, place, supplier(session)), **period_files(card, name)}
    publish(session, context, f"{kind}-end/{asked.district_code}", files, at=context.at)
    return Work(Counts(len(files), len(files)))


def _totals(session: Session, asked: PeriodAsked, subjects: Sequence[FigureSubject]) -> tuple[Total, ...]:
    figures = figures_kept(session, asked)
    return tuple(
        Total(f"{asked.kind}'s {subject}", sum(one.item_count for one in figures.of(subject)), figures.sum_of(subject))
        for subject in subjects
    )


def _step(
    name: str,
    words: str,
    run: Callable[[Session, Context], Work],
    *proofs: str,
    skip_words: str = "",
) -> SingleStep:
    """A step that keeps figures of a month."""
    joints = tuple(proof(one) for one in proofs)
    return SingleStep(
        name,
        words,
        partial(proved, run, joints),
        joints=joints,
        rerun=BEFORE_CLOSE,
        doc=told.DOCS[name],
        may_be_skipped=bool(skip_words),
        skip_words=skip_words,
    )


TURN: Final = SingleStep(
    "month-turn",
    "Look whether the month may be closed",
    partial(turn, kind=PeriodKind.MONTH),
    rerun=BEFORE_CLOSE,
    doc=told.DOCS["month-turn"],
)
TRIAL_BALANCE: Final = _step(
    "trial-balance", "Keep the trial balance", _trial_balance, "opened as left", "debits and credits", "nominals carried on"
)
VAT: Final = _step("vat-by-rate", "Keep the VAT by rate", _vat, "VAT by rate")
HAPPENED: Final = _step(
    "month-figures",
    "Keep what happened in the month",
    partial(_figures, periods.LEDGER_SUBJECTS),
    "revenue by kind",
    "supplies by rate",
    "payments",
    "outside the invoice",
    "broken promises",
    "debtors moved",
)
DEBTORS: Final = _step("debtors-by-age", "Keep what is owed by age", partial(_figures, (FigureSubject.DEBTORS,)), "debtors by age")
UNBILLED: Final = _step("unbilled", "Keep what is unbilled and what was billed ahead", _unbilled)
WAITING: Final = _step(
    "waiting-usage",
    "Keep the usage that waits by age",
    partial(_figures, (FigureSubject.WAITING_USAGE,)),
    skip_words="The month has no figures of usage that waits, and its report a page without them; they cannot be had later.",
)
SERVICE: Final = _step(
    "orders-and-faults",
    "Keep how many orders and faults were in time",
    _service,
    skip_words="The month has no figures of orders and faults in time, and its report is without them; they cannot be had later.",
)
CLOSE: Final = SingleStep(
    "close-month", "Close the month", partial(close, kind=PeriodKind.MONTH), rerun=STANDS, doc=told.DOCS["close-month"]
)
REPORT: Final = SingleStep(
    "month-report",
    "Publish the month's report",
    partial(report, kind=PeriodKind.MONTH),
    rerun=Rerun(is_allowed=True, words="It is written anew from the figures that stand: the same files."),
    doc=told.DOCS["month-report"],
)
