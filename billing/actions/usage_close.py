"""The end of a night's usage: every file that came closes, or the night stops."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from billing.queries.usage import file_sums
from billing.rules.file_outcomes import faults_in_closing
from css.core.errors import Breach
from css.core.money import Price, to_money


def close_files(session: Session, district_code: str, business_date: date) -> BlockTotals:
    """Count the records of every file of a business date; read and written are files, the amount is what their calls cost.

    Nothing is written, so closing again is the same again. It costs what the night's files cost, whatever is on file.

    Raises:
        Breach: a file does not close; the sentences say what is missing.
    """
    found = file_sums(session, district_code, business_date - timedelta(days=1), business_date)
    faults = [words for _, sums, _ in found for words in faults_in_closing(sums)]
    if faults:
        msg = " ".join(faults)
        raise Breach(msg)
    return BlockTotals(read=len(found), written=len(found), amount=to_money(Price(sum(net for *_, net in found))))
