"""Matters beyond our reasonable control (MBORC): declared for an area and an activity from an instant, narrowed, lifted.

They void wholesale guarantees and stop no clock. Every open fault's intervals say from when to when it was under one; all
that is open in an area is cut in a handful of statements, however much it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import NotFound, Refusals, Refused
from css.db.sql import block
from css.master.districts import District, no_district
from css.master.plant import Cabinet, Exchange, no_exchange
from repairs.actions.clock import mborc_lock
from repairs.actions.working import require_may, tell_all
from repairs.commands.outages import DeclareMborc, LiftMborc, MborcChanged, NarrowMborc
from repairs.model import Mborc
from repairs.rules.clear import clear_code
from repairs.rules.clock import said_at, unsaid
from repairs.rules.report import too_long
from repairs.words import Activity, ClockState


class _Area(NamedTuple):
    exchange_id: int | None
    cabinet_id: int | None


@audit.answered
def declare_mborc(session: Session, command: DeclareMborc, *, by: Actor, at: datetime) -> MborcChanged:
    """From an instant, now or earlier, what happens in an area is beyond our control: open faults' clocks run under it from then on.

    A parked fault stays parked and comes under it when it goes on. Faults reported later in the area begin under it. What is
    declared for provision is kept for orders to be judged by and touches no fault.

    Raises:
        NotFound: CSS101E no such district, CSS827E no such exchange, CSS879E no such cabinet.
        Refused: CSS305E, CSS306E no such clear code, CSS315E the actor may not, CSS325E nothing is said of what it is, CSS327E it
            begins later than now, CSS331E a cabinet without its exchange.
    """
    require_may(by, "declare")
    wrong = Refusals()
    starts_at = command.starts_at or at
    wrong.add(*unsaid("what it is: the storm, the strike", cause=command.cause), *too_long(cause=command.cause))
    codes = wrong.reading(lambda: _codes(command.clear_codes))
    if starts_at > at:
        wrong.add(Refused("CSS327E", "An MBORC cannot be declared before it has begun.", element="starts_at"))
    area = wrong.reading(lambda: _area(session, command))
    wrong.tell()
    assert area is not None, "what was not found has been told"
    _lock(session, command.district_code)
    mborc = Mborc(
        district_code=command.district_code,
        exchange_id=area.exchange_id,
        cabinet_id=area.cabinet_id,
        activity=command.activity,
        cause=command.cause.strip(),
        clear_codes=codes,
        starts_at=starts_at,
        declared_by=by.name,
        declared_at=at,
    )
    session.add(mborc)
    session.flush()
    faults = _faults(session, mborc)
    _cover(session, mborc, faults, by=by)
    narrowed = f", for faults cleared with {codes}" if codes else ""
    words = f"Beyond our control since {said_at(starts_at)}: {mborc.cause}{narrowed}. No wholesale guarantee; the deadline stays."
    tell_all(session, faults, "declare", words, by=by, at=at)
    _record(session, mborc, command, "declare_mborc", by=by, at=at, faults=len(faults))
    return MborcChanged(mborc_id=mborc.id, is_in_force=True, faults=len(faults))


@audit.answered
def narrow_mborc(session: Session, command: NarrowMborc, *, by: Actor, at: datetime) -> MborcChanged:
    """From now it covers only faults that turn out to be caused by it: those cleared with one of these codes. Clocks stay as they are.

    Raises:
        NotFound: CSS330E.
        Refused: CSS306E no such clear code, CSS315E, CSS325E no code, CSS331E it was lifted, or would be wider than it is.
    """
    require_may(by, "declare")
    wrong = Refusals()
    wrong.add(*unsaid("with which clear codes it is narrowed", clear_codes="".join(command.clear_codes)))
    codes = wrong.reading(lambda: _codes(command.clear_codes))
    wrong.tell()
    mborc = _locked(session, command.mborc_id)
    _check_in_force(mborc)
    before = frozenset((mborc.clear_codes or "").split())
    if before and not frozenset(command.clear_codes) <= before:
        sentence = "MBORC {mborc} covers {codes} only; it cannot cover more than that. Lift it and declare another."
        raise Refused("CSS331E", sentence, mborc=mborc.id, codes=mborc.clear_codes, element="clear_codes")
    mborc.clear_codes = codes
    faults = _faults(session, mborc)
    words = f"{mborc.cause}: beyond our control only for faults cleared with {codes} from now on."
    tell_all(session, faults, "declare", words, by=by, at=at)
    _record(session, mborc, command, "narrow_mborc", by=by, at=at, faults=len(faults))
    return MborcChanged(mborc_id=mborc.id, is_in_force=True, faults=len(faults))


@audit.answered
def lift_mborc(session: Session, command: LiftMborc, *, by: Actor, at: datetime) -> MborcChanged:
    """It is over, now or since an earlier instant: open faults' clocks run as ever from then on, or under another that is in force.

    Raises:
        NotFound: CSS330E.
        Refused: CSS315E, CSS327E it ends later than now, CSS331E it was lifted already, or it ends before it began.
    """
    require_may(by, "declare")
    mborc = _locked(session, command.mborc_id)
    _check_in_force(mborc)
    ends_at = command.ends_at or at
    if ends_at > at:
        raise Refused("CSS327E", "An MBORC cannot be lifted before it is over.", element="ends_at")
    if ends_at < mborc.starts_at:
        sentence = "MBORC {mborc} began {begun}; it cannot have ended before."
        raise Refused("CSS331E", sentence, mborc=mborc.id, begun=said_at(mborc.starts_at), element="ends_at")
    mborc.ends_at = ends_at
    mborc.lifted_by = by.name
    faults = _faults(session, mborc)
    _cut(session, ClockState.MBORC, mborc.id, ends_at, faults, by=by)
    session.execute(block("repairs", "mborc.uncover"), {"faults": list(faults), "mborc": mborc.id, "ends": ends_at})
    for other in _others(session, mborc):
        within = {"faults": list(faults), "exchange": other.exchange_id, "cabinet": other.cabinet_id}
        _cover(session, other, session.execute(block("repairs", "mborc.within"), within).scalars().all(), by=by)
    words = f"Beyond our control no longer since {said_at(ends_at)}: {mborc.cause}."
    tell_all(session, faults, "lift", words, by=by, at=at)
    _record(session, mborc, command, "lift_mborc", by=by, at=at, faults=len(faults))
    return MborcChanged(mborc_id=mborc.id, is_in_force=False, faults=len(faults))


def _codes(codes: Sequence[str]) -> str | None:
    return " ".join(dict.fromkeys(clear_code(code).code for code in codes)) or None


def _area(session: Session, command: DeclareMborc) -> _Area:
    if session.get(District, command.district_code) is None:
        raise no_district(command.district_code)
    if not command.exchange_code:
        if command.cabinet_code:
            raise Refused(
                "CSS331E", "Say at which exchange the cabinet {cabinet} is.", cabinet=command.cabinet_code, element="exchange_code"
            )
        return _Area(None, None)
    row = session.execute(
        select(Exchange.id, Cabinet.id.label("cabinet_id"))
        .outerjoin(Cabinet, (Cabinet.exchange_id == Exchange.id) & (Cabinet.code == command.cabinet_code))
        .where(Exchange.district_code == command.district_code, Exchange.code == command.exchange_code)
    ).one_or_none()
    if row is None:
        raise no_exchange(command.district_code, command.exchange_code)
    if not command.cabinet_code:
        return _Area(row.id, None)
    if row.cabinet_id is None:
        sentence = "There is no cabinet {code} at exchange {exchange}."
        raise NotFound("CSS879E", sentence, code=command.cabinet_code[:20], exchange=command.exchange_code, element="cabinet_code")
    return _Area(None, row.cabinet_id)


def _lock(session: Session, district_code: str) -> None:
    """Reports that have begun are waited for, and those that begin now wait: each fault is under it or was there before."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(mborc_lock(district_code), 0))))


