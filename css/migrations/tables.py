"""All tables there are, for the migrations and for the proof that models and migrations agree."""

from __future__ import annotations

import batch.model  # noqa: F401 - imported for the tables they bring
import css.partners.model
import css.tables  # noqa: F401 - as above
from css.db.base import Base

METADATA = Base.metadata
SCHEMAS = ("css", "care", "orders", "repairs", "billing", "batch", "partners")
EXTENSIONS = ("btree_gist",)
"""Exclusion constraints compare plain columns too."""
