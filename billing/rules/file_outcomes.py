"""A usage file closes when every record that came has exactly one outcome, and every one of them is accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from billing.words import UsageOutcome

RECORDS_PER_FILE: Final = 10_000_000
"""A record's id is its file's id times this, plus its line; people write it file/line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSums:
    """What stands in the books of one usage file, each figure counted where it lies."""

    file_name: str
    record_count: int
    """As the control record says."""
    to_rate_count: int
    """As intake counted."""
    line_count: int
    """Of all blocks."""
    misplaced_blocks: int
    """Blocks that do not begin where the one before them ended."""
    unrated_blocks: int
    rated_count: int
    zero_rated_count: int
    suspended_by_rating: int
    """As the blocks counted when they were rated."""
    duplicate_count: int
    """From here on: rows set aside, by what they were at first."""
    suspended_count: int
    rejected_count: int

    @property
    def set_aside_count(self) -> int:
        """Rows set aside at first, whatever became of them."""
        return self.duplicate_count + self.suspended_count + self.rejected_count

    @property
    def by_outcome(self) -> dict[UsageOutcome, int]:
        """Records by their outcome at first."""
        return {
            UsageOutcome.RATED: self.rated_count,
            UsageOutcome.ZERO_RATED: self.zero_rated_count,
            UsageOutcome.DUPLICATE: self.duplicate_count,
            UsageOutcome.SUSPENDED: self.suspended_count,
            UsageOutcome.REJECTED: self.rejected_count,
        }


def faults_in_closing(sums: FileSums) -> tuple[str, ...]:
    """Why the file does not close, in sentences; none when it does."""
    priced = sums.rated_count + sums.zero_rated_count
    aside_at_intake = sums.set_aside_count - sums.suspended_by_rating
    checks = (
        (sums.unrated_blocks == 0, f"{sums.unrated_blocks:,} blocks are not rated"),
        (sums.misplaced_blocks == 0, f"{sums.misplaced_blocks:,} blocks do not begin where the one before ended"),
        (sums.line_count == sums.record_count, f"{sums.record_count:,} records came and its blocks hold {sums.line_count:,}"),
        (
            sums.unrated_blocks > 0 or priced + sums.set_aside_count == sums.record_count,
            f"of {sums.record_count:,} records {_in_words(sums.by_outcome)}",
        ),
        (
            sums.unrated_blocks > 0 or priced + sums.suspended_by_rating == sums.to_rate_count,
            f"{sums.to_rate_count:,} records went to be rated and {priced:,} were priced, {sums.suspended_by_rating:,} suspended",
        ),
        (
            sums.unrated_blocks > 0 or aside_at_intake == sums.record_count - sums.to_rate_count,
            f"{sums.record_count - sums.to_rate_count:,} records were set aside when they came and {aside_at_intake:,} of them are there",
        ),
    )
    return tuple(f"Usage file {sums.file_name}: {words}." for is_so, words in checks if not is_so)


def _in_words(counts: dict[UsageOutcome, int]) -> str:
    return ", ".join(f"{count:,} are {outcome.value}" for outcome, count in counts.items())
