"""The demo's repairs: what breaks, who rings, what the desk tests and promises, and the engineers' day, by the verbs anybody would use.

The engineers know what an engineer knows: which fault they were given. What is broken there, the world knows; a test head
measures it, and the engineer finds it on site. The dice are the demo's own: the same seed breaks the same lines.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import add_working_days, london_date, london_instant
from css.core.words import HalfDay, MissCause, PairState, PlantElement, Segment
from css.db.engine import transaction
from css.demo.crew import AMY, CON, FIELD, REX, attempt, say
from css.demo.people import LiveLine
from css.demo.plan import DemoPlan
from css.demo.troubles import EVENTS, TROUBLES, Answer, Case, Course, Event, Trouble
from css.master.lines import Line
from css.master.plant import Pair
from css.master.services import Service, ServiceNumber
from css.redress.verbs import clear_fault, miss_visit, return_fault
from repairs.actions import (
    accept_clear,
    appoint_fault,
    arrive_on_site,
    break_plant,
    collect_line_tests,
    mend_plant,
    park_fault,
    queue_fault,
    reject_clear,
    report_fault,
    resume_fault,
    take_next,
    test_line,
)
from repairs.commands.dispatch import ArriveOnSite, ReturnFault, TakeNext
from repairs.commands.faults import (
    AcceptClear,
    AppointFault,
    ClearFault,
    FaultReported,
    MissVisit,
    ParkFault,
    QueueFault,
    RejectClear,
    ReportFault,
    ResumeFault,
)
from repairs.commands.testing import BreakPlant, CollectLineTests, MendPlant, TestLine
from repairs.queries.dispatch import engineers
from repairs.queries.testing import line_test
from repairs.words import FaultState, ParkReason, ReturnReason, TestKind, TestOutcome

NATION: Final = "england-and-wales"
FAULTS_PER_LINE: Final = 10 / 100 / 365
LATE_CLEAR_PERCENT: Final = 15
LATE_WORKING_DAYS: Final = 5
NO_ACCESS_PERCENT: Final = 6
PARKED_PERCENT: Final = 5
REJECTED_PERCENT: Final = 4
SLOW_BY_DAYS: Final = 2
"""What is not cleared so long after it should be, a foreman tells done: in a large district, all that three engineers cannot do."""
BEFORE_REPORTS: Final = (time(8, 30),)
AFTER_REPORTS: Final = (time(11, 15), time(13, 15), time(15, 15))
"""When the engineers ask for the next one. Nobody rings after eleven."""
ON_THE_WAY: Final = timedelta(minutes=25)


@dataclass(slots=True)
class Repairs:
    """What is being repaired, and what has been."""

    plan: DemoPlan
    lines: list[LiveLine]
    """Shared with whoever ceases them."""
    rng: random.Random = field(init=False)
    cases: dict[str, Case] = field(default_factory=dict)
    """By fault number, until the customer has answered."""
    troubled: LiveLine | None = None
    """The line that has trouble again and again."""
    reported: int = 0
    cleared: int = 0
    first: str = ""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.plan.seed + 3)  # noqa: S311 - the demo's dice

    def lived(self, day: date) -> int:
        """How many days were lived before this one."""
        return (day - self.plan.starts_on).days

    def begin_day(self, engine: Engine, day: date) -> None:
        """Before anybody rings: what was waited for has come, customers answer, and the engineers' first visits."""
        self._go_on(engine, day)
        self._answers(engine, day)
        for moment in BEFORE_REPORTS:
            self._round(engine, london_instant(day, moment))

    def take_reports(self, engine: Engine, day: date) -> None:
        """What breaks today, and who rings about it: named faults of the first days, and what the dice say."""
        at = london_instant(day, time(10))
        for event in EVENTS:
            if event.day == self.lived(day):
                at += timedelta(minutes=4)
                self._named(engine, event, day, at)
        expected = FAULTS_PER_LINE * len(self.lines)
        times = int(expected) + (self.rng.random() < expected % 1)
        for n in range(times):
            line = self.free_line()
            if line is not None:
                trouble = self.rng.choice(TROUBLES)
                self.report(engine, line, trouble, day, at + timedelta(seconds=n * 3000 // times), course=self._course(trouble))

    def end_day(self, engine: Engine, day: date) -> None:
        """The engineers' other visits, and what a foreman tells done as a whole."""
        for moment in AFTER_REPORTS:
            self._round(engine, london_instant(day, moment))
        at = london_instant(day, time(17, 30))
        late = timedelta(days=SLOW_BY_DAYS)
        slow = [(fault, case) for fault, case in self.cases.items() if case.cleared_on is None and case.ends_on + late <= day]
        for fault, case in slow:
            if not self._clear(engine, fault, case, FIELD, at):
                del self.cases[fault]

    def free_line(self, segment: Segment | None = None) -> LiveLine | None:
        """A line nothing is wrong with. The first few are left to whoever looks at the demo."""
        kept = 24 if len(self.lines) > 2 * 24 else 0
        busy = {case.number for case in self.cases.values()} | ({self.troubled.number} if self.troubled else set())
        free = [line for line in self.lines[kept:] if line.number not in busy and segment in {None, line.segment}]
        return self.rng.choice(free) if free else None

    def report(  # noqa: PLR0913 - what is behind a fault and how it goes
        self,
        engine: Engine,
        line: LiveLine,
        trouble: Trouble,
        day: date,
        at: datetime,
        *,
        course: Course = Course.STRAIGHT,
        answer: Answer | None = None,
        slot: tuple[date, HalfDay] | None = None,
        moves_pair: bool = False,
        expedite_to: str | None = None,
        works_on: bool = True,
    ) -> FaultReported | None:
        """It breaks, the customer rings, the desk tests the line and promises a visit where somebody must be in.

        Without ``works_on`` it is nobody's case: an outage's, or what the demo leaves as it stands.
        """
        if slot is None:
            slot = (add_working_days(day, 1, NATION), self.rng.choice(tuple(HalfDay)))
        answers: list[FaultReported] = []
        if not attempt(engine, lambda session: answers.append(self._take(session, line, trouble, at, slot, expedite_to))):
            return None
        fault = answers[0].fault_number
        if works_on:
            waits = LATE_WORKING_DAYS if course is Course.STORES else 3 if course is Course.PERMISSION else 1
            if answer is None:
                answer = Answer.REJECTED if self.rng.randrange(100) < REJECTED_PERCENT else Answer.NOTHING
            self.cases[fault] = Case(line.number, trouble, course, answer, moves_pair, add_working_days(day, waits, NATION))
        self.reported += 1
        self.first = self.first or fault
        return answers[0]

    def _take(
        self,
        session: Session,
        line: LiveLine,
        trouble: Trouble,
        at: datetime,
        slot: tuple[date, HalfDay],
        expedite_to: str | None,
    ) -> FaultReported:
        if trouble.element is not None and trouble.condition is not None:
            broken = BreakPlant(element=trouble.element, number=line.number, condition=trouble.condition)
            break_plant(session, broken, by=FIELD, at=at - timedelta(minutes=30))
        tested = test_line(session, TestLine(number=line.number), by=AMY, at=at)
        if trouble.is_deep:
            tested = test_line(session, TestLine(number=line.number, kind=TestKind.FULL), by=AMY, at=at)
            at += timedelta(seconds=50)
            collect_line_tests(session, CollectLineTests(), by=FIELD, at=at)
        seen = line_test(session, tested.line_test_id, by=AMY)
        # Where the line tests right, somebody has to look at what hangs on it.
        visits = bool(seen.needs_appointment) or (seen.outcome is TestOutcome.PASS and trouble.element is None)
        said = ReportFault(
            number=line.number,
            symptom_code=trouble.symptom,
            words=trouble.said,
            contact_name="The customer",
            contact_phone="447700900001",
            equipment_checked=True,
            power_checked=True,
            charge_band=trouble.charge_band,
            line_test_id=tested.line_test_id,
            slot_on=slot[0] if visits else None,
            half_day=slot[1] if visits else None,
            expedite_to=expedite_to,
        )
        taken = report_fault(session, said, by=AMY, at=at)
        if taken.outage_message is None and taken.state in {FaultState.REPORTED, FaultState.TESTED, FaultState.DIAGNOSED}:
            queue_fault(session, QueueFault(fault_number=taken.fault_number), by=REX, at=at)
        return taken

    def _named(self, engine: Engine, event: Event, day: date, at: datetime) -> None:
        if event.repeats:
            self.troubled = self.troubled or self.free_line(Segment.RESIDENTIAL)
            line = self.troubled if self.troubled in self.lines else None
        else:
            line = self.free_line(Segment.WHOLESALE if event.is_partners else Segment.RESIDENTIAL)
        if line is not None:
            self.report(
                engine,
                line,
                event.trouble,
                day,
                at,
                course=event.course,
                answer=event.answer,
                slot=(day, HalfDay.PM),
                moves_pair=event.moves_pair,
                expedite_to=event.expedite_to,
            )

    def _course(self, trouble: Trouble) -> Course:
        throw = self.rng.randrange(100)
        if throw < LATE_CLEAR_PERCENT:
            return Course.STORES
        throw -= LATE_CLEAR_PERCENT
        if throw < NO_ACCESS_PERCENT:
            return Course.NO_ACCESS if trouble.element in {None, PlantElement.PREMISES} else Course.MORE_HANDS
        return Course.PERMISSION if throw < NO_ACCESS_PERCENT + PARKED_PERCENT else Course.STRAIGHT

    def _go_on(self, engine: Engine, day: date) -> None:
        """REX's first half-hour: parked faults go on, and a visit is agreed where nobody was in."""
        at = london_instant(day, time(8, 5))
        for fault, case in self.cases.items():
            if case.goes_on is None or case.goes_on > day:
                continue
            case.goes_on = None
            if case.course is Course.NO_ACCESS:
                agreed = AppointFault(fault_number=fault, slot_on=add_working_days(day, 1, NATION), half_day=HalfDay.AM)
                say(engine, appoint_fault, agreed, REX, at)
                case.ends_on = add_working_days(day, 1, NATION)
            else:
                told = ResumeFault(fault_number=fault, words="What it waited for has come.")
                say(engine, resume_fault, told, REX, at)

    def _answers(self, engine: Engine, day: date) -> None:
        """Who was rung up the day after says so; most say nothing, and the night takes that for a yes."""
        at = london_instant(day, time(8, 20))
        for fault, case in [(fault, case) for fault, case in self.cases.items() if case.cleared_on is not None and case.cleared_on < day]:
            if case.answer is Answer.REJECTED:
                no = RejectClear(fault_number=fault, reason="It is as bad as before.")
                if say(engine, reject_clear, no, AMY, at):
                    case.answer, case.cleared_on, case.ends_on = Answer.ACCEPTED, None, add_working_days(day, 1, NATION)
                    continue
            elif case.answer is Answer.ACCEPTED:
                yes = AcceptClear(fault_number=fault, words="It works, thank you.")
                say(engine, accept_clear, yes, AMY, at)
            del self.cases[fault]

    def _round(self, engine: Engine, at: datetime) -> None:
        """Every engineer who is on shift and free asks for the next fault."""
        with transaction(engine) as session:
            free = [one.code for one in engineers(session, self.plan.district, by=REX, at=at) if one.is_free]
        for code in free:
            by = CON if code == CON.name else FIELD
            fault = self._taken(engine, TakeNext(engineer_code=code), by, at)
            if fault is not None:
                self._visit(engine, fault, by, at + ON_THE_WAY)

    @staticmethod
    def _taken(engine: Engine, asking: TakeNext, by: Actor, at: datetime) -> str | None:
        given: list[str] = []
        attempt(engine, lambda session: given.append(take_next(session, asking, by=by, at=at).fault_number))
        return given[0] if given else None

    def _visit(self, engine: Engine, fault: str, by: Actor, at: datetime) -> None:
        say(engine, arrive_on_site, ArriveOnSite(fault_number=fault), by, at)
        case = self.cases.get(fault)
        ends_at = at + timedelta(minutes=self.rng.randrange(10, 85))
        if case is None:  # damage: it names a place
            done = ClearFault(fault_number=fault, clear_code="WEA", words="Made safe, the wires are fast again.")
            say(engine, clear_fault, done, by, ends_at)
            return
        case.visits += 1
        if case.visits == 1 and self._goes_otherwise(engine, fault, case, by, ends_at):
            return
        self._clear(engine, fault, case, by, ends_at)

    def _goes_otherwise(self, engine: Engine, fault: str, case: Case, by: Actor, at: datetime) -> bool:
        """What the first visit comes to, where it does not mend it."""
        day = london_date(at)
        if case.course is Course.STRAIGHT:
            return False
        match case.course:
            case Course.STORES:
                parked = ParkFault(fault_number=fault, reason=ParkReason.STORES, words="A length of cable is on order.")
                is_done = say(engine, park_fault, parked, by, at)
            case Course.PERMISSION:
                parked = ParkFault(fault_number=fault, reason=ParkReason.PERMISSION, words="The pole stands on a farmer's land.")
                is_done = say(engine, park_fault, parked, by, at)
            case Course.NO_ACCESS:
                back = ReturnFault(fault_number=fault, reason=ReturnReason.NO_ACCESS, words="Nobody was in; a card was left.")
                is_done = say(engine, return_fault, back, by, at)
            case Course.MORE_HANDS:
                back = ReturnFault(fault_number=fault, reason=ReturnReason.MORE_HANDS, words="The pole needs two.")
                is_done = say(engine, return_fault, back, by, at)
            case _:
                missed = MissVisit(fault_number=fault, cause=MissCause.NOT_EQUIPPED, words="No such socket in the van.")
                is_done = say(engine, miss_visit, missed, by, at)
        if not is_done:
            return False
        if case.course in {Course.STORES, Course.PERMISSION}:
            case.goes_on = max(case.ends_on, add_working_days(day, 1, NATION))
        elif case.course is Course.NO_ACCESS:
            case.goes_on = add_working_days(day, 1, NATION)
        return True

    def _clear(self, engine: Engine, fault: str, case: Case, by: Actor, at: datetime) -> bool:
        def mend(session: Session) -> None:
            pair = _spare_pair(session, case.number) if case.moves_pair else None
            telling = ClearFault(fault_number=fault, clear_code=case.trouble.clear_code, words=case.trouble.mended, pair_number=pair)
            clear_fault(session, telling, by=by, at=at)
            # A pair that the line has left stays as it is until somebody digs.
            if case.trouble.element is not None and pair is None:
                mend_plant(session, MendPlant(element=case.trouble.element, number=case.number), by=FIELD, at=at)

        if not attempt(engine, mend) and not self._cleared_again(engine, fault, case, by, at):
            return False
        case.cleared_on = london_date(at)
        self.cleared += 1
        return True

    @staticmethod
    def _cleared_again(engine: Engine, fault: str, case: Case, by: Actor, at: datetime) -> bool:
        """The plant was mended before: the clear was rejected, or went with something else."""
        telling = ClearFault(fault_number=fault, clear_code=case.trouble.clear_code, words=case.trouble.mended)
        return say(engine, clear_fault, telling, by, at)


def _spare_pair(session: Session, number: str) -> int | None:
    """A spare pair of the line's distribution point, as the engineer finds it there."""
    of_line = (
        select(Pair.distribution_point_id)
        .join(Line, Line.pair_id == Pair.id)
        .join(Service, Service.line_id == Line.id)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .where(ServiceNumber.number == number, ServiceNumber.ends_at.is_(None))
    )
    kept = select(Line.pair_id).where(Line.pair_id.is_not(None), Line.ends_on.is_(None))
    spare = select(Pair.pair_number).where(Pair.distribution_point_id.in_(of_line), Pair.state == PairState.SPARE, Pair.id.not_in(kept))
    return session.execute(spare.order_by(Pair.pair_number).limit(1)).scalar()
