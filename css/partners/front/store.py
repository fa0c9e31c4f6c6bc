"""The room for long bodies and answers: so many bytes for all, and no peer more than its part."""

from __future__ import annotations

from collections import Counter
from typing import Final

PARTS: Final = 4
"""One peer gets a fourth at most."""


class Store:
    """Counts bytes that are held. Used by one thread."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._held_by: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held

    def share_of(self, peer: str) -> Share:
        """The store as one connection of a peer sees it."""
        return Share(self, peer)

    def take(self, peer: str, size: int) -> bool:
        """Hold so many bytes more, if there is room."""
        if self._held + size > self._most or self._held_by[peer] + size > self._most // PARTS:
            return False
        self._held += size
        self._held_by[peer] += size
        return True

    def give(self, peer: str, size: int) -> None:
        """Hold so many less."""
        self._held -= size
        self._held_by[peer] -= size
        if self._held_by[peer] <= 0:
            del self._held_by[peer]


class Share:
    """What one connection may take and must give back."""

    __slots__ = ("_peer", "_store")

    def __init__(self, store: Store, peer: str) -> None:
        self._store = store
        self._peer = peer

    def take(self, size: int) -> bool:
        """Whether there was room; if so it is taken."""
        return size <= 0 or self._store.take(self._peer, size)

    def give(self, size: int) -> None:
        """Give back what was taken."""
        if size > 0:
            self._store.give(self._peer, size)
