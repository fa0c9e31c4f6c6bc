"""The tables of billing, by subject: tariffs, usage, bills, ledger."""

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
from billing.model.tariff import Tariff, TariffRate, TariffRateStep, TariffVersion
from billing.model.usage import (
    RatedBlock,
    RatedCall,
    UsageBlock,
    UsageCallKey,
    UsageFile,
    UsageIdKey,
    UsageRerating,
    UsageSetAside,
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
    "RatedBlock",
    "RatedCall",
    "Tariff",
    "TariffRate",
    "TariffRateStep",
    "TariffVersion",
    "UsageBlock",
    "UsageCallKey",
    "UsageFile",
    "UsageIdKey",
    "UsageRerating",
    "UsageSetAside",
]
