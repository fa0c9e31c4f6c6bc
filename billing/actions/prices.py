"""New prices and new rates of VAT: rows laid over those before them. Nothing is edited, and no cut that is frozen sees them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.rules.permission import require_may
from billing.rules.price_painting import in_force, laid, next_price_on, published, refigured, usual_basis
from billing.terms_commands import AnnounceVatRate, PriceLaid, ProductPriceSet, SetProductPrice, VatRateAnnounced
from css import audit
from css.core.actor import Actor
from css.core.calendar import Period, add_months
from css.core.codec import to_plain
from css.core.errors import BadMessage, NotFound, Refusals, Refused
from css.core.pricing import PriceRow, painted
from css.core.words import PriceBasis, PriceKind, ProductKind, VatCode
from css.master.districts import latest_business_date
from css.master.products import Product, ProductPrice, VatRate, prices, vat_rates

YEARS_BACK_MAX = 6
"""Of a price: what is older is barred by limitation, so no bill could put it right (Limitation Act 1980, section 5)."""
PERCENT_MAX = 10_000
"""A hundred percent, in hundredths of one."""
_WHEN_IT_HAPPENS = frozenset({PriceKind.CONNECTION, PriceKind.ONE_OFF})


@audit.answered
def set_product_price(session: Session, command: SetProductPrice, *, by: Actor, at: datetime) -> ProductPriceSet:
    """Record a price from a date on, also in the past: the next bills charge and credit the days whose price it changes.

    It counts from the night of the latest business date of all districts. A price for what is charged when it happens (a
    connection, a visit) cannot be changed for days that are over.

    Raises:
        NotFound: CSS731E no such product, CSS103E no rate of VAT is on file for one of the days.
        BadMessage: CSS732E the dates, CSS733E the sign of the price, CSS734E no reason.
        Refused: CSS443E the actor may not, CSS735E not sold or not priced so, CSS736E such a day is over, CSS737E nothing changes,
            CSS748E it starts before the product's first price, or longer ago than bills are put right.
    """
    require_may(by, "set prices")
    product = _locked_product(session, command.product_code)
    recorded_on = latest_business_date(session)
    _check(command, product, recorded_on)
    _require_sensible_start(session, command, product, recorded_on)
    visible = [
        row
        for row in painted(_prices_of(session, product.id), key=_kind_and_segment)
        if _kind_and_segment(row) == (command.kind, command.segment)
    ]
    before = in_force(visible, command.starts_on)
    basis = command.basis or (before.basis if before else usual_basis(command.segment))
    span = Period(command.starts_on, command.ends_on or next_price_on(visible, command.starts_on))
    if _says_so_already(visible, span, command, basis):
        raise Refused("CSS737E", "That is the price of {product} on those days already.", product=product.code, element="price")
    rows = [
        PriceRow(0, product.id, command.kind, command.segment, one.starts_on, one.ends_on, basis, one.net_price, one.gross_price)
        for one in laid(command.price, basis, product.vat_code, span, vat_rates(session))
    ]
    _lay(session, rows, recorded_on, command.reason.strip())
    audit.record(
        session,
        by=by,
        at=at,
        verb="set_product_price",
        subject=("product", product.code),
        before=None if before is None else {"price_id": before.price_id, "basis": before.basis.value, "price": str(published(before))},
        after=to_plain(command) | {"basis": basis.value, "ends_on": to_plain(span.ends_on), "recorded_on": to_plain(recorded_on)},
    )
    return ProductPriceSet(
        product_code=product.code,
        kind=command.kind,
        segment=command.segment,
        recorded_on=recorded_on,
        rows=tuple(
            PriceLaid(starts_on=row.starts_on, ends_on=row.ends_on, net_price=row.net_price, gross_price=row.gross_price) for row in rows
        ),
    )


@audit.answered
def announce_vat_rate(session: Session, command: AnnounceVatRate, *, by: Actor, at: datetime) -> VatRateAnnounced:
    """Record a rate of VAT from a day that is still to come. A published price stays what it is, its other figure changes that day.

    Raises:
        BadMessage: CSS738E the percentage, CSS734E no reason.
        Refused: CSS443E the actor may not, CSS739E the day is not to come, CSS737E nothing changes, CSS740E the code has no rate.
    """
    require_may(by, "set prices")
    wrong = Refusals()
    if not 0 <= command.percent.basis_points <= PERCENT_MAX:
        wrong.add(BadMessage("CSS738E", "{percent}% is no rate of VAT.", percent=command.percent, element="percent"))
    if not command.reason.strip():
        wrong.add(_no_reason())
    if command.code in {VatCode.ZERO, VatCode.EXEMPT}:
        wrong.add(Refused("CSS740E", "What is {code} has no rate that could change.", code=command.code.value, element="code"))
    # The products first, and in one order, as set_product_price takes them: prices do not change while their figures are reckoned.
    wanted = frozenset(
        session.execute(
            select(Product.id).where(Product.vat_code == command.code).order_by(Product.id).with_for_update(key_share=True)
        ).scalars()
    )
    recorded_on = latest_business_date(session)
    if command.starts_on <= recorded_on:
        wrong.add(
            Refused(
                "CSS739E",
                "A rate of VAT is announced before the day it begins; {starts_on} is not after the business date, {today}.",
                starts_on=command.starts_on,
                today=recorded_on,
                element="starts_on",
            )
        )
    wrong.tell()
    rates = [row for row in vat_rates(session) if row.code is command.code]
    now = next((row for row in reversed(rates) if row.starts_on <= command.starts_on), None)
    if now is not None and now.percent == command.percent:
        raise Refused("CSS737E", "The {code} rate is {percent}% on that day already.", code=command.code.value, percent=command.percent)
    ends_on = min((row.starts_on for row in rates if row.starts_on > command.starts_on), default=None)
    session.add(VatRate(code=command.code, starts_on=command.starts_on, ends_on=ends_on, percent=command.percent, recorded_on=recorded_on))
    session.flush()
    visible = painted((row for row in prices(session) if row.product_id in wanted), key=_place)
    rows = [*refigured(visible, command.starts_on, ends_on, command.percent)]
    _lay(session, rows, recorded_on, command.reason.strip())
    audit.record(
        session,
        by=by,
        at=at,
        verb="announce_vat_rate",
        subject=("VAT rate", command.code.value),
        before=None if now is None else {"percent": str(now.percent), "starts_on": to_plain(now.starts_on)},
        after=to_plain(command) | {"recorded_on": to_plain(recorded_on), "prices": len(rows)},
    )
    return VatRateAnnounced(
        code=command.code,
        percent=command.percent,
        starts_on=command.starts_on,
        ends_on=ends_on,
        recorded_on=recorded_on,
        prices=len(rows),
    )


def _locked_product(session: Session, code: str) -> Product:
    """The product, for one change of its prices at a time: what the second one sees is what the first one left."""
    statement = select(Product).where(Product.code == code.strip().upper()).with_for_update(key_share=True)
    product = session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
    if product is None:
        raise NotFound("CSS731E", "There is no product {code}.", code=code[:30], element="product_code")
    return product


def _check(command: SetProductPrice, product: Product, today: date) -> None:
    wrong = Refusals()
    if command.ends_on is not None and command.ends_on <= command.starts_on:
        wrong.add(
            BadMessage(
                "CSS732E",
                "The price ends on {ends_on}, not after the day it starts, {starts_on}.",
                ends_on=command.ends_on,
                starts_on=command.starts_on,
                element="ends_on",
            )
        )
    is_credit = product.kind is ProductKind.PROMOTION
    if command.price.millionths < 0 if not is_credit else command.price.millionths >= 0:
        said = "A promotion is a credit: its price is negative." if is_credit else "The price of {product} cannot be negative."
        wrong.add(BadMessage("CSS733E", said, product=product.code, element="price"))
    if not command.reason.strip():
        wrong.add(_no_reason())
    if command.segment.value not in product.segments:
        wrong.add(
            Refused(
                "CSS735E",
                "{product} is not sold to {segment} accounts.",
                product=product.code,
                segment=command.segment.value,
                element="segment",
            )
        )
    if command.kind not in _KINDS[product.kind]:
        wrong.add(Refused("CSS735E", "{product} has no {kind} price.", product=product.code, kind=command.kind.value, element="kind"))
    if command.kind in _WHEN_IT_HAPPENS and command.starts_on < today:
        wrong.add(
            Refused(
                "CSS736E",
                "What happened before {today} was charged at the price of its day; a {kind} price starts then or later.",
                today=today,
                kind=command.kind.value,
                element="starts_on",
            )
        )
    wrong.tell()


def _require_sensible_start(session: Session, command: SetProductPrice, product: Product, today: date) -> None:
    """No price before the product had any, in any segment, and none for days whose bills nobody puts right any more."""
    first = min((row.starts_on for row in _prices_of(session, product.id)), default=command.starts_on)
    earliest = max(first, add_months(today, -12 * YEARS_BACK_MAX))
    if command.starts_on < earliest:
        raise Refused(
            "CSS748E",
            "A price of {product} starts on {earliest} or later, not on {starts_on}: its first one did on {first}, and bills are put right "
            "for {years} years.",
            product=product.code,
            earliest=earliest,
            starts_on=command.starts_on,
            first=first,
            years=YEARS_BACK_MAX,
            element="starts_on",
        )


_RENTED = frozenset({PriceKind.RENTAL, PriceKind.CONNECTION, PriceKind.TERMINATION})
_KINDS = {
    ProductKind.LINE: _RENTED,
    ProductKind.FEATURE: _RENTED,
    ProductKind.CARE: _RENTED,
    ProductKind.ONE_OFF: frozenset({PriceKind.ONE_OFF}),
    ProductKind.PROMOTION: frozenset({PriceKind.RENTAL}),
}


def _no_reason() -> BadMessage:
    return BadMessage("CSS734E", "Say why: whoever asks later reads it.", element="reason")


def _says_so_already(visible: Iterable[PriceRow], span: Period, command: SetProductPrice, basis: PriceBasis) -> bool:
    """Whether those very days have that very price already, so that a second press of the key lays nothing."""
    parts = [(row, part) for row in visible if (part := Period(row.starts_on, row.ends_on).overlap(span)) is not None]
    reached: date | None = span.starts_on
    for row, part in sorted(parts, key=lambda one: one[1].starts_on):
        if part.starts_on != reached or row.basis is not basis or published(row) != command.price:
            return False
        reached = part.ends_on
    return bool(parts) and reached == span.ends_on


def _kind_and_segment(row: PriceRow) -> tuple[object, object]:
    return row.kind, row.segment


def _place(row: PriceRow) -> tuple[object, object, object]:
    return row.product_id, row.kind, row.segment


def _prices_of(session: Session, product_id: int) -> Iterable[PriceRow]:
    return (row for row in prices(session) if row.product_id == product_id)


def _lay(session: Session, rows: Iterable[PriceRow], recorded_on: date, reason: str) -> None:
    values = [
        {
            "product_id": row.product_id,
            "kind": row.kind,
            "segment": row.segment,
            "starts_on": row.starts_on,
            "ends_on": row.ends_on,
            "basis": row.basis,
            "net_price": row.net_price,
            "gross_price": row.gross_price,
            "recorded_on": recorded_on,
            "reason": reason,
        }
        for row in rows
    ]
    if values:
        session.execute(insert(ProductPrice), values)
