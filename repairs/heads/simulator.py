"""The test head of a simulated world: it measures what ``css.plant_trouble`` says of the plant a pair runs through, and that alone.

It reads no fault, no symptom, no state of a pair. What it says follows from the test's id, the pair, the instants of its looks
and what was broken then: asked again, it says the same, and a process that dies between two askings takes nothing with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from css.core.words import PlantCondition, PlantElement
from css.db.sql import block
from repairs.heads.head import Ask, HeadError, Running
from repairs.rules.testing import NANOFARADS_PER_KILOMETRE, OHMS_PER_KILOMETRE, Look, Measurement
from repairs.words import TestKind

FULL_LOOKS: Final = 5
FULL_SECONDS: Final = 40
"""From the first look of a full test to its answer; its looks are spread evenly over it."""
_BELL_NANOFARADS: Final = 1800
_UNSEEN: Final = frozenset({PlantCondition.DATA, PlantCondition.UNSEEN})
"""What changes nothing on the wires: it hides nothing that lies behind it either."""
_FOUND_AT_ONCE: Final = frozenset({PlantCondition.DISCONNECTION, PlantCondition.LOOP, PlantCondition.SHORT})
"""How far away it is shows in one look, by capacitance or resistance; of the others only many readings tell."""
_NEAREST_FIRST: Final = tuple(PlantElement)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong somewhere on the way of a pair."""

    id: int
    element: PlantElement
    condition: PlantCondition
    is_intermittent: bool
    metres: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Way:
    """How far along the cable things are, in metres from the exchange."""

    cabinet: int
    distribution_point: int
    socket: int

    def metres_to(self, element: PlantElement) -> int:
        match element:
            case PlantElement.EXCHANGE:
                return 0
            case PlantElement.CABINET:
                return self.cabinet
            case PlantElement.PAIR:
                return (self.cabinet + self.distribution_point) // 2
            case PlantElement.DISTRIBUTION_POINT:
                return self.distribution_point
            case PlantElement.PREMISES:
                return self.socket


class Simulator:
    """Measures pairs of the simulated world that a session sees."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self, ask: Ask) -> str:
        """The reference holds everything the answer needs: the test, the pair, how deep, and when it began."""
        return f"{ask.line_test_id}/{ask.pair_id}/{ask.kind.value}/{ask.asked_at.astimezone(UTC).isoformat()}"

    def answer(self, reference: str, at: datetime) -> Running | Measurement:
        """At once for a quick test; for a full one when its last look has been taken."""
        line_test_id, pair_id, kind, began_at = _read(reference)
        if kind is TestKind.QUICK:
            return self._measured(line_test_id, pair_id, kind, (began_at,))
        taken = (at - began_at) / timedelta(seconds=FULL_SECONDS)
        if taken < 1:
            return Running(max(0, min(99, int(taken * 100))))
        every = timedelta(seconds=FULL_SECONDS) / FULL_LOOKS
        return self._measured(line_test_id, pair_id, kind, tuple(began_at + every * look for look in range(FULL_LOOKS)))

    def _measured(self, line_test_id: int, pair_id: int, kind: TestKind, instants: Sequence[datetime]) -> Measurement:
        asked = {"pair_id": pair_id, "from_at": instants[0], "to_at": instants[-1]}
        rows = self._session.execute(block("repairs", "testing.way"), asked).all()
        if not rows:
            raise HeadError("The test head has no such pair on its map.")
        way = _way(rows[0].cabinet_id, rows[0].distribution_point_id, pair_id)
        troubles = [
            Trouble(
                row.id,
                PlantElement(row.element),
                PlantCondition(row.condition),
                row.is_intermittent,
                way.metres_to(PlantElement(row.element)) if row.distance_metres is None else row.distance_metres,
                row.starts_at,
                row.ends_at,
            )
            for row in rows
            if row.id is not None
        ]
        looks = tuple(
            look_at(way, [one for one in troubles if is_there(one, line_test_id, number, instant)], kind)
            for number, instant in enumerate(instants)
        )
        return Measurement(kind, looks)


def is_there(trouble: Trouble, line_test_id: int, look: int, at: datetime) -> bool:
    """Whether a look meets a trouble: it was broken then, and if it comes and goes, the test's id says whether it had come."""
    if at < trouble.starts_at or (trouble.ends_at is not None and at >= trouble.ends_at):
        return False
    return not trouble.is_intermittent or _drawn(f"{line_test_id}/{look}/{trouble.id}", 2) == 0


