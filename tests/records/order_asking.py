"""What is asked for in random lives of orders: every kind, mostly as it can be had, now and then as it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from css.core.calendar import add_working_days, is_working_day, london_instant
from css.core.errors import CssError
from css.core.ids import IdKind, make_id
from css.core.money import Money
from css.core.words import DirectoryEntryKind, HalfDay, Segment
from css.master.districts import roll_business_date
from css.quotes.quote import quote_order
from orders.actions import place_order
from orders.actions.quoting import consent_quote
from orders.commands.orders import PlaceOrder, Slot
from orders.commands.quotes import ConsentQuote, QuoteOrder
from orders.words import CeaseReason, OrderKind
from tests.builders import DAY, PARTNER_ACTOR, BuiltAccount
from tests.records.order_world import BARS, ELSEWHERE_NUMBERS, FOREIGN, NUMBERS, SUPERVISOR, UNKNOWN_NUMBER, World

T = TypeVar("T")
NATION: Final = "england-and-wales"
LEAD: Final = {
    OrderKind.CEASE: 2,
    OrderKind.START: 1,
    OrderKind.TAKEOVER: 5,
    OrderKind.TRANSFER: 10,
    OrderKind.TRANSFER_WITH_CHANGES: 10,
    OrderKind.PORT_IN: 7,
    OrderKind.PORT_OUT: 7,
    OrderKind.RENUMBER: 2,
    OrderKind.FEATURES: 1,
    OrderKind.CARE: 1,
    OrderKind.DIRECTORY: 1,
    OrderKind.CONVERT: 2,
    OrderKind.BAR: 0,
    OrderKind.RESTORE: 0,
}
"""Working days before an order can be had, where no plant decides; the others ask for five, or fifteen where one is built."""
MAIN: Final = {Segment.RESIDENTIAL: "LINE-RES", Segment.BUSINESS: "LINE-BUS", Segment.WHOLESALE: "LINE-WHO"}
FEATURES: Final = ("CALLER-DISPLAY", "CALL-WAITING", "CALL-BARRING", "CALL-DIVERSION", "BROADBAND", "FRIENDS")
OPEN: Final = "state IN ('acknowledged', 'committed', 'held')"
UNTOUCHED: Final = "NOT EXISTS (SELECT FROM orders.open_order_v o WHERE o.line_id = l.id)"
FIT: Final = {
    OrderKind.LINES: "a.segment <> 'residential'",
    OrderKind.CONVERT: "EXISTS (SELECT FROM css.line x WHERE x.auxiliary_of_id = l.id AND x.state = 'working')",
    OrderKind.RESTORE: "EXISTS (SELECT FROM css.line_bar b WHERE b.line_id = l.id AND b.ends_at IS NULL)",
    OrderKind.BAR: "NOT EXISTS (SELECT FROM css.line_bar b WHERE b.line_id = l.id AND b.ends_at IS NULL AND b.kind = 'TOS')",
}
"""On which lines a kind of order makes sense."""
SPOILT: Final[tuple[dict[str, Any], ...]] = (
    {"contact_phone": "999"},
    {"contact_name": " "},
    {"required_on": DAY - timedelta(days=1)},
    {"required_on": date(2030, 1, 1)},
    {"product_codes": ("NO-SUCH-THING",)},
    {"product_codes": ("AUX-LINE", "CALL-BARRING", "CALL-DIVERSION")},
    {"remove_codes": ("LINE-RES",)},
    {"number": UNKNOWN_NUMBER},
    {"new_number": NUMBERS[0]},
    {"address_key": "A99999999999"},
    {"postcode": "ZZ9 9ZZ"},
    {"line_count": 201},
    {"care_level": "5"},
    {"linked_order": make_id("ZZ", IdKind.ORDER, 9999)},
    {"quote_number": make_id("ZZ", IdKind.QUOTE, 9999)},
    {"appointment_number": make_id("ZZ", IdKind.APPOINTMENT, 9999)},
    {"consented_by": None},
    {"emergency_name": None},
    {"network_code": "NOBODY"},
)
"""What is wrong with an order now and then."""


class NothingThere(Exception):  # noqa: N818 - no error
    """There is nothing to which the deed could be done; something else must be done first."""


class Dice:
    """What was drawn for a deed: a choice at a time, always something once there is nothing left."""

    def __init__(self, drawn: Sequence[int]) -> None:
        self._drawn = iter(drawn)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[next(self._drawn, 0) % len(choices)]

    def is_rare(self) -> bool:
        """One in twelve."""
        return next(self._drawn, 0) % 12 == 11

    def some(self, choices: Sequence[T], most: int) -> tuple[T, ...]:
        """Up to so many of them, none more often than any number."""
        count = self.pick((0, 0, *range(most + 1)))
        return tuple(dict.fromkeys(self.pick(choices) for _ in range(count)))


@dataclass
class Life:
    """A district, its date and hour, and whoever asks; each deed is a transaction of its own that may be refused."""

    connection: Connection
    world: World
    today: date = DAY
    hour: int = 10
    count: int = 0
    told: list[str] = field(default_factory=list)
    """Deeds in order, and the code of each refusal: for whoever looks into a broken life."""

    @property
    def at(self) -> datetime:
        return london_instant(self.today, time(self.hour))

    def attempt(self, what: str, deed: Callable[[Session], object]) -> bool:
        """Try something; a refusal is an answer, not a failure, and leaves nothing behind."""
        with Session(self.connection, join_transaction_mode="create_savepoint") as session:
            try:
                deed(session)
                session.commit()
            except CssError as error:
                session.rollback()
                self.told.append(f"{what}: {error.text[:200]}")
                return False
        self.told.append(f"{self.today} {self.hour}h {what}: done")
        return True

    def roll(self, session: Session, to: date, hour: int) -> None:
        """Another time; never an earlier one."""
        if to > self.today:
            self.today, self.hour = roll_business_date(session, "ZZ", to=to), hour
        elif to == self.today:
            self.hour = max(self.hour, hour)

    def rows(self, query: str, **known: object) -> Sequence[Row[Any]]:
        return self.connection.execute(text(query), known).all()

    def working(self, days: int) -> date:
        return add_working_days(self.today, days, NATION)

    def token(self) -> str:
        self.count += 1
        return f"deed-{self.count}"


def lines(life: Life, where: str = "TRUE") -> Sequence[Row[Any]]:
    """The working lines that have a number and are so.

    Raises:
        NothingThere: there is none.
    """
    found = life.rows(
        "SELECT n.number, l.account_id, l.id AS line_id, t.id AS site_id, t.address_key, t.postcode, l.provider_id FROM css.line l"
        " JOIN css.service s ON s.line_id = l.id AND s.ends_on IS NULL"
        " JOIN css.service_number n ON n.service_id = s.id AND n.ends_at IS NULL"
        " JOIN css.account a ON a.id = l.account_id"
        f" JOIN css.site t ON t.id = l.site_id WHERE l.state = 'working' AND {where} ORDER BY l.id"
    )
    if not found:
        raise NothingThere
    return found


def place(life: Life, kind: OrderKind, dice: Dice) -> bool:
    """Ask for an order of a kind, by whoever asks for such."""
    command = _command(life, kind, dice)
    if dice.is_rare():
        command = replace(command, **dice.pick(SPOILT))
    quoted, again = dice.is_rare(), dice.is_rare()
    if dice.pick(range(8)) == 7:
        there = life.rows(
            "SELECT o.number FROM orders.open_order_v o JOIN css.account a ON a.id = o.account_id"
            " WHERE a.number = :account ORDER BY o.order_id",
            account=command.account_number,
        )
        command = replace(command, linked_order=dice.pick(there).number) if there else command
    asker = next(account for account in life.world.accounts if account.number == command.account_number)
    by = SUPERVISOR if kind in {OrderKind.BAR, OrderKind.RESTORE} else life.world.desk_of(asker.id)
    by = PARTNER_ACTOR if dice.is_rare() else by

    def deed(session: Session) -> None:
        asked = command
        if quoted:
            quote = quote_order(session, QuoteOrder(order=command), by=by, at=life.at).quote_number
            consent_quote(session, ConsentQuote(quote_number=quote, consented_by="Ada Tansley"), by=by, at=life.at)
            asked = replace(asked, quote_number=quote, consented_by=None)
        asked = replace(asked, token=life.token())
        placed = place_order(session, asked, by=by, at=life.at)
        if again:
            assert place_order(session, asked, by=by, at=life.at) == placed, "the same token is the same order"

    return life.attempt(f"{kind.value} for {asker.number}", deed)


def _command(life: Life, kind: OrderKind, dice: Dice) -> PlaceOrder:
    days = LEAD[kind] if kind in LEAD else dice.pick((5, 15, 15))
    if kind is OrderKind.PORT_IN:
        days = dice.pick((7, 7, 15))
    asked: dict[str, Any] = {
        "kind": kind,
        "required_on": life.working(days + dice.pick((0, 0, 0, 1, 4))),
        "contact_name": "Ada Tansley",
        "contact_phone": "07700 900123",
    }
    if kind in {OrderKind.PROVIDE, OrderKind.START} or (kind is OrderKind.PORT_IN and dice.pick((True, False))):
        asked |= _new_line(life, kind, dice)
    elif kind in {OrderKind.TAKEOVER, OrderKind.TRANSFER, OrderKind.TRANSFER_WITH_CHANGES}:
        asked |= _from_somebody(life, kind, dice)
    else:
        asked |= _of_a_line(life, kind, dice)
    if kind is OrderKind.PORT_IN:
        gone = [row.number for row in life.rows("SELECT number FROM css.ported_number WHERE direction = 'out' AND ends_on IS NULL")]
        ours = {"new_number": dice.pick([*FOREIGN, *gone]), "network_code": "KELDER", "authority": "LOA-1", "consented_by": "Ada Tansley"}
        asked |= ours
    return PlaceOrder(**asked)


def _names(dice: Dice) -> dict[str, Any]:
    if dice.pick((False, False, True)):
        return {"directory_kind": DirectoryEntryKind.EX_DIRECTORY, "emergency_name": "Mr Ben Marlow"}
    return {"directory_name": "Marlow B", "emergency_name": "Mr Ben Marlow"}


def _slot(life: Life, dice: Dice, required_on: date) -> dict[str, Any]:
    """None, one to be booked, or one that is held."""
    match dice.pick(("none", "book", "book", "held")):
        case "book":
            days = [required_on - timedelta(days=n) for n in range(3)]
            day = dice.pick([day for day in days if is_working_day(day, NATION)] or days)
            return {"appointment": Slot(slot_on=day, half_day=dice.pick(tuple(HalfDay)))}
        case "held":
            held = life.rows("SELECT number FROM css.appointment WHERE state = 'held' ORDER BY id")
            return {"appointment_number": dice.pick(held).number} if held else {}
        case _:
            return {}


def _products(account: BuiltAccount, dice: Dice) -> tuple[str, ...]:
    return (MAIN[account.segment], *dice.some(FEATURES, 2))


def _new_line(life: Life, kind: OrderKind, dice: Dice) -> dict[str, Any]:
    account, site = dice.pick(life.world.accounts), dice.pick(life.world.sites).address_key
    asked = {"account_number": account.number, "product_codes": _products(account, dice)} | _names(dice)
    if kind is OrderKind.START:
        stopped = life.rows(
            "SELECT t.address_key FROM css.line l JOIN css.site t ON t.id = l.site_id WHERE l.state = 'stopped' ORDER BY l.id"
        )
        if not stopped:
            raise NothingThere
        site = dice.pick(stopped).address_key
        return asked | {"address_key": site, "new_number": dice.pick((None, None, *NUMBERS)), "keeps_number": dice.pick((True, False))}
    asked |= _slot(life, dice, life.working(5)) | {"address_key": site, "excess_agreed": dice.pick((None, Money(10000)))}
    if "appointment_number" in asked:  # a slot is held at an address
        number = str(asked["appointment_number"])
        where = "SELECT t.address_key FROM css.appointment a JOIN css.site t ON t.id = a.site_id WHERE a.number = :number"
        asked["address_key"] = life.rows(where, number=number)[0].address_key
    if kind is OrderKind.PROVIDE:
        numbers = ELSEWHERE_NUMBERS if asked["address_key"] == life.world.oak.site.address_key else NUMBERS
        asked |= {"number": dice.pick((*(None for _ in numbers), *numbers)), "care_level": dice.pick((None, None, "3"))}
    return asked


def _from_somebody(life: Life, kind: OrderKind, dice: Dice) -> dict[str, Any]:
    account = dice.pick(life.world.accounts)
    others = f"l.account_id <> {account.id}" if kind is OrderKind.TAKEOVER else f"l.provider_id <> {account.provider_id}"
    line = dice.pick(lines(life, others if dice.is_rare() else f"{others} AND {UNTOUCHED}"))
    asked: dict[str, Any] = {"account_number": account.number, "consented_by": "Ben Marlow", "number": line.number}
    asked["postcode"] = line.postcode
    if kind is OrderKind.TAKEOVER:
        asked |= {"product_codes": _products(account, dice), "address_key": line.address_key} | _names(dice)
        asked |= {"keeps_number": dice.pick((True, True, False)), "new_number": dice.pick((None, None, None, *NUMBERS[4:]))}
    if kind is OrderKind.TRANSFER_WITH_CHANGES:
        asked |= _changes(life, line.line_id, dice) | {"care_level": dice.pick((None, "3"))}
        asked |= _names(dice) if dice.pick((True, False)) else {}
    return asked


def _of_a_line(life: Life, kind: OrderKind, dice: Dice) -> dict[str, Any]:
    """What its owner asks of a working line."""
    fit = FIT.get(kind, "TRUE")
    line = dice.pick(lines(life, fit if dice.is_rare() or kind is OrderKind.RESTORE else f"{fit} AND {UNTOUCHED}"))
    asked: dict[str, Any] = {"account_number": life.world.account(line.account_id).number, "number": line.number}
    wishes = _WISHES.get(kind)
    return asked | (wishes(life, line, dice) if wishes else {})


def _new_place(life: Life, line: Row[Any], dice: Dice) -> dict[str, Any]:
    site = dice.pick([site for site in life.world.sites if site.id != line.site_id])
    keeps = site is not life.world.oak.site and dice.pick((True, False))
    slot = _slot(life, dice, life.working(5))
    return {"address_key": site.address_key, "keeps_number": keeps, "emergency_name": "Mrs Ada Tansley"} | slot


def _end(_life: Life, _line: Row[Any], dice: Dice) -> dict[str, Any]:
    reasons = [None, *(one for one in CeaseReason if one is not CeaseReason.LOST)]
    return {"reason_code": dice.pick(reasons), "ends_riding": dice.pick((True, True, False))}


_WISHES: Final[dict[OrderKind, Callable[[Life, Row[Any], Dice], dict[str, Any]]]] = {
    OrderKind.RENUMBER: lambda _life, _line, dice: {"new_number": dice.pick((None, *NUMBERS))},
    OrderKind.MOVE: _new_place,
    OrderKind.SHIFT: lambda life, _line, dice: _slot(life, dice, life.working(5)),
    OrderKind.FEATURES: lambda life, line, dice: _changes(life, line.line_id, dice),
    OrderKind.CARE: lambda _life, _line, dice: {"care_level": dice.pick(("1", "2", "2.5", "3", "4"))},
    OrderKind.DIRECTORY: lambda _life, _line, dice: _names(dice),
    OrderKind.LINES: lambda life, _line, dice: {"line_count": dice.pick((2, 3, 4, 5))} | _slot(life, dice, life.working(5)),
    OrderKind.CEASE: _end,
    OrderKind.PORT_OUT: lambda _life, _line, dice: {"network_code": "NORSEA", "ends_riding": dice.pick((True, True, False))},
    OrderKind.BAR: lambda _life, _line, dice: {"bar": dice.pick(BARS)},
}


def _changes(life: Life, line_id: int, dice: Dice) -> dict[str, Any]:
    """Features to be added to a line, and to be taken off it."""
    has = [
        row.code
        for row in life.rows(
            "SELECT p.code FROM css.service s JOIN css.product p ON p.id = s.product_id"
            " WHERE s.line_id = :line AND s.ends_on IS NULL AND p.kind = 'feature' AND p.code <> 'AUX-LINE' ORDER BY p.code",
            line=line_id,
        )
    ]
    removed = dice.some(has, 2) if has else ()
    return {"product_codes": tuple(code for code in dice.some(FEATURES, 3) if code not in has), "remove_codes": removed}
