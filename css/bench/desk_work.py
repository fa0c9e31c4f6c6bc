"""What operators do all morning, as steps: each one screen asked for, with the class it is held to and the screen it must lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from sqlalchemy import Engine, text

from css.bench.desk_browser import Answer, Browser
from css.bench.desk_history import PASS_PHRASE
from css.web.screen import ResponseClass

CALLERS: Final = 20_000
"""Lines that ring, spread evenly over the district."""
SITES: Final = 6_000
"""Vacant sites with a pair near: where the orders go."""
MIX: Final = {"look": 30, "name": 10, "bill": 20, "order": 15, "fault": 15, "list": 5, "menu": 5}
"""Calls in a hundred, by what they are about."""
PROMPTS_PERCENT: Final = 40
ORDERS_PERCENT: Final = 35
"""Of order entries that end with F6; the others were questions."""
FAULTS_PERCENT: Final = 60
REASONS_PERCENT: Final = 50
CHECKED_PERCENT: Final = 60
"""Of callers who only ask something; to be told of a bill all of them are made sure of."""
WRAPPED_PERCENT: Final = 50
REASON: Final = "EN"
"""What those calls were about: an enquiry."""

R0, R1, R2, R3 = ResponseClass.R0, ResponseClass.R1, ResponseClass.R2, ResponseClass.R3


@dataclass(frozen=True, slots=True)
class Caller:
    """A line that rings, and what its customer can say."""

    number: str
    account: str
    surname: str
    initial: str
    bill: str
    """The account's last bill; empty for none."""
    has_reasons: bool
    """Whether the bill is the night's own and can say why."""


@dataclass(frozen=True, slots=True)
class Callers:
    """Who rings and where somebody moves in; each operator has their own, so that no two meet on one line."""

    lines: tuple[Caller, ...]
    sites: tuple[str, ...]
    """Address keys."""
    wanted_on: str

    def of(self, operator: int, operators: int) -> Callers:
        return Callers(self.lines[operator::operators], self.sites[operator::operators], self.wanted_on)


@dataclass(frozen=True, slots=True)
class Step:
    """One screen asked for."""

    name: str
    response: ResponseClass
    do: Callable[[], Answer]
    leads_to: str
    """The code of the screen that must come; empty for none."""
    is_aside: bool = False
    """Sent by the shell itself beside the operator's work: no screen."""


_CALLERS = text("""
SELECT n.number, a.number AS account, coalesce(c.surname, c.organisation_name) AS surname, coalesce(left(c.first_name, 1), '') AS initial,
       coalesce(b.number, '') AS bill, coalesce(b.has_files, false) AS has_reasons
  FROM css.line l
  JOIN css.account a ON a.id = l.account_id AND a.segment = 'residential'
  JOIN css.customer c ON c.id = a.customer_id
  JOIN css.service s ON s.line_id = l.id AND s.ends_on IS NULL
  JOIN css.service_number n ON n.service_id = s.id AND n.ends_at IS NULL
  LEFT JOIN LATERAL (SELECT b.number, EXISTS (SELECT 1 FROM billing.bill_file f WHERE f.bill_id = b.id) AS has_files
                       FROM billing.bill b WHERE b.account_id = a.id AND b.number IS NOT NULL
                      ORDER BY b.usage_through DESC LIMIT 1) b ON true
 WHERE l.state = 'working'
   AND NOT EXISTS (SELECT 1 FROM orders.open_order_v o WHERE o.account_id = a.id)
   AND NOT EXISTS (SELECT 1 FROM repairs.open_fault_v f WHERE f.account_id = a.id)
 ORDER BY (b.has_files IS TRUE) DESC, l.id * 7919 % 100003 LIMIT :count
""")
_SITES = text("""
SELECT s.address_key FROM css.site s
 WHERE s.distribution_point_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM css.line l WHERE l.site_id = s.id)
 ORDER BY s.id * 7919 % 100003 LIMIT :count
""")


def callers_of(engine: Engine, wanted_on: str) -> Callers:
    """Look up who may ring. Accounts with an open order or fault are left out: what is keyed for them would rightly be refused."""
    with engine.connect() as connection:
        lines = [Caller(*row) for row in connection.execute(_CALLERS, {"count": CALLERS})]
        sites = tuple(connection.execute(_SITES, {"count": SITES}).scalars())
    Random(1).shuffle(lines)  # noqa: S311 - dice, and they must fall alike every time
    return Callers(tuple(lines), sites, wanted_on)