def look_at(way: Way, troubles: Sequence[Trouble], kind: TestKind) -> Look:
    """What the meters show with these troubles on the way: the nearest to the exchange hides what is behind it."""
    has_dial_tone = not any(one.condition is PlantCondition.DATA for one in troubles)
    wires = [one for one in troubles if one.condition not in _UNSEEN]
    if not wires:
        return Look(capacitance_nanofarads=_cable(way.socket) + _BELL_NANOFARADS, has_dial_tone=has_dial_tone)
    nearest = min(wires, key=lambda one: (one.metres, _NEAREST_FIRST.index(one.element), one.id))
    return _shown(nearest, way, kind, has_dial_tone=has_dial_tone)


def _shown(trouble: Trouble, way: Way, kind: TestKind, *, has_dial_tone: bool) -> Look:  # noqa: PLR0911 - one a condition
    is_in_exchange = trouble.element is PlantElement.EXCHANGE
    is_told = is_in_exchange or kind is TestKind.FULL or trouble.condition in _FOUND_AT_ONCE
    whole = _cable(way.socket) + _BELL_NANOFARADS
    ohms = OHMS_PER_KILOMETRE * trouble.metres // 1000
    distance = trouble.metres if is_told else None
    place = trouble.element if is_told else None
    tone = has_dial_tone and not is_in_exchange

    def look(capacitance: int = whole, *, bell: bool = True, **read: int) -> Look:
        return Look(
            capacitance_nanofarads=capacitance,
            is_apparatus_seen=bell,
            has_dial_tone=tone,
            distance_metres=distance,
            place=place,
            **read,
        )

    match trouble.condition:
        case PlantCondition.DISCONNECTION:
            return look(_cable(trouble.metres), bell=False)
        case PlantCondition.LOOP:
            return look(bell=False, ab_ohms=ohms + 620, ba_ohms=ohms + 620)
        case PlantCondition.SHORT:
            return look(_cable(trouble.metres), bell=False, ab_ohms=ohms + 8, ba_ohms=ohms + 8)
        case PlantCondition.EARTH:
            return look(b_earth_ohms=ohms // 2 + 900)
        case PlantCondition.BATTERY:
            return look(b_earth_volts=-47, b_earth_ohms=ohms // 2 + 2_400)
        case PlantCondition.LOW_INSULATION:
            return look(ab_ohms=240_000, ba_ohms=240_000, a_earth_ohms=180_000, b_earth_ohms=160_000)
        case PlantCondition.RECTIFIED_LOOP:
            return look(ab_ohms=ohms + 3_200, ba_ohms=880_000)
        case PlantCondition.DATA | PlantCondition.UNSEEN:
            msg = "what is on no wire shows on none"
            raise AssertionError(msg)


def _cable(metres: int) -> int:
    return NANOFARADS_PER_KILOMETRE * metres // 1000


def _way(cabinet_id: int, distribution_point_id: int, pair_id: int) -> Way:
    """The lengths of a world that has none written down: the same for the same plant, and lines of one cabinet agree on it."""
    cabinet = 200 + _drawn(f"cabinet/{cabinet_id}", 1600)
    point = cabinet + 100 + _drawn(f"point/{distribution_point_id}", 700)
    return Way(cabinet, point, point + 15 + _drawn(f"pair/{pair_id}", 60))


def _drawn(seed: str, below: int) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) % below


def _read(reference: str) -> tuple[int, int, TestKind, datetime]:
    try:
        line_test_id, pair_id, kind, began_at = reference.split("/")
        return int(line_test_id), int(pair_id), TestKind(kind), datetime.fromisoformat(began_at)
    except ValueError:
        raise HeadError("The test head does not know this test.") from None
