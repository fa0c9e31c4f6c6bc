"""Reads of billing: for people by account and bill, for the night by what is left to do."""

from __future__ import annotations

from billing.queries.night import accounts_to_calculate, bills_to_dispatch, bills_to_post, bills_to_render, failures_to_take

__all__ = ["accounts_to_calculate", "bills_to_dispatch", "bills_to_post", "bills_to_render", "failures_to_take"]
