"""What goes on around faults in random lives: tests, failed plant, storms, the night, slots kept for somebody, and time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from css.core.calendar import london_date
from css.core.words import HalfDay, PlantCondition, PlantElement, Skill
from css.master.appointment_commands import LapseSlots, ReleaseSlot, ReserveSlot
from css.master.appointment_holding import lapse_slots, release_slot, reserve_slot
from css.redress import verbs as credited
from repairs import actions
from repairs.commands.nightly import FindProblems, MarkBreaches, WarnOfBreaches
from repairs.commands.outages import (
    ClearOutage,
    CloseProblem,
    DeclareMborc,
    DeclareOutage,
    DetachFault,
    LiftMborc,
    NarrowMborc,
    UpdateOutage,
    WithdrawOutage,
)
from repairs.commands.testing import BreakPlant, CollectLineTests, MendPlant, TestLine
from repairs.rules.report import SYMPTOMS
from repairs.words import Activity, PlantKind, TestKind
from tests.builders import PARTNER_ACTOR, SYSTEM
from tests.records.fault_asking import HOUR, Dice, Life, ask, back, fault, some
from tests.records.fault_world import CONTROL, DESK, NONE, PLANT

LEVELS: Final = ("2", "2.5", "3", "4")


def symptom(dice: Dice) -> str:
    """What is said to be wrong; now and then what the line cannot have."""
    return dice.pick(tuple(SYMPTOMS)) if dice.is_rare() else dice.pick(("NDT", "NDT", "NSY", "CCO"))


def number_of(life: Life, dice: Dice) -> str:
    return dice.pick(NONE) if dice.is_rare() else dice.pick(life.world.numbers)


def keep_slot(life: Life, dice: Dice) -> bool:
    held = life.rows("SELECT number FROM css.appointment WHERE state = 'held' ORDER BY id")
    by = (DESK, DESK, PARTNER_ACTOR)
    match dice.pick(("hold", "hold", "hold", "release", "lapse")):
        case "release" if held:
            return ask(life, dice, release_slot, ReleaseSlot(appointment_number=dice.pick(held).number), by=by)
        case "lapse":
            return ask(life, dice, lapse_slots, LapseSlots(district_code="ZZ"), by=(SYSTEM,))
        case _:
            command = ReserveSlot(
                address_key=dice.pick(life.world.zz.gold).address_key,
                skill=dice.pick((Skill.REPAIR, Skill.REPAIR, Skill.REPAIR, Skill.INSTALL)),
                slot_on=london_date(life.at) + timedelta(days=dice.pick((0, 1, 2, 3))),
                half_day=dice.pick(tuple(HalfDay)),
            )
            return ask(life, dice, reserve_slot, command, by=by)


def measure(life: Life, dice: Dice) -> bool:
    """A line is tested, for its fault mostly."""
    rows = life.rows(
        "SELECT f.number, '+' || n.number AS told FROM repairs.fault f JOIN css.service s ON s.line_id = f.line_id"
        " JOIN css.service_number n ON n.service_id = s.id AND n.ends_at IS NULL WHERE f.is_open ORDER BY f.id DESC LIMIT 6"
    )
    number: str = number_of(life, dice)
    told: str | None = None
    if rows and dice.pick(("for its fault", "for its fault", "alone")) != "alone":
        row = dice.pick(rows)
        number, told = row.told, row.number
    command = TestLine(number=number, kind=dice.pick((TestKind.QUICK, TestKind.FULL)), fault_number=told)
    return ask(life, dice, actions.test_line, command, by=(CONTROL, DESK))


def collect(life: Life, dice: Dice) -> bool:
    return ask(life, dice, actions.collect_line_tests, CollectLineTests(most=dice.pick((200, 1))), by=(SYSTEM,))


def declare(life: Life, dice: Dice) -> bool:
    place: dict[str, Any] = dice.pick(PLANT)
    place = place | {"kind": PlantKind(place["kind"])}
    began_at = back(life, dice)
    command = DeclareOutage(district_code="ZZ", cause="A lorry.", message="We are mending it.", began_at=began_at, **place)
    return ask(life, dice, actions.declare_outage, command, by=(CONTROL,))


def _outage(life: Life, dice: Dice) -> tuple[int, int]:
    where = "TRUE" if dice.is_rare() else "state = 'open'"
    row = some(life, dice, f"SELECT id, row_version FROM repairs.outage WHERE {where} ORDER BY id DESC LIMIT 4")
    return row.id, row.row_version


def update(life: Life, dice: Dice) -> bool:
    outage_id, version = _outage(life, dice)
    said: dict[str, Any] = dice.pick(({"message": "Tomorrow."}, {"expected_at": life.at + 5 * HOUR}, {"expected_at": life.at - HOUR}, {}))
    return ask(life, dice, actions.update_outage, UpdateOutage(outage_id=outage_id, **said), by=(CONTROL,), row_version=version)


def mend_outage(life: Life, dice: Dice) -> bool:
    outage_id, version = _outage(life, dice)
    command = ClearOutage(outage_id=outage_id, clear_code=dice.pick(("CAB", "CAB", "TPD", "RWT", "??")), cleared_at=back(life, dice))
    return ask(life, dice, credited.clear_outage, command, by=(CONTROL,), row_version=version)


def unsay(life: Life, dice: Dice) -> bool:
    outage_id, version = _outage(life, dice)
    command = WithdrawOutage(outage_id=outage_id, reason="It was none.")
    return ask(life, dice, actions.withdraw_outage, command, by=(CONTROL,), row_version=version)


def detach(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, "f.outage_id IS NOT NULL", "f.is_open")
    return ask(
        life,
        dice,
        actions.detach_fault,
        DetachFault(fault_number=row.number, reason="Another."),
        by=(CONTROL,),
        row_version=row.row_version,
    )


def storm(life: Life, dice: Dice) -> bool:
    area: dict[str, Any] = dice.pick(
        (
            {},
            {},
            {"exchange_code": "WREN"},
            {"exchange_code": "WREN", "cabinet_code": "C1"},
            {"cabinet_code": "C1"},
            {"exchange_code": "NO"},
        )
    )
    command = DeclareMborc(
        district_code="ZZ",
        cause="Storm Ada",
        activity=dice.pick((Activity.REPAIR, Activity.REPAIR, Activity.REPAIR, Activity.PROVISION)),
        clear_codes=dice.pick(((), (), ("WEA",), ("WEA", "ZZZ"))),
        starts_at=back(life, dice),
        **area,
    )
    return ask(life, dice, actions.declare_mborc, command, by=(CONTROL,))


def _storm(life: Life, dice: Dice) -> int:
    where = "TRUE" if dice.is_rare() else "ends_at IS NULL"
    found: int = some(life, dice, f"SELECT id FROM repairs.mborc WHERE {where} ORDER BY id DESC LIMIT 3").id
    return found


def narrow(life: Life, dice: Dice) -> bool:
    command = NarrowMborc(mborc_id=_storm(life, dice), clear_codes=dice.pick((("WEA",), ("WEA", "EX"), (), ("??",))))
    return ask(life, dice, actions.narrow_mborc, command, by=(CONTROL,))


def lift(life: Life, dice: Dice) -> bool:
    return ask(life, dice, actions.lift_mborc, LiftMborc(mborc_id=_storm(life, dice), ends_at=back(life, dice)), by=(CONTROL,))


def night(life: Life, dice: Dice) -> bool:
    match dice.pick(("breaches", "breaches", "warnings", "problems", "close")):
        case "breaches":
            return ask(life, dice, actions.mark_breaches, MarkBreaches(district_code="ZZ"), by=(SYSTEM,))
        case "warnings":
            return ask(life, dice, actions.warn_of_breaches, WarnOfBreaches(district_code="ZZ"), by=(SYSTEM,))
        case "problems":
            return ask(life, dice, actions.find_problems, FindProblems(district_code="ZZ"), by=(SYSTEM,))
        case _:
            row = some(life, dice, "SELECT id, row_version FROM repairs.problem ORDER BY id")
            command = CloseProblem(problem_id=row.id, words="A bad joint.")
            return ask(life, dice, actions.close_problem, command, by=(CONTROL,), row_version=row.row_version)


def break_plant(life: Life, dice: Dice) -> bool:
    """Something breaks, or what is broken is mended."""
    element = dice.pick(tuple(PlantElement))
    where: dict[str, Any] = {"district_code": "ZZ", "exchange_code": "WREN"}
    if element in {PlantElement.PREMISES, PlantElement.PAIR} and dice.pick((True, True, False)):
        where = {"number": number_of(life, dice)}
    elif element is not PlantElement.EXCHANGE:
        where["cabinet_code"] = "C1"
        if element is not PlantElement.CABINET:
            where["distribution_point_code"] = dice.pick(("DP1", "DP2"))
        if element is PlantElement.PAIR:
            where["pair_number"] = dice.pick(range(1, 11))
    if dice.pick((True, False)):
        return ask(life, dice, actions.mend_plant, MendPlant(element=element, **where), by=(CONTROL,))
    command = BreakPlant(element=element, condition=dice.pick(tuple(PlantCondition)), is_intermittent=dice.is_rare(), **where)
    return ask(life, dice, actions.break_plant, command, by=(CONTROL,))


def wait(life: Life, dice: Dice) -> bool:
    """Minutes, hours, days; to where a slot begins or ends; past a deadline; now and then to where the clocks change, or Christmas."""
    slots = life.rows("SELECT slot_on, half_day FROM css.appointment WHERE state = 'booked' AND slot_on >= :on", on=london_date(life.at))
    dues = life.rows("SELECT due_at FROM repairs.fault WHERE is_open AND due_at > :at", at=life.at)
    match dice.pick(("minutes", "hours", "hours", "slot", "slot", "due", "days", "far")):
        case "minutes":
            by = timedelta(minutes=dice.pick((1, 7, 40)))
        case "slot" if slots:
            slot = dice.pick(slots)
            hour = dice.pick((7, 9, 12)) + (5 if slot.half_day == "pm" else 0)
            by = (
                life.at.replace(hour=hour, minute=dice.pick((0, 30))).replace(
                    year=slot.slot_on.year, month=slot.slot_on.month, day=slot.slot_on.day
                )
                - life.at
            )
        case "due" if dues:
            by = dice.pick(dues).due_at - life.at + timedelta(minutes=dice.pick((-1, 0, 1, 2000)))
        case "days":
            by = timedelta(days=dice.pick((1, 1, 2, 3)))
        case "far":
            to = dice.pick(((3, 27), (10, 23), (12, 23)))
            by = life.at.replace(month=to[0], day=to[1]) - life.at if dice.is_rare() else timedelta(days=1)
        case _:
            by = HOUR * dice.pick((1, 2, 3, 5, 9))
    life.go_on(max(by, timedelta(minutes=1)))
    life.told.append(f"--- {life.at:%a %d.%m %H:%M}")
    return True


AROUND: Final[dict[str, tuple[Callable[[Life, Dice], bool], int]]] = {
    "keep slot": (keep_slot, 3),
    "test": (measure, 3),
    "collect": (collect, 1),
    "declare": (declare, 3),
    "update": (update, 1),
    "mend outage": (mend_outage, 3),
    "unsay": (unsay, 1),
    "detach": (detach, 1),
    "storm": (storm, 3),
    "narrow": (narrow, 1),
    "lift": (lift, 2),
    "night": (night, 4),
    "break plant": (break_plant, 3),
    "wait": (wait, 12),
}
"""What may happen besides, and how often."""
