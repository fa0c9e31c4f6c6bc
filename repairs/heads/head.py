"""What a test head must be able to do: begin a test on a pair, and say how far it is or what it measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from repairs.rules.testing import Measurement
from repairs.words import TestKind


class HeadError(Exception):
    """The head could not begin, or not measure: its own trouble and never the line's. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a head is asked to measure."""

    line_test_id: int
    """By which we know the test; a head that is asked twice for one may begin it once."""
    pair_id: int
    kind: TestKind
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """It is still measuring."""

    percent: int
    """0 to 99."""


class Head(Protocol):
    """A machine that measures pairs. It knows pairs and nothing of customers, faults and records."""

    def start(self, ask: Ask) -> str:
        """Begin a test; gives what the head calls it, which is all that is needed to ask for it later.

        Raises:
            HeadError: it cannot.
        """
        ...

    def answer(self, reference: str, at: datetime) -> Running | Measurement:
        """How far the test is at an instant, or what was measured. May be asked again, and says the same then.

        Raises:
            HeadError: it could not measure.
        """
        ...