class Morning:
    """One operator's calls, one after another, as long as anybody asks for the next step."""

    def __init__(self, browser: Browser, callers: Callers, seed: int) -> None:
        self.browser = browser
        self.rng = Random(seed)  # noqa: S311 - as above
        self.lines = list(callers.lines)
        self.sites = list(callers.sites)
        self.with_reasons = [line for line in callers.lines if line.has_reasons]
        self.wanted_on = callers.wanted_on
        self.failed = False
        """The step before did not come out as it should: its call is given up."""

    def steps(self) -> Iterator[Step]:
        calls = {name: getattr(self, f"_{name}") for name in MIX}
        while True:
            call = calls[self.rng.choices(list(MIX), list(MIX.values()))[0]]
            self.failed = False
            for step in call():
                yield step
                if self.failed:
                    break

    def _open(self, name: str, response: ResponseClass, path: str) -> Step:
        return Step(name, response, lambda: self.browser.open(path), path.split("/")[2])

    def _press(self, name: str, response: ResponseClass, leads_to: str, key: str, **keyed: str) -> Step:
        return Step(name, response, lambda: self.browser.press(key, **keyed), leads_to)

    def _keep(self, **keyed: str) -> Step:
        return Step("keep what is keyed", R0, lambda: self.browser.aside("Keep", **keyed), "", is_aside=True)

    def _prompt(self, field: str, **keyed: str) -> Step:
        return Step(f"F4 {field}", R0, lambda: self.browser.aside("Prompt", prompt=field, **keyed), "")

    def _caller(self, line: Caller) -> Iterator[Step]:
        """The number at the command line opens the customer on one page."""
        yield self._press("number to customer CU03", R2, "CU03", "Enter", command=line.number, cursor="command")

    def _check(self) -> Iterator[Step]:
        """The caller says the pass phrase; not asked of whom this operator has just spoken to."""
        if "method" in self.browser.page.form():
            yield self._press("caller checked CU03", R2, "CU03", "Enter", method="PP", answer=PASS_PHRASE, cursor="answer")

    def _wrap_up(self) -> Iterator[Step]:
        """F2, a reason, Enter; the page that comes may be another one, for what only the caller may hear is closed again."""
        if self._sometimes(WRAPPED_PERCENT):
            yield self._press("call wrapped up F2", R2, "", "F2", wrap_reason=REASON, wrap_note="Answered.")

    def _sometimes(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def _look(self) -> Iterator[Step]:
        yield from self._caller(self.rng.choice(self.lines))
        if self._sometimes(CHECKED_PERCENT):
            yield from self._check()
        yield from self._wrap_up()

    def _name(self) -> Iterator[Step]:
        line = self.rng.choice(self.lines)
        yield self._open("find CS01", R1, "/s/CS01")
        yield self._press("find by name CS01", R3, "CS01", "Enter", text=f"{line.surname} {line.initial}".strip(), cursor="text")
        yield self._open("customer CU03", R2, f"/s/CU03/{line.account}")

    def _bill(self) -> Iterator[Step]:
        some = self.with_reasons if self.with_reasons and self._sometimes(REASONS_PERCENT) else self.lines
        line = self.rng.choice(some)
        yield from self._caller(line)
        yield from self._check()
        yield self._open("bills BL03", R1, f"/s/BL03/{line.account}")
        if line.bill:
            yield self._open("bill BL03", R1, f"/s/BL03/{line.bill}")
        if line.has_reasons:
            yield self._open("why of a line BL03", R1, f"/s/BL03/{line.bill}/1")
        yield from self._wrap_up()

    def _order(self) -> Iterator[Step]:
        if not self.sites:
            return
        line, site = self.rng.choice(self.lines), self.sites[-1]
        yield from self._caller(line)
        yield self._open("order entry OR01", R1, f"/s/OR01/{line.account}")
        keyed = {"kind": "P", "product_codes": "LINE-RES CALLER-DISPLAY", "cursor": "product_codes"}
        if self._sometimes(PROMPTS_PERCENT):
            yield self._prompt("product_codes", **keyed)
        keyed |= {"address_key": site, "directory_kind": "XD", "emergency_name": line.surname, "contact_phone": "07700 900123"}
        yield self._keep(**keyed)
        keyed |= {"required_on": self.wanted_on, "contact_name": line.surname, "cursor": "required_on"}
        yield self._press("order checked OR01", R2, "OR01", "Enter", **keyed)
        if self._sometimes(ORDERS_PERCENT):
            self.sites.pop()
            yield self._press("order placed OR03", R2, "OR03", "F6")

    def _fault(self) -> Iterator[Step]:
        line = self.lines[self.rng.randrange(len(self.lines))]
        yield from self._caller(line)
        yield self._open("fault entry FL01", R1, f"/s/FL01/{line.number}")
        keyed = {"symptom_code": "NSY", "cursor": "symptom_code"}
        if self._sometimes(PROMPTS_PERCENT):
            yield self._prompt("symptom_code", **keyed)
        keyed |= {"contact_name": line.surname, "contact_phone": "07700 900123", "equipment_checked": "Y", "power_checked": "Y"}
        yield self._keep(**keyed)
        yield self._press("fault checked FL01", R2, "FL01", "Enter", **keyed)
        if self._sometimes(FAULTS_PERCENT) and len(self.lines) > 1:
            self.lines.remove(line)
            yield self._press("fault reported FL03", R2, "FL03", "F6")
            yield from self._wrap_up()

    def _list(self) -> Iterator[Step]:
        code = self.rng.choice(("FL04", "OR04"))
        yield self._open(f"work list {code}", R1, f"/s/{code}")

    def _menu(self) -> Iterator[Step]:
        yield self._open("menu MENU", R1, "/s/MENU")
