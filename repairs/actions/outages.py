"""Failures of shared plant: one matter, told once, cleared together.

An outage's verb locks the outage's row first and its faults by their ids after it; whoever has a fault locked touches no outage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, CssError, NotFound, Refusals, Refused
from css.db.sql import block
from css.master.plant import Cabinet, DistributionPoint, Exchange, no_exchange
from repairs.actions.beneath import hang, outage_over
from repairs.actions.clear import clear_locked
from repairs.actions.working import locked_fault, require_may, step, tell_all
from repairs.actions.working import record as record_fault
from repairs.commands.faults import FaultChanged
from repairs.commands.outages import ClearOutage, DeclareOutage, DetachFault, OutageChanged, UpdateOutage, WithdrawOutage
from repairs.model import Fault, Outage
from repairs.rules.clear import clear_code
from repairs.rules.lifecycle import move
from repairs.rules.outages import (
    SIZES,
    WORDS,
    changed,
    element_words,
    expected_faults,
    faults_words,
    missing,
    named,
    no_outage,
    outage_faults,
    over,
    place_words,
    told_words,
    wrong_time,
)
from repairs.rules.report import too_long
from repairs.words import OutageState, PlantKind

__all__ = ["clear_outage", "declare_outage", "detach_fault", "outage_over", "update_outage", "withdraw_outage"]


@dataclass(frozen=True, slots=True)
class Element:
    """A piece of shared plant, with what it is joined to."""

    kind: PlantKind
    exchange_id: int
    cabinet_id: int | None
    distribution_point_id: int | None
    words: str

    @property
    def key(self) -> tuple[int | None, int | None, int | None]:
        """Exchange, cabinet, distribution point: the one that failed, as rows name it."""
        at = SIZES.index(self.kind)
        ids = (self.exchange_id, self.cabinet_id, self.distribution_point_id)
        first, second, third = (ids[n] if n == at else None for n in range(3))
        return first, second, third


@audit.answered
def declare_outage(session: Session, command: DeclareOutage, *, by: Actor, at: datetime) -> OutageChanged:
    """Say that a piece of shared plant has failed: every open fault beneath it hangs on the outage from now and is told so once.

    What hangs on a smaller outage already stays there. Faults reported from now on come to the largest outage above them.

    Raises:
        NotFound: CSS827E no such exchange, CSS879E no such cabinet or distribution point.
        Refused: CSS305E, CSS315E, CSS878E, CSS879E, CSS887E.
        Conflict: CSS875E, an outage of the same piece of plant is open; it is named.
    """
    require_may(by, "declare")
    wrong = Refusals()
    wrong.add(*outage_faults(command, at=at))
    wrong.tell()
    element = _element(session, command)
    session.execute(block("repairs", "outages.door"), {"exchange": element.exchange_id})
    above = _above(session, element)
    exchange_id, cabinet_id, distribution_point_id = element.key
    outage = Outage(
        district_code=command.district_code,
        kind=command.kind,
        exchange_id=exchange_id,
        cabinet_id=cabinet_id,
        distribution_point_id=distribution_point_id,
        state=OutageState.OPEN,
        began_at=command.began_at or at,
        expected_at=command.expected_at,
        cause=command.cause.strip(),
        message=command.message.strip(),
        declared_by=by.name,
        declared_at=at,
    )
    session.add(outage)
    session.flush()
    reach = {"district": command.district_code, "exchange": exchange_id, "cabinet": cabinet_id, "point": distribution_point_id}
    beneath = session.execute(block("repairs", "outages.beneath"), reach).scalars().all()
    attach(session, outage, element.words, beneath, by=by, at=at)
    elsewhere = session.execute(block("repairs", "outages.elsewhere"), reach | {"outage": outage.id}).scalar_one()
    words = _declared_words(element, len(beneath), elsewhere, above)
    record(session, outage, "declare_outage", None, by=by, at=at, **said(command), faults=len(beneath))
    return OutageChanged(outage_id=outage.id, state=outage.state, faults=len(beneath), words=words)


@audit.answered
def update_outage(session: Session, command: UpdateOutage, *, by: Actor, at: datetime) -> OutageChanged:
    """Tell everybody who hangs on an outage something new: one event on each open fault.

    Raises:
        NotFound: CSS874E.
        Conflict: CSS876E, somebody else changed it meanwhile.
        Refused: CSS305E, CSS315E, CSS877E it is over, CSS878E nothing new is said, CSS887E.
    """
    require_may(by, "declare")
    wrong = Refusals()
    if command.expected_at is None:
        wrong.add(*missing(message=command.message or ""))
    wrong.add(*too_long(message=command.message), *expected_faults(command.expected_at, at=at))
    wrong.tell()
    outage = _locked(session, command.outage_id, command.row_version)
    outage.message = (command.message or "").strip() or outage.message
    outage.expected_at = command.expected_at or outage.expected_at
    outage.row_version += 1
    faults = session.execute(block("repairs", "outages.attached"), {"outage": outage.id}).scalars().all()
    told = told_words(outage.message, outage.expected_at)
    tell_all(session, faults, "inform", told, by=by, at=at)
    record(session, outage, "update_outage", outage.state, by=by, at=at, **said(command), faults=len(faults))
    return OutageChanged(outage_id=outage.id, state=outage.state, faults=len(faults), words=f"{faults_words(len(faults))} told: {told}")


@audit.answered
def clear_outage(session: Session, command: ClearOutage, *, by: Actor, at: datetime) -> OutageChanged:
    """It works again: every open fault that hangs on it, parked ones too, is cleared with the same code at the same instant.

    A fault that this does not fit is left open, hangs on nothing any more, and is named with the reason.

    Raises:
        NotFound: CSS874E.
        Conflict: CSS876E, somebody else changed it meanwhile.
        Refused: CSS305E, CSS306E, CSS315E, CSS877E it is over, CSS887E.
    """
    require_may(by, "declare")
    wrong = Refusals()
    code = wrong.reading(lambda: clear_code(command.clear_code))
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    assert code is not None, "what nobody knows has been told"
    outage = _locked(session, command.outage_id, command.row_version)
    cleared_at = command.cleared_at or at
    if not outage.began_at <= cleared_at <= at:
        raise wrong_time("An outage ends between its beginning and now.", "cleared_at")
    before = _end(outage, OutageState.CLEARED, cleared_at)
    outage.clear_code = code.code
    session.flush()
    faults = session.execute(
        select(Fault)
        .where(Fault.outage_id == outage.id, Fault.is_open)
        .order_by(Fault.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    words = command.words.strip() or f"Outage {outage.id} is mended."
    left: dict[str, int] = {}
    cleared = 0
    for number, fault in [(fault.number, fault) for fault in faults]:
        try:
            with session.begin_nested():
                clear_locked(session, fault, code, words=words, cleared_at=cleared_at, by=by, at=at)
            cleared += 1
        except CssError as error:
            left[f"{number} ({error.text})"] = fault.id
    _let_go(session, left.values(), f"Outage {outage.id} is mended, but this does not end with it.", by=by, at=at)
    told = f"{faults_words(cleared)} cleared with {code.code}, {code.words}."
    if left:
        told += f" Left open: {named(list(left))}."
    record(session, outage, "clear_outage", before, by=by, at=at, **said(command), faults=cleared, left=len(left))
    return OutageChanged(outage_id=outage.id, state=outage.state, faults=cleared, left=len(left), words=told)


@audit.answered
def withdraw_outage(session: Session, command: WithdrawOutage, *, by: Actor, at: datetime) -> OutageChanged:
    """It was none: its faults go on by themselves, or hang on the largest outage that is still open above them.

    Raises:
        NotFound: CSS874E.
        Conflict: CSS876E, somebody else changed it meanwhile.
        Refused: CSS305E, CSS315E, CSS877E it is over, CSS878E no reason.
    """
    require_may(by, "declare")
    wrong = Refusals()
    wrong.add(*missing(reason=command.reason), *too_long(reason=command.reason))
    wrong.tell()
    exchange_id = session.execute(block("repairs", "outages.exchange_of"), {"outage": command.outage_id}).scalar()
    if exchange_id is not None:  # so that no other outage is declared there while its faults look for one
        session.execute(block("repairs", "outages.door"), {"exchange": exchange_id})
    outage = _locked(session, command.outage_id, command.row_version)
    before = _end(outage, OutageState.WITHDRAWN, at)
    session.flush()
    faults = session.execute(block("repairs", "outages.attached"), {"outage": outage.id}).scalars().all()
    moved = _move_on(session, faults, by=by, at=at)
    alone = [one for one in faults if one not in moved]
    _let_go(session, alone, f"There was no such failure: {command.reason.strip()} The fault goes on by itself.", by=by, at=at)
    told = f"{faults_words(len(alone)).capitalize()} {'go' if len(alone) > 1 else 'goes'} on alone."
    if moved:
        told += f" {faults_words(len(moved)).capitalize()} moved to another outage that is open above."
    record(session, outage, "withdraw_outage", before, by=by, at=at, **said(command), faults=len(faults))
    return OutageChanged(outage_id=outage.id, state=outage.state, faults=len(faults), words=told)


@audit.answered
def detach_fault(session: Session, command: DetachFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Let a fault go on by itself: it is another matter than the outage it hangs on.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E it has ended, CSS305E, CSS315E, CSS878E no reason, CSS888E it hangs on none.
    """
    require_may(by, "declare")
    wrong = Refusals()
    wrong.add(*missing(reason=command.reason), *too_long(reason=command.reason))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    move(fault.number, fault.state, "detach")
    if fault.outage_id is None:
        raise Refused("CSS888E", "Fault {fault} hangs on no outage.", fault=fault.number, element="fault_number")
    outage_id, fault.outage_id = fault.outage_id, None
    before = step(session, fault, "detach", f"No part of outage {outage_id}: {command.reason.strip()}", by=by, at=at)
    record_fault(session, fault, command, "detach_fault", before, by=by, at=at, outage_id=outage_id)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=False, due_at=fault.due_at)


