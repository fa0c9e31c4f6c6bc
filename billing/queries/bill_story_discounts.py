"""The benefits behind the discount lines of a bill: the calls of their months gone through once more, as at the bill's cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.model import Bill, BillRun
from billing.queries.account_terms import cycles_at_cut
from billing.queries.benefits_at_cut import Moment, Since, benefits_at_cut
from billing.queries.bill_story_calls import record_words, taxed_by
from billing.rules.benefits_calls import MonthKey
from billing.rules.explain_benefits import DiscountKey, discounts_given
from billing.rules.explain_facts import DiscountGiven
from billing.rules.privacy import masked
from billing.rules.vat import Tax
from billing.words import LineKind
from css.core.phone import display_number
from css.core.words import Itemisation
from css.db.sql import block


def discounts_of_lines(session: Session, bill: Bill, lines: Sequence[Row[Any]], *, itemisation: Itemisation) -> Mapping[int, DiscountGiven]:
    """By line, what its benefit gave; nothing is read where no line is a benefit's."""
    wanted = {
        DiscountKey(MonthKey(row.benefit_id, row.service_id, row.benefit_month_starts_on), Tax(row.vat_category, row.vat_basis_points)): row
        for row in lines
        if row.kind == LineKind.DISCOUNT and row.benefit_id is not None
    }
    if not wanted:
        return {}
    account = session.execute(block("billing", "story.cycle"), {"account": bill.account_id}).one()
    issue_at = session.execute(select(BillRun.issue_at).where(BillRun.id == bill.bill_run_id)).scalar_one()
    cycle = cycles_at_cut(session, [account], [bill.usage_through])[bill.account_id]
    moment = Moment(bill.district_code, bill.usage_through, issue_at)
    taxed = taxed_by(session, bill)
    known = benefits_at_cut(session, moment, {bill.account_id: Since(bill.usage_after, cycle, taxed.changes)}).get(bill.account_id)
    if known is None:
        return {}

    def number_shown(number: str) -> str:
        shown = display_number(number)
        return {Itemisation.FULL: shown, Itemisation.MASKED: masked(shown), Itemisation.NONE: ""}[itemisation]

    given = discounts_given(known.calls, wanted, taxed.history, number_shown, record_words)
    return {row.line_number: given[key] for key, row in wanted.items() if key in given}
