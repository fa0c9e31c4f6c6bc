"""One bill, several files, one set of figures: what PDF, e-invoice, call statement and data file say, against the rows.

Each file is read back by paths that share nothing with its writer and compared with the document that the bill's rows
compose. Asked of every bill before its files are stored, and of recent bills every night from the bytes that were stored,
when the ledger is asked too: whoever changes a row, a file or a program finds the other ones in disagreement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from billing.bill_pdf.words import clock, pence
from billing.bill_xml import verify_tree
from billing.data_file import read_data
from billing.document import BillDocument
from billing.pdf_reading import Row, rows_of
from billing.rules.papers import files_of
from billing.ubl import schema_faults
from billing.utility_statement import CallSum, StatementRead, read_statement
from billing.words import BillFileKind
from css.core.errors import CssError
from css.core.money import Money, total
from css.xml import read_stored

NAMES: Final = {
    BillFileKind.PDF: "PDF",
    BillFileKind.LARGE: "PDF in large print",
    BillFileKind.XML: "e-invoice",
    BillFileKind.CALLS: "call statement",
    BillFileKind.DATA: "data file",
}
_SOUGHT: Final[dict[str, tuple[str, ...]]] = {"number": ("Bill number", "Credit note number"), "account": ("Account number",)}
_DUE: Final = ("Amount due", "Your account now owes", "Your account is in credit")
_TOTAL: Final = ("Invoice total", "Credit with VAT")
"""As a bill says it, and as a credit note does."""
_NET_AND_VAT: Final = "Totals of net and VAT"
_AMOUNT: Final = re.compile(r"£?([0-9][0-9,]*\.[0-9]{2})( CR)?")
_VAT_ROW: Final = re.compile(r"VAT: .* on (£[0-9,]+\.[0-9]{2})( CR)?")
_CALL_SUM: Final = re.compile(r"([0-9,]+) (call|correction)s?(?:(?: lasting|,) (-?[0-9:,]+))?")
_WORDS_MAX: Final = 5
"""In a row that is looked at: a label, two amounts, and each of them a credit. A call's row has more."""
_PENCE: Final = re.compile(r"(-?[0-9,]+\.[0-9])p?")


class FileFault(NamedTuple):
    """Something wrong with the files of a bill: CSS840E not as the schema asks, CSS841E unreadable, CSS842E another figure."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Posted:
    """What stands in the ledger for a bill."""

    debtors: Money
    revenue: Money
    vat: Money


def check_files(
    document: BillDocument,
    files: Mapping[BillFileKind, bytes],
    *,
    among: Sequence[BillFileKind] = tuple(BillFileKind),
    against_schema: bool = False,
) -> list[FileFault]:
    """Every way in which the files of a bill differ from its document; empty when all of them say the same.

    Args:
        document: composed from the rows of the bill; expected to add up (``document_check.check``).
        files: the bytes of each file there is.
        among: the kinds that are looked at; the document need have calls only if they are.
        against_schema: whether the XML is held against the schema too.
    """
    wanted = [kind for kind in files_of(document) if kind in among]
    faults = [FileFault("CSS842E", f"There is no {NAMES[kind]}.") for kind in wanted if kind not in files]
    for kind, content in files.items():
        if kind not in {*wanted, BillFileKind.LARGE}:
            faults.append(FileFault("CSS842E", f"There is a {NAMES[kind]} that this bill may not have."))
            continue
        try:
            faults += [FileFault(code, f"{NAMES[kind]}: {words}") for code, words in _faults_in(document, kind, content, against_schema)]
        except CssError as error:
            faults.append(FileFault("CSS841E", f"{NAMES[kind]}: it cannot be read ({error.code})."))
    return faults


def check_ledger(document: BillDocument, posted: Posted) -> list[FileFault]:
    """Where the ledger has another figure than the document."""
    pairs = (
        ("invoice total", document.invoice_total, posted.debtors),
        ("net total", document.invoice_net, posted.revenue),
        ("VAT total", document.invoice_vat, posted.vat),
    )
    return [FileFault("CSS842E", f"Ledger: {what} {found}, the bill has {wanted}.") for what, wanted, found in pairs if wanted != found]


def _faults_in(document: BillDocument, kind: BillFileKind, content: bytes, against_schema: bool) -> Iterator[tuple[str, str]]:  # noqa: FBT001 - handed on
    if kind in {BillFileKind.PDF, BillFileKind.LARGE}:
        found = _of_paper(document, content)
    elif kind is BillFileKind.DATA:
        found = _of_data(document, content)
    elif kind is BillFileKind.CALLS:
        read = read_statement(content, against_schema=against_schema)
        yield from (("CSS840E", fault) for fault in read.schema_faults)
        # What does not follow the schema was not read to its end; its sums say nothing.
        found = [] if read.schema_faults else _of_statement(document, read)
    else:
        root = read_stored(content)
        if against_schema:
            yield from (("CSS840E", fault) for fault in schema_faults(root))
        found = verify_tree(document, root)
    yield from (("CSS842E", fault) for fault in found)


def _sums(document: BillDocument) -> tuple[CallSum, ...]:
    return tuple(
        CallSum(listed.service_number, listed.is_corrections, len(listed.calls), listed.duration_seconds, listed.price)
        for listed in document.call_lists
    )


def _of_statement(document: BillDocument, read: StatementRead) -> list[str]:
    return [
        *read.faults,
        *_differing(("bill number", document.bill_number, read.bill_number), ("call sums", _sums(document), read.sums)),
    ]


def _of_data(document: BillDocument, content: bytes) -> list[str]:
    read = read_data(content)
    return [
        *read.faults,
        *_differing(
            ("bill number", document.bill_number, read.bill_number),
            ("account number", document.account_number, read.account_number),
            ("date of issue", document.issued_on, read.issued_on),
            ("net total", document.invoice_net, read.net),
            ("VAT total", document.invoice_vat, read.vat),
            ("invoice total", document.invoice_total, read.invoice_total),
            ("amount due", document.amount_due, read.amount_due),
            ("call sums", _sums(document), read.sums),
        ),
    ]


Value = str | date | Money | tuple[CallSum, ...] | frozenset[str] | frozenset[Money]


def _differing(*pairs: tuple[str, Value, Value]) -> list[str]:
    """A sentence for each pair of what is wanted and what is found that differ; calls are not told, they are the customer's."""
    return [
        f"other {what} than the bill's." if isinstance(wanted, tuple) else f"{what} {_said(found)}, the bill has {_said(wanted)}."
        for what, wanted, found in pairs
        if wanted != found
    ]