def attach(session: Session, outage: Outage, place: str, faults: Sequence[int], *, by: Actor, at: datetime) -> None:
    """Let faults that are locked hang on an outage, each told once why and what to expect."""
    if faults:
        hang(session, outage.id, faults)
        words = f"Part of the failure of {place}. {told_words(outage.message, outage.expected_at)}"
        tell_all(session, faults, "attach", words, by=by, at=at)


def record(session: Session, outage: Outage, verb: str, before: OutageState | None, *, by: Actor, at: datetime, **more: object) -> None:
    """Write the deed to the audit trail."""
    was: dict[str, Any] | None = None if before is None else {"state": before.value}
    after = {"state": outage.state.value, **more}
    audit.record(session, by=by, at=at, verb=verb, subject=("outage", str(outage.id)), before=was, after=after)
    session.flush()


def said(command: object) -> dict[str, Any]:
    """What was asked for, as the audit trail keeps it."""
    return {name: value for name, value in to_plain(command).items() if name not in {"token", "row_version", "outage_id"}}


def _locked(session: Session, outage_id: int, row_version: int | None) -> Outage:
    """An open outage, locked until the transaction ends and as it stands now.

    Raises:
        NotFound: CSS874E.
        Conflict: CSS876E, somebody else changed it since ``row_version`` was seen.
        Refused: CSS877E, it is over.
    """
    outage = session.get(Outage, outage_id, with_for_update=True, populate_existing=True)
    if outage is None:
        raise no_outage(outage_id)
    if row_version is not None and row_version != outage.row_version:
        raise changed("outage", outage.id, outage.state, outage.row_version, row_version)
    if outage.state is not OutageState.OPEN:
        raise over("outage", outage.id, outage.state)
    return outage


