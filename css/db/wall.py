"""The wall between partners in the database: whose each row is, and what may be read from behind it at all.

A question of a partner is asked as the role ``css_partner``, which owns nothing, writes nothing and signs on nowhere, with the
partner's id in the setting ``css.partner``; without it there are no rows. Two policies stand on each table that holds rows of
partners. ``house`` lets everybody see all, which costs a statement of the house nothing at all; ``partner`` takes back from
``css_partner`` whatever is another's. The migration has a frozen copy of this text; the drift test compares.
"""

# ruff: noqa: S608 - conditions of policies, made of names of our own schema

from __future__ import annotations

from typing import Final

ROLE: Final = "css_partner"
SETTING: Final = "css.partner"

OWNER: Final = "provider"
"""The row names its provider itself."""

WALLED: Final[dict[str, tuple[str, str]]] = {
    "billing.account_cycle": ("account", "account_id"),
    "billing.adjustment": ("account", "account_id"),
    "billing.allowance_month": ("account", "account_id"),
    "billing.bill": ("account", "account_id"),
    "billing.bill_copy": ("bill", "bill_id"),
    "billing.bill_file": ("bill", "bill_id"),
    "billing.bill_line": ("account", "account_id"),
    "billing.bill_request": ("account", "account_id"),
    "billing.bill_run_account": ("account", "account_id"),
    "billing.bill_vat": ("bill", "bill_id"),
    "billing.credited_day": ("line", "line_id"),
    "billing.friend_number": ("service", "service_id"),
    "billing.outside_item": ("account", "account_id"),
    "billing.payment": ("account", "account_id"),
    "billing.posting": ("account", "account_id"),
    "billing.statement": ("account", "account_id"),
    "care.caller_check": ("customer", "customer_id"),
    "care.contact": ("customer", "customer_id"),
    "care.follow_up": ("contact", "contact_id"),
    "css.account": (OWNER, "provider_id"),
    "css.account_cycle_term": ("account", "account_id"),
    "css.account_promotion": ("account", "account_id"),
    "css.account_vat_status": ("account", "account_id"),
    "css.appointment": (OWNER, "provider_id"),
    "css.authorised_person": ("customer", "customer_id"),
    "css.billable_item": ("account", "account_id"),
    "css.contact_point": ("customer", "customer_id"),
    "css.customer": ("account of it", "id"),
    "css.hold": ("account", "account_id"),
    "css.line": (OWNER, "provider_id"),
    "css.line_bar": ("line now", "line_id"),
    "css.line_listing": ("line", "line_id"),
    "css.number_reservation": (OWNER, "provider_id"),
    "css.order_request": ("account", "account_id"),
    "css.outbox_counter": (OWNER, "provider_id"),
    "css.outbox_message": (OWNER, "provider_id"),
    "css.provider": ("itself or us", "id"),
    "css.service": (OWNER, "provider_id"),
    "css.service_failure": ("account", "account_id"),
    "css.service_number": ("service", "service_id"),
    "orders.customer_order": (OWNER, "provider_id"),
    "orders.kci_event": ("order", "order_id"),
    "orders.order_item": ("order", "order_id"),
    "orders.order_note": ("order", "order_id"),
    "orders.order_task": ("order", "order_id"),
    "orders.quote": (OWNER, "provider_id"),
    "partners.delivery": (OWNER, "provider_id"),
    "partners.delivery_attempt": (OWNER, "provider_id"),
    "partners.inbox_message": (OWNER, "provider_id"),
    "partners.message_event": ("message", "inbox_id"),
    "partners.partner_certificate": (OWNER, "provider_id"),
    "partners.partner_key": (OWNER, "provider_id"),
    "partners.partner_terms": (OWNER, "provider_id"),
    "partners.rejected_message": (OWNER, "provider_id"),
    "partners.sandbox_area": (OWNER, "provider_id"),
    "partners.sandbox_case": (OWNER, "provider_id"),
    "partners.sandbox_document": (OWNER, "provider_id"),
    "partners.sandbox_message": (OWNER, "provider_id"),
    "partners.sandbox_pass": (OWNER, "provider_id"),
    "partners.sandbox_step": (OWNER, "provider_id"),
    "repairs.clock_interval": ("fault", "fault_id"),
    "repairs.fault": (OWNER, "provider_id"),
    "repairs.fault_conversation": (OWNER, "provider_id"),
    "repairs.fault_event": ("fault", "fault_id"),
    "repairs.line_test": ("fault it is for", "id"),
    "repairs.pair_change": ("fault", "fault_id"),
    "repairs.problem": ("line", "line_id"),
    "repairs.problem_fault": ("fault", "fault_id"),
    "repairs.visit": ("fault", "fault_id"),
}
"""Whose a row is: the kind of thing it hangs on, and the column that names it."""

