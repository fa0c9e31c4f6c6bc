"""The books: every joint of billing compared with the one on the other side. A difference of a penny is a difference.

What would take longer every night (calls, files) is looked at from the last closed date on; what is older was looked at
when it was new, and posted rows do not change. Everything else is added up from the beginning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from billing.amounts_check import Posted, check_files, check_ledger
from billing.document import Supplier
from billing.document_check import check
from billing.queries.as_posted import bills_as_posted, supplier
from billing.queries.usage import file_sums
from billing.rules.compose import compose
from billing.rules.file_outcomes import faults_in_closing
from billing.words import BillFileKind
from css.core.money import Money
from css.db.sql import block
from css.master.districts import no_district

SHOWN_MAX: Final = 50
"""Differences told of one check: more of the same say no more."""
BILLS_READ_AT_ONCE: Final = 50
BILLS_READ_WHOLE: Final = 100
"""Of a night's bills so many, or all if there are no more, have every file read back: a second or so."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures that should be one."""

    check: str
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Books:
    """Whose books are checked, and from which closed date on its calls and files."""

    district_code: str
    since: date


Check = Callable[[Session, Books], Iterator[str]]

BY_STATEMENT: Final = (
    "entries_balance",
    "bills_add_up",
    "vat_of_lines",
    "bills_posted",
    "entries_without_source",
    "account_balances",
    "amounts_due",
    "balances_carried",
    "numbers_without_gap",
    "files_there",
    "files_unspoilt",
    "run_accounts",
    "services_charged",
    "ended_not_charged",
    "items_taken",
    "failures_taken",
    "days_credited",
    "calls_of_files",
    "calls_of_settled",
    "calls_of_records",
    "calls_of_services",
    "calls_billed",
    "windows_meet",
    "credits_within",
    "transfers_meet",
    "clearing_is_nil",
    "closed_months_stay",
)
"""The checks that are one statement of ``billing/sql/checks.sql`` each, whose rows are the differences."""


def check_books(session: Session, district_code: str) -> tuple[Difference, ...]:
    """Everything that does not agree in a district's books; empty when they balance.

    Raises:
        NotFound: CSS101E, no such district.
    """
    books = open_books(session, district_code)
    return tuple(Difference(name, words) for name, one in CHECKS.items() for words in one(session, books))


def open_books(session: Session, district_code: str) -> Books:
    """A district's books from the last closed date on. NotFound CSS101E, no such district."""
    since = session.execute(block("billing", "checks.open_date"), {"district": district_code}).scalar()
    if since is None:
        raise no_district(district_code)
    return Books(district_code, since)


def _by_statement(session: Session, books: Books, name: str) -> Iterator[str]:
    statement = block("billing", f"checks.{name}")
    known = {"district": books.district_code, "since": books.since, "limit": SHOWN_MAX}
    wanted = statement.compile().params
    yield from session.execute(statement, {name: value for name, value in known.items() if name in wanted}).scalars()


def files_close(session: Session, books: Books) -> Iterator[str]:
    """Every record of recent usage files has its outcome."""
    for _, sums, _ in file_sums(session, books.district_code, books.since, date.max):
        yield from faults_in_closing(sums)


def invoices_agree(session: Session, books: Books) -> Iterator[str]:
    """The e-invoice of every recent bill has the bill's figures."""
    known = {"district": books.district_code, "since": books.since, "limit": SHOWN_MAX}
    yield from session.execute(block("billing", "file_checks.invoices"), known).scalars()


def files_agree(session: Session, books: Books) -> Iterator[str]:
    """What the files of recent bills say, as they were stored, is what was posted and what the ledger has.

    Every file of every bill was read back and compared before it was stored. Every night since, and for every bill, the
    database itself asks its files for their hashes (``files_unspoilt``), its e-invoice for the bill's figures
    (``invoices_agree``) and the ledger for the same (``bills_posted``). So to read files whole once more is a sample: of a
    night's bills some, spread evenly.
    """
    ids = session.execute(block("billing", "checks.issued_bills"), {"district": books.district_code, "since": books.since}).scalars().all()
    if not ids:
        return
    house = supplier(session)
    whole = ids[:: -(-len(ids) // BILLS_READ_WHOLE)]
    # So many at a time, each time the same few statements: memory stays small.
    for start in range(0, len(whole), BILLS_READ_AT_ONCE):
        yield from _files_of_some(session, whole[start : start + BILLS_READ_AT_ONCE], house)


def _files_of_some(session: Session, bills: Sequence[int], house: Supplier) -> Iterator[str]:
    files: dict[int, dict[BillFileKind, bytes]] = defaultdict(dict)
    for row in session.execute(block("billing", "checks.files"), {"bills": list(bills), "kinds": list(BillFileKind)}):
        files[row.bill_id][BillFileKind(row.kind)] = bytes(row.content)
    ledger = {
        row.bill_id: Posted(Money(row.debtors), Money(row.revenue), Money(row.vat))
        for row in session.execute(block("billing", "checks.posted_amounts"), {"bills": list(bills)})
    }
    for posted in bills_as_posted(session, bills):
        document = compose(posted.bill, house)
        found = (*check_files(document, files[posted.bill_id]), *check_ledger(document, ledger[posted.bill_id]))
        yield from (f"Bill {posted.bill.number}: {words}" for words in (*check(document), *(fault.words for fault in found)))


CHECKS: Final[Mapping[str, Check]] = {
    **{name: partial(_by_statement, name=name) for name in BY_STATEMENT},
    "files_close": files_close,
    "invoices_agree": invoices_agree,
    "files_agree": files_agree,
}
"""Every check of the books by its name, in the order in which they are made."""
