"""Lanes beside the gateway: messages are acknowledged at the door and done here, by so many workers at a time.

Any number of them may run, in threads and in processes: a partner's lane is walked by one at a time, its lock ends with each
message, and whoever dies in the middle of one has done nothing that the next does not do. They look again and again rather than
listen: a notification is a lock that every receipt would take (docs/decisions/0173).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine

from css.core.clock import Clock
from css.core.errors import CssError
from css.db.engine import transaction
from css.partners.access.keys import Partner
from css.partners.intake.handling import Drained, waited_for, work_lane

IDLE_SECONDS: Final = 0.1
"""How long a message may wait for somebody to look, while nothing else does."""
AGAIN_SECONDS: Final = 60.0
"""How long before what failed by a fault of ours is tried again."""
AFTER_TROUBLE_SECONDS: Final = 5.0
AT_A_TURN: Final = 50
"""Messages of one partner before the others have theirs, when there are fewer workers than partners."""
LANES: Final = 2

_log = logging.getLogger(__name__)


def drain_forever(
    engine: Callable[[], Engine],
    clock: Clock,
    stop: threading.Event,
    *,
    lanes: int = LANES,
    told: Callable[[Drained], None] = lambda _: None,
) -> None:
    """Handle what partners send, as it comes, until told to stop; the message in hand is then finished.

    A database that is away for a while, or a fault of ours, is logged and does not end it.

    Args:
        engine: gives this process's engine, made after its fork.
        clock: tells each message's instant.
        stop: set it to end.
        lanes: how many partners' messages are handled at the same time.
        told: hears what each turn came to.
    """
    board = _Board()
    workers = [
        threading.Thread(target=_work, args=(board, engine, clock, stop, told), name=f"lane {number}", daemon=True)
        for number in range(1, lanes)
    ]
    for worker in workers:
        worker.start()
    _work(board, engine, clock, stop, told)
    for worker in workers:
        worker.join()


@dataclass(slots=True)
class _Board:
    """Who of this process is at which lane, and when what failed was last tried again."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    taken: set[str] = field(default_factory=set)
    turns: dict[str, float] = field(default_factory=dict)
    """When each lane was walked last: who has waited longest goes first."""
    tried_again: dict[str, float] = field(default_factory=dict)

    def take(self, waiting: list[Partner]) -> tuple[Partner, bool] | None:
        """A lane that nobody here is at, and whether what failed in it is due again."""
        now = time.monotonic()
        with self.lock:
            free = [partner for partner in waiting if partner.code not in self.taken]
            if not free:
                return None
            partner = min(free, key=lambda one: self.turns.get(one.code, 0))
            self.taken.add(partner.code)
            self.turns[partner.code] = now
            is_again = now - self.tried_again.setdefault(partner.code, now) >= AGAIN_SECONDS
            if is_again:
                self.tried_again[partner.code] = now
            return partner, is_again

    def give_back(self, partner: Partner) -> None:
        with self.lock:
            self.taken.discard(partner.code)


def _work(board: _Board, engine: Callable[[], Engine], clock: Clock, stop: threading.Event, told: Callable[[Drained], None]) -> None:
    wait = 0.0
    while not stop.wait(wait):
        try:
            drained = _turn(board, engine(), clock)
            wait = 0.0 if drained.handled else IDLE_SECONDS
            told(drained)
        except Exception as error:  # noqa: BLE001 - the last catch of this door: whoever waits for an answer has nobody else
            wait = AFTER_TROUBLE_SECONDS
            _log.log(
                logging.WARNING if isinstance(error, CssError) else logging.ERROR,
                "draining put off: %s",
                error.code if isinstance(error, CssError) else type(error).__name__,
                exc_info=None if isinstance(error, CssError) else error,
            )


def _turn(board: _Board, engine: Engine, clock: Clock) -> Drained:
    """Walk one lane for a while."""
    with transaction(engine) as session:
        waiting = waited_for(session)
    total = Drained()
    untried = list(waiting)
    # A lane where nothing can be done (a gap, a fault of ours, another process) must not keep us from the next.
    while not total.handled and (taken := board.take(untried)) is not None:
        partner, is_again = taken
        untried = [one for one in untried if one.code != partner.code]
        try:
            total += work_lane(engine, partner, clock=clock, fresh_only=not is_again, waits=False, most=AT_A_TURN)
        finally:
            board.give_back(partner)
    return total