def _said(value: Value) -> str:
    if isinstance(value, frozenset):
        return " and ".join(sorted(map(str, value))) or "nowhere"
    return str(value)


@dataclass(frozen=True, slots=True)
class PaperRead:
    """What a PDF of a bill says: every place of a figure, because a figure may stand in several."""

    numbers: frozenset[str]
    accounts: frozenset[str]
    dues: frozenset[Money]
    totals: frozenset[Money]
    nets: frozenset[Money]
    vats: frozenset[Money]
    call_sums: tuple[tuple[int, bool, str, str], ...]
    """Of each list: how many, whether corrections, how long, how much, the last two as printed."""


def read_paper(content: bytes) -> PaperRead:
    """The figures of a stored PDF, ordinary or in large print.

    Raises:
        BadMessage: CSS841E, it is no PDF of ours.
    """
    rows = rows_of(content, widest=_WORDS_MAX)
    named = {
        what: frozenset(_without_blanks(_beside(row, label)) for label in labels for row in rows if label in row.words)
        for what, labels in _SOUGHT.items()
    }
    nets_and_vats = [found for row in rows if _NET_AND_VAT in row.words if len(found := _amounts(row.words)) == 2]  # noqa: PLR2004 - net and VAT
    if not nets_and_vats:
        nets_and_vats = _by_rate(rows)
    return PaperRead(
        numbers=named["number"],
        accounts=named["account"],
        dues=frozenset(_labelled(rows, _DUE)),
        totals=frozenset(_labelled(rows, _TOTAL)),
        nets=frozenset(net for net, _ in nets_and_vats),
        vats=frozenset(vat for _, vat in nets_and_vats),
        call_sums=tuple(_call_sums(rows)),
    )


def _of_paper(document: BillDocument, content: bytes) -> list[str]:
    read = read_paper(content)
    sums = tuple(
        (one.call_count, one.is_corrections, "" if one.is_corrections else clock(one.duration_seconds), pence(one.price))
        for one in _sums(document)
    )
    return [
        *_differing(
            ("bill number", frozenset({_without_blanks(document.bill_number)}), read.numbers),
            ("account number", frozenset({_without_blanks(document.account_number)}), read.accounts),
            ("net total", frozenset({document.invoice_net}), read.nets),
            ("VAT total", frozenset({document.invoice_vat}), read.vats),
            ("invoice total", frozenset({document.invoice_total}), read.totals),
            ("amount due", frozenset({document.amount_due}), read.dues),
        ),
        *([] if sums == read.call_sums else ["other call sums than the bill's."]),
    ]


def _without_blanks(words: str) -> str:
    return words.replace(" ", "")


def _beside(row: Row, label: str) -> str:
    """What stands right of a label."""
    return row.words[(row.words.index(label) + 1) % len(row.words)]


def _amounts(words: Sequence[str]) -> list[Money]:
    """The amounts among words; a CR behind one makes it a credit."""
    found: list[Money] = []
    for place, word in enumerate(words):
        amount = _AMOUNT.fullmatch(word)
        if amount is not None:
            is_credit = amount[2] is not None or words[place + 1 : place + 2] == ("CR",)
            found.append(-Money.parse(amount[1]) if is_credit else Money.parse(amount[1]))
    return found


def _labelled(rows: Sequence[Row], labels: Sequence[str]) -> Iterator[Money]:
    """Every amount that a label names: in its row, or alone in the next one where the label has its row to itself."""
    for place, row in enumerate(rows):
        if not any(label in row.words for label in labels):
            continue
        found = _amounts(row.words)
        if not found and len(row.words) == 1 and place + 1 < len(rows):
            found = _amounts(rows[place + 1].words)
        if len(found) == 1:
            yield found[0]


def _by_rate(rows: Sequence[Row]) -> list[list[Money]]:
    """Net and VAT added up from the summary's rows of VAT, which name what each is on; large print has no row of both totals."""
    nets, vats = [], []
    for row in rows:
        said = next((found for word in row.words if (found := _VAT_ROW.fullmatch(word))), None)
        amounts = _amounts(row.words)
        if said is not None and len(amounts) == 1:
            nets.append(-Money.parse(said[1]) if said[2] else Money.parse(said[1]))
            vats += amounts
    return [[total(nets), total(vats)]] if nets else []


def _call_sums(rows: Sequence[Row]) -> Iterator[tuple[int, bool, str, str]]:
    for row in rows:
        if len(row.words) == 2:  # noqa: PLR2004 - the sum of a list stands alone in its row: how many, how much
            said, price = _CALL_SUM.fullmatch(row.words[0]), _PENCE.fullmatch(row.words[1])
            if said is not None and price is not None:
                yield int(said[1].replace(",", "")), said[2] == "correction", said[3] or "", price[1]
