"""The examples of docs/billing-rules.md that are about what comes off calls."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from billing.rules.benefits import amounts_due
from billing.rules.benefits_calls import Benefit, Call, CallsAtCut, Friend, Giver, Step, TakenOff, take_off
from billing.rules.benefits_months import Months, Turn, calendar_month
from billing.rules.explain_sum import shown
from billing.rules.explain_words import clock
from billing.rules.vat import VatHistory
from billing.words import BenefitKind, BenefitScope
from css.core.money import MILLIONTHS, Money, Percent, Price
from css.core.words import VatStatus
from tests.rules.billing_examples import Example

LONDON = "442079460123"
_KINDS = {"inclusive": BenefitKind.ALLOWANCE, "friends": BenefitKind.FRIENDS, "option": BenefitKind.OPTION, "volume": BenefitKind.VOLUME}


class Discounts:
    """Benefits, numbers and calls of an example, and what the rule makes of them."""

    def __init__(self, example: Example) -> None:
        self.benefits: dict[str, Benefit] = {}
        self.givers: list[Giver] = []
        self.friends: dict[int, list[Friend]] = defaultdict(list)
        self.calls: list[Call] = []
        self.left: dict[tuple[int, int], tuple[int, ...]] = {}
        self.group: dict[tuple[int, date], int] = {}
        day = int(example.value("months from day") or 1)
        turns = [text.split(" from ") for text in example.values("then from day")]
        self.months = Months((Turn(date.min, day), *(Turn(date.fromisoformat(since), int(new)) for new, since in turns)))
        for row in example.rows:
            name, _, which = row.name.partition(" ")
            match name:
                case "benefit":
                    self._benefit(which, row.text)
                case "gives":
                    self._gives(row.text)
                case "friend":
                    self._friend(row.text)
                case "call":
                    self._call(row.text)
                case "left":
                    benefit = self.benefits[which.removeprefix("over of ")]
                    self.left[benefit.benefit_id, self._service(benefit)] = tuple(_seconds(one) for one in row.text.split(", "))
                case "group":
                    month, amount = row.text.split(": ") if ": " in row.text else row.text.split(", ")
                    for benefit in self.benefits.values():
                        self.group[benefit.benefit_id, date.fromisoformat(month)] = Price.of(amount.removesuffix("p")).millionths
                case _:
                    assert row.name in {"months from day", "then from day", "cut", "comes off", "line", "month"}, row.name
        cut = example.value("cut")
        assert cut, f"line {example.line}: no cut"
        self.cut = date.fromisoformat(cut)
        first = self.months.month_of(min(call.day for call in self.calls)).starts_on
        self.at_cut = CallsAtCut(
            months=self.months,
            months_from=first,
            volume_from=calendar_month(first),
            cut=self.cut,
            givers=self.givers,
            calls=sorted(self.calls, key=lambda call: (call.day, call.record_id)),
            friends=self.friends,
            left_before=self.left,
            group_spend=self.group,
        )
        self.taken: TakenOff = take_off(self.at_cut)

    def _service(self, benefit: Benefit) -> int:
        return next(giver.service_id for giver in self.givers if giver.benefit is benefit)

    def _benefit(self, name: str, text: str) -> None:
        head, _, classes = text.partition(" for ")
        kind, *terms = head.split(", ")
        facts: dict[str, Any] = {"charge_classes": frozenset(classes.split())}
        word, _, amount = kind.partition(" ")
        match _KINDS[word]:
            case BenefitKind.ALLOWANCE:
                facts["allowance_seconds"] = _seconds(amount)
            case BenefitKind.VOLUME:
                facts["is_graduated"] = amount == "graduated"
            case _:
                facts["percent"] = Percent.of(amount.removesuffix("%"))
        scope = next((BenefitScope(term) for term in terms if term in set(BenefitScope)), BenefitScope.ACCOUNT)
        for term in terms:
            if term not in set(BenefitScope):
                facts |= _term(term, facts.get("steps", ()))
        made = Benefit(benefit_id=len(self.benefits) + 1, code=name, kind=_KINDS[word], scope=scope, words=name, charge_classes=frozenset())
        self.benefits[name] = replace(made, **facts)

    def _gives(self, text: str) -> None:
        """``M on line 2 from 2026-01-05 to 2026-01-20``."""
        found = re.fullmatch(r"([A-Z]+)(?: on line ([0-9]+))? from (\S+)(?: to (\S+))?", text)
        assert found, text
        self.givers.append(
            Giver(
                benefit=self.benefits[found[1]],
                service_id=100 + len(self.givers),
                line_id=int(found[2] or 1),
                number=None,
                starts_on=date.fromisoformat(found[3]),
                ends_on=date.fromisoformat(found[4]) if found[4] else None,
            )
        )

    def _friend(self, text: str) -> None:
        found = re.fullmatch(r"([0-9 ]+?)(, the best)? from (\S+)(?: to (\S+))?", text)
        assert found, text
        ends_on = date.fromisoformat(found[4]) if found[4] else None
        friend = Friend(_held(found[1]), bool(found[2]), date.fromisoformat(found[3]), ends_on)
        giver = next(one for one in self.givers if one.benefit.kind is BenefitKind.FRIENDS)
        self.friends[giver.service_id].append(friend)

    def _call(self, text: str) -> None:
        """``2026-01-20, GEO, 3600 s, 363.9p`` and perhaps ``, to 01632 960124`` and ``, line 2``."""
        day, charge_class, seconds, pence, *more = text.split(", ")
        number, line = LONDON, 1
        for one in more:
            if one.startswith("to "):
                number = _held(one.removeprefix("to "))
            else:
                line = int(one.removeprefix("line "))
        millionths = Price.of(pence.removesuffix("p")).millionths
        place = len(self.calls) + 1
        when = date.fromisoformat(day)
        self.calls.append(Call(place, line, when, number, charge_class, "day", int(seconds.removesuffix(" s")), millionths, 2000))

    # What is made of them.

    def reductions(self) -> list[str]:
        """``call 2: 8p by M, 120 s`` and ``call 2: 0.4p by F, 10%``, in order."""
        names = {benefit.benefit_id: name for name, benefit in self.benefits.items()}
        return [
            f"call {one.call.record_id}: {shown(one.millionths / MILLIONTHS)}p by {names[one.key.benefit_id]}, "
            + (f"{one.seconds} s" if one.seconds else f"{shown(one.percent * 100)}%")
            for one in self.taken.reductions
        ]

    def lines(self) -> Iterator[str]:
        """``M 2026-01-05: -3.64``: what the lines of a first bill come to."""
        names = {benefit.benefit_id: name for name, benefit in self.benefits.items()}
        for (key, _), amount in amounts_due(self.taken.reductions, VatHistory.always(VatStatus.STANDARD)).items():
            yield f"{names[key.benefit_id]} {key.month_starts_on}: {amount}"

    def allowances(self) -> Iterator[str]:
        """``M 2026-01-05: granted 1:00:00, rolled over 0:00, used 5:00, 55:00 for the month after``."""
        names = {benefit.benefit_id: name for name, benefit in self.benefits.items()}
        for one in self.taken.allowances:
            figures = f"granted {clock(one.granted_seconds)}, rolled over {clock(one.rolled_in_seconds)}, used {clock(one.used_seconds)}"
            yield f"{names[one.benefit_id]} {one.month_starts_on}: {figures}, {clock(sum(one.left_seconds))} for the month after"


def _term(term: str, steps: tuple[Step, ...]) -> dict[str, Any]:
    match term.split():
        case ["best", percent]:
            return {"best_percent": Percent.of(percent.removesuffix("%"))}
        case ["units", "of", seconds, "s"]:
            return {"unit_seconds": int(seconds)}
        case ["rolls", "over", months]:
            return {"rollover_months": int(months)}
        case [percent, "from", pounds]:
            return {"steps": (*steps, Step(Money.parse(pounds), Percent.of(percent.removesuffix("%"))))}
        case _:
            raise AssertionError(term)


def _seconds(text: str) -> int:
    seconds = 0
    for part in text.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds


def _held(number: str) -> str:
    digits = number.replace(" ", "")
    return f"44{digits[1:]}" if digits.startswith("0") else digits
