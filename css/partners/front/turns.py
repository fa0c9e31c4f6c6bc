"""Who is served next: requests that are whole wait by their peer, and the peers take turns."""

from __future__ import annotations

from collections import Counter, deque
from typing import Generic, TypeVar

from css.partners.front.limits import Limits

Work = TypeVar("Work")


class Turns(Generic[Work]):
    """What waits for a thread. Used by one thread; it starts nothing itself."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: dict[str, deque[tuple[Work, bool]]] = {}
        """By peer, in the order in which the peers take their turns."""
        self._count = 0
        self._in_hand: Counter[str] = Counter()
        self._long_in_hand = 0

    @property
    def in_hand(self) -> int:
        """Requests that threads are at."""
        return self._in_hand.total()

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing is in hand."""
        return not self._count and not self.in_hand

    def add(self, peer: str, work: Work, *, is_long: bool) -> Work | None:
        """Put at the end of the peer's queue. When too much waits already, give back what must go instead: the last of the longest
        queue, so that who sends much keeps out itself and nobody else.
        """
        if self._count < self._limits.waiting:
            self._put(peer, work, is_long=is_long)
            return None
        longest = max(self._waiting, key=lambda each: len(self._waiting[each]))
        if len(self._waiting[longest]) <= len(self._waiting.get(peer, ())) + 1:
            return work
        queue = self._waiting[longest]
        (last, _) = queue.pop()
        self._count -= 1
        self._put(peer, work, is_long=is_long)
        return last

    def _put(self, peer: str, work: Work, *, is_long: bool) -> None:
        self._waiting.setdefault(peer, deque()).append((work, is_long))
        self._count += 1

    def take(self) -> tuple[str, Work, bool] | None:
        """What a free thread does next; None when there is no thread, or nothing that may begin. Tell ``done`` afterwards."""
        if self.in_hand >= self._limits.threads:
            return None
        for peer, queue in self._waiting.items():
            work, is_long = queue[0]
            if self._in_hand[peer] >= self._limits.threads_a_peer or (is_long and self._long_in_hand >= self._limits.threads_for_long):
                continue
            queue.popleft()
            del self._waiting[peer]
            if queue:
                self._waiting[peer] = queue
            self._count -= 1
            self._in_hand[peer] += 1
            self._long_in_hand += is_long
            return peer, work, is_long
        return None

    def done(self, peer: str, *, is_long: bool) -> None:
        """A thread is free again."""
        self._in_hand[peer] -= 1
        if not self._in_hand[peer]:
            del self._in_hand[peer]
        self._long_in_hand -= is_long
