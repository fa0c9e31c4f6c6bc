"""Benefits, services that give them, and calls, for tests of what is taken off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from billing.rules.benefits_calls import Benefit, Call, CallsAtCut, Friend, Giver, Reduction, Step, TakenOff, take_off
from billing.rules.benefits_months import Months, Turn
from billing.words import BenefitKind, BenefitScope
from css.core.money import MILLIONTHS, Money, Percent

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
FIRSTS = Months((Turn(date.min, 1),))
"""Months that begin on the 1st."""


def allowance(benefit_id: int = 1, minutes: int = 10, scope: BenefitScope = BenefitScope.ACCOUNT, **others: Any) -> Benefit:  # noqa: ANN401 - fields
    facts: dict[str, Any] = {"charge_classes": frozenset({"GEO"}), "allowance_seconds": minutes * 60}
    return _benefit(benefit_id, BenefitKind.ALLOWANCE, scope, f"{minutes} inclusive minutes", facts | others)


def friends(
    benefit_id: int = 2,
    percent: int = 10,
    best: int | None = 20,
    scope: BenefitScope = BenefitScope.LINE,
    **others: Any,  # noqa: ANN401
) -> Benefit:
    facts: dict[str, Any] = {
        "charge_classes": frozenset({"GEO"}),
        "percent": Percent.of(percent),
        "best_percent": best and Percent.of(best),
    }
    return _benefit(benefit_id, BenefitKind.FRIENDS, scope, "Friends and family", facts | others)


def option(benefit_id: int = 3, percent: int = 25, scope: BenefitScope = BenefitScope.ACCOUNT, **others: Any) -> Benefit:  # noqa: ANN401
    facts: dict[str, Any] = {"charge_classes": frozenset({"GEO", "INT1"}), "percent": Percent.of(percent)}
    return _benefit(benefit_id, BenefitKind.OPTION, scope, "Option", facts | others)


def volume(
    benefit_id: int = 4,
    steps: Sequence[tuple[int, int]] = ((0, 10),),
    scope: BenefitScope = BenefitScope.ACCOUNT,
    **others: Any,  # noqa: ANN401
) -> Benefit:
    """Steps in pence and percent."""
    facts: dict[str, Any] = {
        "charge_classes": frozenset({"GEO", "INT1"}),
        "steps": tuple(Step(Money(pence), Percent.of(percent)) for pence, percent in steps),
    }
    return _benefit(benefit_id, BenefitKind.VOLUME, scope, "Volume discount", facts | others)


def _benefit(benefit_id: int, kind: BenefitKind, scope: BenefitScope, words: str, facts: dict[str, Any]) -> Benefit:
    return replace(
        Benefit(benefit_id=benefit_id, code=f"B{benefit_id}", kind=kind, scope=scope, words=words, charge_classes=frozenset()), **facts
    )


def giver(benefit: Benefit, service_id: int = 100, line_id: int = 1, starts_on: date = MARCH, **others: Any) -> Giver:  # noqa: ANN401
    facts: dict[str, Any] = {"number": f"44163296000{line_id}", "ends_on": None}
    return Giver(benefit=benefit, service_id=service_id, line_id=line_id, starts_on=starts_on, **facts | others)


def call(day: date, seconds: int = 60, pence: str = "10", *, line_id: int = 1, record: int = 0, **others: Any) -> Call:  # noqa: ANN401
    """A call to London in the daytime; ``record`` keeps calls apart."""
    made = Call(record, line_id, day, "442079460123", "GEO", "day", seconds, int(Fraction(pence) * MILLIONTHS), 2000)
    return made._replace(**others)


def taken(
    givers: Sequence[Giver],
    calls: Sequence[Call],
    *,
    cut: date = date(2026, 3, 31),
    months: Months = FIRSTS,
    named: Mapping[int, Sequence[Friend]] | None = None,
    left: dict[tuple[int, int], tuple[int, ...]] | None = None,
    group_spend: dict[tuple[int, date], int] | None = None,
) -> TakenOff:
    """What is taken off calls from March on."""
    return take_off(
        CallsAtCut(
            months=months,
            months_from=MARCH,
            volume_from=MARCH,
            cut=cut,
            givers=givers,
            calls=calls,
            friends=named or {},
            left_before=left or {},
            group_spend=group_spend or {},
        )
    )


def pence(reductions: Sequence[Reduction]) -> list[Fraction]:
    """The amounts, in order."""
    return [reduction.millionths / MILLIONTHS for reduction in reductions]
