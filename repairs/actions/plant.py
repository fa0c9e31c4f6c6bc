"""Breaking and mending plant: the physical condition alone. What the records say of it is changed by other verbs, but for one.

A pair that the records call faulty is spare again when it is mended: nobody would give it out otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import to_london
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refusals, Refused
from css.core.words import LineState, PairState, PlantCondition, PlantElement, Role
from css.db.constraints import constraint_of
from css.db.sql import block
from css.master.customer_fields import require_staff
from css.master.lines import Line
from css.master.plant import Pair
from css.master.plant_condition import PlantTrouble
from repairs.actions.finding import line_in_trouble
from repairs.commands.testing import BreakPlant, MendPlant, PlantSet
from repairs.rules.report import too_long

METRES_MAX: Final = 50_000
_NAMED_BY: Final = ("district_code", "exchange_code", "cabinet_code", "distribution_point_code", "pair_number")
_NAMED_BY_SO_MANY: Final = {
    PlantElement.EXCHANGE: 2,
    PlantElement.CABINET: 3,
    PlantElement.DISTRIBUTION_POINT: 4,
    PlantElement.PAIR: 5,
    PlantElement.PREMISES: 5,
}
_COLUMN: Final[dict[PlantElement, InstrumentedAttribute[int | None]]] = {
    PlantElement.EXCHANGE: PlantTrouble.exchange_id,
    PlantElement.CABINET: PlantTrouble.cabinet_id,
    PlantElement.DISTRIBUTION_POINT: PlantTrouble.distribution_point_id,
    PlantElement.PAIR: PlantTrouble.pair_id,
    PlantElement.PREMISES: PlantTrouble.site_id,
}
_IN_THE_SWITCH: Final = frozenset({PlantElement.EXCHANGE, PlantElement.PAIR})
"""What the switch holds data of: all its lines, or the one on a pair."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of plant."""

    element: PlantElement
    id: int
    words: str
    key: str
    """By what the audit trail names it."""


@audit.answered
def break_plant(session: Session, command: BreakPlant, *, by: Actor, at: datetime) -> PlantSet:
    """Set what is physically wrong with a piece of plant. No record and no fault changes by it.

    Raises:
        NotFound: CSS311E and its family, the line; CSS335E, the piece.
        Refused: CSS305E; CSS111E, the actor may not; CSS335E, not named in full; CSS336E, not possible there.
        Conflict: CSS337E, something is wrong with it already.
    """
    require_staff(by, Role.REPAIR, Role.SUPERVISOR)
    wrong = Refusals()
    wrong.add(*too_long(words=command.words))
    if command.condition is PlantCondition.DATA and command.element not in _IN_THE_SWITCH:
        sentence = "The switch holds data of an exchange and of a pair, not of a {piece}."
        wrong.add(Refused("CSS336E", sentence, piece=command.element.value, element="condition"))
    if command.distance_metres is not None and not 0 <= command.distance_metres <= METRES_MAX:
        sentence = "A distance is from 0 to {most} metres along the cable."
        wrong.add(Refused("CSS336E", sentence, most=METRES_MAX, element="distance_metres"))
    wrong.tell()
    piece = _piece(session, command, by, at)
    trouble = PlantTrouble(
        element=piece.element,
        condition=command.condition,
        is_intermittent=command.is_intermittent,
        distance_metres=command.distance_metres,
        starts_at=at,
        words=command.words.strip() or None,
        set_by=by.name,
    )
    setattr(trouble, _COLUMN[piece.element].key, piece.id)
    _keep(session, trouble, piece)
    now_and_then = ", now and then" if command.is_intermittent else ""
    return _told(session, command, piece, "break_plant", f"Broken: {piece.words}, {command.condition.value}{now_and_then}.", by, at)


