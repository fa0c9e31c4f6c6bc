"""Line tests on the screens that run them: Shift+F5 in seconds, Shift+F11 in minutes, with what they found and how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.web.desk import Desk
from css.web.screens.fault_fields import FULL_TEST, TEST
from repairs.actions import test_line
from repairs.commands.testing import LineTested, TestLine
from repairs.queries.testing import LineTestRow, tests_of_line
from repairs.words import TestKind, TestState

TEST_OF: Final = {TEST: TestKind.QUICK, FULL_TEST: TestKind.FULL}
"""Which test a key asks for."""
POLLS_SECONDS: Final = 2
"""How often a page that waits for a test looks for news of it."""
SHOWN: Final = 5
UNFINISHED: Final = frozenset({TestState.WAITING, TestState.RUNNING})


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for a test: it, or why there is none."""

    test: LineTested | None = None
    refused: CssError | None = None

    @property
    def told(self) -> tuple[str, str]:
        """For the message line: the words and their code."""
        if self.refused is not None:
            return str(self.refused), self.refused.code
        if self.test is None or self.test.state in UNFINISHED:
            return "The line is being tested; go on meanwhile, its progress is shown.", "CSS940I"
        if self.test.state is TestState.FAILED:
            return f"The line could not be tested. {self.test.diagnosis}", "CSS941W"
        return f"The line is tested. {self.test.diagnosis}", "CSS942I"


def run_test(at_desk: Desk, key: str, number: str, fault_number: str | None = None) -> Asked:
    """Have a line tested, and committed at once: a measurement is a measurement, whatever becomes of the report."""
    try:
        with at_desk.doing() as session:
            command = TestLine(number=number, kind=TEST_OF[key], fault_number=fault_number)
            return Asked(test_line(session, command, by=at_desk.by, at=at_desk.at))
    except CssError as refused:
        return Asked(refused=refused)


def latest_tests(session: Session, at_desk: Desk, line_id: int, limit: int = SHOWN) -> tuple[LineTestRow, ...]:
    """The latest tests of a line."""
    return tests_of_line(session, line_id, by=at_desk.by, limit=limit)


def polls(*tests: LineTestRow | None) -> int:
    """How often the page looks for news: only while a test of the line runs."""
    return POLLS_SECONDS if any(one is not None and one.state in UNFINISHED for one in tests) else 0
