"""What a person tells the spool, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RepublishGeneration:
    """Write a generation again that the disk has lost or spoilt: under the same number, with the same bytes."""

    token: str = ""
    dataset: str
    """``bills/ZZ``, ``morning-report/ZZ``."""
    generation: int | None = None
    """None: the latest."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRepublished:
    """What was written again."""

    dataset: str
    generation: int
    path: str
    """Below the installation's directory."""
    written: tuple[str, ...]
    """The files that were not as they should be, the first hundred of them."""
    written_count: int
    """How many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffGeneration:
    """Say that a generation is gone for good: the disk has lost it, and nothing is stored from which it could be written again."""

    token: str = ""
    dataset: str
    """``backup``, ``archive``."""
    generation: int
    """Its number; nobody writes off a latest one by mistake."""
    reason: str
    """How it was lost, and that no copy is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationWrittenOff:
    """What is in the catalogue no longer."""

    dataset: str
    generation: int
    path: str
    """Where it lay, below the installation's directory."""
