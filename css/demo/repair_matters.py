"""What befalls the demo's district as a whole: a storm that takes a cabinet, and what the last evening leaves for whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from css.core.calendar import london_instant
from css.core.words import LineState, PlantCondition, PlantElement
from css.db.engine import transaction
from css.demo.crew import AMY, CON, FIELD, REX, say
from css.demo.repair_force import Repairs
from css.demo.troubles import CUT, DROPWIRE, NO_SOCKET, STORM_DAY, STORM_DAYS_MIN, Answer, Course, Trouble
from css.master.lines import Line
from css.master.plant import Cabinet, DistributionPoint, Exchange, Pair
from css.master.services import Service, ServiceNumber
from css.redress.verbs import clear_outage
from repairs.actions import (
    arrive_on_site,
    assign_fault,
    break_plant,
    declare_mborc,
    declare_outage,
    detach_fault,
    lift_mborc,
    mend_plant,
    park_fault,
    report_damage,
    update_outage,
)
from repairs.commands.dispatch import ArriveOnSite, AssignFault
from repairs.commands.faults import ParkFault, ReportDamage
from repairs.commands.outages import ClearOutage, DeclareMborc, DeclareOutage, DetachFault, LiftMborc, UpdateOutage
from repairs.commands.testing import BreakPlant, MendPlant
from repairs.queries.outages import outage_card
from repairs.words import ParkReason, PlantKind

IN_THE_DARK: Final = Trouble(None, None, "NDT", "Dead since the storm.", "CAB", "")
RINGING: Final = 4
"""So many of those beneath failed plant ring."""


@dataclass(frozen=True, slots=True)
class Way:
    """The plant that a line hangs on, by its codes, and which lines hang on the same cabinet and distribution point."""

    exchange_code: str
    cabinet_code: str
    distribution_point_code: str
    cabinet_id: int
    distribution_point_id: int


@dataclass(slots=True)
class Storm:
    """The storm, while something of it is left."""

    way: Way
    mborc_id: int
    outage_id: int


class Matters:
    """The matters of one demo."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs
        self._storm: Storm | None = None
        self.outages = 0

    def befall(self, engine: Engine, day: date) -> None:
        """What befalls a day, before the engineers' visits of the afternoon."""
        plan, lived = self._repairs.plan, self._repairs.lived(day)
        if plan.days < STORM_DAYS_MIN:
            return
        if lived == STORM_DAY:
            self._storm = self._blow(engine, day)
        elif self._storm is not None:
            self._mend(engine, self._storm, day)
            self._storm = None

    def evening(self, engine: Engine, day: date) -> None:
        """After the engineers' last visits: the last evening leaves something open."""
        plan = self._repairs.plan
        if plan.days >= STORM_DAYS_MIN and self._repairs.lived(day) == plan.days - 1:
            self._leave_open(engine, day)

    def _blow(self, engine: Engine, day: date) -> Storm | None:
        """A cabinet goes, a tree lies on a pole; whoever rings before it is declared is tested, who rings after is told."""
        repairs, district = self._repairs, self._repairs.plan.district
        line = repairs.free_line()
        if line is None:
            return None
        with transaction(engine) as session:
            way = _way(session, line.number)
            numbers = _beneath(session, way)
            storm = DeclareMborc(district_code=district, exchange_code=way.exchange_code, cause="Storm: trees on overhead lines.")
            mborc = declare_mborc(session, storm, by=REX, at=london_instant(day, time(7, 30)))
            broken = BreakPlant(
                element=PlantElement.CABINET,
                district_code=district,
                exchange_code=way.exchange_code,
                cabinet_code=way.cabinet_code,
                condition=PlantCondition.DISCONNECTION,
                words="Flooded.",
            )
            break_plant(session, broken, by=FIELD, at=london_instant(day, time(8, 40)))
        self._ring(engine, numbers[:-1], day, london_instant(day, time(9, 5)))
        with transaction(engine) as session:
            failed = DeclareOutage(
                district_code=district,
                kind=PlantKind.CABINET,
                exchange_code=way.exchange_code,
                cabinet_code=way.cabinet_code,
                cause="Cabinet flooded",
                message="The storm has flooded a cabinet; engineers are there.",
                began_at=london_instant(day, time(8, 40)),
                expected_at=london_instant(day, time(18)),
            )
            outage = declare_outage(session, failed, by=REX, at=london_instant(day, time(9, 40)))
            tree = ReportDamage(
                district_code=district,
                exchange_code=way.exchange_code,
                place_words="Pole outside 14 Larkspur Close, by the bus stop",
                words="A tree leans on it.",
                contact_name="Rose Finch",
                contact_phone="07700 900456",
                hazard_notes="Wires on the footpath",
            )
            report_damage(session, tree, by=AMY, at=london_instant(day, time(9, 50)))
        self._detach(engine, outage.outage_id, london_instant(day, time(9, 45)))
        self._ring(engine, numbers[-1:], day, london_instant(day, time(9, 55)))
        told = UpdateOutage(
            outage_id=outage.outage_id,
            message="The cabinet is pumped dry; the joints are made anew.",
            expected_at=london_instant(day + timedelta(days=1), time(18)),
        )
        say(engine, update_outage, told, REX, london_instant(day, time(10, 45)))
        self.outages += 1
        return Storm(way, mborc.mborc_id, outage.outage_id)

    def _ring(self, engine: Engine, numbers: list[str], day: date, at: datetime) -> None:
        lines = {line.number: line for line in self._repairs.lines}
        for n, number in enumerate(numbers):
            if number in lines:
                self._repairs.report(engine, lines[number], IN_THE_DARK, day, at + timedelta(minutes=7 * n), works_on=False)

    def _mend(self, engine: Engine, storm: Storm, day: date) -> None:
        """The day after: the storm is over, the cabinet works, and everything that hung on it is cleared at once."""
        over = LiftMborc(mborc_id=storm.mborc_id, ends_at=london_instant(day, time(6)))
        say(engine, lift_mborc, over, REX, london_instant(day, time(8)))
        at = london_instant(day, time(11))
        mended = MendPlant(
            element=PlantElement.CABINET,
            district_code=self._repairs.plan.district,
            exchange_code=storm.way.exchange_code,
            cabinet_code=storm.way.cabinet_code,
        )
        works = ClearOutage(outage_id=storm.outage_id, clear_code="CAB", words="Joints made anew.")
        with transaction(engine) as session:
            hung = [row.fault_number for row in outage_card(session, storm.outage_id, by=REX).faults]
            mend_plant(session, mended, by=FIELD, at=at)
            self._repairs.cleared += clear_outage(session, works, by=REX, at=at).faults
        for fault in hung:
            # Whoever's own wires broke meanwhile says so when rung up.
            case = self._repairs.cases.get(fault)
            if case is not None:
                case.cleared_on, case.answer, case.course = day, Answer.REJECTED, Course.STRAIGHT

    def _detach(self, engine: Engine, outage_id: int, at: datetime) -> None:
        """What was tested before and was something else goes its own way."""
        with transaction(engine) as session:
            for row in outage_card(session, outage_id, by=REX).faults:
                if row.fault_number in self._repairs.cases:
                    other = DetachFault(fault_number=row.fault_number, reason="The line test found it elsewhere before.")
                    detach_fault(session, other, by=REX, at=at)

    def _leave_open(self, engine: Engine, day: date) -> None:
        """The last evening: one of everything that can be open, so that every list has something on it tomorrow."""
        repairs, district = self._repairs, self._repairs.plan.district
        at = london_instant(day, time(16, 10))
        for trouble in (NO_SOCKET, CUT):  # one with a slot, one in the queue
            self._report(engine, trouble, day, at)
        parked = self._report(engine, DROPWIRE, day, at)
        if parked is not None:
            leave = ParkFault(fault_number=parked, reason=ParkReason.PERMISSION, words="The pole stands on a farmer's land.")
            say(engine, park_fault, leave, REX, at + timedelta(minutes=20))
        given = self._report(engine, DROPWIRE, day, at)
        if given is not None:
            sent = AssignFault(fault_number=given, engineer_code=CON.name, anyway="He is in the street.")
            say(engine, assign_fault, sent, REX, at + timedelta(minutes=20))
            there = ArriveOnSite(fault_number=given)
            say(engine, arrive_on_site, there, CON, at + timedelta(minutes=50))
        line = repairs.free_line()
        if line is None:
            return
        at += timedelta(minutes=30)
        with transaction(engine) as session:
            way = _way(session, line.number)
            broken = BreakPlant(
                element=PlantElement.DISTRIBUTION_POINT,
                district_code=district,
                exchange_code=way.exchange_code,
                cabinet_code=way.cabinet_code,
                distribution_point_code=way.distribution_point_code,
                condition=PlantCondition.DISCONNECTION,
            )
            break_plant(session, broken, by=FIELD, at=at - timedelta(minutes=45))
        repairs.report(engine, line, IN_THE_DARK, day, at, works_on=False)
        with transaction(engine) as session:
            failed = DeclareOutage(
                district_code=district,
                kind=PlantKind.DISTRIBUTION_POINT,
                exchange_code=way.exchange_code,
                cabinet_code=way.cabinet_code,
                distribution_point_code=way.distribution_point_code,
                cause="A lorry hit the pole",
                message="A pole was hit; it is replaced tonight.",
                expected_at=at + timedelta(hours=5),
            )
            outage = declare_outage(session, failed, by=REX, at=at + timedelta(minutes=5))
            water = DeclareMborc(
                district_code=district,
                exchange_code=way.exchange_code,
                cabinet_code=way.cabinet_code,
                cause="The river is over its banks.",
            )
            declare_mborc(session, water, by=REX, at=at + timedelta(minutes=10))
            pole = ReportDamage(
                district_code=district,
                exchange_code=way.exchange_code,
                place_words="Corner of Ferry Lane",
                words="A pole leans.",
                contact_name="Rose Finch",
                contact_phone="07700 900456",
            )
            report_damage(session, pole, by=AMY, at=at + timedelta(minutes=15))
        self._detach(engine, outage.outage_id, at + timedelta(minutes=20))
        self.outages += 1

    def _report(self, engine: Engine, trouble: Trouble, day: date, at: datetime) -> str | None:
        line = self._repairs.free_line()
        taken = None if line is None else self._repairs.report(engine, line, trouble, day, at)
        return None if taken is None else taken.fault_number


