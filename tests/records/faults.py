"""A town with lines that can be in trouble, and the verbs of repairs said shortly, for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError, Several
from css.core.words import Role
from repairs.actions import clear_fault, report_fault, withdraw_fault
from repairs.commands.faults import ClearFault, FaultChanged, FaultReported, ReportFault, WithdrawFault
from tests import builders

BY, AT = builders.OPERATOR, builders.AT  # Monday 2 March 2026, ten in the morning
FIELD = Actor("operator", "FITTER", "RETAIL", frozenset({Role.REPAIR.value}), "screen")
REPORT = ReportFault(number="01632 960123", symptom_code="NDT", contact_name="Ada Tansley", contact_phone="07700 900123")
LATE = AT + timedelta(days=9)


@dataclass(frozen=True)
class Town:
    """A line of the own retail arm and one of a partner's, in one district."""

    zz: builders.BuiltDistrict
    account: builders.BuiltAccount
    line: builders.BuiltLine
    carrier: builders.BuiltAccount
    carrier_line: builders.BuiltLine


def build(session: Session, *, product: str | None = None, care_level: str | None = None) -> Town:
    zz = builders.district(session)
    account = builders.account(session, zz)
    carrier = builders.account(session, zz, provider_code="BRACKWAT", customer_number=account.customer_number)
    own_line = builders.working_line(session, zz, account, product=product, care_level=care_level)
    return Town(zz, account, own_line, carrier, builders.working_line(session, zz, carrier))


def report(session: Session, by: Actor = BY, at: datetime = AT, **changed: object) -> FaultReported:
    fields: dict[str, Any] = changed
    return report_fault(session, replace(REPORT, **fields), by=by, at=at)


def clear(session: Session, number: str, code: str = "EX", by: Actor = FIELD, at: datetime = LATE, **others: object) -> FaultChanged:
    fields: dict[str, Any] = others
    return clear_fault(session, ClearFault(fault_number=number, clear_code=code, **fields), by=by, at=at)


def withdraw(session: Session, number: str, by: Actor = BY, at: datetime = LATE, **changed: object) -> FaultChanged:
    fields: dict[str, Any] = {"reason": "It works again."} | changed
    return withdraw_fault(session, WithdrawFault(fault_number=number, **fields), by=by, at=at)


def codes(error: CssError) -> list[tuple[str, str | None]]:
    found = error.errors if isinstance(error, Several) else (error,)
    return [(one.code, one.element) for one in found]


def refusal(deed: Callable[..., object], *arguments: object, **named: object) -> CssError:
    with pytest.raises(CssError) as caught:
        deed(*arguments, **named)
    return caught.value


def count(session: Session, table: type) -> int:
    return session.execute(select(func.count()).select_from(table)).scalar_one()
