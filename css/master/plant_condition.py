"""The physical condition of plant: how the world is, set apart from what any record says of it.

Whoever tests a line measures this and nothing else; what the customer noticed, what the pair's record says and what somebody
wrote in a fault are all other matters, and may disagree with it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import PlantCondition, PlantElement
from css.db.base import Base, Id, Ref, SmallNumber, choice

_ONE_ELEMENT = (
    "num_nonnulls(exchange_id, cabinet_id, distribution_point_id, pair_id, site_id) = 1 AND "
    "CASE element WHEN 'exchange' THEN exchange_id IS NOT NULL WHEN 'cabinet' THEN cabinet_id IS NOT NULL "
    "WHEN 'distribution-point' THEN distribution_point_id IS NOT NULL WHEN 'pair' THEN pair_id IS NOT NULL "
    "ELSE site_id IS NOT NULL END"
)


def _live(column: str) -> Index:
    return Index(f"uq_plant_trouble_{column}_live", column, unique=True, postgresql_where=text(f"ends_at IS NULL AND {column} IS NOT NULL"))


class PlantTrouble(Base):
    """What is wrong with one piece of plant from an instant until it is mended. At most one thing at a time."""

    __tablename__ = "plant_trouble"
    __table_args__ = (
        CheckConstraint(_ONE_ELEMENT, name="one_element"),
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
        CheckConstraint("distance_metres IS NULL OR distance_metres >= 0", name="distance_counts"),
        _live("exchange_id"),
        _live("cabinet_id"),
        _live("distribution_point_id"),
        _live("pair_id"),
        _live("site_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    element: Mapped[PlantElement] = mapped_column(choice(PlantElement, "element"))
    exchange_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.exchange.id"))
    cabinet_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.cabinet.id"))
    distribution_point_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.distribution_point.id"))
    pair_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.pair.id"))
    site_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.site.id"))
    condition: Mapped[PlantCondition] = mapped_column(choice(PlantCondition, "condition"))
    is_intermittent: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It comes and goes: of two measurements one may find it."""
    distance_metres: Mapped[SmallNumber | None] = mapped_column(Integer)
    """From the exchange along the cable, where a meter could tell."""
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    """When it was mended; none while it is broken."""
    words: Mapped[str | None]
    """What happened: water in the joint, a lorry, lightning."""
    set_by: Mapped[str]
    """Who broke it, for a simulated world; who saw it, in a real one."""
