"""The private PostgreSQL server of an installation: made, started and stopped by us, shared by every ``css`` process.

One truth about life and death: every process of the server inherits an open file that holds a lock (``alive.lock``).
The kernel drops the lock with the last of them, so a free lock proves that nothing of the server lives, whatever a
pid file says and whichever container or user looks, and a process not yet reaped holds nothing. "Up" means something
else: ``SELECT 1`` was answered. Everything between the two is waited for, or cleared away. docs/decisions/0040.
"""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg2

from css.core.errors import Unavailable
from css.db import cluster
from css.db.binaries import Binaries
from css.db.cluster import DATABASE, PORT, ROLE, Place

START_SECONDS_MAX = 120
"""A server may replay its log for a while after a crash; longer than this we say so and let it go on."""
ORPHAN_SECONDS_MAX = 3
"""How long server processes may outlive their killed postmaster before we end them too; they notice at their next wait."""
LOCK_SECONDS_MAX = 300
ANSWER_SECONDS_MAX = 3

MEMORY = Path("/dev/shm")  # noqa: S108 - a memory disk, tried and not trusted
_TEMPORARY = "css-temporary-"

StopMode = Literal["smart", "fast", "immediate"]


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What ``css db status`` shows."""

    running: bool
    url: str
    version: str | None
    pid: int | None
    data: Path
    socket_directory: Path
    user: str
    """The account of the operating system that the server runs under."""
    note: str | None
    """Why the data do not lie under CSS_HOME, where they do not."""


class Server:
    """The server whose cluster belongs to one home. Building the object touches nothing."""

    def __init__(self, home: Path, *, durable: bool = True, outlives_stop: bool = False, binaries: Path | None = None) -> None:
        """``outlives_stop``: though not durable, it has what it answered when it is stopped at once and started again.

        Only not when the whole machine is.
        """
        self.home = home
        self.durable = durable
        self.outlives_stop = durable or outlives_stop
        self._wanted_binaries = binaries

    def start(self) -> str:
        """Make sure the server is up and has the database; return its URL. Safe from any number of processes at once.

        Refused as ``Unavailable``: no programs (CSS026E), it does not come up (CSS027E), the home cannot be used
        (CSS028E), data of a version that is not here (CSS029E).
        """
        place = self._place()
        if _answers(place, DATABASE):
            return place.url
        cluster.prepare(place)
        with self._one_at_a_time(place):
            if not _answers(place, "postgres"):
                binaries = cluster.binaries_for(place, self._wanted_binaries)
                if not cluster.exists(place):
                    cluster.create(place, binaries, durable=self.durable)
                with self._alive_lock(place) as alive:
                    self._bring_up(place, binaries, alive)
            _ensure_database(place)
        return place.url

    def stop(self, mode: StopMode = "fast") -> bool:
        """Stop the server if it runs; say whether it did. Clients are disconnected, their transactions rolled back."""
        place = self._place()
        if not place.root.exists():
            return False
        with self._one_at_a_time(place):
            if not self._lives(place):
                return False
            binaries = cluster.binaries_for(place, self._wanted_binaries)
            if self._postmaster_lives(place):
                log = cluster.run(place, binaries, "pg_ctl", "stop", "-D", str(place.data), "-m", mode, "-w", "-t", "60", "-s")
                if log.returncode and self._lives(place):
                    raise Unavailable("CSS027E", "The database server does not stop: {reason}", reason=_last_line(log.stdout))
            else:
                self._end_orphans(place)
            return True

    def status(self) -> ServerStatus:
        """Whether it answers and where it is; starts nothing and waits for nothing."""
        place = self._place()
        version = _ask(place, DATABASE, "SHOW server_version") or _ask(place, "postgres", "SHOW server_version")
        return ServerStatus(
            running=version is not None,
            url=place.url,
            version=version or cluster.data_version(place),
            pid=_pid(place) if version else None,
            data=place.data,
            socket_directory=place.socket_directory,
            user=place.user.name,
            note=place.note,
        )

    def _place(self) -> Place:
        return cluster.place_of(self.home)

    @contextmanager
    def _one_at_a_time(self, place: Place) -> Iterator[None]:
        """The lock round start and stop. The kernel frees it when its holder dies, so it is never stale."""
        deadline = time.monotonic() + LOCK_SECONDS_MAX
        with _lock_file(place.root / "start.lock") as file:
            while not _try_lock(file):
                if time.monotonic() > deadline:
                    raise Unavailable("CSS027E", "Another css process has been starting or stopping the database server for too long.")
                time.sleep(0.05)
            yield

    @contextmanager
    def _alive_lock(self, place: Place) -> Iterator[io.FileIO | None]:
        """The open file for the server to inherit, locked; None while a process of an earlier start still holds it."""
        with _lock_file(place.root / "alive.lock") as file:
            yield file if _try_lock(file) else None

    def _lives(self, place: Place) -> bool:
        with self._alive_lock(place) as alive:
            return alive is None

    def _postmaster_lives(self, place: Place) -> bool:
        pid = _pid(place)
        return pid is not None and _process_works_in(pid, place.data)

    def _bring_up(self, place: Place, binaries: Binaries, alive: io.FileIO | None) -> None:
        """From any state to answering: wait for what lives, clear away what is dead, start what is missing."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            if alive is None:
                if self._wait_for_the_living(place, deadline):
                    return
                with self._alive_lock(place) as free:
                    if free is not None:
                        self._start_dead(place, binaries, free, deadline)
                        return
            else:
                self._start_dead(place, binaries, alive, deadline)
                return

    def _wait_for_the_living(self, place: Place, deadline: float) -> bool:
        """Some process of the server lives. True once it answers; False once all of it is gone."""
        while time.monotonic() < deadline:
            if not self._lives(place):
                return False
            if _answers(place, "postgres"):
                return True
            if not self._postmaster_lives(place):
                self._end_orphans(place)
            time.sleep(0.05)
        raise Unavailable(
            "CSS027E",
            "The database server is there but does not answer yet; it may be recovering from a crash. Its log: {log}",
            log=str(place.log),
        )

    def _end_orphans(self, place: Place) -> None:
        """The postmaster was killed: its processes end at their next wait, or after a moment by our hand."""
        for step, stop_signal in enumerate((None, signal.SIGTERM, signal.SIGKILL)):
            if stop_signal is not None:
                for pid in _processes_in(place.data):
                    with suppress(OSError):
                        os.kill(pid, stop_signal)
            deadline = time.monotonic() + ORPHAN_SECONDS_MAX
            while time.monotonic() < deadline:
                if not self._lives(place) or (step == 0 and self._postmaster_lives(place)):
                    return
                time.sleep(0.05)
        sentence = "Processes of a killed database server still hold its data and do not end; their log: {log}"
        raise Unavailable("CSS027E", sentence, log=str(place.log))

    def _start_dead(self, place: Place, binaries: Binaries, alive: io.FileIO, deadline: float) -> None:
        """Nothing of the server lives, the lock in our hand proves it: whatever it left behind is stale."""
        cluster.remove_leavings(place)
        cluster.write_configuration(place, binaries, durable=self.durable, outlives_stop=self.outlives_stop)
        said = cluster.run_in_background(place, binaries, keep_open=alive.fileno())
        alive.close()  # from here on only the server itself holds it
        while self._lives(place):
            if _answers(place, "postgres"):
                return
            if time.monotonic() > deadline:
                sentence = "The database server is starting but does not answer yet. Its log: {log}"
                raise Unavailable("CSS027E", sentence, log=str(place.log))
            time.sleep(0.02)
        raise Unavailable("CSS027E", "The database server does not start: {reason}", reason=_reason(place, said))


