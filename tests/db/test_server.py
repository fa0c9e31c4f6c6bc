"""The private server: shared, killed, moved, starved; it never needs a hand."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import text

from css.core.errors import Unavailable
from css.db import binaries, cluster
from css.db.engine import make_engine
from css.db.server import Server, temporary
from tests.house.source import ROOT

ROOT_USER = os.geteuid() == 0


def _directory() -> Path:
    """A directory that the server's user can reach; pytest's own are closed to it under root."""
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a memory disk for throw-away data
    made = Path(tempfile.mkdtemp(prefix="css-test-", dir=base))
    made.chmod(0o711)
    return made


@pytest.fixture
def empty_home() -> Iterator[Path]:
    """A home in which nothing was ever started."""
    made = _directory()
    yield made
    Server(made).stop("immediate")
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A home whose server was started and stopped, for copying: making a cluster takes ten times as long."""
    made = _directory()
    Server(made, durable=False).start()
    Server(made).stop()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def home(empty_home: Path, prepared: Path) -> Path:
    """A home of its own with a stopped server."""
    subprocess.run(["cp", "-a", str(prepared / "postgres"), str(empty_home)], check=True)
    return empty_home


def start(home: Path) -> str:
    return Server(home, durable=False).start()


def ask(url: str, question: str) -> object:
    engine = make_engine(url, pooled=False)
    with engine.connect() as connection:
        return connection.execute(text(question)).scalar()


def pid_of(home: Path) -> int:
    found = Server(home).status().pid
    assert found is not None
    return found


