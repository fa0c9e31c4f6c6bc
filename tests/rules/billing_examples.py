"""The worked examples of docs/billing-rules.md: read from the page as it is printed, and lived through by the rules themselves.

An example is a frame whose first line says what it is about. Lines before it are what is known, in order; a line ``bill`` makes a
bill of it, and the indented lines under that are the bill's lines.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from billing.rules.adjustments import AdjustmentLeft, Adjustments, BillCredit, CreditedCharge, CreditedLine, charge_of
from billing.rules.bill import AccountAtCut, DraftBill, PastBill, draft_bill
from billing.rules.charges import PriceBook, Product, RentalKey, ServiceLife, Span
from billing.rules.cycle import AnyCycle, Cycle, CycleTerm, cycles_from
from billing.rules.difference import PostedRental
from billing.rules.items import CallSum, ItemLeft
from billing.rules.lines import DraftLine
from billing.rules.retaxing import CallsTaken, ItemTaken, Taken
from billing.rules.terminations import PostedTermination, TerminationKey
from billing.rules.vat import Tax, VatHistory, status_changes
from billing.words import BillKind, LineKind
from css.core.errors import CssError
from css.core.money import ZERO, Money, Price, gross_from_net
from css.core.pricing import PriceRow, VatRow, vat_percent_on
from css.core.words import EndReason, PriceBasis, PriceKind, Segment, VatCode, VatStatus
from css.master.price_list import VAT_RATES

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "billing-rules.md"
NUMBER: Final = "441632960123"
_FENCE: Final = re.compile(r"^```text\n([a-z -]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MONTHS: Final = {"monthly": 1, "quarterly": 3, "annual": 12}
_CODES: Final = {code.value: code for code in VatCode}


@dataclass(frozen=True)
class Row:
    """One line of an example: its name, its text, and the indented lines under it."""

    name: str
    text: str
    under: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """One frame of the page."""

    kind: str
    line: int
    rows: tuple[Row, ...]

    def value(self, name: str) -> str | None:
        """The text of a name that stands once or not at all."""
        found = self.values(name)
        assert len(found) <= 1, f"line {self.line}: {name} stands twice"
        return found[0] if found else None

    def one(self, name: str) -> str:
        """The text of a name that stands once."""
        found = self.value(name)
        assert found is not None, f"line {self.line}: no {name}"
        return found

    def values(self, name: str) -> list[str]:
        """The text of every row of a name."""
        return [row.text for row in self.rows if row.name == name]


def examples(kind: str) -> list[Example]:
    """All examples of a kind, in the order of the page."""
    return [one for one in all_examples() if one.kind == kind]


def all_examples() -> list[Example]:
    """Every example of the page."""
    page = DOCUMENT.read_text(encoding="utf-8")
    return [Example(found[1], page.count("\n", 0, found.start()) + 1, tuple(_rows(found[2]))) for found in _FENCE.finditer(page)]


def _rows(frame: str) -> Iterator[Row]:
    rows: list[tuple[str, str, list[str]]] = []
    for line in frame.splitlines():
        if line.startswith("  "):
            rows[-1][2].append(line.strip())
        else:
            name, _, text = line.partition(": ")
            rows.append((name.strip().rstrip(":"), text.strip(), []))
    for name, text, under in rows:
        yield Row(name, text, tuple(under))


# --- an account, and its bills ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BillSaid:
    """A bill as an example wants it and as the rules make it."""

    wanted: tuple[str, ...]
    made: tuple[str, ...]


class Life:
    """An account as an example tells it, billed as a night bills it: what was posted is never touched."""

    def __init__(self, example: Example) -> None:
        self.example = example
        self.segment = Segment.RESIDENTIAL
        self.cycles: list[CycleTerm] = []
        self.statuses: list[tuple[date, VatStatus]] = []
        self.products: dict[str, Product] = {}
        self.prices: list[PriceRow] = []
        self.vat_rates: list[VatRow] = list(VAT_RATES)
        self.services: dict[str, ServiceLife] = {}
        self.promotions: dict[str, ServiceLife] = {}
        self.items: list[ItemLeft] = []
        self.calls: list[CallSum] = []
        self.left: list[AdjustmentLeft] = []
        self.posted: dict[RentalKey, list[PostedRental]] = defaultdict(list)
        self.terminations: dict[TerminationKey, list[PostedTermination]] = defaultdict(list)
        self.lines: list[tuple[int, DraftLine]] = []
        """Bill and line, of all bills."""
        self.bills: list[tuple[date, DraftBill]] = []
        self.usage_after: date | None = None
        self.status_known: VatHistory | None = None
        """At the last bill that took calls."""
        self.calls_taken: list[CallSum] = []
        self.items_taken: dict[int, ItemLeft] = {}
        """By the number of their line."""
        self.previous: PastBill | None = None
        self.payments = self.outside = ZERO

    def live(self) -> Iterator[BillSaid]:
        """Each bill of the example, in order."""
        for row in self.example.rows:
            if row.name.startswith("bill "):
                yield self._bill(row)
            else:
                getattr(self, "_" + re.sub(r"[ -]", "_", row.name))(row.text)

    # What is known.

    def _segment(self, text: str) -> None:
        self.segment = Segment(text)

    def _cycle(self, text: str) -> None:
        self.cycles = [CycleTerm(date.min, cycle_of(text))]

    def _new_cycle(self, text: str) -> None:
        cycle, _, starts_on = text.rpartition(" from ")
        self.cycles.append(CycleTerm(date.fromisoformat(starts_on), cycle_of(cycle)))

    def _product(self, text: str) -> None:
        """``line, reduced VAT``."""
        name, _, rate = text.partition(", ")
        code = _CODES[rate.removesuffix(" VAT")] if rate else VatCode.STANDARD
        self.products[name] = Product(len(self.products) + 1, name.upper(), name.capitalize(), "RENTALS", code)

    def _price(self, text: str, kind: PriceKind = PriceKind.RENTAL) -> None:
        """``line 1950p from 2026-04-01 to 2026-06-01``: the days are half-open, as periods are."""
        found = re.fullmatch(r"(.+?) (-?[0-9.]+)p from (\S+)(?: to (\S+))?", text)
        assert found, text
        if found[1] not in self.products:
            self._product(found[1])
        product, net, starts_on = self.products[found[1]], Price.of(found[2]), date.fromisoformat(found[3])
        ends_on = date.fromisoformat(found[4]) if found[4] else None
        if product.vat_code in {VatCode.EXEMPT, VatCode.ZERO}:
            gross = net
        else:
            gross = gross_from_net(net, vat_percent_on(tuple(self.vat_rates), product.vat_code, starts_on))
        # Each lies over those before it, as one recorded later does.
        self.prices.append(
            PriceRow(len(self.prices) + 1, product.product_id, kind, self.segment, starts_on, ends_on, PriceBasis.NET, net, gross)
        )

    def _termination_price(self, text: str) -> None:
        self._price(text, PriceKind.TERMINATION)

    def _vat_status(self, text: str) -> None:
        status, _, starts_on = text.partition(" from ")
        if starts_on and not self.statuses:
            self.statuses.append((date.min, VatStatus.STANDARD))
        self.statuses.append((date.fromisoformat(starts_on) if starts_on else date.min, VatStatus(status)))

    def _service(self, text: str) -> None:
        """``A: line x 2 from 2026-01-15 to 2026-03-01, minimum term to 2027-01-15``; the name is left out where there is one."""
        found = re.fullmatch(r"(?:([A-Z]): )?(.+?)(?: x ([0-9]+))? from (\S+?)(?: to (\S+?))?(?:, minimum term to (\S+))?", text)
        assert found, text
        name = found[1] or found[2]
        self.services[name] = ServiceLife(
            len(self.services) + 1,
            self.products[found[2]].product_id,
            int(found[3] or 1),
            date.fromisoformat(found[4]),
            date.fromisoformat(found[5]) if found[5] else None,
            NUMBER,
            minimum_term_ends_on=date.fromisoformat(found[6]) if found[6] else None,
        )

    def _promotion(self, text: str) -> None:
        found = re.fullmatch(r"(.+?) from (\S+) to (\S+)", text)
        assert found, text
        product = self.products[found[1]].product_id
        dates = date.fromisoformat(found[2]), date.fromisoformat(found[3])
        self.promotions[found[1]] = ServiceLife(None, product, 1, *dates, None, promotion_id=len(self.promotions) + 1)

    def _ended(self, text: str) -> None:
        """``line on 2026-04-20``, perhaps ``, deceased`` or another reason: it is learned of now."""
        name, _, rest = text.partition(" on ")
        day, _, why = rest.partition(", ")
        lives = self.services if name in self.services else self.promotions
        lives[name] = replace(lives[name], ends_on=date.fromisoformat(day), end_reason=EndReason(why) if why else None)

    def _began(self, text: str) -> None:
        name, _, day = text.partition(" on ")
        self.services[name] = replace(self.services[name], starts_on=date.fromisoformat(day))

    def _item(self, text: str) -> None:
        """``Connection 12500p on 2026-01-15`` and perhaps ``, zero VAT`` or ``, 2 of them``."""
        found = re.fullmatch(r"(.+?) (-?[0-9.]+)p on (\S+?)(?:, ([a-z]+) VAT)?(?:, ([0-9]+) of them)?", text)
        assert found, text
        if found[1] not in self.products:
            self.products[found[1]] = Product(len(self.products) + 1, found[1], found[1], "VISITS", VatCode.STANDARD, is_one_off=True)
        code = _CODES[found[4]] if found[4] else VatCode.STANDARD
        product = self.products[found[1]].product_id
        day = date.fromisoformat(found[3])
        self.items.append(
            ItemLeft(len(self.items) + 1, None, product, NUMBER, found[1], "", int(found[5] or 1), Price.of(found[2]), code, day)
        )

    def _calls(self, text: str, *, is_correction: bool = False) -> None:
        """``12 to MOB, evening, on 2026-01-20: 20.8p``; all of them on that day."""
        found = re.fullmatch(r"([0-9]+) to ([A-Z0-9]+), ([a-z]+), on (\S+): (-?[0-9.]+)p", text)
        assert found, text
        day = date.fromisoformat(found[4])
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        percent = vat_percent_on(tuple(self.vat_rates), VatCode.STANDARD, day).basis_points
        self.calls.append(CallSum(1, NUMBER, found[2], found[3], percent, int(found[1]), 60, Price.of(found[5]), at, at, is_correction))

    def _re_rated(self, text: str) -> None:
        self._calls(text, is_correction=True)

    def _payment(self, text: str) -> None:
        self.payments += Money.parse(text)

    def _outside(self, text: str) -> None:
        """``late fee 7.50``, ``compensation -28.68``."""
        self.outside += Money.parse(text.rpartition(" ")[2])

    def _credited(self, text: str) -> None:
        """``line 1 of bill 1: 5.00 for a fault``: net of VAT, taken by the next bill."""
        found = re.fullmatch(r"line ([0-9]+) of bill ([0-9]+): ([0-9.]+)", text)
        assert found, text
        bill, number = int(found[2]), int(found[1])
        line = self.bills[bill - 1][1].lines[number - 1]
        line_id = next(n for n, (of_bill, one) in enumerate(self.lines) if of_bill == bill and one is line)
        credited = CreditedLine(
            line_id=line_id,
            bill_id=bill,
            bill_number=str(bill),
            number=line.number,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            service_id=line.service_id,
            product_id=line.product_id,
            charge=charge_of(line.kind, line.service_id, line.rental_period_starts_on),
        )
        self.left.append(self._adjustment(f"Credit of {line.words}", -Money.parse(found[3]), line.tax, line.nominal_code, credited))

    def _charged_by_hand(self, text: str) -> None:
        words, _, amount = text.rpartition(" ")
        self.left.append(self._adjustment(words, Money.parse(amount), Tax("S", 2000), "VISITS", None))

    def _adjustment(self, words: str, net: Money, tax: Tax, nominal: str, credited: CreditedLine | None) -> AdjustmentLeft:
        number = 1 + len(self.left) + sum(line.adjustment_id is not None for _, line in self.lines)
        day = self.bills[-1][0] if self.bills else date(2026, 1, 1)
        return AdjustmentLeft(adjustment_id=number, words=words, net=net, tax=tax, nominal_code=nominal, occurs_on=day, credits=credited)

    # A bill.

    @property
    def cycle(self) -> AnyCycle:
        return self.cycles[0].cycle if len(self.cycles) == 1 else cycles_from(self.cycles)

    @property
    def status(self) -> VatHistory:
        return VatHistory.from_log(self.statuses) if self.statuses else VatHistory.always(VatStatus.STANDARD)

    def _bill(self, row: Row) -> BillSaid:
        _, day, *kind_words = row.name.split()
        cut = date.fromisoformat(day)
        kind = BillKind("-".join(kind_words)) if kind_words else BillKind.BILL
        account = self._at_cut(kind, cut)
        heads = [head for head in row.text.split(", ") if head]
        try:
            bill = draft_bill(account, PriceBook(self.products.values(), self.prices, tuple(self.vat_rates)))
        except CssError as fault:
            return BillSaid((*heads, *row.under), (f"refused {fault.code}",))
        if bill is None:
            return BillSaid((*heads, *row.under), ("none",))
        self._post(kind, cut, bill)
        figures = {
            "net": bill.invoice_net,
            "VAT": bill.invoice_vat,
            "total": bill.invoice_gross,
            "due": bill.amount_due,
            "from": bill.period.starts_on,
            "to": bill.period.ends_on,
            "by": bill.due_on,
        }
        made = [f"{name} {figures[name]}" for name in (head.split()[0] for head in heads)]
        shown = [_said(line, with_vat="VAT" in said) for line, said in zip(bill.lines, [*row.under, *[""] * len(bill.lines)], strict=False)]
        return BillSaid((*heads, *row.under), (*made, *shown))

    def _at_cut(self, kind: BillKind, cut: date) -> AccountAtCut:
        facts: dict[str, Any] = {
            "account_id": 1,
            "account_number": "ZZA00000019",
            "kind": kind,
            "cycle": self.cycle,
            "cycle_on": self._cycle_on(kind, cut),
            "cut": cut,
            "usage_after": self.usage_after,
            "opened_on": min((service.starts_on for service in self.services.values()), default=cut),
            "segment": self.segment,
            "vat_status": self.status,
            "services": tuple(self.services.values()),
            "promotions": tuple(self.promotions.values()),
            "posted": {key: tuple(lines) for key, lines in self.posted.items()},
            "terminations": {key: tuple(lines) for key, lines in self.terminations.items()},
            "items": tuple(self.items),
            "calls": tuple(self.calls),
            "retaxed": self._retaxed(),
            "adjustments": Adjustments(left=tuple(self.left), charges=tuple(self._charges()), bills=tuple(self._credits())),
            "previous": self.previous,
            "payments": self.payments,
            "outside": self.outside,
            "ledger_balance": (self.previous.amount_due if self.previous else ZERO) - self.payments + self.outside,
        }
        return AccountAtCut(**facts)

    def _cycle_on(self, kind: BillKind, cut: date) -> date:
        match kind:
            case BillKind.FINAL:
                return max(service.ends_on or cut for service in self.services.values())
            case BillKind.BILL:
                return self.cycle.latest_bill(cut)
            case _:
                # As billing remembers it: the day up to which is charged.
                ends = [line.ends_on for _, line in self.lines if line.kind is LineKind.RENTAL and line.ends_on]
                return max(ends, default=self.cycle.next_after(cut))

    def _post(self, kind: BillKind, cut: date, bill: DraftBill) -> None:
        number = len(self.bills) + 1
        for line in bill.lines:
            line_id = len(self.lines)
            self.lines.append((number, line))
            if line.kind in {LineKind.RENTAL, LineKind.PART_PERIOD}:
                assert line.rental_period_starts_on, line
                key = RentalKey(line.service_id, line.rental_period_starts_on, line.product_price_id or 0, line.tax, line.promotion_id)
                self.posted[key].append(PostedRental(line_id, line.net, _span(line), line.unit))
            elif line.billable_item_id is not None:
                self.items_taken[line_id] = next(item for item in self.items if item.billable_item_id == line.billable_item_id)
            elif line.kind is LineKind.TERMINATION:
                term = TerminationKey(line.service_id or 0, line.product_price_id or 0, line.tax)
                self.terminations[term].append(PostedTermination(line_id, line.net, *_span(line)))
        self.bills.append((cut, bill))
        taken = {line.adjustment_id for line in bill.lines}
        self.left = [one for one in self.left if one.adjustment_id not in taken]
        self.payments = self.outside = ZERO
        if kind is BillKind.CREDIT_NOTE:
            ends_on = self.previous.period_ends_on if self.previous else None
        else:
            self.calls_taken += self.calls
            self.status_known = self.status
            ends_on, self.usage_after, self.items, self.calls = bill.period.ends_on, cut, [], []
        self.previous = PastBill(period_ends_on=ends_on, amount_due=bill.amount_due)

    def _retaxed(self) -> Taken:
        """What bills have taken of days that are taxed otherwise than the last of them knew."""
        changes = status_changes(self.status_known, self.status) if self.status_known else ()
        return Taken(
            tuple(
                CallsTaken(
                    service_id=one.service_id,
                    number=one.number,
                    charge_class=one.charge_class,
                    band=one.band,
                    basis_points=one.basis_points,
                    was=changed.was,
                    now=changed.now,
                    call_count=0 if one.is_correction else one.call_count,
                    net=one.net,
                    first_at=one.first_at,
                    last_at=one.last_at,
                )
                for changed in changes
                for one in self.calls_taken
                if changed.starts_on <= one.first_at.date() < changed.ends_on
            ),
            tuple(
                self._item_taken(line_id, item)
                for changed in changes
                for line_id, item in self.items_taken.items()
                if changed.starts_on <= item.occurs_on < changed.ends_on
            ),
        )

    def _item_taken(self, line_id: int, item: ItemLeft) -> ItemTaken:
        line = self.lines[line_id][1]
        standing: dict[Tax, Money] = defaultdict(lambda: ZERO)
        for number, (_, one) in enumerate(self.lines):
            if number == line_id or (one.kind is LineKind.ONE_OFF and one.corrects_line_id == line_id):
                standing[one.tax] += one.net
        return ItemTaken(
            line_id=line_id,
            service_id=line.service_id,
            product_id=line.product_id,
            number=line.number,
            words=line.words,
            reference=line.reference,
            nominal_code=line.nominal_code,
            vat_code=item.vat_code,
            occurs_on=item.occurs_on,
            quantity=line.quantity,
            unit_price=line.unit_price,
            charged=line.net,
            standing=standing,
        )

    def _charges(self) -> Iterator[CreditedCharge]:
        """Charges credited by hand, as the books know them."""
        given: dict[Any, list[tuple[int, DraftLine]]] = defaultdict(list)
        for _, line in self.lines:
            if line.adjustment_id is not None and line.corrects_line_id is not None:
                _, of = self.lines[line.corrects_line_id]
                given[charge_of(of.kind, of.service_id, of.rental_period_starts_on)].append((line.corrects_line_id, line))
        waiting = {one.credits.charge: one.credits.line_id for one in self.left if one.credits and one.credits.charge}
        for charge in {**given, **waiting}:
            if charge is None:
                continue
            line_id = given[charge][-1][0] if given.get(charge) else waiting[charge]
            bill, of = self.lines[line_id]
            same = [one.net for _, one in self.lines if charge_of(one.kind, one.service_id, one.rental_period_starts_on) == charge]
            back = [
                one.net
                for _, one in self.lines
                if one.kind is LineKind.ADJUSTMENT
                and one.adjustment_id is None
                and one.corrects_line_id is not None
                and self._charge(one.corrects_line_id) == charge
            ]
            yield CreditedCharge(
                charge=charge,
                line_id=line_id,
                bill_number=str(bill),
                number=of.number,
                tax=of.tax,
                nominal_code=of.nominal_code,
                charged=_sum(same),
                credited=-_sum(one.net for _, one in given.get(charge, ())),
                taken_back=_sum(back),
            )

    def _charge(self, line_id: int) -> object:
        _, line = self.lines[line_id]
        return charge_of(line.kind, line.service_id, line.rental_period_starts_on)

    def _credits(self) -> Iterator[BillCredit]:
        """What bills have given back of others, by rate."""
        found: dict[tuple[int, Tax], Money] = defaultdict(lambda: ZERO)
        for _, line in self.lines:
            if line.adjustment_id is not None and line.corrects_line_id is not None:
                found[self.lines[line.corrects_line_id][0], line.tax] -= line.net
        return (BillCredit(bill_id=bill_id, tax=tax, net=net) for (bill_id, tax), net in found.items())


def _sum(amounts: Any) -> Money:  # noqa: ANN401 - any iterable of money
    return sum(amounts, start=ZERO)


def _span(line: DraftLine) -> Span:
    assert line.starts_on is not None, line
    assert line.ends_on is not None, line
    return Span(line.starts_on, line.ends_on)


def _said(line: DraftLine, *, with_vat: bool) -> str:
    """A line as the page writes it: the amount and the words, and its VAT where the page says it."""
    vat = f" [VAT {line.tax.category}{'' if line.tax.category != 'S' else f' {line.tax.basis_points / 100:g}%'}]" if with_vat else ""
    return f"{line.net}: {line.words}{vat}"


def cycle_of(text: str) -> Cycle:
    """``day 31, quarterly from month 2``."""
    found = re.fullmatch(r"day ([0-9]+), (monthly|quarterly|annual)(?: from month ([0-9]+))?", text)
    assert found, text
    return Cycle(int(found[1]), _MONTHS[found[2]], int(found[3] or 1))


def dates_of(example: Example) -> Sequence[str]:
    """The cycle dates of an example, as many as it says."""
    cycle, day, made = cycle_of(example.one("cycle")), date.fromisoformat(example.one("after")), list[str]()
    for _ in example.one("dates").split(", "):
        day = cycle.next_after(day)
        made.append(day.isoformat())
    return made


__all__ = ["DOCUMENT", "BillSaid", "Example", "Life", "all_examples", "cycle_of", "dates_of", "examples"]
