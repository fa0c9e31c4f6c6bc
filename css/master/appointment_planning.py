"""How many visits there are: a pattern of the week that counts from a day on, and a number of its own for a single half-day.

Both are a supervisor's. What is promised stays promised: a number below it is taken only from somebody who says how many
visits are over, so that they are seen to.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, day_words, is_working_day
from css.core.codec import to_plain
from css.core.errors import BadMessage, CssError, Refusals, Refused
from css.core.slots import SlotOf
from css.core.words import NationCode
from css.db.sql import block
from css.master.appointment_book import count_promised, lock_slot
from css.master.appointment_commands import SetSlotCapacity, SetSlotPattern, SlotsPlanned
from css.master.appointments import SlotDay, SlotPattern
from css.master.districts import District, business_date, latest_business_date
from css.master.operator_changes import require_supervisor
from css.master.plant import Exchange, no_exchange

CAPACITY_MAX: Final = 999
PLANNED_AHEAD_MAX: Final = 365
"""Days for which visits are planned: further than anybody books, so that leave and Christmas can be entered in time."""
ISO_SATURDAY: Final = 6
_HOUSE: Final = "house"
_ALONE: Final = text("LOCK TABLE css.slot_day IN EXCLUSIVE MODE")
"""Nobody books while a pattern changes: a half-day that nobody booked in yet has no row that could be locked."""


@answered
def set_slot_capacity(session: Session, command: SetSlotCapacity, *, by: Actor, at: datetime) -> SlotsPlanned:
    """Say how many visits an exchange's area has in one half-day, or that it goes by the pattern again.

    Raises:
        Refused: CSS111E the actor may not, CSS825E more is promised than that and ``over`` does not say so, CSS826E the day.
        NotFound: CSS827E no such exchange. BadMessage: CSS824E the number.
    """
    require_supervisor(by)
    wrong = Refusals()
    wrong.add(*_number_faults(command.capacity))
    exchange_id, district, nation = _exchange(session, command.district_code, command.exchange_code)
    on = business_date(session, district)
    last = on + timedelta(days=PLANNED_AHEAD_MAX)
    if not (on <= command.slot_on <= last and is_working_day(command.slot_on, NationCode(nation).value, saturdays=True)):
        wrong.add(_no_day("slot_on", on, last))
    wrong.tell()
    slot = SlotOf(command.slot_on, command.half_day)
    before = lock_slot(session, slot, exchange_id=exchange_id, skill=command.skill)
    capacity, promised = count_promised(session, slot, exchange_id=exchange_id, skill=command.skill, day_capacity=command.capacity, at=at)
    over = max(0, promised - capacity)
    if over > command.over:
        raise _promised_more(slot.words, capacity, over)
    where = {"exchange_id": exchange_id, "skill": command.skill, "slot_on": slot.slot_on, "half_day": slot.half_day}
    day = session.execute(select(SlotDay).filter_by(**where).execution_options(populate_existing=True)).scalar_one()
    day.capacity = command.capacity
    session.flush()
    record(
        session,
        by=by,
        at=at,
        verb="set_slot_capacity",
        subject=("exchange", command.exchange_code.strip().upper()),
        before={"capacity": before},
        after={"skill": command.skill, "slot_on": slot.slot_on, "half_day": slot.half_day, "capacity": command.capacity, "over": over},
    )
    session.flush()
    return SlotsPlanned(capacity=capacity, over=over)


@answered
def set_slot_pattern(session: Session, command: SetSlotPattern, *, by: Actor, at: datetime) -> SlotsPlanned:
    """Say how many visits there are on some weekdays' half-days from a day on: for one exchange's area, or wherever nothing else is said.

    A day that was given a number of its own keeps it. Nobody books meanwhile.

    Raises:
        Refused: CSS111E the actor may not, CSS825E more is promised than that and ``over`` does not say so, CSS826E it would
            begin before tomorrow.
        NotFound: CSS827E no such exchange. BadMessage: CSS824E the number, the weekdays or half-days.
    """
    require_supervisor(by)
    wrong = Refusals()
    wrong.add(*_number_faults(command.capacity))
    weekdays, half_days = sorted(set(command.weekdays)), sorted(set(command.half_days))
    if not weekdays or not half_days or not all(1 <= one <= ISO_SATURDAY for one in weekdays):
        sentence = "Say weekdays from 1, Monday, to 6, Saturday, and AM, PM or both."
        wrong.add(BadMessage("CSS824E", sentence, element="weekdays" if half_days else "half_days"))
    is_house = not (command.district_code or command.exchange_code)
    exchange_id: int | None = None
    if is_house:
        on = latest_business_date(session)
    else:
        exchange_id, district, _ = _exchange(session, command.district_code or "", command.exchange_code or "")
        on = business_date(session, district)
    last = on + timedelta(days=PLANNED_AHEAD_MAX)
    if not on < command.starts_on <= last:
        wrong.add(_no_day("starts_on", on + ONE_DAY, last))
    wrong.tell()
    session.execute(_ALONE)
    rows = [
        {
            "exchange_id": exchange_id,
            "skill": command.skill,
            "weekday": weekday,
            "half_day": half_day,
            "capacity": command.capacity,
            "starts_on": command.starts_on,
        }
        for weekday in weekdays
        for half_day in half_days
    ]
    # Taken back by itself where it is refused.
    with session.begin_nested():
        written = insert(SlotPattern).values(rows)
        keys = ["exchange_id", "skill", "weekday", "half_day", "starts_on"]
        session.execute(written.on_conflict_do_update(index_elements=keys, set_={"capacity": written.excluded.capacity}))
        over: int = session.execute(
            block("css.master", "appointments.over"),
            {
                "exchange_id": exchange_id,
                "skill": command.skill.value,
                "weekdays": weekdays,
                "half_days": [one.value for one in half_days],
                "from": command.starts_on,
                "at": at,
            },
        ).scalar_one()
        if over > command.over:
            raise _promised_more(f"the weeks from {day_words(command.starts_on)}", command.capacity, over)
    area = _HOUSE if is_house else (command.exchange_code or "").strip().upper()
    record(session, by=by, at=at, verb="set_slot_pattern", subject=("exchange", area), after=to_plain(command) | {"over": over})
    session.flush()
    return SlotsPlanned(capacity=command.capacity, over=over)


def _number_faults(capacity: int | None) -> list[CssError]:
    if capacity is None or 0 <= capacity <= CAPACITY_MAX:
        return []
    return [BadMessage("CSS824E", "A half-day has 0 to {most} visits.", most=CAPACITY_MAX, element="capacity")]


def _no_day(element: str, first: date, last: date) -> CssError:
    return Refused(
        "CSS826E",
        "Visits are planned from {first} to {last}, for days other than Sundays and bank holidays.",
        first=day_words(first),
        last=day_words(last),
        element=element,
    )


def _promised_more(when: str, capacity: int, over: int) -> CssError:
    return Refused(
        "CSS825E",
        "With {capacity} visits there would be {over} promised too many in {when}. Say {over} over, and move them.",
        capacity=capacity,
        over=over,
        when=when,
        element="over",
    )


def _exchange(session: Session, district_code: str, exchange_code: str) -> tuple[int, str, str]:
    """An exchange's id, its district and whose bank holidays count there."""
    district, code = district_code.strip().upper(), exchange_code.strip().upper()
    row = session.execute(
        select(Exchange.id, Exchange.district_code, District.nation)
        .join(District, District.code == Exchange.district_code)
        .where(Exchange.district_code == district, Exchange.code == code)
    ).one_or_none()
    if row is None:
        raise no_exchange(district, code)
    return row.id, row.district_code, row.nation
