"""The night as its console shows it: a run step by step with what is still to come, and one step with all there is to it."""

from __future__ import annotations

from batch.console.plans import night_plan, night_version, plan_of
from batch.console.rows import AttemptRow, DurationRow, PlanRow, RunPlan, StepCard, StepReject
from batch.console.steps import night_step, step_of

__all__ = [
    "AttemptRow",
    "DurationRow",
    "PlanRow",
    "RunPlan",
    "StepCard",
    "StepReject",
    "night_plan",
    "night_step",
    "night_version",
    "plan_of",
    "step_of",
]
