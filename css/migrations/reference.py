"""What a new database holds before anybody keys anything: reference data of the master files, of billing, orders, repairs and the night."""

from __future__ import annotations

from sqlalchemy.orm import Session

import batch.reference
import billing.reference
import css.master.reference
import orders.reference
import repairs.reference


def load(session: Session) -> None:
    """Load all reference data; a second time changes nothing."""
    css.master.reference.load(session)
    billing.reference.load(session)
    orders.reference.load(session)
    repairs.reference.load(session)
    batch.reference.load(session)
