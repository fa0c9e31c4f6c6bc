"""Every working room's tables in one metadata, so that foreign keys across rooms resolve. Each door loads this; it does nothing else.

The tables of the doors themselves (partners, batch) stand above this floor; ``css.migrations.tables`` has them all.
"""

# ruff: noqa: F401 - imported for the tables they bring
from __future__ import annotations

import billing.model
import css.audit
import css.care.model
import css.handover
import css.master.accounts
import css.master.appointments
import css.master.conversations
import css.master.customers
import css.master.districts
import css.master.lines
import css.master.numbers
import css.master.operators
import css.master.plant
import css.master.plant_condition
import css.master.products
import css.master.providers
import css.master.serials
import css.master.services
import css.master.sites
import css.master.working_calendars
import orders.model
import repairs.model
