"""Many files put where mailing and printing programs find them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from css import whole_file
from css.core.errors import Unavailable


def put_files(directory: Path, files: Mapping[Path, bytes]) -> None:
    """Have these files below a directory, whole, and their names on the disk too.

    Raises:
        Unavailable: CSS968E, there is no room for them. CSS447E, the directory cannot be written.
    """
    try:
        whole_file.put_files(files)
    except OSError as error:
        full = whole_file.disk_is_full(error, directory)
        raise full or Unavailable(
            "CSS447E", "Bills cannot be written below {directory}: {reason}.", directory=str(directory), reason=error.strerror or str(error)
        ) from error
