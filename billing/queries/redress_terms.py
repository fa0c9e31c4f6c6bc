"""The dated amounts and policies of the one rule, and failures as it judges them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.model import CompensationPolicy, CompensationRate, GuaranteeRate
from billing.rules.compensation import CompensationRow, PolicyRow
from billing.rules.failures import Failure, Held
from billing.rules.guarantees import GuaranteeRow
from billing.rules.redress import Terms
from css.core.words import FailureKind, NationCode, Segment


def terms_now(session: Session) -> Terms:
    """Every amount and policy, in three statements."""
    rates = session.execute(select(CompensationRate.kind, CompensationRate.starts_on, CompensationRate.amount)).all()
    counts = select(CompensationPolicy.starts_on, CompensationPolicy.day_count, CompensationPolicy.working_days)
    promised = select(GuaranteeRate.kind, GuaranteeRate.care_level, GuaranteeRate.starts_on, GuaranteeRate.amount, GuaranteeRate.days_max)
    return Terms(
        rates=tuple(CompensationRow(*row) for row in rates),
        policies=tuple(PolicyRow(*row) for row in session.execute(counts)),
        guarantees=tuple(GuaranteeRow(*row) for row in session.execute(promised)),
    )


def failure_of(row: Row[Any]) -> Failure:
    """A failure from a row with the shelf's columns and ``segment``, ``is_own_retail`` and ``nation``."""
    return Failure(
        kind=FailureKind(row.kind),
        issue_on=row.issue_on,
        promised_at=row.promised_at,
        put_right_at=row.put_right_at,
        nation=NationCode(row.nation).value,
        segment=Segment(row.segment),
        is_own_retail=row.is_own_retail,
        care_level=row.care_level,
        held=held_of(row.customer_held),
        is_guaranteed=row.is_guaranteed,
        guarantee_ends_at=row.guarantee_ends_at,
        is_total_loss=row.is_total_loss,
    )


def held_of(pairs: Sequence[Sequence[str]]) -> Held:
    """The customer's own delay as the shelf holds it."""
    return tuple((datetime.fromisoformat(begun), datetime.fromisoformat(done)) for begun, done in pairs)
