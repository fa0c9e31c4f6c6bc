"""One gate before every screen that shows what only the customer may hear (``Screen.discloses``).

    with at_desk.doing() as session:
        card = account_card(session, number, by=at_desk.by)
        if not may_disclose(session, at_desk, BL03, card.customer.number, ("account", card.account.number)):
            return ask_first(card.account.number)
"""

from __future__ import annotations

from flask import Response
from sqlalchemy.orm import Session

from css.web.desk import Desk
from css.web.screen import Screen


def may_disclose(session: Session, at_desk: Desk, screen: Screen, customer_number: str, subject: tuple[str, str]) -> bool:
    """Whether this operator, in this sign-on, has made sure of the caller for this customer and the call is not over.

    If so, writes that the screen was opened: one ``disclose`` event for each caller check, screen and subject
    (kind and number as read out, as for ``css.audit.record``). So the session must be one that commits.
    """
    raise NotImplementedError


def ask_first(account_number: str) -> Response:
    """To the customer's page, which asks who is calling, with a message that says why (CSS910W)."""
    raise NotImplementedError
