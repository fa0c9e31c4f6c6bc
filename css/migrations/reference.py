"""What a new database holds before anybody keys anything: reference data of the master files and of billing."""

from __future__ import annotations

from sqlalchemy.orm import Session

import billing.reference
import css.master.reference


def load(session: Session) -> None:
    """Load all reference data; a second time changes nothing."""
    css.master.reference.load(session)
    billing.reference.load(session)
