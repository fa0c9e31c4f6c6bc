"""The tables of repairs, by subject."""

from __future__ import annotations

from repairs.model.dispatch import Engineer, EngineerArea, EngineerCraft, Visit
from repairs.model.fault import ClockInterval, Fault, FaultConversation, FaultEvent, PairChange, RepairPolicy
from repairs.model.outage import Mborc, Outage, Problem, ProblemFault
from repairs.model.testing import LineTest

__all__ = [
    "ClockInterval",
    "Engineer",
    "EngineerArea",
    "EngineerCraft",
    "Fault",
    "FaultConversation",
    "FaultEvent",
    "LineTest",
    "Mborc",
    "Outage",
    "PairChange",
    "Problem",
    "ProblemFault",
    "RepairPolicy",
    "Visit",
]
