"""A line moved to another pair of its distribution point, to clear a fault of the pair it was on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.errors import Breach, CssError, Refused
from css.core.words import PairState
from css.master.lines import Line
from css.master.plant import Pair
from repairs.model import Fault, PairChange


def change_pair(session: Session, fault: Fault, pair_number: int, *, by: Actor, at: datetime) -> str:
    """Move the fault's line to a spare pair of its distribution point; the one it leaves is faulty until it is mended.

    The fault is locked by the caller. The line and both pairs are locked here, the wanted pair before it is looked at, so that
    of a repair and an order that want the same one exactly one gets it. Gives a sentence for the fault's story.

    Raises:
        Refused: CSS348E, the pair is not there, not spare, or kept for another line.
    """
    if fault.line_id is None:
        msg = f"fault {fault.number} has no line to move"
        raise Breach(msg)
    line = session.get_one(Line, fault.line_id, with_for_update=True, populate_existing=True)
    old = None if line.pair_id is None else session.get_one(Pair, line.pair_id)
    if old is None:
        raise _no_pair(pair_number, "the line is on none now")
    new = session.execute(
        select(Pair)
        .where(Pair.distribution_point_id == old.distribution_point_id, Pair.pair_number == pair_number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if new is None:
        raise _no_pair(pair_number, "there is none of that number")
    if new.id == old.id:
        raise _no_pair(pair_number, "the line is on it")
    if new.state is not PairState.SPARE:
        raise _no_pair(pair_number, f"it is {new.state.value}")
    # A statement of its own after the lock: what it sees is younger. An order keeps a pair by a planned line while it is spare.
    if session.execute(select(exists().where(Line.pair_id == new.id, Line.ends_on.is_(None)))).scalar_one():
        raise _no_pair(pair_number, "it is kept for another line")
    session.get_one(Pair, old.id, with_for_update=True, populate_existing=True)
    old.state, new.state = PairState.FAULTY, PairState.WORKING
    line.pair_id = new.id
    line.row_version += 1
    session.add(PairChange(fault_id=fault.id, line_id=line.id, from_pair_id=old.id, to_pair_id=new.id, changed_at=at, done_by=by.name))
    session.flush()
    audit.record(
        session,
        by=by,
        at=at,
        verb="change_pair",
        subject=("line", str(line.id)),
        before={"pair_number": old.pair_number},
        after={"pair_number": new.pair_number, "fault_number": fault.number},
    )
    return f"The line was moved from pair {old.pair_number} to pair {new.pair_number}."


def _no_pair(pair_number: int, why: str) -> CssError:
    return Refused(
        "CSS348E",
        "The line cannot be moved to pair {pair} of its distribution point: {why}.",
        pair=pair_number,
        why=why,
        element="pair_number",
    )
