"""Dispatching rendered bills: files on disk, a notice to partners, and the bill is issued."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from css.core.actor import Actor


def dispatch_block(session: Session, bill_ids: Sequence[int], *, directory: Path, by: Actor, at: datetime) -> BlockTotals:
    """Write the files of rendered bills below ``directory`` and mark them issued; bills issued before are filtered.

    Files are ``<directory>/<district>/<business date of the run>/<bill number>.pdf`` and ``.xml``, each whole or not
    there. ``billing.queries.bills_to_dispatch`` says which are left.
    """
    raise NotImplementedError