READS: Final[dict[str, str]] = {
    "billing.bill": "",
    "billing.bill_file": "",
    "css.account": "id, number, customer_id, provider_id, district_code, segment",
    "css.appointment": "",
    "css.business_date": "",
    "css.cabinet": "",
    "css.customer": "id, is_vulnerable",
    "css.distribution_point": "",
    "css.district": "",
    "css.exchange": "",
    "css.line": "id, district_code, provider_id, account_id, site_id, pair_id, state, starts_on, ends_on, auxiliary_of_id",
    "css.line_bar": "line_id, kind, ends_at",
    "css.line_place_v": "",
    "css.outbox_counter": "",
    "css.outbox_message": "",
    "css.pair": "",
    "css.product": "",
    "css.product_price": "",
    "css.provider": "id, code, name, party_id, is_own_retail, is_active",
    "css.service": "",
    "css.service_number": "",
    "css.site": "",
    "orders.customer_order": "",
    "orders.kci_event": "",
    "orders.order_item": "",
    "orders.order_task": "",
    "orders.quote": "id, number, provider_id",
    "repairs.clock_interval": "",
    "repairs.engineer": "id, code, name, firm",
    "repairs.fault": "",
    "repairs.fault_conversation": "",
    "repairs.fault_event": "",
    "repairs.line_test": "id, outcome, diagnosis_code, diagnosis, finished_at",
    "repairs.mborc": "id, cause, district_code, exchange_id, cabinet_id, activity, starts_at, ends_at, clear_codes",
    "repairs.outage": "id, began_at, expected_at, ended_at, message",
    "repairs.visit": "",
}
"""What may be read from behind the wall: these tables and views, whole where no columns are named."""

_ME: Final = f"nullif(current_setting('{SETTING}', true), '')::bigint"
# As a value and not by EXISTS, which the planner answers for many rows by reading every row of the other table there is.
_OWNED_BY: Final = "(SELECT w.provider_id FROM {table} w WHERE w.id = {{column}}) = " + _ME
_HAS_ACCOUNT: Final = f"(SELECT min(w.provider_id) FROM css.account w WHERE w.customer_id = {{column}} AND w.provider_id = {_ME}) = {_ME}"
_OWN: Final = {
    OWNER: f"{{column}} = {_ME}",
    "itself or us": f"{{column}} = {_ME} OR is_own_retail",
    "account": _OWNED_BY.format(table="css.account"),
    "account of it": _HAS_ACCOUNT,
    "customer": _HAS_ACCOUNT,
    "contact": "EXISTS (SELECT FROM care.contact w WHERE w.id = {column})",
    "bill": f"(SELECT w.provider_id FROM billing.bill b JOIN css.account w ON w.id = b.account_id WHERE b.id = {{column}}) = {_ME}",
    "line": _OWNED_BY.format(table="css.line"),
    # What was on the line under another provider is none of this one's business.
    "line now": f"ends_at IS NULL AND {_OWNED_BY.format(table='css.line')}",
    "fault it is for": (
        "(SELECT min(w.provider_id) FROM repairs.fault w"
        f" WHERE w.line_id = line_test.line_id AND w.line_test_id = {{column}} AND w.provider_id = {_ME}) = {_ME}"
    ),
    "service": _OWNED_BY.format(table="css.service"),
    "order": _OWNED_BY.format(table="orders.customer_order"),
    "fault": _OWNED_BY.format(table="repairs.fault"),
    "message": _OWNED_BY.format(table="partners.inbox_message"),
}


MAKE_ROLE: Final = f"""
DO $$
-- Of the whole cluster: another database may have made it, or be making it at this moment.
DECLARE
  is_16 boolean := current_setting('server_version_num')::int >= 160000;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
    BEGIN
      CREATE ROLE {ROLE} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
  END IF;
  IF NOT pg_has_role(current_user, '{ROLE}', CASE WHEN is_16 THEN 'SET' ELSE 'MEMBER' END) THEN
    BEGIN
      EXECUTE 'GRANT {ROLE} TO CURRENT_USER' || CASE WHEN is_16 THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
    EXCEPTION WHEN unique_violation THEN
      NULL;
    END;
  END IF;
END $$"""
"""The role, made once, and leave for ourselves to become it. Repeatable."""


def walls() -> tuple[str, ...]:
    """What puts the wall on the tables, in order."""
    made: list[str] = []
    for table, (kind, column) in WALLED.items():
        own = _OWN[kind].format(column=f"{table.partition('.')[2]}.{column}")
        made += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY house ON {table} USING (true)",
            # Who may become the role may have its rights without becoming it, and must still see all: so the first half.
            f"CREATE POLICY partner ON {table} AS RESTRICTIVE TO {ROLE} USING (CURRENT_USER <> '{ROLE}' OR {own})",
        ]
    return tuple(made)


def grants() -> tuple[str, ...]:
    """What lets the role read. Repeatable."""
    schemas = sorted({table.partition(".")[0] for table in READS})
    return (
        f"GRANT USAGE ON SCHEMA {', '.join(schemas)} TO {ROLE}",
        *(f"GRANT SELECT{f' ({columns})' if columns else ''} ON {table} TO {ROLE}" for table, columns in READS.items()),
    )
