"""What people tell a net: plan, start, hold, release, force, skip, stop, kill, run a step again. Audited, and asked before it is done."""

from __future__ import annotations

from batch.control.actions import (
    force_night,
    hold_night,
    kill_night,
    plan_night,
    release_night,
    require_priority,
    rerun_step,
    see_alarm,
    set_priority,
    skip_night,
    start_night,
    stop_night,
)
from batch.control.questions import night_verb, night_verbs

__all__ = [
    "force_night",
    "hold_night",
    "kill_night",
    "night_verb",
    "night_verbs",
    "plan_night",
    "release_night",
    "require_priority",
    "rerun_step",
    "see_alarm",
    "set_priority",
    "skip_night",
    "start_night",
    "stop_night",
]
