"""The job repository's statements: planning, claiming, fencing, counting. No decision is made here.

Rules proven by killing (see ``tests/batch``): the lock of a dedicated connection proves whether an attempt is alive; every
transaction of a step ends with an update fenced by the attempt's id; a block's claim is committed with its output.
"""

from __future__ import annotations

from batch.repository.accounts import alarms, control_totals, end_alarms, raise_alarm, to_look_at
from batch.repository.clocks import BEATING_WITHIN, clocks_beating
from batch.repository.instances import (
    LOCK_CLASS,
    application,
    await_decision,
    begin_attempt,
    begun_at,
    end_attempt,
    end_connections,
    fail_attempt,
    instance_lock,
    is_held,
    is_stop_asked,
    of_district,
    plan,
    refuse_running,
    running_attempt,
)
from batch.repository.resources import claim_resources, free_resources
from batch.repository.rows import UNTOUCHED, BlockRow, Control, Fenced, Held, Hold, Instance, StepRow, fenced
from batch.repository.steps import (
    claim_block,
    close_step,
    closed_counts,
    control_of,
    make_blocks,
    open_fresh_step,
    open_step,
    put_step,
    record_work,
    steps_of,
    waiting_blocks,
)

__all__ = [
    "BEATING_WITHIN",
    "LOCK_CLASS",
    "UNTOUCHED",
    "BlockRow",
    "Control",
    "Fenced",
    "Held",
    "Hold",
    "Instance",
    "StepRow",
    "alarms",
    "application",
    "await_decision",
    "begin_attempt",
    "begun_at",
    "claim_block",
    "claim_resources",
    "clocks_beating",
    "close_step",
    "closed_counts",
    "control_of",
    "control_totals",
    "end_alarms",
    "end_attempt",
    "end_connections",
    "fail_attempt",
    "fenced",
    "free_resources",
    "instance_lock",
    "is_held",
    "is_stop_asked",
    "make_blocks",
    "of_district",
    "open_fresh_step",
    "open_step",
    "plan",
    "put_step",
    "raise_alarm",
    "record_work",
    "refuse_running",
    "running_attempt",
    "steps_of",
    "to_look_at",
    "waiting_blocks",
]
