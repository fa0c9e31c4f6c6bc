"""The files of a private server: where they lie, whose they are, how a cluster is made and configured.

PostgreSQL refuses to run as root, so under root it runs as ``postgres`` if the system has that user, else as ``nobody``,
or as whoever owns a cluster that is already there. Root keeps what the server only reads (settings, locks); the server's
user owns what it writes (data, socket, log). Nobody's parent directories are ever opened up: where that user cannot
reach the home, the cluster lies in ``/var/lib/css`` instead, and ``css db status`` says so.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from css.core.errors import Unavailable
from css.db import binaries as programs
from css.db.binaries import Binaries

ROLE = "css"
DATABASE = "css"
PORT = 5432
"""Only part of the socket's file name: the server listens on no network address at all."""
SOCKET_PATH_BYTES_MAX = 107
ELSEWHERE = Path("/var/lib/css")
_SHARED_MEMORY_BYTES_MIN = 256 * 1024 * 1024
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""All that PostgreSQL's programs see: a stray PGDATA or PGOPTIONS of the caller must not reach them."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The account of the operating system that owns and runs the server."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether we are root and act for this user."""
        return self.uid != os.geteuid()


@dataclass(frozen=True, slots=True)
class Place:
    """Where one home's cluster lies and who runs it."""

    root: Path
    user: ServerUser
    socket_directory: Path
    note: str | None

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def log(self) -> Path:
        return self.root / "log" / "server.log"

    @property
    def socket(self) -> Path:
        return self.socket_directory / f".s.PGSQL.{PORT}"

    @property
    def url(self) -> str:
        return f"postgresql+psycopg2://{ROLE}@/{DATABASE}?host={quote(str(self.socket_directory), safe='/')}&port={PORT}"


def place_of(home: Path) -> Place:
    """Decide where the cluster of a home lies; touches nothing. Always the same answer while the home stays as it is."""
    home = Path(os.path.realpath(home))
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    root, note = home / "postgres", None
    elsewhere = ELSEWHERE / digest
    moved = os.geteuid() == 0 and not (root / "data").exists() and (elsewhere / "data").exists()
    user = _user(elsewhere if moved else root)
    if moved or (user.is_other and not (root / "data").exists() and not _reaches(user, home)):
        root = elsewhere
        note = f"user {user.name}, who runs the server because root may not, cannot reach {home}"
    socket_directory = root / "run"
    path = os.fsencode(socket_directory / f".s.PGSQL.{PORT}")
    if len(path) > SOCKET_PATH_BYTES_MAX or b"," in path:  # libpq takes a comma for the start of another host
        socket_directory = Path(f"/tmp/css-{user.uid}-{digest}")  # noqa: S108 - owner and mode are checked before use
    return Place(root, user, socket_directory, note)


def _user(root: Path) -> ServerUser:
    """Ourselves; under root the owner of the cluster, else ``postgres``, else ``nobody``."""
    me = os.geteuid()
    try:
        if me:
            found = pwd.getpwuid(me)
        else:
            data = root / "data"
            owner = data.stat().st_uid if data.exists() else 0
            found = pwd.getpwuid(owner) if owner else _first_user("postgres", "nobody")
    except KeyError as error:
        raise Unavailable("CSS028E", "PostgreSQL runs only under a user with a name, and {reason}.", reason=str(error.args[0])) from error
    return ServerUser(found.pw_name, found.pw_uid, found.pw_gid)


def _first_user(*names: str) -> pwd.struct_passwd:
    for name in names:
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            if found.pw_uid:
                return found
    msg = "this system has none of " + ", ".join(names)
    raise KeyError(msg)


def _reaches(user: ServerUser, path: Path) -> bool:
    """Whether the user can pass through every directory down to ``path``, or to as much of it as exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return _runs(user, "test", "-x", str(path))


def _runs(user: ServerUser, *command: str) -> bool:
    try:
        return _spawn(user, command, None).returncode == 0
    except OSError:
        return False


def _spawn(user: ServerUser, command: tuple[str, ...], keep_open: int | None) -> subprocess.CompletedProcess[str]:
    """Run to the end as that user. Its words go to a file, not a pipe: a server it leaves behind would hold a pipe open."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        as_other = {"user": user.uid, "group": user.gid, "extra_groups": ()} if user.is_other else {}
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603 - our own arguments, no shell; the stub wants the keywords spelt out
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            check=False,
            cwd="/",
            env=_ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            pass_fds=() if keep_open is None else (keep_open,),
            **as_other,
        )
        said.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, said.read())


