"""What happens to faults in random lives: every verb there is, on some fault it might fit and now and then on one it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.words import HalfDay, MissCause
from css.redress import verbs as credited
from repairs import actions
from repairs.commands.dispatch import ArriveOnSite, AssignFault, ChangeEngineer, RecallFault, ReturnFault, TakeNext
from repairs.commands.faults import (
    AcceptClear,
    AcceptSilentClears,
    AmendFault,
    AppointFault,
    ChaseFault,
    ClearFault,
    DiagnoseFault,
    ExpediteFault,
    MissVisit,
    OwnFault,
    ParkFault,
    QueueFault,
    RejectClear,
    ReportDamage,
    ReportFault,
    ResumeFault,
    WithdrawFault,
)
from repairs.rules.clear import CLEAR_CODES
from repairs.words import Craft, Location, ParkReason, ReturnReason
from tests.builders import OPERATOR, SYSTEM
from tests.records.fault_around import AROUND, LEVELS, number_of, symptom
from tests.records.fault_asking import HOUR, OPEN, Dice, Life, NothingThere, ask, back, fault
from tests.records.fault_world import CONTROL, DESK, ENGINEERS, FIRM, PARTNERS

CODES: Final = (*CLEAR_CODES, "EX", "EX", "DP", "RWT", "CE", "NOA", "XXX")


def _desk(provider_code: str | None) -> Sequence[Actor]:
    """Whoever speaks for the customer."""
    return (PARTNERS[provider_code], DESK) if provider_code in PARTNERS else (DESK, CONTROL)


def report(life: Life, dice: Dice) -> bool:
    number = number_of(life, dice)
    held = life.rows("SELECT number FROM css.appointment WHERE state = 'held' ORDER BY id")
    tests = life.rows("SELECT id FROM repairs.line_test ORDER BY id DESC LIMIT 4")
    slot: dict[str, Any] = dice.pick(
        (
            {},
            {},
            {},
            {"slot_on": london_date(life.at) + timedelta(days=dice.pick((0, 1, 2))), "half_day": dice.pick(tuple(HalfDay))},
            {"appointment_number": dice.pick(held).number} if held else {},
        )
    )
    provider_code = next((line.account.provider_code for line in life.world.lines if number == f"+{line.number}"), None)
    return ask(
        life,
        dice,
        actions.report_fault,
        ReportFault(
            number=number,
            symptom_code=symptom(dice),
            contact_name="Ada Tansley",
            contact_phone="07700 900123",
            equipment_checked=dice.pick((True, False)),
            charge_band=dice.pick((0, 1, 2, 4, 5 if dice.is_rare() else 3)),
            reported_at=dice.pick((None, back(life, dice))),
            line_test_id=dice.pick(tests).id if dice.pick((False, False, True)) and tests else None,
            expedite_to=dice.pick(LEVELS) if dice.is_rare() else None,
            forced_reason=dice.pick((None, None, None, "It is another matter.")),
            **slot,
        ),
        by=_desk(provider_code),
    )


def damage(life: Life, dice: Dice) -> bool:
    command = ReportDamage(
        district_code="ZZ",
        exchange_code=dice.pick(("WREN", "WREN", "OAK", "NONE")),
        place_words="The pole at the green",
        contact_name="PC Marlow",
        contact_phone="07700 900124",
        hazard_notes=dice.pick((None, "Wires hang down.")),
        reported_at=back(life, dice),
    )
    return ask(life, dice, actions.report_damage, command, by=(DESK, CONTROL))


def see(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN)
    match dice.pick(("amend", "amend", "chase", "own")):
        case "amend":
            changed: dict[str, Any] = dice.pick(
                ({"charge_band": dice.pick((0, 1, 4, 9))}, {"contact_name": "Ben Marlow"}, {"hazard_notes": ""}, {"words": "More."}, {})
            )
            return ask(
                life,
                dice,
                actions.amend_fault,
                AmendFault(fault_number=row.number, **changed),
                by=_desk(row.provider_code),
                row_version=row.row_version,
            )
        case "chase":
            return ask(life, dice, actions.chase_fault, ChaseFault(fault_number=row.number, words="And now?"), by=_desk(row.provider_code))
        case _:
            return ask(life, dice, actions.own_fault, OwnFault(fault_number=row.number), by=(DESK, CONTROL), row_version=row.row_version)


def diagnose(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN)
    command = DiagnoseFault(fault_number=row.number, location=dice.pick(tuple(Location)), craft=dice.pick((None, None, *Craft)))
    return ask(life, dice, actions.diagnose_fault, command, by=(CONTROL,), row_version=row.row_version)


def queue(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN, "f.state NOT IN ('issued', 'on-site', 'parked')")
    return ask(life, dice, actions.queue_fault, QueueFault(fault_number=row.number), by=(CONTROL,), row_version=row.row_version)


def appoint(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN, "f.state NOT IN ('issued', 'on-site')", "f.kind = 'line'")
    held = life.rows("SELECT number FROM css.appointment WHERE state = 'held' ORDER BY id")
    days = dice.pick((0, 1, 1, 2, 3, 4, 7))
    slot: dict[str, Any] = {"slot_on": london_date(life.at) + timedelta(days=days), "half_day": dice.pick(tuple(HalfDay))}
    if dice.pick((False, False, True)) and held:
        slot = {"appointment_number": dice.pick(held).number}
    elif dice.pick((False, True)):
        slot |= {"offered_on": london_date(life.at) + timedelta(days=dice.pick((0, 1, 2))), "offered_half_day": dice.pick(tuple(HalfDay))}
    command = AppointFault(fault_number=row.number, **slot)
    return ask(life, dice, actions.appoint_fault, command, by=_desk(row.provider_code), row_version=row.row_version)


def miss(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN, "f.appointment_id IS NOT NULL")
    command = MissVisit(fault_number=row.number, cause=dice.pick(tuple(MissCause)), words=dice.pick(("", "So it was.")))
    return ask(life, dice, credited.miss_visit, command, by=(CONTROL,), row_version=row.row_version)


def assign(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN, "f.outage_id IS NULL", "f.state NOT IN ('issued', 'on-site', 'parked')")
    command = AssignFault(fault_number=row.number, engineer_code=dice.pick(ENGINEERS), anyway=dice.pick((None, "We must.", "We must.")))
    return ask(life, dice, actions.assign_fault, command, by=(CONTROL,), row_version=row.row_version)


def take(life: Life, dice: Dice) -> bool:
    who = dice.pick(ENGINEERS)
    return ask(life, dice, actions.take_next, TakeNext(engineer_code=who), by=(FIRM,) if who == FIRM.name else (CONTROL,))


def _with(life: Life, dice: Dice, states: str) -> tuple[str, Sequence[Actor], int]:
    row = fault(life, dice, f"f.state IN ({states})")
    has = life.rows(
        "SELECT e.code FROM repairs.visit v JOIN repairs.engineer e ON e.id = v.engineer_id WHERE v.fault_id = :id AND v.ended_at IS NULL",
        id=row.id,
    )
    return row.number, (FIRM, CONTROL) if has and has[0].code == FIRM.name else (CONTROL,), row.row_version


def arrive(life: Life, dice: Dice) -> bool:
    number, by, _ = _with(life, dice, "'issued'")
    return ask(life, dice, actions.arrive_on_site, ArriveOnSite(fault_number=number, arrived_at=back(life, dice)), by=by)


def give_back(life: Life, dice: Dice) -> bool:
    number, by, _ = _with(life, dice, "'issued', 'on-site'")
    reason = dice.pick(tuple(ReturnReason))
    craft = dice.pick(tuple(Craft)) if (reason is ReturnReason.WRONG_CRAFT) is not dice.is_rare() else None
    command = ReturnFault(fault_number=number, reason=reason, words=dice.pick(("", "So it is.", "So it is.")), craft=craft)
    return ask(life, dice, credited.return_fault, command, by=by)


def recall(life: Life, dice: Dice) -> bool:
    number, _, version = _with(life, dice, "'issued'")
    return ask(
        life, dice, actions.recall_fault, RecallFault(fault_number=number, reason="Elsewhere first."), by=(CONTROL,), row_version=version
    )


def park(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN, "f.state <> 'parked'")
    command = ParkFault(fault_number=row.number, reason=dice.pick(tuple(ParkReason)), words="We wait.", parked_at=back(life, dice))
    return ask(life, dice, actions.park_fault, command, by=(CONTROL,), row_version=row.row_version)


def resume(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, "f.state = 'parked'")
    command = ResumeFault(fault_number=row.number, resumed_at=back(life, dice))
    return ask(life, dice, actions.resume_fault, command, by=(CONTROL, DESK), row_version=row.row_version)


def expedite(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN)
    command = ExpediteFault(fault_number=row.number, care_level=dice.pick((*LEVELS, "4", "4", "9")), consented_by="Ada Tansley")
    return ask(life, dice, actions.expedite_fault, command, by=_desk(row.provider_code), row_version=row.row_version)


def clear(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN, *dice.pick(((), ("f.state = 'on-site'",), ("f.state = 'parked'",))))
    command = ClearFault(
        fault_number=row.number,
        clear_code=dice.pick(CODES),
        words="Done.",
        cleared_at=back(life, dice),
        pair_number=dice.pick((None, None, None, *range(1, 11))),
    )
    return ask(life, dice, credited.clear_fault, command, by=(CONTROL,), row_version=row.row_version)


def accept(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, "f.state = 'cleared'")
    return ask(
        life, dice, actions.accept_clear, AcceptClear(fault_number=row.number), by=_desk(row.provider_code), row_version=row.row_version
    )


def reject(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, "f.state = 'cleared'")
    command = RejectClear(fault_number=row.number, reason="Still dead.")
    return ask(life, dice, actions.reject_clear, command, by=_desk(row.provider_code), row_version=row.row_version)


def silence(life: Life, dice: Dice) -> bool:
    command = AcceptSilentClears(district_code="ZZ", most=dice.pick((500, 1, 0)))
    return ask(life, dice, actions.accept_silent_clears, command, by=(SYSTEM,))


def withdraw(life: Life, dice: Dice) -> bool:
    row = fault(life, dice, OPEN)
    command = WithdrawFault(fault_number=row.number, reason="It works again.")
    return ask(life, dice, actions.withdraw_fault, command, by=_desk(row.provider_code), row_version=row.row_version)


def staff(life: Life, dice: Dice) -> bool:
    """Who works, and what they can do."""
    changed: dict[str, Any] = dice.pick(
        ({"is_active": False}, {"is_active": True}, {"is_active": True}, {"crafts": ()}, {"crafts": (Craft.HOME,)})
    )
    return ask(life, dice, actions.change_engineer, ChangeEngineer(code=dice.pick(ENGINEERS), **changed), by=(OPERATOR,))


DEEDS: Final[dict[str, tuple[Callable[[Life, Dice], bool], int]]] = {
    "report": (report, 10),
    "damage": (damage, 1),
    "see": (see, 2),
    "diagnose": (diagnose, 2),
    "queue": (queue, 2),
    "appoint": (appoint, 7),
    "miss": (miss, 5),
    "assign": (assign, 6),
    "take": (take, 3),
    "arrive": (arrive, 7),
    "give back": (give_back, 4),
    "recall": (recall, 1),
    "park": (park, 4),
    "resume": (resume, 5),
    "expedite": (expedite, 2),
    "clear": (clear, 8),
    "accept": (accept, 3),
    "reject": (reject, 6),
    "silence": (silence, 1),
    "withdraw": (withdraw, 1),
    "staff": (staff, 1),
    **AROUND,
}
"""Every deed on faults there is, and how often it is tried."""


def step(life: Life, name: str, drawn: Sequence[int]) -> bool:
    """One deed of a life; whether anything came of it. Where there is nothing to do it to, something is reported first."""
    try:
        return DEEDS[name][0](life, Dice(drawn))
    except NothingThere:
        life.go_on(HOUR / 60)
        return name != "report" and report(life, Dice(drawn))
