"""``css bills``: bill runs, what they hold and park, their sample and its approval; the subjects are in the modules beside this one.

A subject is a module with ``register(app)``; to add one, import it and add it to ``SUBJECTS``.
"""

from __future__ import annotations

from typing import Final

import typer

from css.cli import bills_benefits, bills_control, bills_credit, bills_dry, bills_run, bills_story, bills_terms

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Bills: the night's runs, what is held or parked, sample and approval.")

SUBJECTS: Final = (bills_benefits, bills_control, bills_credit, bills_dry, bills_run, bills_story, bills_terms)

for _subject in SUBJECTS:
    _subject.register(app)
