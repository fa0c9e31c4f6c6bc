"""Billing's verbs, by subject. The night calls the block verbs inside its own transactions; people call the others.

A block verb takes the ids of its block and does those that are not done yet, so it can be called again at any time. None
commits. The order of a night: freeze the cut, take service failures, calculate, release, post, render, dispatch.
"""

from __future__ import annotations

from billing.actions.calculate import calculate_block
from billing.actions.dispatch import dispatch_block
from billing.actions.outside import take_service_failures
from billing.actions.payments import take_payment
from billing.actions.post import post_block
from billing.actions.release import release_bill, release_run
from billing.actions.render import render_block
from billing.actions.run import freeze_cut
from billing.actions.tariffs import load_tariff, release_tariff, withdraw_tariff

__all__ = [
    "calculate_block",
    "dispatch_block",
    "freeze_cut",
    "load_tariff",
    "post_block",
    "release_bill",
    "release_run",
    "release_tariff",
    "render_block",
    "take_payment",
    "take_service_failures",
    "withdraw_tariff",
]
