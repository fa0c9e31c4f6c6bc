"""Why a bill and each of its lines are what they are: everything round them, read in a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.model import Bill, BillVat
from billing.queries.bill_story_calls import CallsOfLines, calls_moved, calls_of_lines
from billing.queries.bill_story_discounts import discounts_of_lines
from billing.rules.bill_number import read_bill_number
from billing.rules.explain_bill import due_part, invoice_part, net_part, vat_part
from billing.rules.explain_facts import (
    AdjustmentMade,
    BillFacts,
    Change,
    ChangeKind,
    CreditsKnown,
    DatedPrice,
    DiscountGiven,
    ItemLived,
    LineFacts,
    Mate,
    OwedFacts,
    PromotionGiven,
    ServiceLived,
    TakenBefore,
    VatFacts,
)
from billing.rules.explain_line import LineStory, story_of
from billing.rules.explain_sum import Part
from billing.rules.vat import Tax, VatCategory
from billing.words import BillKind, BillState, LineKind
from css.core.actor import Actor
from css.core.errors import Breach, NotFound
from css.core.ids import IdKind, expect_id, identify
from css.core.money import Money, Price
from css.core.words import EndReason, Itemisation, PriceBasis
from css.db.sql import block
from css.master.accounts import Account
from css.master.providers import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class BillStory:
    """A bill, its figures and every line of it explained."""

    account_number: str
    bill_number: str | None
    """None while it has none: it is calculated, or held."""
    kind: BillKind
    state: BillState
    issue_on: date
    period_starts_on: date
    period_ends_on: date
    usage_after: date | None
    usage_through: date
    """The cut: what was recorded up to and on this business date is on the bill."""
    invoice_gross: Money
    amount_due: Money
    hold: str | None
    """Why a person had to look at it, if so."""
    lines: tuple[LineStory, ...]
    sums: tuple[Part, ...]
    """Net total, VAT by rate, invoice total, amount due."""


@dataclass(frozen=True, slots=True)
class StoryHead:
    """The bill that is asked about."""

    bill: Bill
    account_number: str
    opened_on: date
    is_ours: bool
    """Whether the asker is one of us, who may read the reasons we give each other."""


def bill_story(session: Session, bill_number: str, *, by: Actor) -> BillStory:
    """Why a bill and every line of it come to what they do.

    ``bill_number`` is a bill's number, or an account's for its bill that waits without one. NotFound CSS448E when there is no
    such bill, or it is another provider's; errors of ``expect_id`` for what is no number.
    """
    head = _head(session, bill_number, by)
    bill = head.bill
    lines = _lines(session, head, None)
    facts = _facts(session, head, lines)
    return BillStory(
        account_number=head.account_number,
        bill_number=bill.number,
        kind=bill.kind,
        state=bill.state,
        issue_on=bill.issue_on,
        period_starts_on=bill.period_starts_on,
        period_ends_on=bill.period_ends_on,
        usage_after=bill.usage_after,
        usage_through=bill.usage_through,
        invoice_gross=bill.invoice_gross,
        amount_due=bill.amount_due,
        hold=None if bill.hold_code is None else f"{bill.hold_code} {bill.hold_words}",
        lines=tuple(story_of(line) for line in lines),
        sums=(net_part(facts), *(vat_part(one) for one in facts.vat), invoice_part(facts), due_part(facts)),
    )


def bill_line_story(session: Session, bill_number: str, line: int, *, by: Actor) -> LineStory:
    """Why one line of a bill comes to what it does. Errors: CSS860E no such line; those of ``bill_story``."""
    head = _head(session, bill_number, by)
    found = _lines(session, head, line)
    if not found:
        raise NotFound("CSS860E", "Bill {bill} has no line {line}.", bill=head.bill.number or bill_number, line=line, element="line")
    return story_of(found[0])


def _head(session: Session, bill_number: str, by: Actor) -> StoryHead:
    wanted = (
        select(Bill, Account.number, Account.opened_on, Provider.code)
        .join(Account, Account.id == Bill.account_id)
        .join(Provider, Provider.id == Account.provider_id)
    )
    if identify(bill_number).kind is IdKind.ACCOUNT:
        account_number = expect_id(bill_number, IdKind.ACCOUNT, element="bill_number")
        found = wanted.where(Account.number == account_number, Bill.number.is_(None)).order_by(Bill.usage_through.desc()).limit(1)
        missing = NotFound(
            "CSS448E", "Account {number} has no bill that waits for its number.", number=account_number, element="bill_number"
        )
    else:
        number = read_bill_number(bill_number)
        found = wanted.where(Bill.number == number)
        missing = NotFound("CSS448E", "There is no bill {number}.", number=number, element="bill_number")
    row = session.execute(found).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise missing
    return StoryHead(row.Bill, row.number, row.opened_on, not by.is_partner)


def _lines(session: Session, head: StoryHead, line: int | None) -> tuple[LineFacts, ...]:
    bill = head.bill
    rows = session.execute(block("billing", "story.lines"), {"bill": bill.id, "line": line, "through": bill.usage_through}).all()
    mates = _mates(session, bill.id, line)
    changes = _changes(session, bill)
    calls = calls_of_lines(session, bill, rows, head.opened_on, itemisation=_itemisation(bill))
    discounts = discounts_of_lines(session, bill, rows, itemisation=_itemisation(bill))
    put_right = _credits(session, bill.id, line)
    moved = calls_moved(session, bill, rows)
    return tuple(
        replace(
            _facts_of(
                row, head, mates.get(row.line_number, ()), changes, calls, discounts.get(row.line_number), put_right.get(row.line_number)
            ),
            retaxed=_retaxed(row, moved.get(row.line_number)),
        )
        for row in rows
    )


def _retaxed(row: Row[Any], moved: Price | None) -> TakenBefore | None:
    if row.retaxed_line is not None:
        return TakenBefore(net=Price.of(row.net), of=f"Line {row.retaxed_line} of bill {row.retaxed_bill} ({row.retaxed_words})")
    return None if moved is None else TakenBefore(net=moved)


def _itemisation(bill: Bill) -> Itemisation:
    """How much of the calls the payer wanted seen when the bill was made."""
    return Itemisation(bill.payer.get("itemisation", Itemisation.FULL))


def _mates(session: Session, bill_id: int, line: int | None) -> Mapping[int, Sequence[Mate]]:
    found: dict[int, list[Mate]] = defaultdict(list)
    for row in session.execute(block("billing", "story.mates"), {"bill": bill_id, "line": line}):
        found[row.of_line].append(
            Mate(
                bill_number=row.bill_number,
                line_number=row.line_number,
                is_on_this_bill=row.is_on_this_bill,
                net=Money(row.net),
                starts_on=row.starts_on,
                ends_on=row.ends_on,
                quantity=row.quantity,
                unit=row.unit,
                unit_price=_price(row.unit_price),
                price_per=row.price_per,
            )
        )
    return found


def _credits(session: Session, bill_id: int, line: int | None) -> Mapping[int, CreditsKnown]:
    return {
        row.of_line: CreditsKnown(
            charged=Money(int(row.charged or 0)), credited=Money(int(row.credited)), taken_back=Money(int(row.taken_back))
        )
        for row in session.execute(block("billing", "story.taken_back"), {"bill": bill_id, "line": line})
    }


def _changes(session: Session, bill: Bill) -> Sequence[Change]:
    window = {"account": bill.account_id, "after": bill.usage_after or date.min, "through": bill.usage_through}
    return tuple(
        Change(
            kind=ChangeKind(row.kind),
            of_id=row.of_id,
            from_on=row.from_on,
            until_on=row.until_on,
            recorded_on=row.recorded_on,
            words=row.words,
        )
        for row in session.execute(block("billing", "story.changes"), window)
    )


def _facts_of(
    row: Row[Any],
    head: StoryHead,
    mates: Sequence[Mate],
    changes: Sequence[Change],
    calls: CallsOfLines,
    discount: DiscountGiven | None,
    put_right: CreditsKnown | None,
) -> LineFacts:
    priced, dearest, reratings = calls.of(row.line_number)
    return LineFacts(
        line_number=row.line_number,
        kind=LineKind(row.kind),
        words=row.words,
        number=row.number,
        reference=row.reference,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        quantity=row.quantity,
        unit=row.unit,
        unit_price=_price(row.unit_price),
        price_per=row.price_per,
        duration_seconds=row.duration_seconds,
        net=Money(row.net),
        tax=Tax(category(row.vat_category), row.vat_basis_points),
        cut=head.bill.usage_through,
        period_ends_on=head.bill.period_ends_on,
        service_id=row.service_id,
        product_id=row.product_id,
        product_name=row.product_name,
        rental_period_starts_on=row.rental_period_starts_on,
        promotion_id=row.promotion_id,
        benefit_id=row.benefit_id,
        price=_dated_price(row),
        service=_service(row),
        mates=mates,
        changes=changes,
        item=_item(row),
        adjustment=_adjustment(row, head),
        credited=_credited(row),
        credits=put_right,
        promotion=_promotion(row, head),
        calls=priced,
        dearest=dearest,
        reratings=reratings,
        discount=discount,
    )


def _dated_price(row: Row[Any]) -> DatedPrice | None:
    if row.product_price_id is None:
        return None
    return DatedPrice(
        price_id=row.product_price_id,
        starts_on=row.price_starts_on,
        ends_on=row.price_ends_on,
        basis=PriceBasis(row.price_basis),
        net_price=Price.of(row.net_price),
        gross_price=Price.of(row.gross_price),
        recorded_on=row.price_recorded_on,
        reason=row.price_reason,
    )


def _service(row: Row[Any]) -> ServiceLived | None:
    if row.promotion_id is not None:
        ended = row.promotion_ended_on
        return ServiceLived(
            starts_on=row.promotion_starts_on,
            start_recorded_on=row.promotion_recorded_on,
            ends_on=row.promotion_ends_on if ended is None else ended,
            end_recorded_on=row.promotion_end_recorded_on,
            quantity=row.promotion_quantity,
        )
    if row.service_starts_on is None:
        return None
    return ServiceLived(
        starts_on=row.service_starts_on,
        start_recorded_on=row.service_start_recorded_on,
        ends_on=row.service_ends_on,
        end_recorded_on=row.service_end_recorded_on,
        quantity=row.service_quantity,
        order_number=row.service_order_number,
        minimum_term_ends_on=row.minimum_term_ends_on,
        end_reason=None if row.service_end_reason is None else EndReason(row.service_end_reason),
    )


def _item(row: Row[Any]) -> ItemLived | None:
    if row.item_source_key is None:
        return None
    return ItemLived(
        source_key=row.item_source_key,
        quantity=row.item_quantity,
        basis=PriceBasis(row.item_basis),
        net_price=Price.of(row.item_net_price),
        gross_price=Price.of(row.item_gross_price),
        occurs_on=row.item_occurs_on,
        business_date=row.item_business_date,
    )


def _adjustment(row: Row[Any], head: StoryHead) -> AdjustmentMade | None:
    if row.made_by is None:
        return None
    return AdjustmentMade(
        reason=row.adjustment_reason if head.is_ours else None,
        made_by=row.made_by,
        approved_by=row.approved_by,
        business_date=row.adjustment_business_date,
        occurs_on=row.adjustment_occurs_on,
    )


def _credited(row: Row[Any]) -> str | None:
    if row.credited_line is None:
        return None
    return f"line {row.credited_line} of bill {row.credited_bill} ({row.credited_words})"


def _promotion(row: Row[Any], head: StoryHead) -> PromotionGiven | None:
    if row.promotion_id is None:
        return None
    return PromotionGiven(
        starts_on=row.promotion_starts_on,
        ends_on=row.promotion_ends_on,
        ended_on=row.promotion_ended_on,
        given_by=row.given_by,
        reason=row.promotion_reason if head.is_ours else None,
    )


def _facts(session: Session, head: StoryHead, lines: Sequence[LineFacts]) -> BillFacts:
    bill = head.bill
    window = {"account": bill.account_id, "after": _previous_cut(session, bill) or date.min, "through": bill.usage_through}
    vat = session.execute(
        select(BillVat).where(BillVat.bill_id == bill.id).order_by(BillVat.vat_category, BillVat.vat_basis_points)
    ).scalars()
    payments = session.execute(block("billing", "story.payments"), window)
    outside = session.execute(block("billing", "story.outside"), window)
    taxes = [(line.line_number, line.tax) for line in lines]
    return BillFacts(
        brought_forward=bill.brought_forward,
        payments_received=bill.payments_received,
        outside_total=bill.outside_total,
        invoice_net=bill.invoice_net,
        invoice_vat=bill.invoice_vat,
        invoice_gross=bill.invoice_gross,
        amount_due=bill.amount_due,
        vat=tuple(_vat(row, taxes) for row in vat),
        payments=tuple(
            OwedFacts(words=f"payment {row.number} by {row.method}", on=row.received_on, amount=Money(-row.amount)) for row in payments
        ),
        outside=tuple(
            OwedFacts(words=f"{row.words}{f' ({row.reference})' if row.reference else ''}", on=row.entered_on, amount=Money(row.amount))
            for row in outside
        ),
        line_nets=tuple((line.line_number, line.net) for line in lines),
    )


def _vat(row: BillVat, taxes: Sequence[tuple[int, Tax]]) -> VatFacts:
    tax = Tax(category(row.vat_category), row.vat_basis_points)
    return VatFacts(tax=tax, net=row.net, vat=row.vat, lines=tuple(number for number, of_line in taxes if of_line == tax))


def _previous_cut(session: Session, bill: Bill) -> date | None:
    """The cut of the bill before, of whatever kind: what came in since then is on this one."""
    return session.execute(
        select(Bill.usage_through)
        .where(Bill.account_id == bill.account_id, Bill.usage_through < bill.usage_through)
        .order_by(Bill.usage_through.desc())
        .limit(1)
    ).scalar()


def _price(value: object) -> Price | None:
    return None if value is None else Price.of(str(value))


def category(text: str) -> VatCategory:
    """A category of VAT as it is held."""
    match text:
        case "S" | "Z" | "E" | "AE":
            return text
        case _:
            msg = f"{text} is no VAT category"
            raise Breach(msg)


__all__ = ["BillStory", "StoryHead", "bill_line_story", "bill_story"]
