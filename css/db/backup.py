"""Backup and restore: one file holding ``pg_dump``'s archive and a manifest that proves the file whole.

The file is a plain zip without compression (the archive is compressed already), so that ``database.dump`` can be taken
out and given to ``pg_restore`` by anyone, with or without this program. It is written under another name and renamed at
the end; a restore reads all of it and compares its hash before it touches the database, and then runs as one transaction.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, text

from css.core.errors import BadMessage, Refused, Unavailable
from css.db import binaries as programs
from css.db.faults import faults_named
from css.db.migrate import SCHEMAS, ready_for_partners, upgrade
from css.db.revision import database_revision, known_revisions
from css.db.url import libpq_arguments
from css.whole_file import disk_is_full, sync_folder, whole

DUMP, MANIFEST = "database.dump", "manifest.json"
FORM = "css backup 1"
CHUNK_BYTES = 1 << 20
LOCK_WAIT = "10s"
OWNER_ONLY = 0o600

OnBytes = Callable[[int], None]
"""Called with the number of bytes just moved, for a progress bar."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    form: str
    revision: str
    """The revision of the tables."""
    taken_at: str
    """By the database server's clock, ISO 8601."""
    server_version: str
    dump_bytes: int
    sha256: str


def backup(
    engine: Engine, path: Path, *, overwrite: bool = False, bin_directory: Path | None = None, on_bytes: OnBytes | None = None
) -> Manifest:
    """Write everything in the database, as it was at one moment, to a new file. Others may go on working meanwhile.

    Refused: the file is there already or cannot be written (CSS035E), the database holds nothing of ours (CSS022E), the
    programs for it are missing or fail (CSS026E, CSS039E). A refused or killed backup leaves no file under that name.
    """
    if path.exists() and not overwrite:
        raise Refused("CSS035E", "{path} is there already; choose another name or say --overwrite.", path=str(path))
    with faults_named():
        revision = database_revision(engine)
        if revision is None:
            raise Unavailable("CSS022E", "The database holds no tables of this program. Run `css init`.")
        with engine.connect() as connection:
            taken_at = connection.execute(text("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")).scalar_one()
            version = connection.execute(text("SHOW server_version")).scalar_one()
    try:
        # For the owner's eyes only: everything is in it.
        with whole(path, OWNER_ONLY) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            with archive.open(zipfile.ZipInfo(DUMP), "w", force_zip64=True) as out:
                size, digest = _dump(engine, out, bin_directory, on_bytes)
            manifest = Manifest(FORM, revision, taken_at, version, size, digest)
            archive.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(asdict(manifest), indent=1))
        sync_folder(path.parent)
    except OSError as error:
        unwritable = Unavailable("CSS035E", "{path} cannot be written: {reason}.", path=str(path), reason=error.strerror or str(error))
        raise disk_is_full(error, path.parent) or unwritable from error
    return manifest


def _dump(engine: Engine, out: IO[bytes], bin_directory: Path | None, on_bytes: OnBytes | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with tempfile.TemporaryFile() as said:
        command, environment = _command(engine, "pg_dump", bin_directory)
        # An owner who does not pass row rules by sees every row by the policy of the house, and pg_dump refuses unless it is told so.
        options = ["-Fc", "-Z", "1", "--enable-row-security"]
        with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=said, env=environment) as process:  # noqa: S603 - our own arguments, no shell
            assert process.stdout is not None
            try:
                while chunk := process.stdout.read(CHUNK_BYTES):
                    out.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    if on_bytes is not None:
                        on_bytes(len(chunk))
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise _failed("pg_dump", said)
    return size, digest.hexdigest()


def restore(
    engine: Engine, path: Path, *, replace: bool = False, bin_directory: Path | None = None, on_bytes: OnBytes | None = None
) -> Manifest:
    """Put a backup's content into the database, then bring it to this program's revision.

    Refused before anything is touched: no whole backup (CSS036E), made by a newer program (CSS038E), tables are there
    already and ``replace`` was not said (CSS037E). Runs as one transaction: refused or killed, it changes nothing.
    """
    with _opened(path) as archive:
        manifest = _checked(archive, path)
        if manifest.revision not in known_revisions():
            raise Refused(
                "CSS038E",
                "{path} holds revision {revision}, made by a newer program than this.",
                path=str(path),
                revision=manifest.revision,
            )
        if not replace and _has_tables(engine):
            raise Refused("CSS037E", "The database is not empty; say --replace to throw away what is in it.")
        ready_for_partners(engine)
        with archive.open(DUMP) as dump:
            _load(engine, dump, bin_directory, on_bytes)
    upgrade(engine)
    with faults_named(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return manifest


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as error:
        raise BadMessage("CSS036E", "{path} cannot be read: {reason}.", path=str(path), reason=error.strerror or "unknown") from error
    except zipfile.BadZipFile as error:
        raise _not_whole(path, "it is cut short or no backup at all") from error


def _checked(archive: zipfile.ZipFile, path: Path) -> Manifest:
    """The manifest of a backup that is whole to the last byte."""
    try:
        manifest = Manifest(**json.loads(archive.read(MANIFEST)))
    except (KeyError, TypeError, ValueError) as error:
        raise _not_whole(path, "it has no manifest of ours") from error
    if manifest.form != FORM:
        raise _not_whole(path, "it has a form this program does not know")
    digest = hashlib.sha256()
    try:
        with archive.open(DUMP) as dump:
            while chunk := dump.read(CHUNK_BYTES):
                digest.update(chunk)
    except KeyError as error:
        raise _not_whole(path, "it has no dump in it") from error
    if digest.hexdigest() != manifest.sha256:
        raise _not_whole(path, "its content does not match its manifest")
    return manifest


def _not_whole(path: Path, reason: str) -> BadMessage:
    return BadMessage("CSS036E", "{path} is not a whole backup of CSS: {reason}.", path=str(path), reason=reason)


def others_at_work(engine: Engine) -> tuple[tuple[str, int], ...]:
    """Who else is connected to the database, by the name each gives itself, and how many connections each has."""
    with faults_named(), engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT coalesce(nullif(application_name, ''), 'without a name') AS name, count(*) AS connections FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                " GROUP BY 1 ORDER BY 1"
            )
        )
        return tuple((row.name, row.connections) for row in rows)


