"""The one rule: which promise not kept is worth what to whom. Who is neither compensated nor guaranteed is told why."""

from __future__ import annotations

from dataclasses import dataclass

from billing.rules.compensation import CompensationRow, PolicyRow, compensation, is_compensated
from billing.rules.failures import Failure, Owed, nothing
from billing.rules.guarantees import GuaranteeRow, guarantee
from billing.words import OutsideKind


@dataclass(frozen=True, slots=True)
class Terms:
    """Every dated amount and policy."""

    rates: tuple[CompensationRow, ...]
    policies: tuple[PolicyRow, ...]
    guarantees: tuple[GuaranteeRow, ...]


def owed_for(failure: Failure, terms: Terms) -> Owed:
    """Automatic compensation for residential accounts of our own, a guarantee for those of other providers, nothing for firms."""
    if is_compensated(failure):
        return compensation(failure, terms.rates, terms.policies)
    if not failure.is_own_retail:
        return guarantee(failure, terms.guarantees)
    why = (
        "nothing by itself: automatic compensation is for residential customers, guarantees are for providers, "
        "and the account is not a residential one"
    )
    return nothing(failure, OutsideKind.COMPENSATION, why)
