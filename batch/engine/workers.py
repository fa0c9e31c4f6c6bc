"""Blocks of work, and the local processes that share them out.

A worker is told of a block and claims it itself, in the transaction that does it: a task lost, repeated or run twice is
harmless, and so is a worker killed at any moment.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import forkserver
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from batch import repository
from batch.engine.attempt import done_whole
from batch.net import BlockStep, Context, Counts, Net
from batch.repository import BlockRow, Held
from css.core.clock import Clock
from css.core.errors import Unavailable
from css.db.engine import make_engine

LOG = logging.getLogger(__name__)

IN_FLIGHT_PER_WORKER = 2
"""Blocks handed out ahead of the workers: enough to keep them busy, few enough to stop soon."""
BLOCKS_PER_WORKER_MIN = 2
"""With fewer, starting the processes takes longer than doing the blocks here."""
WORKER_KILLED: Final = "CSS613E"
_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class BlockTask:
    """All a worker is told."""

    context: Context
    held: Held
    block: BlockRow


@dataclass(frozen=True, slots=True)
class BlockDone:
    """What a block came to."""

    counts: Counts
    is_stop_asked: bool = False
    """Whether somebody has asked the run to stop; read with the fence."""


def do_block(engine: Engine, step: BlockStep, task: BlockTask, clock: Clock) -> BlockDone:
    """Claim a block, do it, and commit output, counts and claim together. A block already done counts nothing."""

    def whole(session: Session) -> tuple[BlockDone, tuple[str, ...]]:
        if not repository.claim_block(session, task.block.id, task.held.step_id, task.held.execution_id):
            if task.block.id in {block.id for block in repository.waiting_blocks(session, task.held.step_id)}:
                raise repository.fenced(task.held.step)
            return BlockDone(Counts()), ()
        work = step.run(session, task.context, task.block.first_key, task.block.last_key)
        asked = repository.record_work(session, task.held, work, clock.now(), checkpoint=None, block_id=task.block.id)
        return BlockDone(work.counts, asked), work.alarms

    done, alarms = done_whole(engine, whole)
    for words in alarms:
        LOG.warning("%s", words, extra={"step": task.held.step})
    return done


class Workers:
    """The processes of one run of a net: started when a step first needs them, kept for its other steps, ended with the run."""

    def __init__(self, engine: Engine, net: Net, clock: Clock, count: int, *, application: str = "css night worker") -> None:
        self._engine = engine
        self._net = net
        self._clock = clock
        self._count = count
        self._application = application
        self._pool: ProcessPoolExecutor | None = None
        self._starting = threading.Lock()

    def __enter__(self) -> Self:
        if self._count > 1:
            # Workers branch off from a process that has loaded the program, meanwhile and once: each would take seconds to.
            _FORKS.set_forkserver_preload(sorted({__name__, *_modules(self._net)}))
            forkserver.ensure_running()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def do(self, step: BlockStep, tasks: Sequence[BlockTask]) -> Generator[BlockDone, None, None]:
        """Do every task and give what each came to, here or in the processes; in the order they are done."""
        if self._is_worth_it(step, len(tasks)):
            yield from self._shared_out(tasks)
        else:
            for task in tasks:
                yield do_block(self._engine, step, task, self._clock)

    def _is_worth_it(self, step: BlockStep, blocks: int) -> bool:
        enough = 1 if self._pool is not None else self._count * BLOCKS_PER_WORKER_MIN - 1
        return step.in_parallel and self._count > 1 and blocks > enough

    def _shared_out(self, tasks: Sequence[BlockTask]) -> Generator[BlockDone, None, None]:
        """Hand tasks out, a few ahead of the workers. However this ends, no worker is still busy afterwards."""
        pool = self._started()
        in_flight: set[Future[BlockDone]] = set()
        try:
            for task in tasks:
                in_flight.add(pool.submit(_work_block, task))
                if len(in_flight) >= self._count * IN_FLIGHT_PER_WORKER:
                    finished, in_flight = wait(in_flight, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in finished)
            while in_flight:
                finished, in_flight = wait(in_flight, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        except BrokenProcessPool:
            raise Unavailable(
                WORKER_KILLED, "A worker process was killed in the middle of its work; run the net again and it goes on from there."
            ) from None
        finally:
            wait([future for future in in_flight if not future.cancel()])

    def _started(self) -> ProcessPoolExecutor:
        with self._starting:
            if self._pool is None:
                url = self._engine.url.render_as_string(hide_password=False)
                self._pool = ProcessPoolExecutor(
                    self._count,
                    # Not forked from here: a library with threads of its own may not be. Each worker makes its own engine.
                    mp_context=_FORKS,
                    initializer=_start_worker,
                    initargs=(url, self._application, self._net, self._clock, max(1, _cores() // self._count)),
                )
            return self._pool


def _modules(net: Net) -> set[str]:
    """Where the work of a net is written down."""
    return {step.run.__module__ for step in net.steps if isinstance(step, BlockStep) and step.in_parallel}


_worker: tuple[Engine, Net, Clock] | None = None


def _cores() -> int:
    """The processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start_worker(url: str, application: str, net: Net, clock: Clock, threads: int) -> None:
    global _worker  # noqa: PLW0603 - a worker process has one engine for its life, and no other place to keep it
    # Polars makes a thread a core at its first use; in every one of several processes they would only be in each other's way.
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    # An interrupt at the terminal reaches the whole group; whoever hands out the work decides when it stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
    _worker = (make_engine(url, application=application), net, clock)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for its next task for ever; what it has not committed was never there."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker was started by somebody"
    parent.join()
    os._exit(1)


def _work_block(task: BlockTask) -> BlockDone:
    assert _worker is not None, "a worker starts before it works"
    engine, net, clock = _worker
    step = net.step(task.held.step)
    assert isinstance(step, BlockStep), f"{task.held.step} has no blocks"
    return do_block(engine, step, task, clock)
