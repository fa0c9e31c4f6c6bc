"""How fast a partner may send: a bucket of tokens each, shared by all processes of one machine.

A bucket holds a minute's worth and fills steadily, so a burst passes and a stream settles at the agreed rate. It lies in memory
that processes forked from one share: a partner with a single connection, which one process serves, gets all of its rate, and
one with many gets no more.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
import struct
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SLOTS: Final = 4_096
"""Partners at a time. Past that two share a bucket, which is stricter than agreed and never laxer."""
_SLOT: Final = struct.Struct("=qdd")
"""Whose it is (0 nobody's), tokens, and as of when."""
_TRIES: Final = 16
SECONDS_A_MINUTE: Final = 60


class Rates:
    """The buckets. Where processes are to share them, make it before they are forked."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, is_shared: bool = False) -> None:
        self._clock = clock
        self._memory: mmap.mmap | bytearray = mmap.mmap(-1, SLOTS * _SLOT.size) if is_shared else bytearray(SLOTS * _SLOT.size)
        self._lock = threading.Lock()
        self._file: int | None = None
        if is_shared:
            # A lock of a file ends with the process that holds it, however it ends; one in shared memory would stay.
            self._file, name = tempfile.mkstemp()
            Path(name).unlink()
            weakref.finalize(self, os.close, self._file)

    def wait_seconds(self, provider_id: int, a_minute: int) -> int:
        """0 and a token is taken; else in how many seconds there will be one."""
        now = self._clock()
        with self._held():
            offset = self._offset(provider_id)
            owner, tokens, at = _SLOT.unpack_from(self._memory, offset)
            if owner == 0:
                tokens, at = float(a_minute), now
            tokens = min(a_minute, tokens + max(0.0, now - at) * a_minute / SECONDS_A_MINUTE)
            may = tokens >= 1
            _SLOT.pack_into(self._memory, offset, owner or provider_id, tokens - may, now)
        return 0 if may else max(1, math.ceil((1 - tokens) * SECONDS_A_MINUTE / a_minute))

    def _offset(self, provider_id: int) -> int:
        """Where the provider's bucket is, or will be."""
        for step in range(_TRIES):
            offset = (provider_id + step) % SLOTS * _SLOT.size
            if _SLOT.unpack_from(self._memory, offset)[0] in {0, provider_id}:
                return offset
        return provider_id % SLOTS * _SLOT.size

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self._lock:
            if self._file is None:
                yield
                return
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