def _python(user: str | None) -> str:
    """A Python of our version that the user can run: ours may lie in a directory that is closed to it."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        if user is None or cluster._runs(_server_user(user), candidate, "-c", "pass"):
            return candidate
    pytest.skip(f"user {user} can run no Python {version} here")


def _server_user(name: str) -> cluster.ServerUser:
    found = pwd.getpwnam(name)
    return cluster.ServerUser(found.pw_name, found.pw_uid, found.pw_gid)


def in_a_process(program: str, *words: str, user: str | None = None) -> subprocess.Popen[str]:
    account = _server_user(user) if user else cluster.ServerUser("", os.geteuid(), os.getegid())
    return subprocess.Popen(
        [_python(user), "-c", program, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *site.getsitepackages()])},
        user=account.uid if user else None,
        group=account.gid if user else None,
        extra_groups=() if user else None,
    )


STARTER = "import sys; from pathlib import Path; from css.db.server import Server; print(Server(Path(sys.argv[1]), durable=False).start())"


def test_started_twice_is_started_once_and_stopped_only_when_asked(empty_home: Path) -> None:
    server = Server(empty_home, durable=False)
    assert not server.status().running
    url = server.start()
    pid = pid_of(empty_home)
    assert server.start() == url
    assert pid_of(empty_home) == pid
    assert ask(url, "SELECT current_database()") == "css"
    assert server.status().running
    assert server.stop()
    assert not server.stop()
    assert not server.status().running


def test_a_stopped_server_keeps_what_was_written(home: Path) -> None:
    url = Server(home, durable=True).start()
    with make_engine(url, pooled=False).begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 7 AS seven"))
    Server(home).stop()
    assert ask(Server(home, durable=True).start(), "SELECT seven FROM kept") == 7


def test_processes_starting_at_once_share_one_server(empty_home: Path) -> None:
    running = [in_a_process(STARTER, str(empty_home)) for _ in range(4)]
    said = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    assert len({out for out, _ in said}) == 1
    assert (empty_home / "postgres" / "log" / "server.log").read_text(encoding="utf-8").count("ready to accept connections") == 1


def test_threads_starting_at_once_share_one_server(empty_home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: start(empty_home), range(4)))) == 1


def test_the_server_outlives_the_process_that_started_it(home: Path) -> None:
    process = in_a_process(STARTER + "; import os; os.kill(os.getpid(), 9)", str(home))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    pid = pid_of(home)
    start(home)
    assert pid_of(home) == pid


def test_a_killed_server_is_started_again(home: Path) -> None:
    url = start(home)
    for _ in range(3):
        os.kill(pid_of(home), signal.SIGKILL)
        assert start(home) == url
        assert ask(url, "SELECT 1") == 1


def test_a_killed_server_with_a_busy_client_is_started_again(home: Path) -> None:
    """A backend in the middle of a long computation does not notice that its postmaster is gone; it holds the data."""
    url = start(home)
    busy = psycopg2.connect(make_engine(url).url.set(drivername="postgresql").render_as_string())
    waiting = ThreadPoolExecutor(1).submit(_compute, busy)
    time.sleep(0.3)
    os.kill(pid_of(home), signal.SIGKILL)
    assert start(home) == url
    assert ask(url, "SELECT 1") == 1
    assert isinstance(waiting.exception(timeout=30), psycopg2.Error)
    busy.close()


def _compute(connection: psycopg2.extensions.connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN FOR i IN 1..2000000000 LOOP END LOOP; END $$")


@pytest.mark.parametrize("left", ["99999999", str(os.getpid()), "not a number", ""], ids=["nobody", "this process", "words", "nothing"])
def test_a_stale_pid_file_is_seen_through(home: Path, left: str) -> None:
    """Whatever pid it names: nobody's, a living stranger's, or none."""
    place = cluster.place_of(home)
    said = f"{left}\n{place.data}\n1\n5432\n{place.socket_directory}\n\n"
    for path in (place.data / "postmaster.pid", place.socket.with_name(place.socket.name + ".lock")):
        path.write_text(said, encoding="utf-8")
        if ROOT_USER:
            os.chown(path, place.user.uid, place.user.gid)
    place.socket.touch()
    assert not Server(home).status().running
    assert ask(start(home), "SELECT 1") == 1


def test_stopping_never_ends_a_stranger(home: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    (home / "postgres" / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n", encoding="utf-8")
    assert not Server(home).stop("immediate")
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_server_stopped_in_the_middle_of_starting_is_no_trouble(empty_home: Path) -> None:
    """A css process killed at any moment of the first start leaves a empty_home that the next one can use."""
    for delay in (0.15, 0.3, 0.6, 0.9, 1.2):
        process = in_a_process(STARTER, str(empty_home))
        time.sleep(delay)
        process.kill()
        process.communicate()
    assert ask(start(empty_home), "SELECT current_database()") == "css"
    Server(empty_home).stop()
    start(empty_home)
    assert list((empty_home / "postgres").glob("data.new-*")) == [], "what killed attempts left is swept up in time"


def test_an_unclean_stop_is_recovered_from(home: Path) -> None:
    url = Server(home, durable=True).start()
    with make_engine(url, pooled=False).begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number"))
    Server(home).stop("immediate")
    assert ask(Server(home, durable=True).start(), "SELECT count(*) FROM kept") == 1000


def test_durable_by_default_and_not_in_tests(empty_home: Path) -> None:
    url = Server(empty_home).start()
    wanted = "('fsync', 'full_page_writes', 'synchronous_commit')"
    assert ask(url, f"SELECT string_agg(setting, ' ') FROM pg_settings WHERE name IN {wanted}") == "on on on"
    Server(empty_home).stop()
    assert ask(start(empty_home), "SHOW fsync") == "off"


def test_only_we_can_connect_and_only_from_here(home: Path) -> None:
    url = start(home)
    place = cluster.place_of(home)
    assert ask(url, "SHOW listen_addresses") == ""
    assert place.socket_directory.stat().st_mode & 0o077 == 0
    assert ask(url, "SELECT string_agg(type || ' ' || auth_method, ',') FROM pg_hba_file_rules") == "local peer"
    assert ask(url, "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL") == 0


def test_sorting_and_letters_are_those_of_unicode(empty_home: Path) -> None:
    url = start(empty_home)
    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SELECT upper('ŵ')") == "Ŵ"


NAMES = ["x" * 120, "with space", "a,b", "it's", 'say "so"', "$(touch a)`b`\\n%s", "ŵ"]


@pytest.mark.parametrize("name", NAMES)
def test_any_home_will_do(empty_home: Path, prepared: Path, name: str) -> None:
    """A path too long for a socket, or that libpq, a shell or a settings file would misread."""
    inner = empty_home / name
    inner.mkdir()
    inner.chmod(0o711)
    if name != NAMES[0]:
        subprocess.run(["cp", "-a", str(prepared / "postgres"), str(inner)], check=True)
    url = start(inner)
    try:
        assert ask(url, "SELECT 1") == 1
        assert start(inner) == url
    finally:
        Server(inner).stop("immediate")
        place = cluster.place_of(inner)
        if place.socket_directory.parent != place.root:
            assert len(os.fsencode(place.socket)) <= cluster.SOCKET_PATH_BYTES_MAX
            shutil.rmtree(place.socket_directory)


def test_a_private_directory_of_somebody_else_is_refused(home: Path) -> None:
    """Otherwise whoever makes the short directory first could stand between us and our server."""
    trap = home / "trap"
    trap.symlink_to(home)
    user = cluster.place_of(home).user
    with pytest.raises(Unavailable, match="belongs to somebody else"):
        cluster._make_private(trap, user)


def test_a_home_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(Unavailable) as caught:
        start(Path("/proc/no-such-place"))
    assert caught.value.code == "CSS028E"


def test_data_of_another_version_are_refused(home: Path) -> None:
    (home / "postgres" / "data" / "PG_VERSION").write_text("14\n", encoding="ascii")
    with pytest.raises(Unavailable) as caught:
        start(home)
    assert caught.value.code == "CSS029E"


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with (home / "postgres" / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(Unavailable) as caught:
        start(home)
    assert caught.value.code == "CSS027E"
    assert "server.log" in str(caught.value)


def test_no_programs_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable) as caught:
        binaries.find(tmp_path)
    assert caught.value.code == "CSS026E"
    monkeypatch.setattr(binaries, "_candidates", list)
    binaries.find.cache_clear()
    with pytest.raises(Unavailable, match="CSS_DATABASE_URL"):
        binaries.find()
    binaries.find.cache_clear()


def _system() -> Path | None:
    found = [path for path in sorted(Path("/usr/lib/postgresql").glob("*/bin")) if 15 <= int(path.parent.name) <= 18]
    return found[-1] if found else None


@pytest.mark.skipif(_system() is None, reason="no PostgreSQL of the system's own")
def test_the_systems_programs_serve_the_same_way(empty_home: Path) -> None:
    server = Server(empty_home, durable=False, binaries=_system())
    url = server.start()
    assert str(ask(url, "SHOW server_version")).startswith(f"{_system().parent.name}.")  # type: ignore[union-attr]
    assert ask(url, "SELECT upper('ŵ')") == "Ŵ"
    os.kill(pid_of(empty_home), signal.SIGKILL)
    assert server.start() == url
    assert server.stop()


def test_a_temporary_server_whose_owner_was_killed_is_cleared_away_by_the_next(empty_home: Path) -> None:
    """In a place of its own: any other run of ours on this machine would clear it away too."""
    program = (
        "import os, sys; from pathlib import Path; from css.db.server import temporary; "
        "held = temporary(below=Path(sys.argv[1])); held.__enter__(); os.kill(os.getpid(), 9)"
    )
    in_a_process(program, str(empty_home)).communicate(timeout=60)
    (home,) = empty_home.glob("css-temporary-*")
    assert Server(home).status().running
    with temporary(below=empty_home) as url:
        (next_one,) = empty_home.glob("css-temporary-*")
        assert next_one != home
        assert ask(url, "SELECT 1") == 1
    assert not next_one.exists()


@pytest.mark.skipif(not ROOT_USER, reason="only root can act for another user")
class TestUnderRoot:
    @pytest.mark.parametrize("user", ["nobody", "postgres"])
    def test_an_ordinary_user_has_a_server_of_its_own(self, empty_home: Path, user: str) -> None:
        if not _knows(user):
            pytest.skip(f"no user {user} here")
        theirs = empty_home / user
        theirs.mkdir(mode=0o700)
        os.chown(theirs, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        process = in_a_process(STARTER + "; print(Server(Path(sys.argv[1])).stop())", str(theirs), user=user)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert out.endswith("True\n")

    def test_root_uses_the_server_of_the_user_who_made_it(self, empty_home: Path) -> None:
        theirs = empty_home / "theirs"
        theirs.mkdir(mode=0o700)
        os.chown(theirs, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
        process = in_a_process(STARTER, str(theirs), user="nobody")
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert start(theirs) == out.strip()
        Server(theirs).stop()
        assert start(theirs) == out.strip()
        assert Server(theirs).status().user == "nobody"
        Server(theirs).stop()

    def test_another_user_cannot_connect(self, home: Path) -> None:
        url = start(home)
        program = "import psycopg2, sys; psycopg2.connect(sys.argv[1])"
        plain = make_engine(url).url.set(drivername="postgresql").render_as_string()
        process = in_a_process(program, plain, user="daemon")
        assert process.communicate(timeout=30)[1]
        assert process.returncode != 0
        place = cluster.place_of(home)
        place.socket_directory.chmod(0o755)
        place.socket.chmod(0o777)
        process = in_a_process(program, plain, user="daemon")
        assert "Peer authentication failed" in process.communicate(timeout=30)[1]

    def test_a_home_that_the_servers_user_cannot_reach_has_its_data_elsewhere(
        self, empty_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elsewhere = empty_home / "elsewhere"
        monkeypatch.setattr(cluster, "ELSEWHERE", elsewhere)
        closed = empty_home / "closed"
        closed.mkdir(mode=0o700)
        url = start(closed / "var")
        try:
            assert ask(url, "SELECT 1") == 1
            status = Server(closed / "var").status()
            assert status.data.is_relative_to(elsewhere)
            assert "cannot reach" in (status.note or "")
            closed.chmod(0o755)
            assert start(closed / "var") == url, "the data stay where they are when the empty_home is opened later"
        finally:
            Server(closed / "var").stop("immediate")

    def test_programs_that_the_servers_user_cannot_run_are_copied(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        found = binaries.find()
        if not found.from_wheel:
            pytest.skip("no wheel on this platform")
        hidden = home / "hidden"
        hidden.mkdir(mode=0o700)
        package = found.directory.parent.parent
        shutil.copytree(package.parent / f"{package.name}.libs", hidden / f"{package.name}.libs")
        shutil.copytree(package / "pginstall", hidden / package.name / "pginstall", symlinks=True)
        moved = binaries.Binaries(hidden / package.name / "pginstall" / "bin", found.version, from_wheel=True)
        monkeypatch.setattr(binaries, "find", lambda *_: moved)
        assert ask(start(home), "SELECT 1") == 1
        assert (home / "postgres" / f"postgresql-{found.version}").is_dir()
        Server(home).stop()


def _knows(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
