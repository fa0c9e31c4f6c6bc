"""A morning in values: a night that went well, to be changed into one that did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from batch.report.facts import (
    AlarmFact,
    AttemptFact,
    Facts,
    JointFact,
    NightFact,
    ReasonFact,
    StepFact,
    TotalFact,
    Waiting,
)
from batch.words import AlarmKind, ExecutionState, InstanceState, StepState
from css.core.money import Money

DAY: Final = date(2026, 3, 26)
AT: Final = datetime(2026, 3, 27, 2, 15, tzinfo=UTC)

# Step, read, filtered, rejected, seconds, usual seconds.
STEPS: Final = (
    ("roll-date", 1, 0, 0, 0, 0),
    ("collect-usage", 61_204, 12, 31, 48, 45),
    ("rate-usage", 61_161, 0, 17, 214, 61),
    ("close-usage", 2, 0, 0, 1, 1),
    ("freeze-cut", 3_310, 0, 0, 6, 5),
    ("calculate", 3_310, 41, 4, 131, 128),
    ("release", 3_265, 3, 0, 2, 2),
    ("post", 3_262, 0, 0, 12, 11),
    ("render", 3_262, 0, 0, 95, 94),
    ("dispatch", 3_262, 0, 0, 21, 20),
    ("check-books", 1, 0, 0, 9, 8),
    ("close-date", 1, 0, 0, 0, 0),
)
TOTALS: Final = (
    ("calls received", 61_204, None, 60_100, None),
    ("calls rated", 61_144, 7_310_42, 60_001, 7_100_10),
    ("accounts to bill", 3_310, None, 3_300, None),
    ("bills calculated", 3_265, 163_250_10, 3_280, 161_000_00),
    ("bills issued", 3_262, 163_000_10, 1_280, 61_000_00),
    ("compensation", 3, 24_99, 2, 16_66),
)


def step(name: str, read: int, filtered: int, rejected: int, seconds: int | None, usual: int | None) -> StepFact:
    """A step that is over."""
    return StepFact(
        step=name,
        state=StepState.COMPLETED,
        read_count=read,
        written_count=read - filtered - rejected,
        filtered_count=filtered,
        rejected_count=rejected,
        seconds=seconds,
        usual_seconds=usual,
        message_code=None,
        message_words=None,
    )


def attempt(number: int, state: ExecutionState, **changed: object) -> AttemptFact:
    """An attempt at the night."""
    made = AttemptFact(
        attempt=number,
        state=state,
        started_by="night/amy",
        host="exchange",
        started_at=AT + timedelta(hours=number - 1),
        ended_at=AT + timedelta(hours=number - 1, minutes=9),
        return_code=0,
        message_code=None,
        message_words=None,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def total(name: str, count: int | None, pence: int | None, usual_count: int | None, usual_pence: int | None) -> TotalFact:
    """A control total of the night."""
    return TotalFact(
        step="calculate",
        name=name,
        item_count=count,
        amount=None if pence is None else Money(pence),
        usual_count=usual_count,
        usual_amount=None if usual_pence is None else Money(usual_pence),
    )


def joint(difference: str | None = None) -> JointFact:
    """A joint of the night, which closes unless told otherwise."""
    return JointFact(
        step="post",
        joint="bills in the ledger",
        in_words="numbered bills",
        in_count=3_262,
        in_amount=Money(163_000_10),
        out_words="entries of bills",
        out_count=3_262 if difference is None else 3_261,
        out_amount=Money(163_000_10),
        difference=difference,
    )


GOOD: Final = Facts(
    net="night",
    district_code="ZZ",
    district_name="Zedland",
    business_date=DAY,
    parameter_key="",
    state=InstanceState.COMPLETED,
    is_alive=False,
    must_end_by=AT + timedelta(hours=4),
    attempts=(attempt(1, ExecutionState.COMPLETED, return_code=4),),
    steps=tuple(step(*row) for row in STEPS),
    to_come=(),
    is_reporting=False,
    totals=tuple(total(*row) for row in TOTALS),
    compared_with="the last 4 Thursdays",
    joints=(joint(),),
    alarms=(),
    reasons=(),
    nights=tuple(NightFact(business_date=DAY - timedelta(days=10 - n), seconds=400 + n, rejected_count=(n * 7) % 23) for n in range(10)),
    holds=(),
    waiting=Waiting(),
)
"""Nothing waits for anybody, though a step was slow and one total is far from usual."""

BUSY: Final = replace(
    GOOD,
    alarms=(
        AlarmFact(
            kind=AlarmKind.STEP,
            step="collect-usage",
            words="CSS429W Sequence 1187 of NTHTEL is missing; 1188 has come.",
            times=2,
            is_open=True,
        ),
    ),
    reasons=(
        ReasonFact(reason_code="CSS412E", words="The number charged '441632960260' belongs to no service.", item_count=17, is_usage=True),
        ReasonFact(reason_code="CSS401E", words="Record 12/77 has 19 fields and not 20.", item_count=30, is_usage=True),
        ReasonFact(reason_code="CSS420E", words="NTHTEL_20260326_001189.csv has no control record.", item_count=1, is_usage=False),
        ReasonFact(
            reason_code="CSS798E",
            words="Account ZZA00000043 lacks a name; its bill could not be sent.",
            item_count=4,
            is_usage=False,
        ),
    ),
    waiting=Waiting(
        held_bills=3,
        held_amount=Money(9_120_44),
        parked_accounts=4,
        usage_records=52,
        usage_unreadable=2,
        usage_oldest_on=date(2026, 2, 11),
        order_requests=2,
        other_rejects=5,
        missed_faults=3,
        missed_open=1,
    ),
)
"""A night like many: done, and things wait in every room."""

FAILED: Final = replace(
    BUSY,
    state=InstanceState.FAILED,
    attempts=(
        attempt(
            1,
            ExecutionState.FAILED,
            return_code=16,
            message_code="CSS610E",
            message_words="The process ended without a word; a later attempt found it dead.",
        ),
        attempt(
            2,
            ExecutionState.FAILED,
            return_code=8,
            message_code="CSS447E",
            message_words="Bills cannot be written below the spool: no room is left.",
        ),
    ),
    steps=(
        *(step(*row) for row in STEPS[:9]),
        replace(
            step("dispatch", 1_000, 0, 0, None, 20),
            state=StepState.FAILED,
            message_code="CSS447E",
            message_words="Bills cannot be written below the spool: no room is left.",
        ),
    ),
    to_come=("check-books", "close-date"),
)
"""Killed once, then the disk was full."""
