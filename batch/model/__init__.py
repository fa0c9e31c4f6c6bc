"""The tables of the night."""

from __future__ import annotations

from batch.model.accounts import Alarm, Balance, ControlTotal, Reject
from batch.model.outputs import DatasetFile, DatasetGeneration, RetentionHold, RetentionRule, RetentionRun
from batch.model.planning import NightClock, Resource, ResourceUse, Schedule
from batch.model.repository import Block, JobExecution, JobInstance, OperatorAction, StepAttempt, StepControl, StepExecution

__all__ = [
    "Alarm",
    "Balance",
    "Block",
    "ControlTotal",
    "DatasetFile",
    "DatasetGeneration",
    "JobExecution",
    "JobInstance",
    "NightClock",
    "OperatorAction",
    "Reject",
    "Resource",
    "ResourceUse",
    "RetentionHold",
    "RetentionRule",
    "RetentionRun",
    "Schedule",
    "StepAttempt",
    "StepControl",
    "StepExecution",
]
