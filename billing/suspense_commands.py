"""What can be asked about usage that was set aside, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from css.core.money import ZERO, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageChosen:
    """Which of a district's open records; what is left out does not matter. All of it must hold."""

    reason_code: str | None = None
    """``CSS412E``: why they wait."""
    supplier: str | None = None
    charged_number: str | None = None
    """The number charged, or how it begins."""
    usage_file_id: int | None = None
    chain_id: str | None = None
    """The long call they are parts of."""
    set_aside_from: date | None = None
    """Business date."""
    set_aside_before: date | None = None
    usage_record_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayUsage:
    """Price open records anew, with what is known now."""

    token: str = ""
    district_code: str
    chosen: UsageChosen = field(default_factory=UsageChosen)
    reason: str
    """What was mended, or why they may be priced now; kept on every record."""
    preview: bool = False
    """Say what would happen, and change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveLateUsage:
    """Let calls be billed that came later than is billed without somebody's leave."""

    token: str = ""
    district_code: str
    chosen: UsageChosen = field(default_factory=UsageChosen)
    """Among the late ones."""
    reason: str
    preview: bool = False
    """Say what would happen, and change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffUsage:
    """Give open records up: they will never be billed."""

    token: str = ""
    district_code: str
    chosen: UsageChosen = field(default_factory=UsageChosen)
    reason: str
    expected_count: int | None = None
    """How many there are, by the asker's count; must be said where they are many, and must be right where it is said."""
    preview: bool = False
    """Say how many there are, and change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptDuplicate:
    """A record judged a duplicate was a call of its own: price it."""

    token: str = ""
    district_code: str
    usage_record_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembleUsage:
    """Price a long call as it stands though parts of it are missing."""

    token: str = ""
    district_code: str
    supplier: str
    chain_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingReason:
    """Records that wait for one reason."""

    reason_code: str
    words: str
    """Of one of them."""
    record_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSettled:
    """What became of records that were looked at: looked_at = rated + zero_rated + those that wait."""

    district_code: str
    business_date: date
    """Whose bill run they are for: the next."""
    is_preview: bool = False
    looked_at: int
    """Records; of a long call, all its parts."""
    rated: int = 0
    zero_rated: int = 0
    waiting: tuple[WaitingReason, ...] = ()
    net: Money = ZERO
    """What the calls come to before VAT."""

    @property
    def still_waiting(self) -> int:
        return sum(reason.record_count for reason in self.waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageWrittenOff:
    """How much was given up."""

    district_code: str
    business_date: date
    is_preview: bool = False
    record_count: int
    duration_seconds: int
