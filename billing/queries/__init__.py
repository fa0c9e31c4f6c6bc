"""Reads of billing: for people by account and bill, for the night by what is left to do."""

from __future__ import annotations

from billing.queries.accounts import account_balance, bills_of_account, held_bills, statement
from billing.queries.bills import bill_card, bill_file
from billing.queries.control import approvals_waited_for, bill_control
from billing.queries.night import (
    accounts_to_calculate,
    accounts_to_dispatch,
    bills_to_dispatch,
    bills_to_post,
    bills_to_render,
    failures_to_take,
    has_group_accounts,
)
from billing.queries.reratings import rerating_card, reratings
from billing.queries.runs import bill_run, bill_run_id, bill_runs, bills_of_night, parked_accounts, sample_of_night

__all__ = [
    "account_balance",
    "accounts_to_calculate",
    "accounts_to_dispatch",
    "approvals_waited_for",
    "bill_card",
    "bill_control",
    "bill_file",
    "bill_run",
    "bill_run_id",
    "bill_runs",
    "bills_of_account",
    "bills_of_night",
    "bills_to_dispatch",
    "bills_to_post",
    "bills_to_render",
    "failures_to_take",
    "has_group_accounts",
    "held_bills",
    "parked_accounts",
    "rerating_card",
    "reratings",
    "sample_of_night",
    "statement",
]
