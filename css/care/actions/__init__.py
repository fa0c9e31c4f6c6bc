"""The verbs of customer care, by subject: the contact log, the caller check, the end of a call."""

from __future__ import annotations

from css.care.actions.callers import check_caller, end_caller_check, open_for_new
from css.care.actions.contacts import record_contact
from css.care.actions.wrap_up import complete_follow_up, wrap_up

__all__ = ["check_caller", "complete_follow_up", "end_caller_check", "open_for_new", "record_contact", "wrap_up"]
