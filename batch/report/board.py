"""All districts on one page: how the latest run of each net stands, which district is behind, and whether a clock looks."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from textwrap import wrap
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from batch.model import JobInstance
from batch.report.text import WIDTH, said
from batch.repository import clocks_beating, is_held
from batch.rules.alarms import is_late
from batch.rules.standing import AWAITS_APPROVAL, TO_RERUN, awaits_approval, is_put_back
from batch.rules.wording import clock_time, count_of, shortened
from batch.words import ExecutionState, InstanceState
from billing.queries.accounts import held_bills_by_district
from css.core.calendar import to_london
from css.db.sql import block
from css.master.clocks import lived_day

LOOKED_BACK_DAYS: Final = 100
"""A quarter: the last quarter's end is still there."""
NIGHT: Final = "night"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """The latest run of a net."""

    district_code: str
    """Empty: of the whole house."""
    net: str
    business_date: date | None
    """None: none was ever begun."""
    state: InstanceState
    is_dead: bool
    """Marked running, and no process holds it."""
    is_put_back: bool
    """A step of it is to be run again, and waits for somebody to start it."""
    is_late: bool
    """Not over though it should be."""
    attempt: int
    steps_done: int
    step_at: str | None
    """Where it is, or stopped."""
    started_at: datetime | None
    ended_at: datetime | None
    return_code: int | None
    message_code: str | None
    message_words: str | None
    held_by: str | None
    open_alarms: int
    open_rejects: int
    """Of this run alone; ``Board.waiting`` counts those of every run."""

    @property
    def needs_a_person(self) -> bool:
        """Whether it goes no further by itself, or should have come further."""
        return self.is_dead or self.is_late or bool(self.held_by) or self.state in {InstanceState.FAILED, InstanceState.STOPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictRow:
    """A district and its dates."""

    code: str
    name: str
    current_on: date
    closed_through: date

    @property
    def days_open(self) -> int:
        """Business dates that are over and not closed."""
        return max(0, (self.current_on - self.closed_through).days - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """What waits for a person in a district, whichever run it came from."""

    district_code: str
    """Empty: of the whole house."""
    alarms: int
    rejects: int
    """Items set aside and open."""
    held_bills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The whole house."""

    at: datetime
    districts: tuple[DistrictRow, ...]
    rows: tuple[BoardRow, ...]
    """By district, then by net; the house at the end."""
    waiting: tuple[WaitingRow, ...]
    """Where anything waits, by district; the house at the end."""
    clocks_looking: int


def night_board(session: Session, *, at: datetime) -> Board:
    """How the latest run of each net stands in every district. Six statements, however many districts there are."""
    districts = tuple(
        DistrictRow(code=row.code, name=row.name, current_on=row.current_on, closed_through=row.closed_through)
        for row in session.execute(block("batch", "report.districts"), {})
    )
    newest = max((one.current_on for one in districts), default=at.date())
    found = session.execute(block("batch", "report.board"), {"since": newest - timedelta(days=LOOKED_BACK_DAYS)}).all()
    running = [row.id for row in found if row.state == InstanceState.RUNNING]
    held = set(session.execute(select(JobInstance.id).where(JobInstance.id.in_(running), is_held(JobInstance.id))).scalars())
    begun = {row.district_code for row in found if row.net == NIGHT}
    # In a demo no hour is meant: its nights are run by hand.
    is_lived = lived_day(session) is not None
    rows = [_row(row, is_dead=row.id in running and row.id not in held, is_lived=is_lived, at=at) for row in found]
    rows += [_never(one.code) for one in districts if one.code not in begun]
    in_order = sorted(rows, key=lambda row: (not row.district_code, row.district_code, row.net != NIGHT, row.net))
    return Board(at=at, districts=districts, rows=tuple(in_order), waiting=_waiting(session), clocks_looking=clocks_beating(session))


def _waiting(session: Session) -> tuple[WaitingRow, ...]:
    ours = {row.district_code: row for row in session.execute(block("batch", "report.waiting"), {})}
    held = held_bills_by_district(session)
    return tuple(
        WaitingRow(
            district_code=code,
            alarms=ours[code].alarms if code in ours else 0,
            rejects=ours[code].rejects if code in ours else 0,
            held_bills=held.get(code, 0),
        )
        for code in sorted({*ours, *held}, key=lambda code: (not code, code))
    )


def _row(row: Row[Any], *, is_dead: bool, is_lived: bool, at: datetime) -> BoardRow:
    state = InstanceState(row.state)
    is_over = state in {InstanceState.COMPLETED, InstanceState.SKIPPED}
    return BoardRow(
        district_code=row.district_code or "",
        net=row.net,
        business_date=row.business_date,
        state=state,
        is_dead=is_dead,
        is_put_back=is_put_back(state, ExecutionState(row.attempt_state)),
        is_late=not is_over and not is_lived and is_late(row.must_end_by, at),
        attempt=row.attempt,
        steps_done=row.steps_done,
        step_at=row.step_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        return_code=row.return_code,
        message_code=row.message_code,
        message_words=row.message_words,
        held_by=row.held_by,
        open_alarms=row.open_alarms,
        open_rejects=row.open_rejects,
    )


def _never(district: str) -> BoardRow:
    return BoardRow(
        district_code=district,
        net=NIGHT,
        business_date=None,
        state=InstanceState.PLANNED,
        is_dead=False,
        is_put_back=False,
        is_late=False,
        attempt=0,
        steps_done=0,
        step_at=None,
        started_at=None,
        ended_at=None,
        return_code=None,
        message_code=None,
        message_words=None,
        held_by=None,
        open_alarms=0,
        open_rejects=0,
    )


def board_text(board: Board) -> str:
    """The board, 96 columns."""
    return "\n".join(line.rstrip() for line in _lines(board)) + "\n"


def _lines(board: Board) -> Iterator[str]:
    names = {one.code: one for one in board.districts}
    clocks = f"{count_of(board.clocks_looking, 'clock')} looking" if board.clocks_looking else "NO CLOCK LOOKS: nothing starts by itself"
    yield f"CSS NIGHT BOARD   {clock_time(board.at, '%a %d %b %Y %H:%M')}   {clocks}"
    yield "=" * WIDTH
    yield f"{'district':<17}{'net':<13}{'date':<11}{'how it stands':<29}{'ended':>6}{'alarms':>7}{'aside':>6}{'open':>7}"
    yield "-" * WIDTH
    for row in board.rows:
        district = names.get(row.district_code)
        whom = f"{row.district_code} {district.name}" if district else "the whole house"
        behind = f"{district.days_open} d" if district and row.net == NIGHT and district.days_open else ""
        day = f"{row.business_date:%a %d %b}" if row.business_date else "-"
        ended = f"{to_london(row.ended_at):%H:%M}" if row.ended_at else ""
        yield (
            f"{shortened(whom, 16):<17}{shortened(row.net, 12):<13}{day:<11}{shortened(_stands(row), 28):<29}{ended:>6}"
            f"{row.open_alarms or '':>7}{row.open_rejects or '':>6}{behind:>7}"
        )
    yield ""
    stopped = [row for row in board.rows if row.needs_a_person]
    to_look_at = [*_to_look_at(board, {(row.district_code, row.net) for row in stopped})]
    yield "For a person:" if stopped or to_look_at else "For a person: nothing."
    for row in stopped:
        yield from wrap(f"{row.district_code or 'house'} {row.net}: {_why(row)}", WIDTH, initial_indent="  ", subsequent_indent="      ")
        yield f"      $ {_report_of(row)}"
    for words, command in to_look_at:
        yield from wrap(words, WIDTH, initial_indent="  ", subsequent_indent="      ")
        yield f"      $ {command}"


def _to_look_at(board: Board, told: Container[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What no run is stopped by and a person must see all the same, and the command that says more; ``told`` are the runs told above."""
    for one in board.waiting:
        where = one.district_code or "house"
        # Alarms are of whichever run: the report has those of one alone.
        if one.alarms:
            yield f"{where}: {count_of(one.alarms, 'open alarm')}.", f"css night alarms {one.district_code}".rstrip()
        counts = ((one.rejects, "item set aside"), (one.held_bills, "held bill"))
        what = ", ".join(_counted(count, noun) for count, noun in counts if count)
        if what:
            yield f"{where}: {what}.", f"css night report {one.district_code}" if one.district_code else "css ask rejects"
    named = {one.district_code for one in board.waiting}
    for row in board.rows:
        is_told = row.district_code in named or (row.district_code, row.net) in told
        if row.return_code and row.state is InstanceState.COMPLETED and not is_told:
            yield f"{row.district_code or 'house'} {row.net}: done with return code {row.return_code}.", _report_of(row)


def _report_of(row: BoardRow) -> str:
    net = "" if row.net == NIGHT else f" --net {row.net}"
    return f"css night report {row.district_code}{' ' if row.district_code else ''}--date {row.business_date}{net}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} items set aside" if noun == "item set aside" and count != 1 else count_of(count, noun)


def _stands(row: BoardRow) -> str:
    if row.business_date is None:
        return "never begun"
    if row.is_dead:
        return "DIED"
    if row.is_put_back:
        return TO_RERUN.upper()
    at = f" at {row.step_at}" if row.step_at else ""
    match row.state:
        case InstanceState.COMPLETED:
            return f"done, {row.return_code}"
        case InstanceState.FAILED | InstanceState.STOPPED:
            return AWAITS_APPROVAL.upper() if awaits_approval(row.state, row.message_code) else f"{row.state.value.upper()}{at}"
        case _:
            return f"{row.state.value}{at}"


def _why(row: BoardRow) -> str:
    late = "It should have ended. " if row.is_late else ""
    if row.is_dead:
        return f"{late}Its process is gone without a word."
    if row.held_by and row.state is not InstanceState.COMPLETED:
        return f"{late}Held by {row.held_by}."
    if row.is_put_back:
        return f"{late}A step of it is to be run again; somebody starts it."
    return f"{late}{said(row.message_code, row.message_words) if row.message_code else ''}".rstrip()
