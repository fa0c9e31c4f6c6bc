"""What a partner gets of its outbox, by whichever way it asks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from css.handover import OutboxRow, outbox_next
from css.partners.access.keys import Partner
from css.partners.access.wall import behind_the_wall
from css.partners.outgoing.deliveries import note_fetched


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a partner gets when it asks for the document after a number."""

    document: OutboxRow | None
    """None while there is none."""
    last_sequence: int
    """The last number given in its outbox."""
    is_possible_duplicate: bool = False
    """It may have had this document before, fetched or brought."""


def fetch(session: Session, partner: Partner, after: int, *, is_given: bool = True) -> Fetched:
    """The document after a number in a partner's own outbox, read behind the wall, and noted as fetched.

    For every way by which partners fetch. The transaction must be committed before the document is handed over.

    Args:
        session: the transaction of a door.
        partner: whose outbox.
        after: the last number it has; 0 for none.
        is_given: false where it only looks what there is: then nothing is noted.
    """
    with behind_the_wall(session, partner):
        document, last = outbox_next(session, partner.provider_id, after)
    if document is None or not is_given:
        return Fetched(document, last)
    return Fetched(document, last, note_fetched(session, partner.provider_id, document.sequence))
