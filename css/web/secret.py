"""The key that signs the screens' cookies: given by the environment, else made once and kept under home."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from css.core.errors import BadMessage
from css.settings import Settings

KEY_BYTES: Final = 32
KEY_LENGTH_MIN: Final = 16


def secret_key(settings: Settings) -> str:
    """The key of this installation, the same for every worker. Error: CSS370E it is too short to be one."""
    key = settings.secret_key or _kept(settings.home / "secret-key")
    if len(key) < KEY_LENGTH_MIN:
        raise BadMessage(
            "CSS370E",
            "The key that signs cookies has {length} characters; {least} is the least. Look at CSS_SECRET_KEY or {path}.",
            length=len(key),
            least=KEY_LENGTH_MIN,
            path=settings.home / "secret-key",
        )
    return key


def _kept(path: Path) -> str:
    """What the file holds. Made whole under another name and linked into place: of two makers one wins, and both read its key."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(KEY_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()
