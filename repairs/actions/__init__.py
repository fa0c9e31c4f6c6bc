"""The verbs of repairs, by subject. Each does the whole of its deed in the caller's transaction and never commits."""

from __future__ import annotations

from repairs.actions.amending import amend_fault, chase_fault, own_fault
from repairs.actions.answers import accept_clear, accept_silent_clears, reject_clear
from repairs.actions.appointing import appoint_fault, miss_visit
from repairs.actions.clear import clear_fault
from repairs.actions.damage import report_damage
from repairs.actions.diagnosing import diagnose_fault, queue_fault
from repairs.actions.dispatch import arrive_on_site, assign_fault, recall_fault, return_fault, take_next
from repairs.actions.engineers import add_engineer, change_engineer
from repairs.actions.expedite import expedite_fault
from repairs.actions.mborc import declare_mborc, lift_mborc, narrow_mborc
from repairs.actions.nightly import mark_breaches, warn_of_breaches
from repairs.actions.outages import clear_outage, declare_outage, detach_fault, update_outage, withdraw_outage
from repairs.actions.parking import park_fault, resume_fault
from repairs.actions.plant import break_plant, mend_plant
from repairs.actions.problems import close_problem, find_problems
from repairs.actions.report import report_fault, withdraw_fault
from repairs.actions.testing import collect_line_tests, test_line

__all__ = [
    "accept_clear",
    "accept_silent_clears",
    "add_engineer",
    "amend_fault",
    "appoint_fault",
    "arrive_on_site",
    "assign_fault",
    "break_plant",
    "change_engineer",
    "chase_fault",
    "clear_fault",
    "clear_outage",
    "close_problem",
    "collect_line_tests",
    "declare_mborc",
    "declare_outage",
    "detach_fault",
    "diagnose_fault",
    "expedite_fault",
    "find_problems",
    "lift_mborc",
    "mark_breaches",
    "mend_plant",
    "miss_visit",
    "narrow_mborc",
    "own_fault",
    "park_fault",
    "queue_fault",
    "recall_fault",
    "reject_clear",
    "report_damage",
    "report_fault",
    "resume_fault",
    "return_fault",
    "take_next",
    "test_line",
    "update_outage",
    "warn_of_breaches",
    "withdraw_fault",
    "withdraw_outage",
]
