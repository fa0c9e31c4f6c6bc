"""Calculating bills: what should be charged, minus what was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from traceback import extract_tb

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.sound import hold_contradictions
from billing.commands import BlockTotals, SetAside
from billing.model import Nominal
from billing.queries.at_cut import AtCut, RunAtCut, accounts_at_cut, price_book, run_at_cut
from billing.rules.bill import AccountAtCut, DraftBill, draft_bill
from billing.rules.charges import PriceBook
from billing.rules.cycle import finishes, next_bill_on
from billing.rules.validation import require_reachable
from billing.words import BillKind, BillState
from css import audit
from css.core.actor import Actor
from css.core.errors import CssError, Refused
from css.core.money import total
from css.db.bulk import copy_rows
from css.db.sql import block

_BILL = (
    "id", "bill_run_id", "district_code", "account_id", "kind", "state", "hold_code", "hold_words", "issue_on", "period_starts_on",
    "period_ends_on", "usage_after", "usage_through", "due_on", "brought_forward", "payments_received", "outside_total", "invoice_net",
    "invoice_vat", "invoice_gross", "amount_due", "payer",
)  # fmt: skip
_LINE = (
    "bill_id", "account_id", "line_number", "kind", "service_id", "product_id", "product_price_id", "rental_period_starts_on",
    "billable_item_id", "promotion_id", "benefit_id", "benefit_month_starts_on", "adjustment_id", "corrects_line_id", "number", "words",
    "reference", "starts_on", "ends_on", "quantity", "unit", "unit_price", "price_per", "charge_class", "band", "duration_seconds", "net",
    "vat_category", "vat_basis_points", "nominal_code",
)  # fmt: skip
_MONTH = (
    "bill_id", "account_id", "benefit_id", "service_id", "month_starts_on", "month_ends_on", "granted_seconds", "rolled_in_seconds",
    "used_seconds", "left_seconds",
)  # fmt: skip
_VAT = ("bill_id", "vat_category", "vat_basis_points", "net", "vat")


@dataclass(frozen=True, slots=True)
class _Made:
    """A bill decided, with the id it will have."""

    bill_id: int
    account: AtCut
    bill: DraftBill


def calculate_block(session: Session, run_id: int, account_ids: Sequence[int], *, by: Actor, at: datetime) -> BlockTotals:
    """Make the bills of these accounts of the run; accounts that have theirs are filtered. ``amount`` is the invoice totals.

    ``billing.queries.accounts_to_calculate`` says which are left. An account that cannot be billed is parked with its
    reason and counted as rejected; one with nothing to bill and nothing owed is filtered and its cycle moves on. A bill whose
    document would contradict itself is held (CSS445E) while it has no number yet.

    Raises:
        NotFound: CSS434E no such run, CSS444E nobody is our own retail arm.
    """
    run = run_at_cut(session, run_id)
    waiting = accounts_at_cut(session, run, account_ids)
    drafts, idle, parked = _decide(waiting, price_book(session, run.cut), _nominals(session))
    made = _with_ids(session, drafts)
    _write(session, run, made)
    contradictions = hold_contradictions(session, [one.bill_id for one in made])
    _move_on(session, run, idle)
    _park(session, run, parked)
    totals = BlockTotals(
        read=len(account_ids),
        written=len(made),
        filtered=len(account_ids) - len(made) - len(parked),
        rejected=len(parked),
        amount=total(one.bill.invoice_gross for one in made),
        set_aside=parked,
    )
    counts = {
        "bills": totals.written,
        "contradict": contradictions,
        "idle": len(idle),
        "parked": totals.rejected,
        "invoice_gross": str(totals.amount),
    }
    audit.record(
        session,
        by=by,
        at=at,
        verb="calculate_bills",
        subject=("bill run", f"{run.district_code} {run.cut}"),
        after={"run": run_id, **counts},
    )
    return totals


def _decide(
    waiting: Sequence[AtCut], book: PriceBook, nominals: frozenset[str]
) -> tuple[list[tuple[AtCut, DraftBill]], list[AccountAtCut], tuple[SetAside, ...]]:
    """Bills to write, accounts with nothing to bill, and accounts that cannot be billed: one's fault is not another's."""
    drafts: list[tuple[AtCut, DraftBill]] = []
    idle: list[AccountAtCut] = []
    parked: list[SetAside] = []
    for one in waiting:
        account = one.account
        try:
            bill = draft_bill(account, book)
            if bill is not None:
                _require_nominals(bill, nominals)
                require_reachable(one.payer)
        except CssError as fault:
            parked.append(SetAside(source_key=_key(account), code=fault.code, words=str(fault), raw=account.account_number))
            continue
        except (ArithmeticError, ValueError) as fault:
            lost = _lost(account, fault)
            parked.append(SetAside(source_key=_key(account), code=lost.code, words=str(lost), raw=account.account_number))
            continue
        if bill is None:
            idle.append(account)
        else:
            drafts.append((one, bill))
    return drafts, idle, tuple(parked)


def _lost(account: AccountAtCut, fault: Exception) -> CssError:
    """A date or a sum that no data should lead to, a year 10000 say: of one account, and so no reason to bill nobody.

    Anything else that is unexpected is a mistake of ours, and stops the run.
    """
    at = extract_tb(fault.__traceback__)[-1]
    return Refused(
        "CSS490E",
        "Account {account} cannot be reckoned: {fault} in {place}, line {line}.",
        account=account.account_number,
        fault=f"{type(fault).__name__} {fault}".strip(),
        place=at.name,
        line=at.lineno,
    )


def _key(account: AccountAtCut) -> str:
    return f"bill/{account.cut}/{account.account_number}"


def _require_nominals(bill: DraftBill, nominals: frozenset[str]) -> None:
    for line in bill.lines:
        if line.nominal_code not in nominals:
            raise Refused(
                "CSS435E", "There is no nominal {nominal} in the ledger for {words}.", nominal=line.nominal_code, words=line.words
            )


def _nominals(session: Session) -> frozenset[str]:
    return frozenset(session.execute(select(Nominal.code)).scalars())


def _with_ids(session: Session, drafts: Sequence[tuple[AtCut, DraftBill]]) -> tuple[_Made, ...]:
    """Ids are drawn first, so that bills, lines and VAT can be copied in without asking which is which."""
    ids = session.execute(block("billing", "calculate.bill_ids"), {"count": len(drafts)}).scalars()
    return tuple(_Made(bill_id, account, bill) for bill_id, (account, bill) in zip(ids, drafts, strict=True))


def _write(session: Session, run: RunAtCut, made: Sequence[_Made]) -> None:
    copy_rows(session, "billing.bill", _BILL, (_bill_row(run, one) for one in made))
    copy_rows(session, "billing.bill_line", _LINE, (row for one in made for row in _line_rows(one)))
    copy_rows(
        session,
        "billing.bill_vat",
        _VAT,
        ((one.bill_id, vat.tax.category, vat.tax.basis_points, vat.net, vat.vat) for one in made for vat in one.bill.vat),
    )
    copy_rows(session, "billing.allowance_month", _MONTH, (row for one in made for row in _month_rows(one)))


def _month_rows(made: _Made) -> Iterator[tuple[object, ...]]:
    account_id = made.account.account.account_id
    for month in made.bill.allowance_months:
        yield (
            made.bill_id,
            account_id,
            month.benefit_id,
            month.service_id,
            month.month_starts_on,
            month.month_ends_on,
            month.granted_seconds,
            month.rolled_in_seconds,
            month.used_seconds,
            "{" + ",".join(map(str, month.left_seconds)) + "}",
        )


def _bill_row(run: RunAtCut, made: _Made) -> tuple[object, ...]:
    account, bill = made.account.account, made.bill
    hold = bill.hold
    return (
        made.bill_id,
        run.run_id,
        run.district_code,
        account.account_id,
        account.kind,
        BillState.CALCULATED if hold is None else BillState.HELD,
        None if hold is None else hold.code,
        None if hold is None else hold.words,
        run.cut,
        bill.period.starts_on,
        bill.period.ends_on,
        # A credit note takes no calls: there is no day between these two.
        run.cut if account.kind is BillKind.CREDIT_NOTE else account.usage_after,
        run.cut,
        bill.due_on,
        bill.brought_forward,
        account.payments,
        account.outside,
        bill.invoice_net,
        bill.invoice_vat,
        bill.invoice_gross,
        bill.amount_due,
        made.account.payer,
    )


def _line_rows(made: _Made) -> Iterator[tuple[object, ...]]:
    account_id = made.account.account.account_id
    for number, line in enumerate(made.bill.lines, start=1):
        yield (
            made.bill_id,
            account_id,
            number,
            line.kind,
            line.service_id,
            line.product_id,
            line.product_price_id,
            line.rental_period_starts_on,
            line.billable_item_id,
            line.promotion_id,
            line.benefit_id,
            line.benefit_month_starts_on,
            line.adjustment_id,
            line.corrects_line_id,
            line.number,
            line.words,
            line.reference,
            line.starts_on,
            line.ends_on,
            line.quantity,
            line.unit,
            line.unit_price,
            line.price_per,
            line.charge_class,
            line.band,
            line.duration_seconds,
            line.net,
            line.tax.category,
            line.tax.basis_points,
            line.nominal_code,
        )


def _move_on(session: Session, run: RunAtCut, idle: Sequence[AccountAtCut]) -> None:
    """Nothing to bill: the cycle moves on as if it had been, which is also how a repeat knows that this was done."""
    if idle:
        session.execute(
            block("billing", "cut.move_cycles"),
            {
                "accounts": [account.account_id for account in idle],
                "dates": [next_bill_on(account.kind, account.cycle, account.cycle_on, run.cut) for account in idle],
                "finished": [finishes(account.kind) for account in idle],
                "cuts": [run.cut] * len(idle),
            },
        )


def _park(session: Session, run: RunAtCut, parked: Sequence[SetAside]) -> None:
    if parked:
        session.execute(
            block("billing", "cut.park"),
            {
                "run": run.run_id,
                "numbers": [one.raw for one in parked],
                "codes": [one.code for one in parked],
                "words": [one.words for one in parked],
            },
        )
        session.execute(block("billing", "cut.wait_again"), {"run": run.run_id, "numbers": [one.raw for one in parked]})
