"""What a person does about an item that was set aside, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from batch.words import RejectState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReject:
    """Try an item again that was set aside, now that its cause is mended."""

    token: str = ""
    reject_id: int
    reason: str
    """What was mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropReject:
    """Give an item up that was set aside: nothing more becomes of it. Needs a supervisor."""

    token: str = ""
    reject_id: int
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectSettled:
    """What became of it."""

    reject_id: int
    source_key: str
    state: RejectState
    words: str
    """What happens next."""
