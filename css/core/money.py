"""Money and prices: the only door to decimal numbers and to rounding.

``Money`` is what is posted: whole pence of sterling. ``Price`` is what a tariff holds and what an unrounded charge is:
exact decimal pence to six places (millionths of a penny). ``to_money`` is the only way from one to the other, so
rounding is a change of type. Neither can meet a float.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import total_ordering

from css.core.errors import BadMessage

MILLIONTHS = 1_000_000
PENCE_MAX = 10**15
"""No amount of ours reaches ten trillion pounds; crossing this is a slip of the keys or of the code."""
MILLIONTHS_MAX = 2**63 - 1
"""What a BIGINT column or an Int64 frame holds: a price past it would wrap round there in silence."""

_AMOUNT = re.compile(r"^([+-]?)£?([0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.([0-9]{1,2}))?\Z")
_DECIMAL = re.compile(r"^([+-]?)([0-9]{1,20})(?:\.([0-9]{1,40}))?\Z")


def _too_large(pence: object) -> BadMessage:
    return BadMessage("CSS010E", "An amount of {pence} pence is larger than any this system holds.", pence=pence)


def _scaled(value: str | int | Decimal, places: int) -> int | None:
    """Exactly ``value`` times ten to the ``places``; ``None`` when that is not a whole number or ``value`` not a plain one.

    Done on the digits: decimal arithmetic would round anything past its 28 and then find it whole.
    """
    if isinstance(value, float):
        msg = "a price or a percentage cannot meet a float"
        raise TypeError(msg)
    if isinstance(value, Decimal):
        # "f" writes 1E+3 out in full; a monster's exponent is not worth the memory.
        value = format(value, "f") if value.is_finite() and abs(value.adjusted()) <= 40 else ""  # noqa: PLR2004 - as the line above says
    found = _DECIMAL.match(str(value).strip())
    if found is None:
        return None
    sign, whole, part = found[1], found[2], (found[3] or "").rstrip("0")
    if len(part) > places:
        return None
    scaled = int(whole + part.ljust(places, "0"))
    return -scaled if sign == "-" else scaled


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """Whole pence of sterling, negative for a credit. Adds, negates, multiplies by int; cannot meet a float."""

    pence: int

    def __post_init__(self) -> None:
        if type(self.pence) is not int:
            msg = f"Money takes whole pence as int, not {type(self.pence).__name__}"
            raise TypeError(msg)
        if abs(self.pence) > PENCE_MAX:
            raise _too_large(self.pence)

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.pence + other.pence)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.pence - other.pence)

    def __neg__(self) -> Money:
        return Money(-self.pence)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            return NotImplemented
        return Money(self.pence * times)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.pence < other.pence

    def __bool__(self) -> bool:
        return self.pence != 0

    def __str__(self) -> str:
        """Pounds and pence without a sign of currency, two decimals: ``-12.34``; what XML carries."""
        pounds, pence = divmod(abs(self.pence), 100)
        return f"{'-' if self.pence < 0 else ''}{pounds}.{pence:02d}"

    @property
    def sterling(self) -> str:
        """As a person reads it: ``£1,234.50``, a credit as ``-£3.00``."""
        pounds, pence = divmod(abs(self.pence), 100)
        return f"{'-' if self.pence < 0 else ''}£{pounds:,}.{pence:02d}"

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read ``12``, ``12.3``, ``12.34``, ``£1,234.50``, ``-3.00``; refuse anything finer than a penny (CSS011E).

        The sign comes before the £; commas stand every three digits or not at all, so that ``12,34`` is a slip and not £1,234.
        """
        found = _AMOUNT.match(text.strip())
        if found is None:
            raise BadMessage("CSS011E", "{text!r} is not an amount; write pounds and pence, like 12.34.", text=text[:40])
        pence = int(found[2].replace(",", "") + (found[3] or "").ljust(2, "0"))
        return cls(-pence if found[1] == "-" else pence)


ZERO = Money(0)


def total(amounts: Iterable[Money]) -> Money:
    """The sum, zero for none."""
    return Money(sum(amount.pence for amount in amounts))


