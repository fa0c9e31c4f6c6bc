"""What happens in a test area by itself: whatever is due happens at the next look, in its order, dated when it was due.

Nobody has to be awake for it. Two looks at once wait for each other at the area's lock, so nothing happens twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from css.partners.access.keys import Partner
from css.partners.model import SandboxArea, SandboxCase, SandboxMatter, SandboxStep
from css.partners.sandbox import faults, orders
from css.xml import Party

AT_ONCE_MAX: Final = 500
"""So many steps happen in one look; the rest at the next."""


def settle(session: Session, area: SandboxArea, partner: Partner, us: Party, *, at: datetime) -> None:
    """Let everything happen that was due by an instant. The area is locked."""
    due = session.execute(
        select(SandboxStep, SandboxCase)
        .join(SandboxCase, SandboxCase.id == SandboxStep.case_id)
        .where(SandboxStep.provider_id == area.provider_id, SandboxStep.due_at <= at)
        .order_by(SandboxStep.due_at, SandboxStep.id)
        .limit(AT_ONCE_MAX)
    ).all()
    if not due:
        return
    for step, case in due:
        happen = faults.happen if case.matter is SandboxMatter.FAULT else orders.happen
        happen(session, area, case, step.step, us, partner.party, at=step.due_at)
    session.execute(delete(SandboxStep).where(SandboxStep.id.in_([step.id for step, _ in due])))