def _locked(session: Session, mborc_id: int) -> Mborc:
    district_code = session.execute(select(Mborc.district_code).where(Mborc.id == mborc_id)).scalar_one_or_none()
    if district_code is None:
        raise NotFound("CSS330E", "There is no MBORC {mborc}.", mborc=mborc_id, element="mborc_id")
    _lock(session, district_code)
    # Its key stays free: whoever goes on with a fault under it names it while holding the fault that is waited for here.
    statement = select(Mborc).where(Mborc.id == mborc_id).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one()


def _check_in_force(mborc: Mborc) -> None:
    if mborc.ends_at is not None:
        sentence = "MBORC {mborc} was lifted {ended} already."
        raise Refused("CSS331E", sentence, mborc=mborc.id, ended=said_at(mborc.ends_at), element="mborc_id")


def _faults(session: Session, mborc: Mborc) -> Sequence[int]:
    """The open faults it touches, locked."""
    if mborc.activity is not Activity.REPAIR:
        return ()
    asked = {"district": mborc.district_code, "exchange": mborc.exchange_id, "cabinet": mborc.cabinet_id, "mborc": mborc.id}
    return session.execute(block("repairs", "mborc.faults"), asked).scalars().all()


def _others(session: Session, mborc: Mborc) -> Sequence[Mborc]:
    """What else is in force when it ends, or came after it: the first begun counts first."""
    if mborc.activity is not Activity.REPAIR:
        return ()
    statement = select(Mborc).where(
        Mborc.district_code == mborc.district_code,
        Mborc.activity == Activity.REPAIR,
        Mborc.id != mborc.id,
        or_(Mborc.ends_at.is_(None), Mborc.ends_at > mborc.ends_at),
    )
    return session.execute(statement.order_by(Mborc.starts_at, Mborc.id)).scalars().all()


def _cover(session: Session, mborc: Mborc, faults: Sequence[int], *, by: Actor) -> None:
    """Clocks that run while it is in force run under it; those that stand, or are under another, stay as they are."""
    _cut(session, ClockState.RUNNING, None, mborc.starts_at, faults, by=by)
    if mborc.ends_at is not None:
        _cut(session, ClockState.RUNNING, None, mborc.ends_at, faults, by=by)
    told = {"faults": list(faults), "mborc": mborc.id, "starts": mborc.starts_at, "ends": mborc.ends_at}
    session.execute(block("repairs", "mborc.cover"), told)


def _cut(session: Session, state: ClockState, mborc_id: int | None, instant: datetime, faults: Sequence[int], *, by: Actor) -> None:
    session.flush()
    told = {"faults": list(faults), "state": state.value, "mborc": mborc_id, "instant": instant, "who": by.name}
    session.execute(block("repairs", "mborc.cut"), told)


def _record(session: Session, mborc: Mborc, command: object, verb: str, *, by: Actor, at: datetime, faults: int) -> None:
    after = {name: value for name, value in to_plain(command).items() if name != "token"}
    audit.record(session, by=by, at=at, verb=verb, subject=("mborc", str(mborc.id)), after={**after, "faults": faults})
    session.flush()