@total_ordering
@dataclass(frozen=True, slots=True)
class Price:
    """Exact decimal pence to six places, kept as whole millionths of a penny. Negative for a discount."""

    millionths: int

    def __post_init__(self) -> None:
        if type(self.millionths) is not int:
            msg = f"Price takes whole millionths of a penny as int, not {type(self.millionths).__name__}"
            raise TypeError(msg)
        if abs(self.millionths) > MILLIONTHS_MAX:
            raise _too_large(self.millionths // MILLIONTHS)

    @classmethod
    def of(cls, pence: str | int | Decimal) -> Price:
        """From decimal pence: ``Price.of("5.833")``. More than six places is refused (CSS012E), never rounded."""
        millionths = _scaled(pence, 6)
        if millionths is None:
            raise BadMessage("CSS012E", "{text!r} is not a price; write pence with at most six places.", text=str(pence)[:40])
        return cls(millionths)

    @property
    def pence(self) -> Decimal:
        """Exact decimal pence, as a NUMERIC column holds it."""
        return Decimal(self.millionths).scaleb(-6)

    def __add__(self, other: Price) -> Price:
        if not isinstance(other, Price):
            return NotImplemented
        return Price(self.millionths + other.millionths)

    def __sub__(self, other: Price) -> Price:
        if not isinstance(other, Price):
            return NotImplemented
        return Price(self.millionths - other.millionths)

    def __neg__(self) -> Price:
        return Price(-self.millionths)

    def __mul__(self, times: int) -> Price:
        if type(times) is not int:
            return NotImplemented
        return Price(self.millionths * times)

    __rmul__ = __mul__

    def __lt__(self, other: Price) -> bool:
        if not isinstance(other, Price):
            return NotImplemented
        return self.millionths < other.millionths

    def __bool__(self) -> bool:
        return self.millionths != 0

    def __str__(self) -> str:
        """Pence, shortest form: ``5.833``."""
        text = f"{self.pence:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


def round_half_up(exact: Fraction) -> int:
    """The nearest whole number, halves away from zero, so that a credit mirrors its charge to the penny."""
    doubled = abs(exact.numerator) * 2 + exact.denominator
    magnitude = doubled // (exact.denominator * 2)
    return -magnitude if exact < 0 else magnitude


def to_money(price: Price, share: Fraction = Fraction(1)) -> Money:
    """Round a price, or an exact share of it (days over days of the period), half up to whole pence. The only rounding."""
    return Money(round_half_up(Fraction(price.millionths, MILLIONTHS) * share))


@dataclass(frozen=True, slots=True)
class Percent:
    """An exact percentage in hundredths of a percent (basis points): 20% is 2000."""

    basis_points: int

    @classmethod
    def of(cls, percent: str | int | Decimal) -> Percent:
        """``Percent.of("17.5")``; at most two places (CSS013E)."""
        basis_points = _scaled(percent, 2)
        if basis_points is None:
            raise BadMessage("CSS013E", "{text!r} is not a percentage with at most two places.", text=str(percent)[:40])
        return cls(basis_points)

    @property
    def fraction(self) -> Fraction:
        """The exact share of one: 20% is 1/5."""
        return Fraction(self.basis_points, 10_000)

    @property
    def decimal(self) -> Decimal:
        """The percentage itself with two places: ``Decimal("17.50")``."""
        return Decimal(self.basis_points).scaleb(-2)

    def __str__(self) -> str:
        text = f"{self.decimal:f}"
        return text.rstrip("0").rstrip(".")


def percent_of(amount: Money, percent: Percent) -> Money:
    """A percentage of posted money, half up: VAT is taken this way, once per bill and rate, on the net total."""
    return Money(round_half_up(Fraction(amount.pence) * percent.fraction))


def gross_from_net(net: Price, percent: Percent) -> Price:
    """Net price plus VAT, to six places half up; stored beside the net price when a price is published net."""
    return Price(round_half_up(Fraction(net.millionths) * (1 + percent.fraction)))


def net_from_gross(gross: Price, percent: Percent) -> Price:
    """Gross price less the VAT in it, to six places half up; stored beside the gross price when published gross."""
    return Price(round_half_up(Fraction(gross.millionths) / (1 + percent.fraction)))
