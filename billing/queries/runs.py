"""Bill runs: which run a night made, how far it has come, what it came to, and the bills that went out with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from billing.model import Bill, BillRun, BillRunAccount
from billing.queries.accounts import BillRow, bill_row
from billing.queries.control import bill_control
from billing.rules.run_figures import HeldBill, KindSum, LineKindSum, ParkedAccount, RunFigures, RunState, run_state
from billing.rules.sampling import Candidate, choose_sample
from billing.words import BillKind, LineKind
from css.core.errors import NotFound
from css.core.money import Money
from css.db.sql import block
from css.master.accounts import Account

RUNS_MAX = 200


@dataclass(frozen=True, slots=True)
class BillRunRow:
    """One run in a district's list."""

    business_date: date
    """The cut."""
    state: RunState
    account_count: int
    """On the list of the cut."""
    bill_count: int
    waiting_count: int
    """Calculated bills without a number."""
    held_count: int
    parked_count: int
    numbered_count: int
    issued_count: int
    invoice_gross: Money
    sampled_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    approved_words: str | None


@dataclass(frozen=True, slots=True)
class BillRunCard:
    """A run on one page."""

    run: BillRunRow
    figures: RunFigures


@dataclass(frozen=True, slots=True)
class SampledBill:
    """A bill of a run's sample, and what it is an example of."""

    account_number: str
    kind: BillKind
    invoice_gross: Money
    last_gross: Money | None
    """The invoice total of the bill before; none of a first one."""
    line_count: int
    why: str


def bill_run_id(session: Session, district_code: str, business_date: date) -> int:
    """The run of a night.

    Raises:
        NotFound: CSS489E, the night has not frozen its cut.
    """
    run = session.execute(
        select(BillRun.id).where(BillRun.district_code == district_code, BillRun.business_date == business_date)
    ).scalar_one_or_none()
    if run is None:
        raise _no_run(district_code, business_date)
    return run


def _no_run(district_code: str, business_date: date | None) -> NotFound:
    sentence = (
        "There is no bill run for {date} in district {district}." if business_date else "No night has billed district {district} yet."
    )
    return NotFound("CSS489E", sentence, date=business_date, district=district_code, element="business_date")


def bills_of_night(session: Session, district: str, business_date: date) -> tuple[BillRow, ...]:
    """The numbered bills of a night's run, in order of their numbers; none when the night has not got so far."""
    rows = session.execute(
        select(Bill, Account.number)
        .join(BillRun, BillRun.id == Bill.bill_run_id)
        .join(Account, Account.id == Bill.account_id)
        .where(BillRun.district_code == district, BillRun.business_date == business_date, Bill.number.is_not(None))
        .order_by(Bill.serial)
    )
    return tuple(bill_row(account_number, bill, business_date) for bill, account_number in rows)


def bill_runs(session: Session, district_code: str, limit: int = 30) -> tuple[BillRunRow, ...]:
    """The runs of a district, the newest first, with what became of their accounts and bills."""
    return _runs(session, district_code, None, limit)


def run_of_night(session: Session, district_code: str, business_date: date) -> BillRunRow | None:
    """The run of a night as a list shows it; None when the night has not frozen its cut."""
    return next(iter(_runs(session, district_code, business_date, 1)), None)


def bill_run(session: Session, district_code: str, business_date: date | None = None) -> BillRunCard:
    """A run with its sums by kind, what it holds and what it has parked; the last one where no night is named.

    Raises:
        NotFound: CSS489E, the night has not frozen its cut, or none has.
    """
    found = _runs(session, district_code, business_date, 1)
    if not found:
        raise _no_run(district_code, business_date)
    return BillRunCard(found[0], run_figures(session, bill_run_id(session, district_code, found[0].business_date)))


def _runs(session: Session, district_code: str, business_date: date | None, limit: int) -> tuple[BillRunRow, ...]:
    parameters = {"district": district_code, "night": business_date, "limit": min(limit, RUNS_MAX)}
    needs_approval = bill_control(session, district_code).is_approval_required
    return tuple(_run_row(row, needs_approval=needs_approval) for row in session.execute(block("billing", "sample.runs"), parameters))


