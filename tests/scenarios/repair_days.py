"""Living with faults in a test: a village of lines, deeds said shortly each in a transaction of its own, and what bills say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal, TypeVar

from sqlalchemy import Engine, select, text

from billing.checks import check_books
from billing.model import Bill, BillFile
from billing.words import BillFileKind
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.words import Segment
from css.db.engine import transaction
from css.master.accounts import Account
from css.redress.explain import FaultExplained, explain_fault
from css.redress.verbs import clear_fault
from repairs.actions import report_fault
from repairs.checks import check_faults
from repairs.commands.faults import ClearFault, FaultChanged, FaultReported, ReportFault
from tests import builders
from tests.records.faults import FIELD
from tests.scenarios.nights import bill_totals

OPERATOR = builders.OPERATOR
CARRIER = builders.PARTNER_ACTOR
_ACCOUNTS: dict[str, dict[str, Any]] = {
    "home": {},
    "firm": {"segment": Segment.BUSINESS, "billing_name": "Tansley & Co"},
    "carrier": {"provider_code": "BRACKWAT"},
}
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Village:
    """A district and its lines by name, each of an account of its own except a carrier's, which are all of one."""

    zz: builders.BuiltDistrict
    lines: dict[str, builders.BuiltLine]

    def account(self, name: str) -> str:
        """The number of the account that pays for a line."""
        return self.lines[name].account.number


def instant(day: date, hour: int, minute: int = 0, *, fold: Literal[0, 1] = 0) -> datetime:
    """As London's clocks show it."""
    return london_instant(day, time(hour, minute), fold=fold)


def village(engine: Engine, on: date, lines: dict[str, str | None], *, cycle_day: int = 1, pairs: int | None = None) -> Village:
    """Lines that work from a day on, by name and care level (None: the product's own). A name begins with home, firm or carrier."""
    with transaction(engine) as session:
        zz = builders.district(session, on=on, sites=len(lines) + 1, pairs=pairs or len(lines) + 1)
        accounts: dict[str, builders.BuiltAccount] = {}
        built: dict[str, builders.BuiltLine] = {}
        for name, care_level in lines.items():
            kind = name.split()[0]
            payer = kind if kind == "carrier" else name
            if payer not in accounts:
                accounts[payer] = builders.account(session, zz, cycle_day=cycle_day, **_ACCOUNTS[kind])
            built[name] = builders.working_line(session, zz, accounts[payer], starts_on=on, care_level=care_level)
    return Village(zz, built)


def do(engine: Engine, verb: Callable[..., ResultT], command: object, at: datetime, *, by: Actor = OPERATOR) -> ResultT:
    """One deed, committed."""
    with transaction(engine) as session:
        return verb(session, command, by=by, at=at)


def reported(
    engine: Engine, line: builders.BuiltLine, at: datetime, symptom: str = "NDT", *, by: Actor = OPERATOR, **others: object
) -> FaultReported:
    """Mrs Tansley tells of a fault."""
    said: dict[str, Any] = {"contact_name": "Mrs Tansley", "contact_phone": "07700 900123"} | others
    return do(engine, report_fault, ReportFault(number=line.number, symptom_code=symptom, **said), at, by=by)


def cleared(engine: Engine, fault_number: str, code: str, at: datetime, **others: object) -> FaultChanged:
    """Put right, with what it leaves owing credited, as every door does it."""
    said: dict[str, Any] = others
    return do(engine, clear_fault, ClearFault(fault_number=fault_number, clear_code=code, **said), at, by=FIELD)


def explained(engine: Engine, fault_number: str, at: datetime, *, by: Actor = OPERATOR) -> FaultExplained:
    """Every minute and every penny of a fault."""
    with transaction(engine) as session:
        return explain_fault(session, fault_number, by=by, at=at)


def credited_days(told: FaultExplained) -> dict[date, int]:
    """The days for which a fault gave something, in pence."""
    return {day.day: day.amount.pence for promise in told.promises for day in promise.days if day.amount.pence}


def given(engine: Engine, account_number: str) -> list[tuple[str, int, str, str]]:
    """What an account was credited outside its bills, as it came: kind, pence, words, and the fault it is for; nothings left out."""
    statement = text(
        "SELECT o.kind, o.amount, o.words, o.reference FROM billing.outside_item o JOIN css.account a ON a.id = o.account_id "
        "WHERE a.number = :number AND o.amount <> 0 ORDER BY o.id"
    )
    with engine.connect() as connection:
        return [(row.kind, row.amount, row.words, row.reference) for row in connection.execute(statement, {"number": account_number})]


def noted(engine: Engine, account_number: str, issue_on: date) -> list[str]:
    """The credits that the bill of a day tells of in the file that was issued: words, fault and amount."""
    issued = (
        select(BillFile.content)
        .join(Bill, Bill.id == BillFile.bill_id)
        .join(Account, Account.id == Bill.account_id)
        .where(Account.number == account_number, Bill.issue_on == issue_on, BillFile.kind == BillFileKind.XML)
    )
    with engine.connect() as connection:
        content = bytes(connection.execute(issued).scalar_one()).decode()
    _, _, told = content.partition("Credited so: ")
    return told.partition(".</")[0].split("; ") if told else []


def billed(engine: Engine, account_number: str) -> dict[date, tuple[int, int, int, int]]:
    """Of each bill by its day: net and VAT of the invoice, what stands outside it, and what is to be paid, in pence."""
    return {
        issue_on: (sums["invoice_net"], sums["invoice_vat"], sums["outside_total"], sums["amount_due"])
        for issue_on, _, sums in bill_totals(engine, account_number)
    }


def assert_sound(engine: Engine, district: str) -> None:
    """Books and faults are as they must be."""
    with transaction(engine) as session:
        assert check_books(session, district) == ()
        assert check_faults(session, district) == ()
