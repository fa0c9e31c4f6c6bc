"""A partner who exchanges files: it writes as the guide says, or as the test wants it."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from css.xml import Party, add, add_header, document, to_bytes
from tests.partners.speaking import AT, BRACKWATER, US, header

FOLDER = "brackwater"


def control(
    file_name: str,
    data: bytes,
    *,
    sha256: str | None = None,
    byte_count: int | None = None,
    sender: Party = BRACKWATER,
    receiver: Party = US,
) -> bytes:
    """The control file of a file."""
    root = document("{urn:css:delivery:1}FileControl")
    add_header(root, header(message_type="FileControl", message_id=str(uuid.uuid4()), sender=sender, receiver=receiver, created_at=AT))
    file = add(add(root, "Files"), "File")
    add(file, "FileName", file_name)
    add(file, "ByteCount", str(len(data) if byte_count is None else byte_count))
    add(file, "Sha256", sha256 or hashlib.sha256(data).hexdigest())
    return to_bytes(root, indented=True)


@dataclass(frozen=True)
class Drop:
    """The partner's folder, from its side."""

    directory: Path
    """Of all partners."""

    def at(self, *names: str) -> Path:
        return self.directory.joinpath(FOLDER, *names)

    def ready(self) -> Drop:
        for name in ("in", "answers", "done", "out", "kept"):
            self.at(name).mkdir(parents=True, exist_ok=True)
        return self

    def write(self, name: str, data: bytes) -> Path:
        """Under a temporary name first."""
        temporary = self.at("in", f"{name}.tmp")
        temporary.write_bytes(data)
        return temporary.rename(self.at("in", name))

    def send(self, stem: str, data: bytes, **others: object) -> None:
        """The message, and then its control file."""
        self.write(f"{stem}.xml", data)
        self.write(f"{stem}.ctl", control(f"{stem}.xml", data, **others))  # type: ignore[arg-type]

    def answer(self, stem: str) -> bytes:
        return self.at("answers", f"{stem}.ack.xml").read_bytes()

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in self.at(folder).iterdir())

    def settle(self, *names: str) -> None:
        """Make it long ago that files of ``in`` were written."""
        ago = time.time() - 3600
        for name in names or self.names("in"):
            os.utime(self.at("in", name), (ago, ago), follow_symlinks=False)
