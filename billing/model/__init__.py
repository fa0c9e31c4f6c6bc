"""The tables of billing, by subject: usage, bills, ledger."""

from billing.model.bill import (
    AccountCycle,
    Bill,
    BillFile,
    BillLine,
    BillRun,
    BillRunAccount,
    BillSeries,
    BillVat,
    CompensationRate,
    OutsideItem,
)
from billing.model.ledger import (
    JournalEntry,
    Nominal,
    Payment,
    Posting,
)
from billing.model.usage import (
    RatedCall,
    Tariff,
    TariffRate,
    TariffVersion,
    UsageFile,
    UsageRecord,
)

__all__ = [
    "AccountCycle",
    "Bill",
    "BillFile",
    "BillLine",
    "BillRun",
    "BillRunAccount",
    "BillSeries",
    "BillVat",
    "CompensationRate",
    "JournalEntry",
    "Nominal",
    "OutsideItem",
    "Payment",
    "Posting",
    "RatedCall",
    "Tariff",
    "TariffRate",
    "TariffVersion",
    "UsageFile",
    "UsageRecord",
]