def _way(session: Session, number: str) -> Way:
    """What a working line hangs on."""
    row = session.execute(
        select(Exchange.code, Cabinet.code, DistributionPoint.code, Cabinet.id, DistributionPoint.id)
        .join(Cabinet, Cabinet.exchange_id == Exchange.id)
        .join(DistributionPoint, DistributionPoint.cabinet_id == Cabinet.id)
        .join(Pair, Pair.distribution_point_id == DistributionPoint.id)
        .join(Line, Line.pair_id == Pair.id)
        .join(Service, Service.line_id == Line.id)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .where(ServiceNumber.number == number, ServiceNumber.ends_at.is_(None))
    ).one()
    return Way(*row)


def _beneath(session: Session, way: Way) -> list[str]:
    """Numbers of lines on the same cabinet: those who ring."""
    numbers = (
        select(ServiceNumber.number)
        .join(Service, Service.id == ServiceNumber.service_id)
        .join(Line, Line.id == Service.line_id)
        .join(Pair, Pair.id == Line.pair_id)
        .join(DistributionPoint, DistributionPoint.id == Pair.distribution_point_id)
        .where(DistributionPoint.cabinet_id == way.cabinet_id, ServiceNumber.ends_at.is_(None), Line.state == LineState.WORKING)
        .order_by(ServiceNumber.number.desc())
        .limit(RINGING)
    )
    return list(session.execute(numbers).scalars())
