"""The dated amounts and policies of the one rule, and failures as it judges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.model import CompensationPolicy, CompensationRate, GuaranteeRate, OutsideNominal
from billing.rules.compensation import CompensationRow, PolicyRow
from billing.rules.failures import Failure, Held
from billing.rules.guarantees import GuaranteeRow
from billing.rules.redress import Terms
from billing.words import OutsideKind
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


@dataclass(frozen=True, slots=True)
class NominalFrom:
    """Against which nominal a kind of outside item stands from a business date on."""

    kind: OutsideKind
    starts_on: date
    nominal_code: str


@dataclass(frozen=True, slots=True)
class RedressTerms:
    """Every amount, policy and nominal, the oldest first."""

    compensation: tuple[CompensationRow, ...]
    policies: tuple[PolicyRow, ...]
    guarantees: tuple[GuaranteeRow, ...]
    nominals: tuple[NominalFrom, ...]


def redress_terms(session: Session) -> RedressTerms:
    """What broken promises cost by date, how days are counted, and against which nominals it stands."""
    terms = terms_now(session)
    against = session.execute(select(OutsideNominal.kind, OutsideNominal.starts_on, OutsideNominal.nominal_code)).all()
    return RedressTerms(
        compensation=tuple(sorted(terms.rates, key=lambda row: (row.kind, row.starts_on))),
        policies=tuple(sorted(terms.policies, key=lambda row: row.starts_on)),
        guarantees=tuple(sorted(terms.guarantees, key=lambda row: (row.kind, row.care_level, row.starts_on))),
        nominals=tuple(sorted((NominalFrom(*row) for row in against), key=lambda row: (row.kind, row.starts_on))),
    )
