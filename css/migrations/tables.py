"""All tables there are, for the migrations and for the proof that models and migrations agree."""

from __future__ import annotations

from sqlalchemy import DDL, event

import batch.model  # noqa: F401 - imported for the tables they bring
import css.partners.model
import css.tables  # noqa: F401 - as above
from css.db.base import Base
from css.db.wall import MAKE_ROLE, grants, walls

METADATA = Base.metadata
SCHEMAS = ("css", "care", "orders", "repairs", "billing", "batch", "partners")
EXTENSIONS = ("btree_gist",)
"""Exclusion constraints compare plain columns too."""

for _statement in (MAKE_ROLE, *walls(), *grants()):
    event.listen(METADATA, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
