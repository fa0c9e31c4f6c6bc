"""Imported once in the process that attempts branch off from, so that none of them imports it again."""

from __future__ import annotations

import importlib

for _name in ("billing.actions", "billing.checks", "billing.queries", "repairs.checks"):
    importlib.import_module(_name)
