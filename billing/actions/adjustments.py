"""Crediting what was billed, and charging what no bill line stands for. Nothing posted is touched: the next bill says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import Row, exists, insert, select
from sqlalchemy.orm import Session

from billing.actions.limits import approved
from billing.credit_commands import AccountAdjusted, AdjustAccount, BillCredited, CreditBillLine, LineCredited
from billing.model import Adjustment, Bill, BillRequest, Nominal
from billing.queries.account_terms import vat_histories
from billing.queries.accounts import AccountNamed, account_named
from billing.rules.adjustments import LineLeft, creditable
from billing.rules.bill_number import read_bill_number
from billing.rules.permission import require_may
from billing.rules.vat import tax_on
from billing.words import BillKind, BillState, NominalKind
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, NotFound, Refusals, Refused
from css.core.money import ZERO, Money, Price, to_money, total
from css.db.sql import block
from css.master.accounts import Account
from css.master.districts import business_date
from css.master.products import vat_rates

ADJUSTMENT_MAX: Final = Money(1_000_000_00)
"""More than anybody is credited or charged by hand: a slip of the keys."""
WORDS_MAX: Final = 200
WHOLE: Final = 10_000
"""Basis points."""
POSTED: Final = frozenset({BillState.POSTED, BillState.ISSUED})


@dataclass(frozen=True, slots=True)
class BillNamed:
    """A bill found by its number."""

    id: int
    number: str


@audit.answered
def credit_bill_line(
    session: Session, command: CreditBillLine, *, by: Actor, at: datetime, approved_by: Actor | None = None
) -> BillCredited:
    """Credit a line of a posted bill, or all of them, whole or in part: on the next bill, or by credit note the same night.

    A credit has the tax and the nominal of its line and is never more than what is left of it. Several at once wait for
    each other. Above the operator's limit a second person signs, ``approved_by``, whom the door has asked for a password; what
    the same operator credited the account with today counts too.

    Raises:
        NotFound: CSS448E no such bill, CSS801E it has no such line.
        BadMessage: CSS804E the amount, CSS805E nothing said; errors of ``parse_id``.
        Conflict: CSS800E the bill is not in the ledger.
        Refused: CSS443E the actor may not, CSS802E nothing is left to credit, CSS803E more than is left, CSS806E and CSS807E
            the limits.
    """
    require_may(by, "credit bills")
    _require_said(command.reason, command.words, command.amount, is_part=command.line_number is not None)
    bill, account = _bill_to_credit(session, command.bill_number, by)
    today = business_date(session, account.district_code)
    # One credit after another on an account: what is left of a line is then true. The key stays free for the night's bills.
    session.execute(select(Account.id).where(Account.id == account.account_id).with_for_update(key_share=True)).scalar_one()
    chosen = _chosen(session, bill, command)
    credited = total(amount for _, amount in chosen)
    given = _given_today(session, account, by, today)
    second = approved(session, credited + given, by=by, approved_by=approved_by)
    made = [
        {
            "district_code": account.district_code,
            "account_id": account.account_id,
            "bill_line_id": line.id,
            "words": command.words.strip() or f"Credit: {line.words}"[:WORDS_MAX],
            "reason": command.reason.strip(),
            "net": -amount,
            "vat_category": line.vat_category,
            "vat_basis_points": line.vat_basis_points,
            "nominal_code": line.nominal_code,
            "occurs_on": today,
            "business_date": today,
            "made_by": by.name,
            "approved_by": second,
        }
        for line, amount in chosen
    ]
    session.execute(insert(Adjustment), made)
    if command.by_credit_note:
        ask_for_bill(session, account, BillKind.CREDIT_NOTE, command.reason.strip(), today, by)
    answer = BillCredited(
        account_number=account.number,
        bill_number=bill.number,
        net=-credited,
        vat=-_vat(chosen),
        lines=tuple(
            LineCredited(line_number=line.line_number, words=str(row["words"]), net=-amount)
            for (line, amount), row in zip(chosen, made, strict=True)
        ),
        by_credit_note=command.by_credit_note,
        approved_by=second,
    )
    after = {**to_plain(command), "net": answer.net, "approved_by": second, "lines": [line.line_number for line in answer.lines]}
    audit.record(session, by=by, at=at, verb="credit_bill_line", subject=("bill", bill.number), after=after)
    return answer


@audit.answered
def adjust_account(
    session: Session, command: AdjustAccount, *, by: Actor, at: datetime, approved_by: Actor | None = None
) -> AccountAdjusted:
    """Charge or credit a supply that no bill line stands for; the next bill shows it with its VAT.

    Above the operator's limit ``approved_by`` signs, as for ``credit_bill_line``.

    Raises:
        NotFound: CSS105E no such account, CSS808E no such nominal of revenue, CSS103E no rate of VAT for the day.
        BadMessage: CSS804E the amount, CSS805E nothing said; errors of ``expect_id``.
        Refused: CSS443E the actor may not, CSS809E the day is in the future, or before the account was
            opened, CSS806E and CSS807E the limits.
    """
    require_may(by, "credit bills")
    account = account_named(session, command.account_number, by)
    today = business_date(session, account.district_code)
    occurs_on = command.occurs_on or today
    wrong = Refusals()
    if not command.words.strip() or not command.reason.strip() or len(command.words) > WORDS_MAX:
        wrong.add(_not_said())
    if not ZERO < _size(command.amount) <= ADJUSTMENT_MAX:
        sentence = "The amount is not nothing and at most {most} either way: a charge is positive, a credit negative."
        wrong.add(BadMessage("CSS804E", sentence, most=ADJUSTMENT_MAX.sterling, element="amount"))
    kind = session.execute(select(Nominal.kind).where(Nominal.code == command.nominal_code)).scalar_one_or_none()
    if kind is not NominalKind.INCOME:
        wrong.add(NotFound("CSS808E", "There is no nominal {code} of revenue.", code=command.nominal_code[:20], element="nominal_code"))
    if occurs_on > today:
        wrong.add(
            Refused("CSS809E", "A supply cannot be of {day}: it is {today} in the books.", day=occurs_on, today=today, element="occurs_on")
        )
    opened_on = session.execute(select(Account.opened_on).where(Account.id == account.account_id)).scalar_one()
    if occurs_on < opened_on:
        sentence = "A supply cannot be of {day}: account {number} was opened on {opened}."
        wrong.add(Refused("CSS809E", sentence, day=occurs_on, number=account.number, opened=opened_on, element="occurs_on"))
    wrong.tell()
    session.execute(select(Account.id).where(Account.id == account.account_id).with_for_update(key_share=True)).scalar_one()
    status = session.execute(select(Account.vat_status).where(Account.id == account.account_id)).scalar_one()
    history = vat_histories(session, {account.account_id: status}, today)[account.account_id]
    tax = tax_on(vat_rates(session), history.on(occurs_on), command.vat_code, occurs_on)
    given = _given_today(session, account, by, today) if command.amount < ZERO else ZERO
    second = approved(session, _size(command.amount) + given, by=by, approved_by=approved_by)
    session.add(
        Adjustment(
            district_code=account.district_code,
            account_id=account.account_id,
            words=command.words.strip(),
            reason=command.reason.strip(),
            net=command.amount,
            vat_category=tax.category,
            vat_basis_points=tax.basis_points,
            nominal_code=command.nominal_code,
            occurs_on=occurs_on,
            business_date=today,
            made_by=by.name,
            approved_by=second,
        )
    )
    audit.record(
        session,
        by=by,
        at=at,
        verb="adjust_account",
        subject=("account", account.number),
        after={**to_plain(command), "approved_by": second},
    )
    return AccountAdjusted(
        account_number=account.number,
        net=command.amount,
        vat_category=tax.category,
        vat_basis_points=tax.basis_points,
        approved_by=second,
    )


def _require_said(reason: str, words: str, amount: Money | None, *, is_part: bool) -> None:
    wrong = Refusals()
    if not reason.strip() or len(words) > WORDS_MAX:
        wrong.add(_not_said())
    if amount is not None and not is_part:
        wrong.add(BadMessage("CSS804E", "All lines of a bill are credited whole; an amount is for one of them.", element="amount"))
    elif amount is not None and not ZERO < amount <= ADJUSTMENT_MAX:
        sentence = "The amount of a credit is more than nothing and at most {most}."
        wrong.add(BadMessage("CSS804E", sentence, most=ADJUSTMENT_MAX.sterling, element="amount"))
    wrong.tell()


def _not_said() -> BadMessage:
    return BadMessage("CSS805E", "Say why, and what the customer reads, in at most {most} letters.", most=WORDS_MAX, element="reason")


def _vat(chosen: list[tuple[Row[Any], Money]]) -> Money:
    """The tax of what is credited, rounded once for each rate, as a bill does it."""
    nets: dict[int, Money] = defaultdict(lambda: ZERO)
    for line, amount in chosen:
        nets[line.vat_basis_points] += amount
    return total(to_money(Price.of(net.pence), share=Fraction(points, WHOLE)) for points, net in nets.items())


def _size(amount: Money) -> Money:
    return -amount if amount < ZERO else amount


def _bill_to_credit(session: Session, bill_number: str, by: Actor) -> tuple[BillNamed, AccountNamed]:
    """A posted bill and its account. Bills and credit notes are both found: the second have nothing to credit."""
    number = read_bill_number(bill_number)
    bill = session.execute(
        select(Bill.id, Bill.state, Account.number.label("account_number"))
        .join(Account, Account.id == Bill.account_id)
        .where(Bill.number == number)
    ).one_or_none()
    if bill is None:
        raise NotFound("CSS448E", "There is no bill {number}.", number=number, element="bill_number")
    account = account_named(session, bill.account_number, by)
    if bill.state not in POSTED:
        raise Conflict(
            "CSS800E",
            "Bill {number} is {state}: nothing is credited before it is in the ledger.",
            number=number,
            state=bill.state.value,
        )
    return BillNamed(bill.id, number), account


def _chosen(session: Session, bill: BillNamed, command: CreditBillLine) -> list[tuple[Row[Any], Money]]:
    """The lines with the amounts to credit. Lines of one charge, and those of one rate, share what is left of it."""
    lines = session.execute(block("billing", "adjustments.credited_lines"), {"bill": bill.id}).all()
    if command.line_number is not None:
        lines = [line for line in lines if line.line_number == command.line_number]
        if not lines:
            raise NotFound(
                "CSS801E",
                "Bill {number} has no line {line} that charges anything.",
                number=bill.number,
                line=command.line_number,
                element="line_number",
            )
    found: list[tuple[Row[Any], Money]] = []
    taken: dict[Hashable, Money] = defaultdict(lambda: ZERO)
    for line in lines:
        rate = (line.vat_category, line.vat_basis_points)
        charge = (line.service_id, line.rental_period_starts_on, line.kind == "termination") if line.is_compared else line.id
        left = creditable(
            LineLeft(
                net=Money(line.net),
                credited=Money(int(line.credited)),
                charged=Money(int(line.charged)),
                charge_credited=Money(int(line.charge_credited)) + taken[charge],
                rate_net=Money(int(line.rate_net)),
                rate_credited=Money(int(line.rate_credited)) + taken[rate],
            )
        )
        if command.amount is not None and command.amount > left > ZERO:
            raise Refused(
                "CSS803E",
                "Of line {line} of bill {number} only {left} before VAT is left to credit.",
                line=line.line_number,
                number=bill.number,
                left=left.sterling,
                element="amount",
            )
        if left:
            found.append((line, command.amount or left))
            taken[charge] += left
            taken[rate] += left
    if not found:
        raise Refused("CSS802E", "Nothing is left to credit of bill {number}: it was given back already.", number=bill.number)
    return found


def _given_today(session: Session, account: AccountNamed, by: Actor, today: date) -> Money:
    parameters = {"account": account.account_id, "made_by": by.name, "business_date": today}
    return Money(int(session.execute(block("billing", "adjustments.given_today"), parameters).scalar_one()))


def ask_for_bill(session: Session, account: AccountNamed, kind: BillKind, reason: str, today: date, by: Actor) -> None:
    """Ask for a bill tonight, once however many things are to stand on it. The account's row is locked by the caller."""
    waits = exists().where(BillRequest.account_id == account.account_id, BillRequest.kind == kind, BillRequest.bill_run_id.is_(None))
    if not session.execute(select(waits)).scalar():
        session.add(
            BillRequest(
                district_code=account.district_code,
                account_id=account.account_id,
                kind=kind,
                reason=reason,
                requested_on=today,
                requested_by=by.name,
            )
        )
        session.flush()