def _has_tables(engine: Engine) -> bool:
    with faults_named(), engine.connect() as connection:
        return bool(
            connection.execute(
                text(
                    "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')"
                )
            ).scalar_one()
        )


def _load(engine: Engine, dump: IO[bytes], bin_directory: Path | None, on_bytes: OnBytes | None) -> None:
    """``pg_restore`` writes SQL, ``psql`` runs it between our BEGIN and our COMMIT; without the COMMIT nothing happened."""
    binaries = programs.find(bin_directory)
    command, environment = _command(engine, "psql", bin_directory)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as restore_said:
        script = [str(binaries.path("pg_restore")), "--no-owner", "--no-privileges", "--exit-on-error", "-f", "-"]
        psql = [*command, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        with (
            subprocess.Popen(psql, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment) as runner,  # noqa: S603 - as above
            subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=restore_said) as writer,  # noqa: S603 - as above
        ):
            assert runner.stdin is not None
            assert writer.stdin is not None
            assert writer.stdout is not None
            feeder = threading.Thread(target=_feed, args=(dump, writer.stdin, on_bytes), daemon=True)
            feeder.start()
            try:
                runner.stdin.write(_prelude().encode())
                first = True
                while chunk := writer.stdout.read(CHUNK_BYTES):
                    # PostgreSQL 17 and newer say this in every script; older servers refuse it.
                    runner.stdin.write(chunk.replace(b"\nSET transaction_timeout = 0;\n", b"\n", 1) if first else chunk)
                    first = False
                if writer.wait() == 0:
                    runner.stdin.write(b"\nCOMMIT;\n")
                runner.stdin.close()
            except BrokenPipeError:
                writer.kill()
            except BaseException:
                writer.kill()
                runner.kill()
                raise
            with suppress(BrokenPipeError):
                runner.stdin.close()
            feeder.join()
        if runner.returncode:
            raise _failed("psql", said)
        if writer.returncode:
            raise _failed("pg_restore", restore_said)


def _feed(dump: IO[bytes], into: IO[bytes], on_bytes: OnBytes | None) -> None:
    with suppress(BrokenPipeError, ValueError):
        while chunk := dump.read(CHUNK_BYTES):
            into.write(chunk)
            if on_bytes is not None:
                on_bytes(len(chunk))
    with suppress(BrokenPipeError):
        into.close()


def _prelude() -> str:
    drops = "".join(f"DROP SCHEMA IF EXISTS {schema} CASCADE;\n" for schema in SCHEMAS)
    return (
        f"BEGIN;\nSET LOCAL client_min_messages = error;\nSET LOCAL lock_timeout = '{LOCK_WAIT}';\n"
        f"{drops}DROP TABLE IF EXISTS public.alembic_version;\n"
    )


def _command(engine: Engine, program: str, bin_directory: Path | None) -> tuple[list[str], dict[str, str]]:
    """A program of PostgreSQL told where to connect; the password goes by the environment, out of sight of ``ps``."""
    words, secret = libpq_arguments(engine.url.render_as_string(hide_password=False))
    quoted = " ".join(
        f"{name}='{value.replace(chr(92), chr(92) * 2).replace(chr(39), chr(92) + chr(39))}'" for name, value in words.items()
    )
    return [str(programs.find(bin_directory).path(program)), "-w", "-d", quoted], os.environ | secret


def _failed(program: str, said: IO[bytes]) -> Unavailable:
    said.seek(0)
    lines = [line.strip() for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if "ERROR:" in line or "error:" in line] or lines or ["it does not say why"]
    if any("No space left on device" in line for line in lines):
        return Unavailable("CSS024E", "The disk of the database server is full; nothing of this was kept.")
    reason = telling[0].split("error: ")[-1].split("ERROR: ")[-1].strip()
    return Unavailable("CSS039E", "{program} gave up: {reason}", program=program, reason=reason)