def run(place: Place, binaries: Binaries, program: str, *arguments: str, keep_open: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the server's user; what it said is in ``stdout``.

    ``keep_open`` is a file descriptor for it and its children to inherit.
    """
    return _spawn(place.user, (str(binaries.path(program)), *arguments), keep_open)


def run_in_background(place: Place, binaries: Binaries, *, keep_open: int) -> str:
    """Start the server and leave it to itself; gives what the shell said, which is nothing if all is well.

    Not by ``pg_ctl``, which pastes the paths into a shell's command line: a home with a quote or a dollar in its name
    would fail or worse. Here they are arguments. A session of its own keeps our terminal's Ctrl-C away from it.
    """
    shell = ("/bin/sh", "-c", '"$@" </dev/null >>"$0" 2>&1 &', str(place.log), str(binaries.path("postgres")), "-D", str(place.data))
    return _spawn(place.user, shell, keep_open).stdout


def prepare(place: Place) -> None:
    """Make the directories. Refused (CSS028E) when they cannot be made or belong to somebody else."""
    try:
        missing = [path for path in (place.root, *place.root.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            if place.user.is_other:
                path.chmod(0o711 if path == place.root else 0o755)
        if not place.user.is_other and place.root in missing:
            place.root.chmod(0o700)
        (place.root / "conf").mkdir(exist_ok=True)
        (place.root / "conf").chmod(0o755)
        for private in (place.log.parent, place.socket_directory):
            _make_private(private, place.user)
    except OSError as error:
        raise unusable(error, place.root) from error


def unusable(error: OSError, path: Path) -> Unavailable:
    """A file or directory of the server that the operating system would not give us."""
    return Unavailable("CSS028E", "{path} cannot be used: {reason}.", path=str(error.filename or path), reason=error.strerror)


def _make_private(path: Path, user: ServerUser) -> None:
    """A directory that only the server's user enters; one made by somebody else beforehand is refused, never adopted."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
        if user.is_other:
            os.chown(path, user.uid, user.gid)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {user.uid, 0} or (found.st_uid == 0 and user.uid and not user.is_other):
        raise Unavailable("CSS028E", "{path} belongs to somebody else; remove it or choose another CSS_HOME.", path=str(path))
    if found.st_uid != user.uid:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    if stat.S_IMODE(found.st_mode) != 0o700:  # noqa: PLR2004 - rwx for the owner only
        path.chmod(0o700)


def exists(place: Place) -> bool:
    """Whether the home has a cluster. It appears by a rename, so there is never half of one."""
    return (place.data / "PG_VERSION").exists()


def data_version(place: Place) -> str | None:
    """The major version that wrote the data."""
    with suppress(OSError):
        return (place.data / "PG_VERSION").read_text(encoding="ascii").strip()
    return None


def binaries_for(place: Place, wanted: Path | None) -> Binaries:
    """Programs that can open this cluster and that its user can run, copied beside it if need be."""
    version = data_version(place)
    try:
        found = programs.find(wanted, int(version) if version else None)
    except Unavailable as error:
        if version is None:
            raise
        raise Unavailable(
            "CSS029E",
            "The data under {home} were written by PostgreSQL {version}, which is not here;"
            " install it, or restore a backup into another CSS_HOME.",
            home=str(place.root),
            version=version,
        ) from error
    if place.user.is_other and not _usable(place.user, found):
        if not found.from_wheel:
            sentence = "User {user} may not run PostgreSQL's programs in {directory}."
            raise Unavailable("CSS026E", sentence, user=place.user.name, directory=str(found.directory))
        try:
            found = programs.copy_for_other_user(found, place.root)
        except OSError as error:
            raise unusable(error, place.root) from error
    return found


def _usable(user: ServerUser, found: Binaries) -> bool:
    share = found.directory.parent / "share" / "postgres.bki"
    return _runs(user, str(found.path("postgres")), "--version") and (not share.exists() or _runs(user, "test", "-r", str(share)))


def create(place: Place, binaries: Binaries, *, durable: bool) -> None:
    """Make a new cluster. It appears by a rename; a killed attempt leaves a ``data.new-…`` that a later start removes."""
    new = Path(tempfile.mkdtemp(prefix="data.new-", dir=place.root))
    if place.user.is_other:
        os.chown(new, place.user.uid, place.user.gid)
    common = ["-D", str(new), "-U", ROLE, "-E", "UTF8", "--auth=peer", "--data-checksums"]
    if not durable:
        common += ["--no-sync", "--wal-segsize=1"]
    done = None
    for locale in _locales(binaries):
        done = run(place, binaries, "initdb", *common, *locale)
        if done.returncode == 0:
            break
    assert done is not None
    if done.returncode:
        telling = [line for line in done.stdout.splitlines() if "error" in line or "FATAL" in line] or done.stdout.splitlines()[-1:]
        shutil.rmtree(new, ignore_errors=True)
        raise Unavailable("CSS027E", "A new database cannot be made: {reason}", reason=" ".join(telling[:1]) or "initdb does not say why")
    descriptor = os.open(new / "postgresql.conf", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n# Everything of ours is in this file, written anew at each start.\ninclude '../conf/css.conf'\n")
        file.flush()
        if durable:
            os.fsync(file.fileno())
    new.rename(place.data)
    if durable:
        parent = os.open(place.root, os.O_RDONLY)
        os.fsync(parent)
        os.close(parent)


def _locales(binaries: Binaries) -> list[list[str]]:
    """Best first. The built-in C.UTF-8 does not change its mind about sorting when the operating system is upgraded."""
    builtin = [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]] if binaries.major >= 17 else []  # noqa: PLR2004
    return [*builtin, ["--locale=C.UTF-8"], ["--locale=C"]]


def remove_leavings(place: Place) -> None:
    """Remove what a killed server left behind. Only for one who holds ``alive.lock``.

    Half-made clusters, and lock files. Those name a pid that may belong to anybody by now, or to a corpse that is never
    reaped; PostgreSQL would believe either. Its own last check, shared memory still attached, remains.
    """
    for half in place.root.glob("data.new-*"):
        shutil.rmtree(half, ignore_errors=True)
    for left in (place.data / "postmaster.pid", place.socket, place.socket.with_name(place.socket.name + ".lock")):
        left.unlink(missing_ok=True)


def write_configuration(place: Place, binaries: Binaries, *, durable: bool, outlives_stop: bool) -> None:
    """Write the server's settings and who may connect; the file appears whole or not at all."""
    if place.log.exists():
        place.log.replace(place.log.with_suffix(".log.1"))
    conf = place.root / "conf"
    names = dict.fromkeys((place.user.name, "root"))
    _write(conf / "pg_ident.conf", "".join(f'css {_double(name)} "{ROLE}"\n' for name in names))
    _write(conf / "pg_hba.conf", f'local all "{ROLE}" peer map=css\n')
    _write(conf / "css.conf", _settings(place, binaries, durable=durable, outlives_stop=outlives_stop))


def _settings(place: Place, binaries: Binaries, *, durable: bool, outlives_stop: bool) -> str:
    conf = place.root / "conf"
    lines = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": _double(str(place.socket_directory)),
        "unix_socket_permissions": "0700",
        "hba_file": str(conf / "pg_hba.conf"),
        "ident_file": str(conf / "pg_ident.conf"),
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_line_prefix": "%m [%p] %a ",
        # What customers told us stands in statements and in the detail of a refused row: neither goes to the log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        # Compiling a plan costs more than it saves on the short statements of screens, and makes timings jump.
        "jit": "off",
        "shared_buffers": "256MB" if durable else "128MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        # A client killed in the middle of a long statement must not keep its locks until the statement ends.
        "client_connection_check_interval": "1s",
        "idle_in_transaction_session_timeout": "0",
    }
    if not durable:
        lines |= {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}
        # Written before it is answered, a commit is with the operating system and outlives the server; not the machine.
        lines |= {"synchronous_commit": "on" if outlives_stop else "off"}
        lines |= {"autovacuum_naptime": "5min", "checkpoint_timeout": "1h"}
    if not _roomy_shared_memory():
        lines["dynamic_shared_memory_type"] = "mmap"
    text = "".join(f"{name} = {_single(value)}\n" for name, value in lines.items())
    return f"# Written by css at each start for PostgreSQL {binaries.version}; changes here are lost.\n{text}"


def _roomy_shared_memory() -> bool:
    """Containers often get 64 MB of /dev/shm, too little for a parallel hash join, which then fails in mid-query."""
    try:
        room = os.statvfs("/dev/shm")  # noqa: S108 - asked for its size only
    except OSError:
        return True
    return room.f_bavail * room.f_frsize >= _SHARED_MEMORY_BYTES_MIN


def _write(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.replace(path)


def _double(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _single(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
