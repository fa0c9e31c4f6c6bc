"""From what a test head measured to what is said of the line: pure, and from nothing but the measurement.

Whoever judges knows neither the fault, nor what the customer noticed, nor what the pair's record says. Measurements are taken
from the exchange outwards; the codes and sentences stand in ``repairs.rules.diagnosis``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from css.core.words import PlantCondition, PlantElement
from repairs.rules.diagnosis import PLACE_WORDS, diagnosis_of
from repairs.rules.dispatch import craft_for
from repairs.words import Craft, Location, Stability, TestKind, TestOutcome

OPEN_OHMS: Final = 9_999_999
"""What a meter shows between wires that touch nowhere."""
FOREIGN_VOLTS: Final = 10
"""So much on a wire that is cut off from the exchange comes from another pair."""
EARTH_OHMS: Final = 10_000
"""Less than this from a wire to earth is a contact."""
LOOP_OHMS: Final = 5_000
"""Less than this between the wires, either way, and current flows."""
SHORT_OHMS: Final = 100
"""So little more than the cable's own resistance, and the wires touch; a telephone off its hook is more."""
INSULATION_OHMS: Final = 1_000_000
"""Less than this, anywhere, and the insulation is low."""
RECTIFIED_TIMES: Final = 3
"""So much more one way than the other, and something lets current through one way only."""
OHMS_PER_KILOMETRE: Final = 168
"""Of both wires together, there and back."""
NANOFARADS_PER_KILOMETRE: Final = 52
"""Between the wires of a pair."""
SHARED: Final = frozenset({PlantElement.EXCHANGE, PlantElement.CABINET, PlantElement.DISTRIBUTION_POINT})
"""What feeds more lines than one: the network, as the stability statement says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look of a test head at a pair. Wires are A and B; nothing here says what is wrong, only what the meters show."""

    a_earth_volts: int = 0
    b_earth_volts: int = 0
    """Foreign voltage, with the line cut off from the exchange's own battery."""
    ab_ohms: int = OPEN_OHMS
    ba_ohms: int = OPEN_OHMS
    """The same two wires with the meter's poles changed."""
    a_earth_ohms: int = OPEN_OHMS
    b_earth_ohms: int = OPEN_OHMS
    capacitance_nanofarads: int
    """Between the wires: the longer the cable that is still joined, the more."""
    is_apparatus_seen: bool = True
    """Whether a bell answers at the far end."""
    has_dial_tone: bool = True
    """Whether the exchange gives dial tone on this line."""
    distance_metres: int | None = None
    """From the exchange to where something changes, as far as this look could tell."""
    place: PlantElement | None = None
    """What the head's own map of the pair has at that distance."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a test head gives back: one look of a quick test, several of a full one, in the order they were taken."""

    kind: TestKind
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What is said of the line after a test."""

    __test__ = False

    outcome: TestOutcome
    diagnosis: str
    diagnosis_code: str
    location: Location
    condition: PlantCondition | None
    needs_appointment: bool
    """Whether somebody must let the engineer in."""
    report_advised: bool
    """Whether a fault should be reported on this alone."""
    line_stability: Stability
    network_stability: Stability
    stability_words: str
    distance_metres: int | None
    place: PlantElement | None
    looks_in_trouble: int
    look: Look
    """The one that the diagnosis is of."""

    @property
    def tells_where(self) -> bool:
        """Whether it is known where to look and who must go."""
        return is_told_where(self.location)


Found = tuple[PlantCondition | None, PlantElement | None]


def is_told_where(location: Location | None) -> bool:
    """Whether such a location sends somebody somewhere: a line that tests right, or needs another test, does not."""
    return location is not None and location not in {Location.OK, Location.DT}


def category(look: Look) -> PlantCondition | None:  # noqa: PLR0911 - one a category
    """What is electrically wrong, by the trade's categories; None when everything is as it should be.

    The strongest sign first: a foreign voltage spoils every other reading, a contact hides what lies behind it.
    """
    if max(abs(look.a_earth_volts), abs(look.b_earth_volts)) >= FOREIGN_VOLTS:
        return PlantCondition.BATTERY
    between, back = look.ab_ohms, look.ba_ohms
    if min(between, back) < INSULATION_OHMS and max(between, back) > RECTIFIED_TIMES * min(between, back):
        return PlantCondition.RECTIFIED_LOOP
    if max(between, back) < LOOP_OHMS:
        cable = OHMS_PER_KILOMETRE * (look.distance_metres or 0) // 1000
        return PlantCondition.SHORT if between - cable < SHORT_OHMS else PlantCondition.LOOP
    to_earth = min(look.a_earth_ohms, look.b_earth_ohms)
    if to_earth < EARTH_OHMS:
        return PlantCondition.EARTH
    if min(to_earth, between, back) < INSULATION_OHMS:
        return PlantCondition.LOW_INSULATION
    if not look.is_apparatus_seen:
        return PlantCondition.DISCONNECTION
    return None if look.has_dial_tone else PlantCondition.DATA


def located(condition: PlantCondition | None, place: PlantElement | None) -> Location:  # noqa: PLR0911 - one a place
    """The main fault location of what was found, by where on the way it lies; DT where this test could not tell."""
    if condition is None:
        return Location.OK
    if condition is PlantCondition.DATA:
        return Location.CI
    match place:
        case None:
            return Location.DT
        case PlantElement.EXCHANGE:
            return Location.FU if condition is PlantCondition.DISCONNECTION else Location.EX
        case PlantElement.CABINET:
            return Location.CO
        case PlantElement.DISTRIBUTION_POINT | PlantElement.PAIR:
            return Location.LN
        case PlantElement.PREMISES:
            off_hook = condition in {PlantCondition.LOOP, PlantCondition.RECTIFIED_LOOP}
            return Location.CA if off_hook else Location.CE


def crafted(location: Location, place: PlantElement | None) -> Craft | None:
    """Who goes there: as by the location alone, but into the ground where the cable itself is in trouble."""
    return Craft.UNDERGROUND if location is Location.LN and place is PlantElement.PAIR else craft_for(location)


def judge(measurement: Measurement) -> TestResult:
    """What is said of a line on such a measurement.

    Looks that differ make the line unstable and the outcome inconclusive; what most of them show is what is said, of several
    the one nearest to the exchange.
    """
    looks = measurement.looks
    seen: list[Found] = [(category(look), look.place) for look in looks]
    in_trouble = [found for found in seen if found[0] is not None]
    main = _main(looks, seen)
    condition, place = seen[main]
    location = located(condition, place)
    is_full = measurement.kind is TestKind.FULL
    line = _stability({(found[0], found[1]) for found in seen}, is_full=is_full)
    network = _stability({found if found[1] in SHARED else (None, None) for found in seen}, is_full=is_full)
    steady = TestOutcome.FAIL if in_trouble else TestOutcome.PASS
    code, words = diagnosis_of(condition, place, is_steady=line is not Stability.UNSTABLE)
    return TestResult(
        outcome=TestOutcome.INCONCLUSIVE if line is Stability.UNSTABLE else steady,
        diagnosis=words,
        diagnosis_code=code,
        location=location,
        condition=condition,
        needs_appointment=location in {Location.CA, Location.CE},
        report_advised=bool(in_trouble),
        line_stability=line,
        network_stability=network,
        stability_words=_stability_words(line, network, len(in_trouble), len(looks), place),
        distance_metres=looks[main].distance_metres if condition is not None else None,
        place=place if condition is not None else None,
        looks_in_trouble=len(in_trouble),
        look=looks[main],
    )


def _main(looks: tuple[Look, ...], seen: list[Found]) -> int:
    """Which look the diagnosis is of: of the trouble seen most often, the nearest first; the first look when none is in trouble."""
    counted = Counter(found for found in seen if found[0] is not None)
    if not counted:
        return 0
    most = max(counted.values())
    often = [place for place, found in enumerate(seen) if counted.get(found) == most]
    return min(often, key=lambda place: (looks[place].distance_metres or 0, place))


def _stability(seen: set[Found], *, is_full: bool) -> Stability:
    if not is_full:
        return Stability.UNKNOWN
    return Stability.UNSTABLE if len(seen) > 1 else Stability.STABLE


def _stability_words(line: Stability, network: Stability, in_trouble: int, looks: int, place: PlantElement | None) -> str:
    if line is Stability.UNKNOWN:
        return "One look cannot tell whether it stays so; a full test can."
    if line is Stability.STABLE:
        return f"It was the same in all {looks} looks."
    found = f"It came and went: in trouble in {in_trouble} of {looks} looks."
    if network is Stability.UNSTABLE:
        return f"{found} What changes feeds other lines too" + (f": {PLACE_WORDS[place]}." if place in SHARED else ".")
    return f"{found} The network that feeds it kept its condition."