def _end(outage: Outage, state: OutageState, at: datetime) -> OutageState:
    """End an outage that is locked; how it stood before."""
    before = outage.state
    outage.state = state
    # Two machines' clocks may differ by a moment; none ends before it began.
    outage.ended_at = max(at, outage.began_at)
    outage.row_version += 1
    return before


def _let_go(session: Session, faults: Collection[int], words: str, *, by: Actor, at: datetime) -> None:
    """Faults that are locked go on by themselves, each told why."""
    if faults:
        hang(session, None, list(faults))
        tell_all(session, list(faults), "detach", words, by=by, at=at)


def _move_on(session: Session, faults: Sequence[int], *, by: Actor, at: datetime) -> frozenset[int]:
    """Hang faults on the largest outage that is open above them; gives those for which there was one."""
    wanted: dict[int, list[int]] = defaultdict(list)
    for row in session.execute(block("repairs", "outages.others_over"), {"faults": list(faults)}):
        wanted[row.outage_id].append(row.fault_id)
    if not wanted:
        return frozenset()
    held = session.execute(
        select(Outage)
        .where(Outage.id.in_(wanted), Outage.state == OutageState.OPEN)
        .order_by(Outage.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).scalars()
    places = {row.id: place_words(row) for row in session.execute(block("repairs", "outages.places"), {"outages": list(wanted)})}
    moved: list[int] = []
    for other in held.all():  # nested outages are few: an exchange, a cabinet, a distribution point
        attach(session, other, places[other.id], wanted[other.id], by=by, at=at)
        moved += wanted[other.id]
    return frozenset(moved)


def _element(session: Session, command: DeclareOutage) -> Element:
    """What the codes name.

    Raises:
        NotFound: CSS827E, CSS879E.
    """
    row = session.execute(
        select(Exchange.id, Cabinet.id.label("cabinet_id"), DistributionPoint.id.label("point_id"))
        .outerjoin(Cabinet, (Cabinet.exchange_id == Exchange.id) & (Cabinet.code == command.cabinet_code))
        .outerjoin(
            DistributionPoint,
            (DistributionPoint.cabinet_id == Cabinet.id) & (DistributionPoint.code == command.distribution_point_code),
        )
        .where(Exchange.district_code == command.district_code, Exchange.code == command.exchange_code)
    ).one_or_none()
    if row is None:
        raise no_exchange(command.district_code, command.exchange_code)
    if command.cabinet_code and row.cabinet_id is None:
        raise NotFound(
            "CSS879E",
            "There is no cabinet {code} at exchange {exchange}.",
            code=command.cabinet_code[:20],
            exchange=command.exchange_code,
            element="cabinet_code",
        )
    if command.distribution_point_code and row.point_id is None:
        raise NotFound(
            "CSS879E",
            "There is no distribution point {code} at cabinet {cabinet}.",
            code=command.distribution_point_code[:20],
            cabinet=command.cabinet_code,
            element="distribution_point_code",
        )
    words = element_words(command.kind, command.exchange_code, command.cabinet_code, command.distribution_point_code)
    return Element(command.kind, row.id, row.cabinet_id, row.point_id, words)


def _above(session: Session, element: Element) -> Outage | None:
    """The largest open outage above a piece of plant, once its exchange's door is ours.

    Raises:
        Conflict: CSS875E, the piece itself has one.
    """
    columns = (Outage.exchange_id, Outage.cabinet_id, Outage.distribution_point_id)
    ids = (element.exchange_id, element.cabinet_id, element.distribution_point_id)
    on_the_way = or_(*(column == one for column, one in zip(columns, ids, strict=True) if one is not None))
    rows = session.execute(
        select(Outage).where(Outage.state == OutageState.OPEN, on_the_way).execution_options(populate_existing=True)
    ).scalars()
    found = sorted(rows, key=lambda one: SIZES.index(one.kind))
    same = next((one for one in found if (one.exchange_id, one.cabinet_id, one.distribution_point_id) == element.key), None)
    if same is not None:
        raise Conflict(
            "CSS875E",
            "Outage {outage} of {place} is open already, declared by {who}: {cause}",
            outage=same.id,
            place=element.words,
            who=same.declared_by,
            cause=same.cause,
        )
    return found[0] if found else None


def _declared_words(element: Element, attached: int, elsewhere: int, above: Outage | None) -> str:
    words = f"Outage of {element.words}: {faults_words(attached)} beneath it {_verb(attached, 'hang')} on it."
    if elsewhere:
        others = f"{_verb(elsewhere, 'belong')} to other outages and {_verb(elsewhere, 'stay')} there"
        words += f" {faults_words(elsewhere).capitalize()} beneath it {others}."
    if above is not None:
        words += f" New faults go to outage {above.id} of the {WORDS[above.kind]} above it, the largest."
    else:
        words += " New faults come to it."
    return words


def _verb(count: int, verb: str) -> str:
    return verb if count > 1 else f"{verb}s"
