"""The reference data of the books: the nominals, and what a broken promise costs by date."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from billing.model import CompensationPolicy, CompensationRate, GuaranteeRate, Nominal, OutsideNominal
from billing.words import DayCount, NominalCode, NominalKind, OutsideKind
from css.core.money import Money
from css.core.words import FailureKind

NOMINALS: Final = (
    (NominalCode.DEBTORS, "Debtors control", NominalKind.ASSET),
    (NominalCode.CASH, "Cash and cheques", NominalKind.ASSET),
    (NominalCode.BANK, "Bank", NominalKind.ASSET),
    (NominalCode.CARD_CLEARING, "Card clearing", NominalKind.ASSET),
    (NominalCode.DIRECT_DEBIT_CLEARING, "Direct Debit clearing", NominalKind.ASSET),
    (NominalCode.VAT_OUTPUT, "VAT on supplies", NominalKind.LIABILITY),
    (NominalCode.RENTALS, "Rentals", NominalKind.INCOME),
    (NominalCode.CONNECTIONS, "Connections", NominalKind.INCOME),
    (NominalCode.VISITS, "Engineers' visits", NominalKind.INCOME),
    (NominalCode.CALLS, "Calls", NominalKind.INCOME),
    (NominalCode.LATE_FEES, "Late payment charges", NominalKind.INCOME),
    (NominalCode.COMPENSATION, "Automatic compensation", NominalKind.EXPENSE),
    (NominalCode.GUARANTEES, "Wholesale guarantees", NominalKind.EXPENSE),
    (NominalCode.DISCOUNTS, "Discounts and promotions", NominalKind.INCOME),
    (NominalCode.TERMINATION, "Early termination charges", NominalKind.INCOME),
    (NominalCode.GOODWILL, "Goodwill", NominalKind.EXPENSE),
    (NominalCode.GROUP_CLEARING, "Bills paid by group accounts", NominalKind.ASSET),
)

# By the day on which the trouble began, in pence: delayed repair a day, missed appointment, delayed start a day.
COMPENSATION: Final = (
    (date(2019, 4, 1), 800, 2500, 500),
    (date(2021, 4, 1), 806, 2518, 504),
    (date(2022, 4, 1), 840, 2624, 525),
    (date(2023, 4, 1), 933, 2915, 583),
    (date(2024, 4, 1), 976, 3049, 610),
    (date(2025, 4, 1), 998, 3119, 624),
    (date(2026, 4, 1), 1034, 3231, 646),
)
COMPENSATION_ORDER: Final = (FailureKind.DELAYED_REPAIR, FailureKind.MISSED_APPOINTMENT, FailureKind.DELAYED_START)

POLICY: Final = (date(2019, 4, 1), DayCount.FULL_DAYS_AFTER, 2)
"""The house's reading of the code, provisional (docs/billing-rules.md): the count of the one worked complaint that is published."""

LEVELS_BEGAN: Final = date(2009, 10, 1)
GUARANTEES: Final = (
    (FailureKind.DELAYED_REPAIR, "", 500, 60),
    (FailureKind.DELAYED_REPAIR, "3", 800, 60),
    (FailureKind.DELAYED_REPAIR, "4", 1000, 60),
    (FailureKind.DELAYED_START, "", 400, 60),
    (FailureKind.MISSED_APPOINTMENT, "", 2500, None),
)
"""By kind and care level (empty: every other), in pence by the day or once, with the most days: the house's own, provisional."""

OUTSIDE: Final = (
    (OutsideKind.COMPENSATION, NominalCode.COMPENSATION),
    (OutsideKind.GUARANTEE, NominalCode.GUARANTEES),
    (OutsideKind.LATE_FEE, NominalCode.LATE_FEES),
    (OutsideKind.GOODWILL, NominalCode.GOODWILL),
    (OutsideKind.TRANSFER, NominalCode.GROUP_CLEARING),
)
"""Against which nominal each kind stands, from before there were any books."""
BOOKS_BEGAN: Final = date(2000, 1, 1)


def load_ledger(session: Session) -> None:
    """Put them into a database; what is there already stays, so a second time changes nothing."""
    nominals = [{"code": code.value, "name": name, "kind": kind} for code, name, kind in NOMINALS]
    session.execute(insert(Nominal).on_conflict_do_nothing(), nominals)
    rates = [
        {"kind": kind, "starts_on": starts_on, "amount": Money(pence)}
        for starts_on, *amounts in COMPENSATION
        for kind, pence in zip(COMPENSATION_ORDER, amounts, strict=True)
    ]
    session.execute(insert(CompensationRate).on_conflict_do_nothing(), rates)
    starts_on, day_count, working_days = POLICY
    policy = {"starts_on": starts_on, "day_count": day_count, "working_days": working_days}
    session.execute(insert(CompensationPolicy).on_conflict_do_nothing(), [policy])
    guarantees = [
        {"kind": kind, "care_level": level, "starts_on": LEVELS_BEGAN, "amount": Money(pence), "days_max": most}
        for kind, level, pence, most in GUARANTEES
    ]
    session.execute(insert(GuaranteeRate).on_conflict_do_nothing(), guarantees)
    against = [{"kind": kind, "starts_on": BOOKS_BEGAN, "nominal_code": code.value} for kind, code in OUTSIDE]
    session.execute(insert(OutsideNominal).on_conflict_do_nothing(), against)
