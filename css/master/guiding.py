"""From a telephone number to what works on it: how a call, a fault report and a cease find their line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import Segment
from css.master.accounts import Account
from css.master.lines import Line
from css.master.products import Product
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber


@dataclass(frozen=True, slots=True)
class Guided:
    """The main service that answered to a number at an instant, with everybody it belongs to."""

    number: str
    district_code: str
    provider_id: int
    provider_code: str
    account_id: int
    account_number: str
    customer_id: int
    segment: Segment
    line_id: int
    site_id: int
    service_id: int
    product_id: int
    product_code: str
    care_level: str | None


def number_in_use(session: Session, number: str, at: datetime, *, by: Actor | None = None) -> Guided | None:
    """What a number (E.164 digits) guides to at an instant; None when nothing answers to it then.

    There is never more than one: the database refuses it (ex_service_number_in_use, whose index serves this). With a
    partner as ``by``, what is another provider's is None too.
    """
    is_partner = by is not None and by.is_partner
    told = {"number": number, "at": at, "provider_code": by.provider_code if by else None}
    row = session.execute(_in_use(is_partner), told).one_or_none()
    return None if row is None else Guided(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


@cache
def _in_use(is_partner: bool) -> Select[*tuple[Any, ...]]:  # noqa: FBT001 - the key of a cache
    """Built once, as it is asked with every call (docs/decisions/0143)."""
    statement = (
        select(
            ServiceNumber.number,
            Service.district_code,
            Service.provider_id,
            Provider.code.label("provider_code"),
            Service.account_id,
            Account.number.label("account_number"),
            Account.customer_id,
            Account.segment,
            Service.line_id,
            Line.site_id,
            Service.id.label("service_id"),
            Service.product_id,
            Product.code.label("product_code"),
            Service.care_level,
        )
        .join(Service, Service.id == ServiceNumber.service_id)
        .join(Line, Line.id == Service.line_id)
        .join(Product, Product.id == Service.product_id)
        .join(Account, Account.id == Service.account_id)
        .join(Provider, Provider.id == Service.provider_id)
        .where(
            ServiceNumber.number == bindparam("number"),
            ServiceNumber.starts_at <= bindparam("at"),
            or_(ServiceNumber.ends_at.is_(None), ServiceNumber.ends_at > bindparam("at")),
        )
    )
    return statement.where(Provider.code == bindparam("provider_code")) if is_partner else statement
