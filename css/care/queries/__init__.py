"""What can be read of customer care: the timeline, who is being spoken to, what was promised."""

from __future__ import annotations

from css.care.queries.callers import caller_check_of, is_caller_checked
from css.care.queries.contacts import ContactRow, line_timeline, timeline
from css.care.queries.follow_ups import follow_ups, wrap_reasons

__all__ = ["ContactRow", "caller_check_of", "follow_ups", "is_caller_checked", "line_timeline", "timeline", "wrap_reasons"]
