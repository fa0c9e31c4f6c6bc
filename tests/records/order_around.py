"""What goes on around orders in random lives: debt, numbers and slots kept while they are talked about, bad plant, and time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from css.core.calendar import to_london
from css.core.words import HalfDay, RequestKind
from css.handover import leave_order_request
from css.master.appointment_commands import LapseSlots, ReleaseSlot, ReserveSlot
from css.master.appointment_holding import lapse_slots, release_slot, reserve_slot
from orders.actions.requests import take_order_requests
from orders.actions.reserve import release_number, reserve_number
from orders.commands.numbers import ReleaseNumber, ReserveNumber
from orders.commands.requests import TakeOrderRequests
from tests.builders import CLERK, PARTNER_ACTOR, SYSTEM
from tests.records.order_asking import OPEN, Dice, Life, lines
from tests.records.order_world import ELSEWHERE_NUMBERS, NUMBERS

HOURS: Final = (7, 10, 14, 17)


def debt(life: Life, dice: Dice) -> bool:
    """Debt treatment asks something of a line, and orders take what was asked."""
    line, kind = dice.pick(lines(life)), dice.pick(tuple(RequestKind))

    def deed(session: Session) -> None:
        leave_order_request(
            session,
            source_key=f"debt/{life.token()}",
            district_code="ZZ",
            account_id=line.account_id,
            line_id=line.line_id,
            kind=kind,
            reason="Something is owed.",
            at=life.at,
        )
        take_order_requests(session, TakeOrderRequests(token=life.token(), district_code="ZZ"), by=SYSTEM, at=life.at)

    return life.attempt(f"{kind.value} for debt of {line.number}", deed)


def keep_number(life: Life, dice: Dice) -> bool:
    by = dice.pick((CLERK, PARTNER_ACTOR))
    site = dice.pick(life.world.sites)
    wanted = dice.pick((None, *NUMBERS, *ELSEWHERE_NUMBERS))
    if wanted is not None and dice.pick((True, False, False)):
        return life.attempt(
            f"release {wanted}", lambda session: release_number(session, ReleaseNumber(number=f"+{wanted}"), by=by, at=life.at)
        )
    command = ReserveNumber(token=life.token(), address_key=site.address_key, number=None if wanted is None else f"+{wanted}")
    return life.attempt("reserve number", lambda session: reserve_number(session, command, by=by, at=life.at))


def keep_slot(life: Life, dice: Dice) -> bool:
    by = dice.pick((CLERK, CLERK, PARTNER_ACTOR))
    held = life.rows("SELECT number FROM css.appointment WHERE state = 'held' ORDER BY id")
    what = dice.pick(("hold", "hold", "release", "lapse"))
    if what == "release" and held:
        give = ReleaseSlot(token=life.token(), appointment_number=dice.pick(held).number)
        return life.attempt("release slot", lambda session: release_slot(session, give, by=by, at=life.at))
    if what == "lapse":
        sweep = LapseSlots(token=life.token(), district_code="ZZ")
        return life.attempt("lapse slots", lambda session: lapse_slots(session, sweep, by=SYSTEM, at=life.at))
    command = ReserveSlot(
        token=life.token(),
        address_key=dice.pick(life.world.sites).address_key,
        slot_on=life.working(dice.pick((1, 2, 3, 4, 5))),
        half_day=dice.pick(tuple(HalfDay)),
    )
    return life.attempt("hold slot", lambda session: reserve_slot(session, command, by=by, at=life.at))


def spoil_pair(life: Life, dice: Dice) -> bool:
    """A spare pair, kept for somebody or not, turns out to be faulty; or those that are, are put right."""
    is_bad = dice.pick((True, False))
    change = (
        "UPDATE css.pair SET state = 'faulty' WHERE id = (SELECT max(id) FROM css.pair WHERE state = 'spare')"
        if is_bad
        else "UPDATE css.pair SET state = 'spare' WHERE state = 'faulty'"
    )
    return life.attempt("a pair is faulty" if is_bad else "pairs are put right", lambda session: session.execute(text(change)))


def wait(life: Life, dice: Dice) -> bool:
    """Time goes by: to a later hour, some days, or the day an order is worked for or can last be stopped."""
    until = life.rows(
        f"SELECT target_on, no_return_at FROM orders.customer_order WHERE {OPEN} AND target_on >= :on ORDER BY id", on=life.today
    )
    row = dice.pick(until) if until else None
    hour = dice.pick(HOURS)
    match dice.pick(("hours", "days", "days", "target", "target", "last moment")):
        case "target" if row is not None:
            to = row.target_on
        case "last moment" if row is not None:
            local = to_london(row.no_return_at)
            to, hour = local.date(), local.hour - dice.pick((0, 1))
        case "hours":
            to = life.today
        case _:
            to = life.today + timedelta(days=dice.pick((1, 1, 2, 3)))
    return life.attempt("wait", lambda session: life.roll(session, to, hour))
