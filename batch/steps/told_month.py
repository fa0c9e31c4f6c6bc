"""What the runbook says of the steps that close a month and a quarter."""

from __future__ import annotations

from typing import Final

from batch.net import StepDoc

KEPT: Final = "`billing.period_figure`"
AGAIN: Final = "safe: the figures kept before are replaced in the same transaction."
APART: Final = (
    "CSS612E: two figures that should be one are not; the sentence says which, with both. The figures are counted anew when the net "
    "is run again, so mend the cause, not the figures."
)
TURN_CODES: Final = ("CSS101E", "CSS980E", "CSS981E", "CSS982E")
TURN_WRONG: Final = (
    "CSS980E: the business date is not the last day of such a period. CSS981E: a night, or a month, before it is not closed; the "
    "sentence says which. Run that first, then run this again. CSS982E: it is closed already."
)

DOCS: Final = {
    "month-turn": StepDoc(
        does="Looks whether the business date ends a month, whether its nights are closed, and whether the month before is.",
        reads="`css.business_date`, `billing.period_close`",
        writes="nothing",
        counts="*written* 1: it is this month's turn.",
        goes_wrong=TURN_WRONG,
        codes=TURN_CODES,
        again="safe: it changes nothing.",
        takes="no time.",
    ),
    "trial-balance": StepDoc(
        does=(
            "Keeps the trial balance: of every nominal what the last close left, what was debited and credited in the month, and what the "
            "whole ledger has at the end, added up from its first entry and not from the others."
        ),
        reads="`billing.journal_entry`, `billing.posting`, the last close",
        writes="`billing.period_nominal`",
        counts="*written* are nominals.",
        goes_wrong=APART,
        codes=("CSS612E",),
        again=AGAIN,
    ),
    "vat-by-rate": StepDoc(
        does=(
            "Keeps the VAT of the bills that the month's ledger has, by category and rate. Bills whose tax point lies before the month, "
            "because they were held and let go later, stand apart."
        ),
        reads="`billing.journal_entry`, `billing.bill`, `billing.bill_vat`",
        writes="`billing.period_vat`",
        counts="*written* are rates.",
        goes_wrong=APART,
        codes=("CSS612E",),
        again=AGAIN,
    ),
    "month-figures": StepDoc(
        does=(
            "Keeps what happened: revenue by kind of bill line, money by means, what was entered outside the invoice, compensation and "
            "guarantees by broken promise, credits by operator."
        ),
        reads="the month's journal entries with their bill lines, `billing.payment`, `billing.outside_item`, `billing.adjustment`",
        writes=KEPT,
        counts="*written* are figures.",
        goes_wrong=APART,
        codes=("CSS612E",),
        again=AGAIN,
    ),
    "debtors-by-age": StepDoc(
        does="Keeps what is owed at the month's end by how long it is overdue, as statements of account say it, and what is in credit.",
        reads="`billing.posting`, `billing.bill` (when they were due)",
        writes=KEPT,
        counts="*written* are ages.",
        goes_wrong=APART,
        codes=("CSS612E",),
        again=AGAIN,
    ),
    "unbilled": StepDoc(
        does=(
            "Keeps what was supplied and stands on no bill: calls, rentals by the day, what orders and repairs left, credits by hand; and "
            "of rentals billed ahead what is for days after the month. An estimate, before VAT, for accruals."
        ),
        reads="`billing.rated_call`, `css.service`, `css.account_promotion`, `css.billable_item`, `billing.adjustment`, bill lines",
        writes=KEPT,
        counts="*written* are figures.",
        goes_wrong="A service of which days have no price is left out, and that is an alarm: its next bill waits for the price too.",
        again=AGAIN,
    ),
    "waiting-usage": StepDoc(
        does="Keeps the usage that waited at the end of the month for a price or an owner, by reason and age.",
        reads="`billing.usage_set_aside`",
        writes=KEPT,
        counts="*written* are reasons and ages.",
        again=AGAIN,
    ),
    "orders-and-faults": StepDoc(
        does="Keeps how many orders were completed, by kind, and faults cleared, by care level, and how many of them in time.",
        reads="`orders.customer_order`, `repairs.fault`",
        writes=KEPT,
        counts="*written* are kinds and levels.",
        again=AGAIN,
    ),
    "close-month": StepDoc(
        does=(
            "Proves every figure once more and closes the month. From then on the database refuses any change of its figures and any entry "
            "in the ledger for its days."
        ),
        reads="`billing.period_nominal`, `billing.period_vat`, `billing.period_figure`, the ledger",
        writes="`billing.period_close`, `css.audit_event`",
        counts="*written* 1: the month is closed.",
        goes_wrong="CSS984E: two figures are apart after all, and the month stays open; run the step that keeps them again.",
        codes=("CSS984E", "CSS981E", "CSS982E"),
        again="safe: a closed month refuses to be closed again, and a close that was not committed was never there.",
    ),
    "month-report": StepDoc(
        does="Publishes the month as a PDF and three CSV files, as a generation of `month-end/ZZ` in the spool.",
        reads="the closed figures",
        writes="the spool, `batch.dataset_generation`",
        counts="*written* are files.",
        goes_wrong="CSS968E, CSS969E: the spool is full or cannot be written.",
        codes=("CSS968E", "CSS969E"),
        again="safe: the same figures make the same bytes.",
    ),
    "quarter-turn": StepDoc(
        does="Looks whether the business date ends a quarter, and whether its months are closed.",
        reads="`css.business_date`, `billing.period_close`",
        writes="nothing",
        counts="*written* 1: it is this quarter's turn.",
        goes_wrong=TURN_WRONG,
        codes=TURN_CODES,
        again="safe: it changes nothing.",
        takes="no time.",
    ),
    "add-months": StepDoc(
        does=(
            "Adds the quarter's three months up: what happened is added, how things stand is as the last month left it. The VAT is counted "
            "anew, because a tax point before a month may lie within the quarter. In the quarter in which a district's books began there "
            "are fewer months."
        ),
        reads="the figures of the closed months, the ledger",
        writes="`billing.period_nominal`, `billing.period_vat`, `billing.period_figure`",
        counts="*written* are figures.",
        goes_wrong=APART,
        codes=("CSS612E",),
        again=AGAIN,
    ),
    "close-quarter": StepDoc(
        does="Proves every figure once more and closes the quarter.",
        reads="the quarter's figures, the ledger",
        writes="`billing.period_close`, `css.audit_event`",
        counts="*written* 1: the quarter is closed.",
        goes_wrong="CSS984E: two figures are apart after all, and the quarter stays open; run the step before again.",
        codes=("CSS984E", "CSS981E", "CSS982E"),
        again="safe: as for a month.",
    ),
    "quarter-report": StepDoc(
        does="Publishes the quarter, with the boxes of its VAT return, as a PDF and three CSV files: a generation of `quarter-end/ZZ`.",
        reads="the closed figures",
        writes="the spool, `batch.dataset_generation`",
        counts="*written* are files.",
        goes_wrong="CSS968E, CSS969E: the spool is full or cannot be written.",
        codes=("CSS968E", "CSS969E"),
        again="safe: the same figures make the same bytes.",
    ),
}
