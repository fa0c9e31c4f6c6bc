"""What a repair costs whoever asked for it, at the prices of the day, before and when its clear is accepted. Nothing is left here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from css.core.calendar import london_date
from css.core.money import Money, Price, to_money, total
from css.core.slots import SlotOf
from css.core.words import AppointmentState, MissCause, PriceBasis, PriceKind, ProductKind, Segment, VatCode
from css.master.accounts import Account
from css.master.appointments import Appointment
from css.master.lines import Line
from css.master.plant import DistributionPoint, Pair
from css.master.products import Product, prices
from css.master.services import Service
from repairs.model import Fault, FaultEvent, Mborc, Visit
from repairs.rules.charges import PRODUCTS, Attendance, Charge, Reckoned, Repair, VainSlot, charges_of
from repairs.rules.clear import CLEAR_CODES
from repairs.words import Activity, VisitState

_THE_CUSTOMERS = [cause for cause in MissCause if not cause.is_ours]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedRepair:
    """One charge of a repair at the price of its day."""

    charge: Charge
    product_id: int
    basis: PriceBasis
    net_price: Price
    """For one."""
    gross_price: Price
    vat_code: VatCode
    service_id: int | None

    @property
    def amount(self) -> Money:
        """For all of them, as its segment is quoted: before VAT or with it."""
        price = self.net_price if self.basis is PriceBasis.NET else self.gross_price
        return to_money(price * self.charge.quantity)


@dataclass(frozen=True, slots=True)
class Owed:
    """What a repair costs, and why what might have been charged is not."""

    charges: tuple[PricedRepair, ...]
    reasons: tuple[str, ...]


NOTHING = Owed((), ())


def owed_for(session: Session, fault: Fault) -> Owed:
    """What a cleared fault costs once its clear is accepted. One statement where nothing can be charged, a handful otherwise."""
    if fault.account_id is None or fault.clear_code is None or fault.cleared_at is None:
        return NOTHING
    code = CLEAR_CODES[fault.clear_code]
    vain = _vain_slots(session, fault) if fault.appointment_id is not None else ()
    if not (code.chargeable or vain or fault.is_expedited):
        return NOTHING
    reckoned = charges_of(
        Repair(
            code=code,
            charge_band=fault.charge_band,
            cleared_at=fault.cleared_at,
            was_late=fault.cleared_at > fault.due_at,
            expedited_at=fault.expedited_at if fault.is_expedited else None,
            attendances=_attendances(session, fault),
            vain=vain,
        )
    )
    return Owed(_priced(session, fault, reckoned), reckoned.reasons) if reckoned.charges else Owed((), reckoned.reasons)


def charge_words(owed: Owed, *, accepted: bool) -> str | None:
    """What will be on the bill, or why nothing will, in a sentence that can be read out; None where nothing could have been."""
    parts: list[str] = []
    if owed.charges:
        items = "; ".join(
            f"{each.charge.words}{f' x {each.charge.quantity}' if each.charge.quantity > 1 else ''} {each.amount.sterling}"
            for each in owed.charges
        )
        is_net = owed.charges[0].basis is PriceBasis.NET
        amount = total(each.amount for each in owed.charges).sterling
        when = "Charged" if accepted else "To be charged once the clear is accepted"
        parts.append(f"{when}: {items}; together {amount} {'before VAT' if is_net else 'with VAT'}.")
    elif owed.reasons:
        parts.append("Nothing is charged.")
    parts += [f"{reason[:1].upper()}{reason[1:]}." for reason in owed.reasons]
    return " ".join(parts) or None


def _attendances(session: Session, fault: Fault) -> tuple[Attendance, ...]:
    """The visits that reached the site since the last clear that was rejected."""
    since: datetime | None = None
    if fault.clear_count > 1:
        since = session.execute(
            select(func.max(FaultEvent.occurred_at)).where(FaultEvent.fault_id == fault.id, FaultEvent.deed == "reject")
        ).scalar_one()
    rows = session.execute(
        select(Visit.id, Visit.arrived_at, Visit.ended_at, Visit.return_reason)
        .where(Visit.fault_id == fault.id, Visit.arrived_at.is_not(None), Visit.ended_at.is_not(None))
        .where(Visit.issued_at >= (since or fault.accepted_at), Visit.state != VisitState.RECALLED)
        .order_by(Visit.id)
    )
    return tuple(
        Attendance(visit_id=row.id, arrived_at=row.arrived_at, ended_at=row.ended_at, return_reason=row.return_reason) for row in rows
    )


def _vain_slots(session: Session, fault: Fault) -> tuple[VainSlot, ...]:
    """The promised visits that the customer missed, with what may excuse it."""
    missed = session.execute(
        select(Appointment.number, Appointment.id, Appointment.slot_on, Appointment.half_day)
        .where(
            Appointment.site_id == select(Line.site_id).where(Line.id == fault.line_id).scalar_subquery(),
            Appointment.reference == fault.number,
            Appointment.state == AppointmentState.MISSED,
            Appointment.miss_cause.in_(_THE_CUSTOMERS),
        )
        .order_by(Appointment.slot_on, Appointment.half_day)
    ).all()
    if not missed:
        return ()
    arrivals = session.execute(select(Visit.arrived_at).where(Visit.fault_id == fault.id, Visit.arrived_at.is_not(None))).scalars().all()
    declared = _mborcs(session, fault)
    found: list[VainSlot] = []
    for row in missed:
        slot = SlotOf(row.slot_on, row.half_day)
        came_at = min((each for each in arrivals if each is not None and london_date(each) == slot.slot_on), default=None)
        touched = any(begins_at < slot.ends_at and (ends_at is None or ends_at > slot.begins_at) for begins_at, ends_at in declared)
        found.append(VainSlot(appointment_number=row.number or str(row.id), slot=slot, came_at=came_at, was_mborc=touched))
    return tuple(found)


def _mborcs(session: Session, fault: Fault) -> Sequence[tuple[datetime, datetime | None]]:
    """When matters beyond our control were declared for repairs where the fault is, narrowed or not to what it was cleared as."""
    cabinet = (
        select(DistributionPoint.cabinet_id)
        .join(Pair, Pair.distribution_point_id == DistributionPoint.id)
        .join(Line, Line.pair_id == Pair.id)
        .where(Line.id == fault.line_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Mborc.starts_at, Mborc.ends_at, Mborc.clear_codes).where(
            Mborc.district_code == fault.district_code,
            Mborc.activity == Activity.REPAIR,
            or_(Mborc.exchange_id.is_(None), Mborc.exchange_id == fault.exchange_id),
            or_(Mborc.cabinet_id.is_(None), Mborc.cabinet_id == cabinet),
        )
    )
    return [(row.starts_at, row.ends_at) for row in rows if row.clear_codes is None or fault.clear_code in row.clear_codes.split()]


def _priced(session: Session, fault: Fault, reckoned: Reckoned) -> tuple[PricedRepair, ...]:
    """The charges at the prices of their days; one without a price for the account's segment is none."""
    segment: Segment = session.execute(select(Account.segment).where(Account.id == fault.account_id)).scalar_one()
    products = {row.code: row for row in session.execute(select(Product).where(Product.code.in_(PRODUCTS))).scalars()}
    service_id = session.execute(
        select(Service.id)
        .join(Product, Product.id == Service.product_id)
        .where(Service.line_id == fault.line_id, Service.account_id == fault.account_id, Product.kind == ProductKind.LINE)
        .order_by(Service.ends_on.desc().nulls_first(), Service.id.desc())
        .limit(1)
    ).scalar()
    found: list[PricedRepair] = []
    # As they lie one over the other: the last that holds a day is the one in force.
    listed = [each for each in prices(session, product_codes=PRODUCTS) if each.kind is PriceKind.ONE_OFF and each.segment is segment]
    for charge in reckoned.charges:
        product, on = products[charge.product_code], charge.occurs_on
        covering = [
            each
            for each in listed
            if each.product_id == product.id and each.starts_on <= on and (each.ends_on is None or on < each.ends_on)
        ]
        if not covering:
            continue
        price = covering[-1]
        found.append(
            PricedRepair(
                charge=charge,
                product_id=product.id,
                basis=price.basis,
                net_price=price.net_price,
                gross_price=price.gross_price,
                vat_code=product.vat_code,
                service_id=service_id,
            )
        )
    return tuple(found)
