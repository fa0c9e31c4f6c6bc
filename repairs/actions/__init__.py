"""The verbs of repairs, by subject. Each does the whole of its deed in the caller's transaction and never commits."""

from __future__ import annotations

from repairs.actions.amending import amend_fault, chase_fault, own_fault
from repairs.actions.clear import clear_fault
from repairs.actions.report import report_fault, withdraw_fault

__all__ = ["amend_fault", "chase_fault", "clear_fault", "own_fault", "report_fault", "withdraw_fault"]
