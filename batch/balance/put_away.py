"""Carriers' files that a night put out of the way: how they are called there, and which of several of a name is meant."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count
from pathlib import Path

from billing.carrier_file import content_sha256, shown_name
from css.core.errors import Unavailable


def free_name(folder: Path, name: str) -> Path:
    """The name itself, or the first numbered one: what was put away before is evidence and stays."""
    names = (name if n == 1 else f"{name}.{n}" for n in count(1))
    return next(folder / one for one in names if not (folder / one).exists())


def put_away_as(folder: Path, shown: str) -> list[Path]:
    """The files of a folder that were put away under a name, as it is shown: first that name itself, then by their numbers."""
    form = re.compile(rf"{re.escape(shown)}(?:\.(?P<number>[1-9][0-9]*))?", re.DOTALL)
    found = [(form.fullmatch(shown_name(path)), path) for path in folder.iterdir()] if folder.is_dir() else []
    named = [(int(match["number"] or 1), path) for match, path in found if match is not None and path.is_file()]
    return [path for _, path in sorted(named)]


def meant(files: Collection[Path], digest: str, of_others: Collection[str]) -> Path | None:
    """Of files put away under one name the one with this content; or else the first that is nobody else's, so mended in its place."""
    contents = {path: content_sha256(path) for path in files}
    same = (path for path, content in contents.items() if content == digest)
    mended = (path for path, content in contents.items() if content not in of_others)
    return next(same, None) or next(mended, None)


def name_it_had(path: Path, shown: str) -> str:
    """The name under which a file came that was put away under one or another: in its own bytes, and without a number."""
    return path.name if shown_name(path) == shown else path.name.rpartition(".")[0]


def not_moved(error: OSError, incoming: Path) -> Unavailable:
    """CSS614E, for a file that cannot be read or moved."""
    return Unavailable(
        "CSS614E",
        "A carrier's file cannot be read or put away: {path}: {reason}.",
        path=str(error.filename or incoming),
        reason=error.strerror or type(error).__name__,
    )
