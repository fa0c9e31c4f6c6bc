"""Documents pushed to the partners who want them brought: each partner's in strict order, one at a time, partners side by side.

Delivered is what the partner's server answered 200 or 202 to. Anything else, and silence, is tried again, the same document
with the same id and bytes, after 30 seconds three times and then every five minutes; nothing after it goes out before. Any
number of processes may push: a lock held in the database lets one at a time serve a partner.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.clock import Clock
from css.db.engine import transaction
from css.partners.access.push_reach import Reach
from css.partners.bringing.pushing import push
from css.partners.bringing.serving import serve_forever, serve_once
from css.partners.intake.inbox import CONTENT_TYPE
from css.partners.model import DeliveryWay
from css.partners.outgoing.deliveries import Attempt, Lane, Outcome, begin, end, lane_held, lanes

EVERY_SECONDS: Final = 1.0
"""How long a new document may lie before it is noticed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did."""

    delivered: int = 0
    failed: int = 0
    """Attempts that failed; each ends its partner's turn until it is tried again."""
    busy: int = 0
    """Partners left alone because somebody else is at them."""

    def __add__(self, other: Delivered) -> Delivered:
        return Delivered(self.delivered + other.delivered, self.failed + other.failed, self.busy + other.busy)


def deliver_once(
    engine: Engine, clock: Clock, *, reach: Reach, provider_code: str | None = None, stop: threading.Event | None = None
) -> Delivered:
    """Push what is due to every partner, or to one, and come back when each has everything or has failed to take something.

    Raises:
        Unavailable: the database is; what was sent by then is an attempt under way, sent again as a possible duplicate.
    """
    with transaction(engine) as session:
        due = [lane for lane in lanes(session, DeliveryWay.PUSH, at=clock.now()) if provider_code in {None, lane.partner.code}]
    return sum(serve_once(due, lambda lane: _serve(engine, clock, lane, reach, stop or threading.Event())), Delivered())


def deliver_forever(
    engine_giver: Callable[[], Engine], clock: Clock, stop: threading.Event, *, reach: Reach, every_seconds: float = EVERY_SECONDS
) -> None:
    """Push whatever becomes due until ``stop`` is set; then return when what is being sent has been answered."""

    def due() -> Sequence[Lane]:
        with transaction(engine_giver()) as session:
            return lanes(session, DeliveryWay.PUSH, at=clock.now())

    serve_forever(due, lambda lane: _serve(engine_giver(), clock, lane, reach, stop), stop, every_seconds=every_seconds)


def _serve(engine: Engine, clock: Clock, lane: Lane, reach: Reach, stop: threading.Event) -> Delivered:
    """Push a partner's documents one after another until there is none, one fails, or we are to stop."""
    total = Delivered()
    with lane_held(engine, lane.partner.code) as still_held:
        if still_held is None:
            return Delivered(busy=1)
        with transaction(engine) as session:
            attempt = begin(session, lane, at=clock.now())
        while attempt is not None:
            still_held()
            outcome = push(lane.push_url or "", attempt.document.body, _headers(lane, attempt), reach=reach)
            # What became of one and that the next begins is one commit: half as often to wait for the disk.
            with transaction(engine) as session:
                end(session, attempt, outcome, at=clock.now())
                goes_on = outcome.is_delivered and not stop.is_set()
                following = begin(session, lane, at=clock.now()) if goes_on else None
            _tell(lane, attempt, outcome)
            total += Delivered(delivered=int(outcome.is_delivered), failed=int(not outcome.is_delivered))
            attempt = following
    return total


def _tell(lane: Lane, attempt: Attempt, outcome: Outcome) -> None:
    _log.log(
        logging.INFO if outcome.is_delivered else logging.WARNING,
        "document pushed" if outcome.is_delivered else "document not taken",
        extra={
            "provider": lane.partner.code,
            "sequence": attempt.document.sequence,
            "message_id": attempt.document.message_id,
            "attempt": attempt.attempt,
            "status": outcome.status,
        },
    )


def _headers(lane: Lane, attempt: Attempt) -> dict[str, str]:
    """The same as a fetched document has, and the secret that the partner chose."""
    document = attempt.document
    headers = {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": "CSS",
        "CSS-Sequence": str(document.sequence),
        "CSS-Last-Sequence": str(attempt.last_sequence),
        "CSS-Message-Id": document.message_id,
        "CSS-Message-Type": document.message_type,
    }
    if attempt.is_possible_duplicate:
        headers["CSS-Possible-Duplicate"] = "true"
    if lane.push_key:
        headers["Authorization"] = f"Bearer {lane.push_key}"
    return headers
