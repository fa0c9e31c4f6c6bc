"""The second wall between partners: what is read for one of them is read as a role that the database lets see its rows alone.

The first wall is code: every query asks for the partner's own. This one stands behind it, in the database, so that a query
which forgot to ask still finds nothing of anybody else's. ``css.db.wall`` says which rows are whose and what may be read at all.

Deeds are done as the house, since a takeover must see the other side; so before a deed whatever the message names is looked
for behind the wall, and what is not seen there is answered as what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.db.engine import transaction
from css.partners.access.keys import Partner

# One statement, and all of it ends with the transaction or goes back with the savepoint: a connection that returns to its pool
# is the house's again, whatever happened to it in between.
_ENTER: Final = text(
    "SELECT set_config('transaction_read_only', 'on', true),"
    " set_config('css.partner', :partner, true), set_config('role', 'css_partner', true)"
)


@contextmanager
def partner_reading(engine: Engine, partner: Partner) -> Iterator[Session]:
    """A transaction of its own in which only the partner's rows are there and nothing can be written. For its questions."""
    with transaction(engine) as session:
        _enter(session, partner)
        yield session


@contextmanager
def behind_the_wall(session: Session, partner: Partner) -> Iterator[None]:
    """The same inside a transaction that does more: within the block only the partner's rows are there, and nothing can be written.

    Afterwards the transaction is the house's again. Rows the session has loaded before are not forgotten: within the block
    ask by statements, not by ``session.get``.
    """
    visit = session.begin_nested()
    try:
        _enter(session, partner)
        yield
    finally:
        visit.rollback()


def _enter(session: Session, partner: Partner) -> None:
    session.execute(_ENTER, {"partner": str(partner.provider_id)})
