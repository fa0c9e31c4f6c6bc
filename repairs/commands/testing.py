"""Testing a line."""

from __future__ import annotations

from dataclasses import dataclass

from css.core.words import PlantCondition, PlantElement
from repairs.words import TestKind, TestOutcome, TestState


@dataclass(frozen=True, slots=True, kw_only=True)
class TestLine:
    """Measure a line. With a fault, its state moves when the result is there."""

    __test__ = False

    token: str = ""
    number: str
    """The telephone number; with an auxiliary line ``number/2``."""
    kind: TestKind = TestKind.QUICK
    fault_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTested:
    """How the test stands; a slow one is still running."""

    line_test_id: int
    state: TestState
    progress_percent: int
    outcome: TestOutcome | None
    diagnosis: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectLineTests:
    """Begin what waits, and take in what test heads have answered. For whoever does so again and again; safe for two at once."""

    token: str = ""
    most: int = 200
    """Tests looked at, the oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTestsCollected:
    """What was done; what another collector holds at the moment is not counted."""

    started: int
    running: int
    """Not done yet."""
    done: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakPlant:
    """Set the physical condition of a piece of plant: for a simulated world, or told by who saw it."""

    token: str = ""
    element: PlantElement
    number: str | None = None
    """Of a pair or premises: the telephone number of the line on it; or the codes that follow."""
    district_code: str | None = None
    exchange_code: str | None = None
    cabinet_code: str | None = None
    distribution_point_code: str | None = None
    pair_number: int | None = None
    condition: PlantCondition
    is_intermittent: bool = False
    distance_metres: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MendPlant:
    """What was broken there is mended. A pair that the records call faulty is spare again."""

    token: str = ""
    element: PlantElement
    number: str | None = None
    district_code: str | None = None
    exchange_code: str | None = None
    cabinet_code: str | None = None
    distribution_point_code: str | None = None
    pair_number: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSet:
    """What was done, in words that name the element."""

    element: PlantElement
    words: str
