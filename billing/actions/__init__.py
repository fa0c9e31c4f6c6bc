"""Billing's verbs, by subject. The night calls the block verbs inside its own transactions; people call the others.

A block verb takes the ids of its block and does those that are not done yet, so it can be called again at any time. None
commits. The order of a night: freeze the cut, take service failures, calculate, sample, release, post; gather members' bills,
then calculate, sample, release and post those of the groups; render, dispatch.
"""

from __future__ import annotations

from billing.actions.approve import approve_bills
from billing.actions.calculate import calculate_block
from billing.actions.control import set_bill_control
from billing.actions.dispatch import dispatch_block
from billing.actions.failures import credit_failures, take_service_failures
from billing.actions.gather import gather_group
from billing.actions.payments import take_payment
from billing.actions.post import post_block
from billing.actions.release import release_bill, release_run
from billing.actions.render import render_block
from billing.actions.requests import cancel_bill_request, request_bill
from billing.actions.run import freeze_cut
from billing.actions.sample import sample_step
from billing.actions.tariffs import load_tariff, release_tariff, withdraw_tariff
from billing.actions.withdraw import withdraw_bill, withdraw_run

__all__ = [
    "approve_bills",
    "calculate_block",
    "cancel_bill_request",
    "credit_failures",
    "dispatch_block",
    "freeze_cut",
    "gather_group",
    "load_tariff",
    "post_block",
    "release_bill",
    "release_run",
    "release_tariff",
    "render_block",
    "request_bill",
    "sample_step",
    "set_bill_control",
    "take_payment",
    "take_service_failures",
    "withdraw_bill",
    "withdraw_run",
    "withdraw_tariff",
]
