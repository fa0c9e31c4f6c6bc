"""What breaks in the demo, how it is put right and what comes between: data for the desk and the engineers.

The codes are those an engineer would use for what is broken there; what nobody broke is right when tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Final

from css.core.words import PlantCondition, PlantElement


class Course(Enum):
    """How the repair goes."""

    STRAIGHT = auto()
    """The first visit mends it."""
    STORES = auto()
    """Parked for cable: our own trouble, the clock runs on and it is late."""
    PERMISSION = auto()
    """Parked for a landowner's leave: the clock stands."""
    NO_ACCESS = auto()
    """Nobody is in at the first visit; the second is agreed on the telephone."""
    MORE_HANDS = auto()
    """The engineer gives it back, another goes."""
    NOT_EQUIPPED = auto()
    """The engineer came to the slot without what was needed: we missed it."""


class Answer(Enum):
    """What the customer says to the clear."""

    NOTHING = auto()
    ACCEPTED = auto()
    REJECTED = auto()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong with a line, as the world has it."""

    element: PlantElement | None
    """None: nothing is; the customer is mistaken."""
    condition: PlantCondition | None
    symptom: str
    said: str
    """By the customer."""
    clear_code: str
    mended: str
    """By the engineer."""
    is_deep: bool = False
    """Only a full test can tell where it is."""
    charge_band: int = 0
    """What the customer agrees to pay if it is the customer's own."""


_P, _C = PlantElement, PlantCondition

CUT: Final = Trouble(_P.PAIR, _C.DISCONNECTION, "NDT", "Dead since this morning.", "DS", "Joint remade.")
NO_SOCKET: Final = Trouble(_P.PREMISES, _C.DISCONNECTION, "NDT", "No dial tone at the main socket.", "NTE", "New master socket.")
DAMP: Final = Trouble(_P.PAIR, _C.LOW_INSULATION, "NSY", "It crackles when it rains.", "DS", "Joint dried and sealed.", is_deep=True)
DROPWIRE: Final = Trouble(_P.PAIR, _C.SHORT, "CCO", "I cannot ring anybody.", "DW", "New dropwire.")
NEW_PHONE: Final = Trouble(_P.PREMISES, _C.LOOP, "CCI", "Nobody can reach me.", "CE", "Telephone was off its hook.", charge_band=1)
NOT_FOUND: Final = Trouble(None, None, "CUT", "Cut off during calls, again.", "FNF", "Nothing found; connections remade.")
RIGHT: Final = Trouble(
    None, None, "OWS", "They hear me, I do not hear them.", "RWT", "Line tests right; shown to the customer.", charge_band=1
)
WORN: Final = Trouble(_P.PAIR, _C.UNSEEN, "CUT", "Cut off for the third time.", "DS", "The pair is worn out; moved to another.")
TROUBLES: Final = (
    CUT,
    NO_SOCKET,
    DAMP,
    DROPWIRE,
    NEW_PHONE,
    RIGHT,
    Trouble(_P.PAIR, _C.EARTH, "NSY", "A loud hum.", "ES", "Cable length renewed.", is_deep=True),
    Trouble(_P.PAIR, _C.DATA, "CCI", "It rings engaged all day.", "DAT", "Line's data set anew."),
    Trouble(_P.PREMISES, _C.LOW_INSULATION, "NSY", "Noise upstairs.", "CW", "Extension wiring disconnected.", is_deep=True, charge_band=2),
)
"""What the dice choose from."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fault that is to be in every demo, and its day."""

    day: int
    """Counted from the first."""
    trouble: Trouble
    course: Course = Course.STRAIGHT
    answer: Answer = Answer.NOTHING
    repeats: bool = False
    """On the line that has trouble again and again."""
    is_partners: bool = False
    moves_pair: bool = False
    expedite_to: str | None = None


EVENTS: Final = (
    Event(0, CUT, Course.STORES),
    Event(1, RIGHT, answer=Answer.ACCEPTED, repeats=True),
    Event(1, NO_SOCKET, Course.NO_ACCESS),
    Event(1, DAMP, Course.MORE_HANDS),
    Event(2, DROPWIRE, answer=Answer.REJECTED),
    Event(2, CUT, Course.PERMISSION),
    Event(2, CUT, Course.STORES, is_partners=True),
    Event(3, NOT_FOUND, repeats=True),
    Event(3, NO_SOCKET, Course.NOT_EQUIPPED),
    Event(3, NEW_PHONE, answer=Answer.ACCEPTED, expedite_to="4"),
    Event(4, WORN, repeats=True, moves_pair=True),
)
"""The first day is a Sunday, when nobody goes out."""
STORM_DAY: Final = 5
STORM_DAYS_MIN: Final = 7
"""A demo that is shorter has none: it would end in the dark."""


@dataclass(slots=True)
class Case:
    """A fault that the demo reported: what is behind it and how it goes."""

    number: str
    """The line's."""
    trouble: Trouble
    course: Course
    answer: Answer
    moves_pair: bool
    ends_on: date
    """By when it is to be cleared if all goes well."""
    visits: int = 0
    goes_on: date | None = None
    """The day on which what it waits for has come."""
    cleared_on: date | None = None