def parked_accounts(session: Session, district_code: str, business_date: date | None = None) -> tuple[ParkedAccount, ...]:
    """The accounts that a night could not bill, or whose bills were taken back, and why; the last night's where none is named.

    Raises:
        NotFound: CSS489E, the night has not frozen its cut.
    """
    return bill_run(session, district_code, business_date).figures.parked


def sample_of_night(session: Session, district_code: str, business_date: date) -> tuple[SampledBill, ...]:
    """The bills of a night that are printed to be looked at, in order of account: none where the district wants no sample.

    Raises:
        NotFound: CSS489E, the night has not frozen its cut.
    """
    run_id = bill_run_id(session, district_code, business_date)
    count = bill_control(session, district_code).sample_count
    chosen = [one for groups in (False, True) for one in choose_sample(sample_candidates(session, run_id, groups=groups), count)]
    return tuple(
        SampledBill(
            one.candidate.account_number,
            one.candidate.kind,
            one.candidate.invoice_gross,
            one.candidate.last_gross,
            one.candidate.line_count,
            one.why,
        )
        for one in chosen
    )


def sample_candidates(session: Session, run_id: int, *, groups: bool) -> tuple[Candidate, ...]:
    """The bills of a run that go out when it is released, those of group accounts or the others, in order of account."""
    return tuple(
        Candidate(
            bill_id=row.id,
            account_id=row.account_id,
            account_number=row.account_number,
            kind=BillKind(row.kind),
            medium=row.medium,
            segment=row.segment,
            invoice_gross=Money(row.invoice_gross),
            line_count=row.line_count,
            call_count=int(row.call_count),
            last_gross=None if row.last_gross is None else Money(row.last_gross),
        )
        for row in session.execute(block("billing", "sample.candidates"), {"run": run_id, "is_group": groups})
    )


def run_figures(session: Session, run_id: int) -> RunFigures:
    """What a run comes to: its bills and lines by kind, what is held and what is parked."""
    run = session.get_one(BillRun, run_id)
    accounts = session.execute(select(func.count()).where(BillRunAccount.bill_run_id == run_id)).scalar_one()
    parameters = {"run": run_id}
    kinds = session.execute(block("billing", "sample.by_kind"), parameters)
    lines = session.execute(block("billing", "sample.by_line_kind"), parameters)
    held = session.execute(block("billing", "sample.held"), parameters)
    parked = session.execute(block("billing", "sample.parked"), parameters)
    return RunFigures(
        district_code=run.district_code,
        business_date=run.business_date,
        account_count=accounts,
        kinds=tuple(
            KindSum(
                kind=BillKind(row.kind),
                is_held=row.is_held,
                bill_count=row.bill_count,
                invoice_net=Money(int(row.invoice_net)),
                invoice_vat=Money(int(row.invoice_vat)),
                invoice_gross=Money(int(row.invoice_gross)),
                amount_due=Money(int(row.amount_due)),
            )
            for row in kinds
        ),
        line_kinds=tuple(LineKindSum(kind=LineKind(row.kind), line_count=row.line_count, net=Money(int(row.net))) for row in lines),
        held=tuple(
            HeldBill(
                account_number=row.account_number,
                kind=BillKind(row.kind),
                invoice_gross=Money(row.invoice_gross),
                hold_code=row.hold_code,
                hold_words=row.hold_words,
            )
            for row in held
        ),
        parked=tuple(
            ParkedAccount(
                account_number=row.account_number,
                kind=BillKind(row.kind),
                cycle_on=row.cycle_on,
                parked_code=row.parked_code,
                parked_words=row.parked_words,
                billed_on=row.billed_on,
            )
            for row in parked
        ),
    )


def _run_row(row: Row[Any], *, needs_approval: bool) -> BillRunRow:
    return BillRunRow(
        business_date=row.business_date,
        state=run_state(
            bills=row.bill_count,
            waiting=row.waiting_count,
            numbered=row.numbered_count,
            issued=row.issued_count,
            needs_approval=needs_approval,
            is_approved=row.approved_by is not None,
        ),
        account_count=row.account_count,
        bill_count=row.bill_count,
        waiting_count=row.waiting_count,
        held_count=row.held_count,
        parked_count=row.parked_count,
        numbered_count=row.numbered_count,
        issued_count=row.issued_count,
        invoice_gross=Money(int(row.invoice_gross)),
        sampled_at=row.sampled_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        approved_words=row.approved_words,
    )
