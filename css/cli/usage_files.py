"""``css usage files, file, rejects, alarms``: what came, and what became of it."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to ``css usage``."""