@contextmanager
def _lock_file(path: Path) -> Iterator[io.FileIO]:
    try:
        file = io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    except OSError as error:
        raise cluster.unusable(error, path) from error
    with file:
        yield file


def _try_lock(file: io.FileIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Unavailable("CSS028E", "The file system of CSS_HOME cannot lock files: {reason}.", reason=error.strerror) from error
    return True


def _connect(place: Place, database: str) -> psycopg2.extensions.connection:
    return psycopg2.connect(
        host=str(place.socket_directory),
        port=PORT,
        user=ROLE,
        dbname=database,
        connect_timeout=ANSWER_SECONDS_MAX,
        options="-c statement_timeout=10s",
        application_name="css server",
    )


def _ask(place: Place, database: str, statement: str) -> str | None:
    """The one value a statement gives, or None when the server does not answer."""
    if not place.socket.exists():
        return None
    try:
        connection = _connect(place, database)
    except psycopg2.OperationalError:
        return None
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
            return None if row is None else str(row[0])
    except psycopg2.Error:
        return None
    finally:
        connection.close()


def _answers(place: Place, database: str) -> bool:
    """Up means this and nothing less. A server with no connection left to give also counts: it is up, and busy."""
    if not place.socket.exists():
        return False
    try:
        connection = _connect(place, database)
    except psycopg2.OperationalError as error:
        return "too many clients" in str(error) or "connection slots" in str(error)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except psycopg2.Error:
        return False
    finally:
        connection.close()


def _ensure_database(place: Place) -> None:
    if _ask(place, "postgres", "SELECT 1 FROM pg_database WHERE datname = 'css'") is not None:
        return
    connection = _connect(place, "postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        connection.close()


def _pid(place: Place) -> int | None:
    """The postmaster's process id as its own file says, true or stale."""
    try:
        return int((place.data / "postmaster.pid").read_text(encoding="ascii", errors="replace").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _process_works_in(pid: int, data: Path) -> bool:
    """Whether this process lives (not: waits to be reaped) and is a server of this cluster.

    Where there is no /proc the cluster's ``alive.lock`` has already said that something lives, and the pid must do.
    """
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(data)
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _processes_in(data: Path) -> list[int]:
    """The PostgreSQL processes that work in this data directory, for ending when their postmaster is dead."""
    found = []
    for entry in Path("/proc").glob("[0-9]*") if Path("/proc/self/cwd").exists() else ():
        with suppress(OSError):
            if (entry / "cwd").samefile(data) and (entry / "exe").readlink().name.startswith("postgres"):
                found.append(int(entry.name))
    return found


def _reason(place: Place, said: str) -> str:
    """The most telling line of the server's log, for a sentence to a person."""
    try:
        lines = place.log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
    except OSError:
        lines = []
    telling = [line for line in lines if " FATAL: " in line or " PANIC: " in line]
    return (telling[-1].split(": ", 1)[-1].strip() if telling else _last_line(said)) + f" (log: {place.log})"


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"


@contextmanager
def temporary(*, durable: bool = False, binaries: Path | None = None, below: Path | None = None) -> Iterator[str]:
    """As ``temporary_server``, for whoever wants nothing of it but its URL."""
    with temporary_server(durable=durable, binaries=binaries, below=below) as server:
        yield server.start()


@contextmanager
def temporary_server(
    *, durable: bool = False, outlives_stop: bool = False, binaries: Path | None = None, below: Path | None = None
) -> Iterator[Server]:
    """A server of its own in a directory of its own, in memory where there is a memory disk, started; both gone at the end.

    ``outlives_stop`` is for whoever stops it at once and starts it again: as ``Server`` has it.
    ``below`` names another place for the directory, for whoever wants to wait for a real disk. If we are killed server and
    directory stay behind; the next one to ask for a temporary server there clears them away.
    """
    base = below or (MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir()))
    clear_abandoned(base)
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=base, ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o711)
        server = Server(home, durable=durable, outlives_stop=outlives_stop, binaries=binaries)
        with _lock_file(home / "owner.new") as owned:
            _try_lock(owned)
            # Under its name only once it is held: another who clears away meanwhile must not find it free.
            (home / "owner.new").rename(home / "owner.lock")
            try:
                server.start()
                yield server
            finally:
                server.stop("immediate")
                _remove_elsewhere(home)


def clear_abandoned(base: Path) -> None:
    """Stop and remove temporary servers of ours below a directory whose owner no longer holds its lock."""
    for home in base.glob(f"{_TEMPORARY}*"):
        with suppress(OSError, Unavailable):
            if home.lstat().st_uid != os.geteuid() or not (home / "owner.lock").exists():
                continue
            with _lock_file(home / "owner.lock") as file:
                if _try_lock(file):
                    Server(home).stop("immediate")
                    _remove_elsewhere(home)
                    shutil.rmtree(home, ignore_errors=True)


def _remove_elsewhere(home: Path) -> None:
    """What of a stopped temporary server does not lie below its home, because its user does not reach that or the name is too long."""
    place = cluster.place_of(home)
    for part in (place.root, place.socket_directory):
        if home.resolve() not in part.parents:
            shutil.rmtree(part, ignore_errors=True)
