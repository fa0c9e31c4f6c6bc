"""Harm done to the night on purpose: a small district's night is killed, starved and cut off at every durable write, run again, and
what it leaves is compared with what an undisturbed night leaves. The product carries no hook for it: everything is trapped from outside.
"""