@audit.answered
def mend_plant(session: Session, command: MendPlant, *, by: Actor, at: datetime) -> PlantSet:
    """What is physically wrong with a piece of plant is put right. A pair the records call faulty may be given out again.

    Raises:
        NotFound: CSS311E and its family, the line; CSS335E, the piece.
        Refused: CSS305E; CSS111E, the actor may not; CSS335E, not named in full; CSS338E, nothing is wrong with it.
    """
    require_staff(by, Role.REPAIR, Role.SUPERVISOR)
    wrong = Refusals()
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    piece = _piece(session, command, by, at)
    state = _back_in_use(session, piece.id) if piece.element is PlantElement.PAIR else None
    trouble = session.execute(
        select(PlantTrouble)
        .where(_COLUMN[piece.element] == piece.id, PlantTrouble.ends_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if trouble is None and state is None:
        raise Refused("CSS338E", "Nothing is wrong with {piece}.", piece=piece.words, element="element")
    if trouble is not None:
        trouble.ends_at = max(at, trouble.starts_at)
    said = f"Mended: {piece.words}."
    if state is not None:
        said = f"{said} The records call it {state.value} again."
    return _told(session, command, piece, "mend_plant", said, by, at)


def _back_in_use(session: Session, pair_id: int) -> PairState | None:
    """A pair that the records call faulty: what it is from now on. None of any other, which stays what it is."""
    pair = session.execute(select(Pair).where(Pair.id == pair_id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if pair.state is not PairState.FAULTY:
        return None
    living = session.execute(select(Line.state).where(Line.pair_id == pair_id, Line.ends_on.is_(None))).scalar_one_or_none()
    used = {LineState.WORKING: PairState.WORKING, LineState.STOPPED: PairState.STOPPED}
    pair.state = PairState.SPARE if living is None else used.get(living, PairState.SPARE)
    return pair.state


def _keep(session: Session, trouble: PlantTrouble, piece: Piece) -> None:
    """Whether something is wrong with it already is the database's to say, so of two that break it one is first."""
    try:
        with session.begin_nested():
            session.add(trouble)
            session.flush()
    except IntegrityError as error:
        if not (constraint_of(error) or "").startswith("uq_plant_trouble_"):
            raise
        now = session.execute(
            select(PlantTrouble.condition, PlantTrouble.starts_at).where(_COLUMN[piece.element] == piece.id, PlantTrouble.ends_at.is_(None))
        ).one_or_none()
        if now is None:  # mended between the database's no and our looking
            raise Conflict("CSS031E", "Somebody else changed the same records at the same moment; do it again.") from error
        raise Conflict(
            "CSS337E",
            "Something is wrong with {piece} already: {condition} since {since}. Mend it first.",
            piece=piece.words,
            condition=now.condition.value,
            since=f"{to_london(now.starts_at):%H:%M on %d/%m/%Y}",
            element="element",
        ) from error


def _told(session: Session, command: BreakPlant | MendPlant, piece: Piece, verb: str, words: str, by: Actor, at: datetime) -> PlantSet:
    told = {name: value for name, value in to_plain(command).items() if name != "token" and value not in {None, ""}}
    audit.record(session, by=by, at=at, verb=verb, subject=("plant", piece.key), after=told)
    session.flush()
    return PlantSet(element=piece.element, words=words)


def _piece(session: Session, command: BreakPlant | MendPlant, by: Actor, at: datetime) -> Piece:
    """The piece of plant that is meant: on the way of the line with the number, or by its codes."""
    element = command.element
    if command.number:
        found = line_in_trouble(session, command.number, by=by, at=at)
        row = session.execute(block("repairs", "testing.piece_on_way"), {"pair_id": found.pair_id}).one_or_none()
    else:
        needed = _NAMED_BY[: _NAMED_BY_SO_MANY[element]]
        missing = [name for name in needed if getattr(command, name) in {None, ""}]
        if missing:
            sentence = "Name the {piece} by the telephone number of a line on it, or by {missing} too."
            raise Refused("CSS335E", sentence, piece=element.value, missing=", ".join(missing), element=missing[0])
        named = {name: getattr(command, name) for name in _NAMED_BY}
        row = session.execute(block("repairs", "testing.piece_by_codes"), named).one_or_none()
    piece_id = None if row is None else getattr(row, _COLUMN[element].key)
    if row is None or piece_id is None:
        raise NotFound("CSS335E", "There is no such {piece}; look at its codes again.", piece=element.value, element="element")
    codes = (row.district_code, row.exchange_code, row.cabinet_code, row.distribution_point_code, row.pair_number)
    key = "/".join(str(code) for code in codes[: _NAMED_BY_SO_MANY[element]])
    return Piece(element, piece_id, _words(element, row), row.address_key if element is PlantElement.PREMISES else key)


def _words(element: PlantElement, row: Row[Any]) -> str:
    match element:
        case PlantElement.EXCHANGE:
            return f"exchange {row.exchange_code} of district {row.district_code}"
        case PlantElement.CABINET:
            return f"cabinet {row.cabinet_code} of exchange {row.exchange_code}"
        case PlantElement.DISTRIBUTION_POINT:
            return f"distribution point {row.distribution_point_code} of cabinet {row.cabinet_code}, exchange {row.exchange_code}"
        case PlantElement.PAIR:
            return f"pair {row.pair_number} of distribution point {row.distribution_point_code}, cabinet {row.cabinet_code}"
        case PlantElement.PREMISES:
            return f"premises {row.premises} {row.street}"
