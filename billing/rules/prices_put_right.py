"""Which lines of a bill belong to a price that was put right: days given back at one price and charged again at another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from billing.document import BillLine
from css.core.money import ZERO, Price

_RENTALS: Final = frozenset({"rental", "part_period"})
_OF_DAYS: Final = re.compile(r", (?:credit for )?[0-9]+ (?:more )?of [0-9]+ days$")


def prices_put_right(lines: Sequence[BillLine]) -> dict[int, bool]:
    """By line number: true for a charge at the price as it should be, false for the credit of the price charged before.

    Both are of one thing on one number and share days of one billing period; only the price is another.
    """
    given_back: dict[str, list[BillLine]] = defaultdict(list)
    for line in lines:
        if line.group == "part_period" and line.net < ZERO:
            given_back[line.service_number].append(line)
    found: dict[int, bool] = {}
    for charge in lines if given_back else ():
        if charge.group in _RENTALS and charge.net > ZERO:
            for credit in given_back.get(charge.service_number, ()):
                if _is_of_another_price(charge, credit):
                    found[charge.line_no], found[credit.line_no] = True, False
    return found


def name_of(line: BillLine) -> str:
    """What a rental is for, without the days of it that a line counts."""
    return _OF_DAYS.sub("", line.description)


def _is_of_another_price(charge: BillLine, credit: BillLine) -> bool:
    if charge.period is None or credit.period is None or charge.period.overlap(credit.period) is None:
        return False
    new, old = _of_whole_period(charge), _of_whole_period(credit)
    # Periods of another length are a change of the billing cycle, not of the price.
    return new is not None and old is not None and new[0] == old[0] and new[1] != old[1] and name_of(charge) == name_of(credit)


def _of_whole_period(line: BillLine) -> tuple[int, Price] | None:
    """The days of the whole billing period and the price for all of them."""
    if line.unit_price is None or line.period is None:
        return None
    if line.unit == "DAY":
        return line.price_per, line.unit_price
    return (line.period.ends_on or line.period.starts_on).toordinal() - line.period.starts_on.toordinal(), line.unit_price * abs(
        line.quantity
    )
