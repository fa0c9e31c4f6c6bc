"""What every fault plays on: the evening, the undisturbed night to compare with, and attempts at the night of copies of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from css.chaos.attempts import Attempt, Harm, Outcome, Running, give_up_all
from css.chaos.evening import ACCOUNTS, NIGHT_AT, NIGHT_OF, build_evening
from css.chaos.gaps import close_gaps, counters
from css.chaos.ground import Ground, Moment
from css.chaos.leavings import Leavings, connected, differences, leavings
from css.chaos.soundness import unsound
from css.db.engine import make_engine, transaction
from css.db.server import temporary_server
from css.settings import settings

ATTEMPTS_MAX: Final = 4
"""A night that is left alone is done in one; with this many something stands in its way for good."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one harm led to."""

    fault: str
    where: str
    wrong: tuple[str, ...]
    """What differs from the undisturbed night, or is not sound; nothing when all is well."""
    seconds: float = 0


class OnRecord(NamedTuple):
    """An attempt as the repository keeps it."""

    state: str
    return_code: int | None
    message_code: str | None


class Unfit(Exception):  # noqa: N818 - what it says of the stage
    """The undisturbed night itself is not sound: there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The ground, the evening, and what an undisturbed night makes of it."""

    ground: Ground
    evening: Moment
    undisturbed: Leavings
    points: tuple[tuple[str, str], ...]
    """The durable points of the undisturbed night: the step, and the point's name."""
    untimed: Leavings
    """The same as ``undisturbed``, but for instants."""
    spool_bytes: int
    """How much it writes below the spool."""
    counters: Mapping[str, int]
    """How far the counters had come in the evening."""

    def begin(self, moment: Moment, harm: Harm | None = None, *, at: datetime = NIGHT_AT, workers: int = 1) -> Running:
        """Begin an attempt at the night of a moment."""
        said = Path(tempfile.mkdtemp(prefix="said-", dir=self.ground.directory))
        close_gaps(self.ground.url(moment), self.counters)
        return Running(Attempt(self.ground.url(moment), moment.home, harm or Harm(), at, workers), said)

    def attempt(self, moment: Moment, harm: Harm | None = None, *, at: datetime = NIGHT_AT, workers: int = 1) -> Outcome:
        """An attempt at the night of a moment, to its end."""
        return self.begin(moment, harm, at=at, workers=workers).ended()

    def attempts(self, moment: Moment) -> tuple[OnRecord, ...]:
        """The attempts at the night that are on record, in their order."""
        with connected(self.ground.url(moment)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT e.state, e.return_code, e.message_code FROM batch.job_execution e "
                "JOIN batch.job_instance i ON i.id = e.job_instance_id WHERE i.net = 'night' AND i.business_date = %s ORDER BY e.attempt",
                (NIGHT_OF,),
            )
            return tuple(OnRecord(*row) for row in cursor.fetchall())

    def finish(self, moment: Moment) -> tuple[str, ...]:
        """Run the night of a moment until it is done; what went wrong in words, nothing when it is done and as it should be."""
        said = ""
        for _ in range(ATTEMPTS_MAX):
            outcome = self.attempt(moment)
            if outcome.is_over:
                return self.judge(moment)
            said = str(outcome)
        return (f"the night is not done after {ATTEMPTS_MAX} attempts: {said}",)

    def judge(self, moment: Moment, *, but_for_instants: bool = False) -> tuple[str, ...]:
        """What is wrong with a night that is done: against the undisturbed one, and in itself."""
        url = self.ground.url(moment)
        expected = self.untimed if but_for_instants else self.undisturbed
        found = leavings(url, moment.home, but_for_instants=but_for_instants)
        return (*differences(expected, found), *unsound(url, moment.home))


def set_up(ground: Ground, start: Moment, *, accounts: int, seed: int) -> Stage:
    """Live a district to its evening in an empty moment, and its night undisturbed in a copy.

    Raises:
        Unfit: the undisturbed night does not end well, or leaves something unsound.
    """
    engine = ground.engine(start)
    build_evening(engine, start.home, accounts=accounts, seed=seed)
    engine.dispose()
    numbered = counters(ground.url(start))
    bare = Stage(ground, start, Leavings({}, {}), (), Leavings({}, {}), 0, numbered)
    with ground.copied(start) as moment:
        outcome = bare.attempt(moment)
        if not outcome.is_over:
            msg = f"the undisturbed night does not end: {outcome}"
            raise Unfit(msg)
        url = ground.url(moment)
        wrong = unsound(url, moment.home)
        if wrong:
            raise Unfit("; ".join(wrong))
        spool_bytes = sum(path.stat().st_size for path in (moment.home / "spool").rglob("*") if path.is_file())
        return Stage(
            ground,
            start,
            leavings(url, moment.home),
            outcome.points,
            leavings(url, moment.home, but_for_instants=True),
            spool_bytes,
            numbered,
        )


@contextmanager
def stage(*, accounts: int = ACCOUNTS, seed: int = 1) -> Iterator[Stage]:
    """A stage on a temporary server of its own, in memory; all of it is gone at the end."""
    from css.db.migrate import upgrade  # noqa: PLC0415 - brings Alembic along
    from css.migrations import reference  # noqa: PLC0415 - as above

    with (
        temporary_server(durable=False, outlives_stop=True, binaries=settings().postgres_bin) as server,
        tempfile.TemporaryDirectory(prefix="css-chaos-", dir=_memory()) as directory,
    ):
        url = server.start()
        engine = make_engine(url, pooled=False)
        upgrade(engine)
        with transaction(engine) as session:
            reference.load(session)
        engine.dispose()
        home = Path(directory) / "evening"
        home.mkdir()
        ground = Ground(url, Path(directory), server)
        try:
            yield set_up(ground, Moment(str(engine.url.database), home), accounts=accounts, seed=seed)
        finally:
            give_up_all()


def _memory() -> str | None:
    """Files are synced to the disk by the hundred: a memory disk is quicker, and no machine fails here but by our hand."""
    memory = Path("/dev/shm")  # noqa: S108 - tried, and not trusted
    return str(memory) if memory.is_dir() else None
