"""Operators' passwords: held as argon2id hashes, checked at sign-on.

Two passes over 19 MiB on one lane: the least memory the OWASP password sheet allows, because a dozen people signing on
at eight in the morning share the machine with everything else.
"""

from __future__ import annotations

from typing import Final

PASSWORD_LENGTH_MIN: Final = 8
PASSWORD_LENGTH_MAX: Final = 128
"""Hashing takes longer the longer the text; nobody types more than this."""

_PASSES: Final = 2
_MEMORY_KIB: Final = 19_456
_LANES: Final = 1


def hash_password(password: str) -> str:
    """The password as it is stored, salted: twice the same password is two different texts."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - only sign-on and enrolment need it

    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES).hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    """Whether the password is the one that was stored. Takes its time on purpose, whatever the answer."""
    from argon2 import PasswordHasher  # noqa: PLC0415
    from argon2.exceptions import VerificationError  # noqa: PLC0415

    try:
        return PasswordHasher().verify(password_hash, password)
    except VerificationError:
        return False
