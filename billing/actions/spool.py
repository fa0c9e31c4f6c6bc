"""Many files put where mailing and printing programs find them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from billing.whole_file import put_whole, sync_folder
from css.core.errors import Unavailable

WRITERS: Final = 8
"""Files pushed to the disk at the same time: it takes several in little more than the time of one."""


def put_files(directory: Path, files: Mapping[Path, bytes]) -> None:
    """Have these files below a directory, whole, and their names on the disk too.

    Raises:
        Unavailable: CSS447E, the directory cannot be written.
    """
    folders = sorted({path.parent for path in files})
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(WRITERS) as writers:
            for _ in writers.map(lambda each: put_whole(*each), files.items()):
                pass  # what went wrong with a file is raised here
        for folder in folders:
            sync_folder(folder)
    except OSError as error:
        raise Unavailable(
            "CSS447E", "Bills cannot be written below {directory}: {reason}.", directory=str(directory), reason=error.strerror or str(error)
        ) from error
