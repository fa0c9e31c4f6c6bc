"""Where processes that are to be harmed branch off: from one that has everything imported, which takes longer than most harm."""

from __future__ import annotations

import multiprocessing
import threading
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from typing import Any

_lock = threading.Lock()
_ours: tuple[tuple[str, ...], int] | None = None
"""The modules that our fork server has imported, and the server's process id."""


def branching(*modules: str) -> ForkServerContext:
    """Processes of this context begin with these modules imported.

    A process has one fork server. One that somebody else started, or for other modules, knows others: it makes room.
    """
    global _ours  # noqa: PLW0603 - as the server, one a process
    context = multiprocessing.get_context("forkserver")
    with _lock:
        # There is no other way to learn whose server is running, or to end it.
        running: Any = forkserver._forkserver  # noqa: SLF001
        if _ours != (modules, running._forkserver_pid):  # noqa: SLF001
            running._stop()  # noqa: SLF001
            context.set_forkserver_preload(list(modules))
            forkserver.ensure_running()
            _ours = (modules, running._forkserver_pid)  # noqa: SLF001
    return context
