"""Sites: where service is wanted. Gold addresses are known to the network, silver ones only to the post."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from css.core.errors import NotFound
from css.core.words import AddressMatch
from css.db.base import Base, Id, Ref, choice


class Site(Base):
    """One premises."""

    __tablename__ = "site"
    __table_args__ = (
        CheckConstraint("(match = 'gold') = (distribution_point_id IS NOT NULL)", name="gold_is_on_the_network"),
        CheckConstraint("postcode ~ '^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$'", name="postcode_form"),
        Index("ix_site_postcode", "postcode"),
        Index("ix_site_lower_street", text("lower(street)"), "town"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    address_key: Mapped[str] = mapped_column(unique=True)
    """What orders quote: ``A`` and eleven digits for gold, ``S`` and eleven digits for silver."""
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    match: Mapped[AddressMatch] = mapped_column(choice(AddressMatch, "match"))
    uprn: Mapped[str | None]
    """Unique property reference number, where it is known."""
    premises: Mapped[str]
    """House number or name, flat."""
    street: Mapped[str]
    """Without the house number."""
    town: Mapped[str]
    """Post town."""
    postcode: Mapped[str]
    exchange_id: Mapped[Ref] = mapped_column(ForeignKey("css.exchange.id"))
    distribution_point_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.distribution_point.id"), index=True)


def no_address(address_key: str) -> NotFound:
    """CSS209E, for whoever finds that there is no such address."""
    return NotFound("CSS209E", "There is no address {key}; look it up by its postcode.", key=address_key[:20], element="address_key")
