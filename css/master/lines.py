"""Lines: a pair to a site. A line lives from its provision to its recovery; services work on it within that life."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, column, table, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.core.words import BarKind, DirectoryEntryKind, LineState
from css.db.base import Base, Id, Ref, RowVersion, choice
from css.db.ddl import stored


class Line(Base):
    """A telephone line: a pair jointed to a site, owned by one provider and billed to one account at a time."""

    __tablename__ = "line"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("(state = 'recovered') = (ends_on IS NOT NULL)", name="recovered_has_end"),
        CheckConstraint("state NOT IN ('working', 'stopped') OR pair_id IS NOT NULL", name="jointed_has_pair"),
        Index("uq_line_pair_id_live", "pair_id", unique=True, postgresql_where=text("ends_on IS NULL")),
        Index("ix_line_site_id", "site_id"),
        Index("ix_line_account_id", "account_id"),
        Index("ix_line_working_of_provider", "provider_id", postgresql_where=text("state = 'working'")),
        CheckConstraint("auxiliary_of_id <> id", name="auxiliary_of_another"),
        Index("ix_line_auxiliary_of_id", "auxiliary_of_id", postgresql_where=text("auxiliary_of_id IS NOT NULL")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    provider_id: Mapped[Ref] = mapped_column(ForeignKey("css.provider.id"))
    account_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.account.id"))
    """None while the line is stopped."""
    site_id: Mapped[Ref] = mapped_column(ForeignKey("css.site.id"))
    pair_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.pair.id"))
    """One pair serves one living line; the database refuses two (uq_line_pair_id_live)."""
    state: Mapped[LineState] = mapped_column(choice(LineState, "state"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    auxiliary_of_id: Mapped[Ref | None] = mapped_column(ForeignKey("css.line.id"))
    """Of a multiline installation's further lines: the line whose number and services they share. They have a pair each, no
    services and no number of their own."""
    row_version: Mapped[RowVersion]


class LineBar(Base):
    """A bar the house put on a line for debt, from an instant until it is lifted."""

    __tablename__ = "line_bar"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
        ExcludeConstraint(
            ("line_id", "="), ("kind", "="), (text("tstzrange(starts_at, ends_at)"), "&&"), name="ex_line_bar_twice", using="gist"
        ),
        Index("ix_line_bar_line_id", "line_id"),
        {"schema": "css"},
    )

    id: Mapped[Id]
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    kind: Mapped[BarKind] = mapped_column(choice(BarKind, "kind"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    reference: Mapped[str]
    """The order that put it on."""


class LineListing(Base):
    """The second and third of the three names: how the line is listed, and who the emergency services are told lives there."""

    __tablename__ = "line_listing"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        ExcludeConstraint(("line_id", "="), (text("daterange(starts_on, ends_on)"), "&&"), name="ex_line_listing_overlap", using="gist"),
        Index("ix_line_listing_line_id", "line_id"),  # as for css.service: the exclusion's index does not serve a literal
        {"schema": "css"},
    )

    id: Mapped[Id]
    line_id: Mapped[Ref] = mapped_column(ForeignKey("css.line.id"))
    directory_kind: Mapped[DirectoryEntryKind] = mapped_column(choice(DirectoryEntryKind, "directory_kind"))
    directory_name: Mapped[str | None]
    emergency_name: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


LINE_PLACE_VIEW = stored(
    "css.line_place_v",
    """
CREATE VIEW css.line_place_v AS
SELECT l.id AS line_id, l.site_id, l.auxiliary_of_id, l.state
  FROM css.line l
""",
    "DROP VIEW css.line_place_v",
)
"""Where each line is, and not whose: the one view that shows a partner what hangs on others' rows (docs/decisions/0174)."""

LINE_PLACE: Final = table(
    "line_place_v",
    column("line_id", BigInteger),
    column("site_id", BigInteger),
    column("auxiliary_of_id", BigInteger),
    column("state", String),
    schema="css",
)
"""The view, for statements. A partner's order on a line it has lost since still says at which address that was."""
