"""Random lives of faults: a district, an hour, and whoever asks; a deed that is refused leaves everything as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.errors import CssError
from css.core.ids import IdKind, make_id
from css.master.districts import roll_business_date
from tests.builders import AT, PARTNER_ACTOR, SYSTEM
from tests.records.fault_world import CONTROL, DESK, FIRM, World
from tests.records.order_asking import Dice, NothingThere

__all__ = ["Dice", "Life", "NothingThere", "ask", "back", "fault", "some"]
CommandT = TypeVar("CommandT")
HOUR: Final = timedelta(hours=1)
OPEN: Final = "is_open"
_KEPT: Final = (
    "repairs.fault",
    "repairs.fault_event",
    "repairs.clock_interval",
    "repairs.visit",
    "repairs.outage",
    "repairs.mborc",
    "repairs.problem_fault",
    "repairs.line_test",
    "repairs.pair_change",
    "css.appointment",
    "css.hold",
    "css.pair",
    "css.plant_trouble",
    "css.billable_item",
    "css.service_failure",
    "billing.credited_day",
    "billing.outside_item",
)
_SEEN: Final = text(
    "SELECT md5(string_agg(x, '|')) FROM ("
    + " UNION ALL ".join(f"SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') AS x FROM {table} t" for table in _KEPT)
    + ") all_of_it"
)
_SENTENCE: Final = re.compile(r"(CSS\d{3}E .*\S\s*)+", re.DOTALL)
"""One refusal, or several."""
_NUMBER_TEXT: Final = {"fault_number": (make_id("ZZ", IdKind.FAULT, 9999), "ZZ1", "", "ZZF'; --")}
_LONG: Final = "x" * 4001


@dataclass
class Life:
    """Each deed is a transaction of its own that may be refused."""

    connection: Connection
    world: World
    at: datetime = AT
    count: int = 0
    told: list[str] = field(default_factory=list)
    """Deeds in order, and the code of each refusal: for whoever looks into a broken life."""

    def attempt(self, what: str, deed: Callable[[Session], object]) -> bool:
        """Try something; a refusal is an answer of one sentence or several, and leaves nothing behind."""
        with Session(self.connection, join_transaction_mode="create_savepoint") as session:
            try:
                deed(session)
                session.commit()
            except CssError as error:
                session.rollback()
                self.told.append(f"{self.at:%d.%m %H:%M} {what}: {error.text}")
                is_refused = True
            else:
                is_refused = False
        if is_refused:
            assert _SENTENCE.fullmatch(self.told[-1].partition(f"{what}: ")[2]), self.told[-1]
            return False
        self.told.append(f"{self.at:%d.%m %H:%M} {what}: done")
        return True

    def go_on(self, by: timedelta) -> None:
        """Time goes by."""
        self.at += by
        with Session(self.connection, join_transaction_mode="create_savepoint") as session:
            roll_business_date(session, "ZZ", to=london_date(self.at))
            session.commit()

    def rows(self, query: str, **known: object) -> Sequence[Row[Any]]:
        return self.connection.execute(text(query), known).all()

    def seen(self) -> str:
        """Everything there is, as one word."""
        return str(self.connection.execute(_SEEN).scalar_one())

    def token(self) -> str:
        self.count += 1
        return f"deed-{self.count}"


def some(life: Life, dice: Dice, query: str, **known: object) -> Row[Any]:
    """One of the rows.

    Raises:
        NothingThere: there is none.
    """
    found = life.rows(query, **known)
    if not found:
        raise NothingThere
    return dice.pick(found)


def fault(life: Life, dice: Dice, *fitting: str) -> Row[Any]:
    """A fault that fits; now and then any, those that ended among them."""
    if dice.is_rare():
        fitting = ()
    where = " AND ".join(("TRUE", *fitting))
    return some(
        life,
        dice,
        f"SELECT f.*, p.code AS provider_code FROM repairs.fault f JOIN css.provider p ON p.id = f.provider_id"
        f" WHERE {where} ORDER BY f.id DESC LIMIT 9",
    )


def back(life: Life, dice: Dice) -> datetime | None:
    """When something happened that is said now: mostly now; an hour or a day ago; now and then when it cannot have."""
    hours = dice.pick((None, None, None, None, None, 1, 2, 20, 60, -1, 400))
    return None if hours is None else life.at - hours * HOUR


def ask(
    life: Life, dice: Dice, verb: Callable[..., object], command: object, *, by: Sequence[Actor], row_version: int | None = None
) -> bool:
    """Do a deed as somebody, now and then as somebody who may not, with something wrong, or twice with the same token."""
    actor = dice.pick((DESK, CONTROL, FIRM, PARTNER_ACTOR, SYSTEM)) if dice.is_rare() else dice.pick(tuple(by))
    known = {each.name for each in fields(command)}  # type: ignore[arg-type]  # every command is a dataclass
    wanted = command
    if "row_version" in known and row_version is not None:
        wanted = _changed(wanted, row_version=dice.pick((None, None, row_version, row_version, row_version - dice.is_rare())))
    if dice.is_rare():
        wanted = _spoilt(wanted, dice)
    wanted = _changed(wanted, token=life.token())
    is_twice = dice.is_rare()

    def deed(session: Session) -> None:
        answer = verb(session, wanted, by=actor, at=life.at)
        if is_twice:
            assert verb(session, wanted, by=actor, at=life.at + HOUR) == answer, "the same token is the same deed"

    was = life.seen()
    went = life.attempt(f"{type(command).__name__} by {actor.name} {_short(wanted)}", deed)
    if not went:
        assert life.seen() == was, "what was refused changed something"
    return went


def _changed(command: CommandT, **values: object) -> CommandT:
    changed: CommandT = replace(command, **values)  # type: ignore[type-var]
    return changed


def _spoilt(command: CommandT, dice: Dice) -> CommandT:
    """One of the texts is empty, too long, or names nothing."""
    texts = [each.name for each in fields(command) if isinstance(getattr(command, each.name), str) and each.name != "token"]  # type: ignore[arg-type]
    texts = [name for name in texts if type(getattr(command, name)) is str]
    if not texts:
        return command
    name = dice.pick(texts)
    return _changed(command, **{name: dice.pick((*_NUMBER_TEXT.get(name, ()), "", "  ", _LONG, "NOBODY"))})


def _short(command: object) -> str:
    told = {each.name: getattr(command, each.name) for each in fields(command)}  # type: ignore[arg-type]
    return ", ".join(
        f"{name}={str(value)[:40]}" for name, value in told.items() if name not in {"token", "words"} and value not in (None, "", (), False)
    )
