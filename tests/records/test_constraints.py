"""The database itself refuses what must not be, each by the name of its constraint, whoever wrote the statement."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from css.db.constraints import constraint_of
from css.db.engine import transaction
from css.db.faults import sqlstate
from tests import builders
from tests.race import together


@dataclass(frozen=True)
class World:
    """One account with two working lines; ``ids`` are what the statements below may name."""

    session: Session
    ids: dict[str, object]

    def run(self, statement: str) -> None:
        self.session.execute(text(statement), self.ids)


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


def make_world(session: Session) -> World:
    zz = builders.district(session)
    account = builders.account(session, zz)
    line = builders.working_line(session, zz, account, features=("CALL-WAITING",))
    other = builders.working_line(session, zz, account)
    nominals = (
        "INSERT INTO billing.nominal (code, name, kind) VALUES ('DEBTORS', 'X', 'asset'), ('BANK', 'X', 'asset') ON CONFLICT DO NOTHING"
    )
    session.execute(text(nominals))
    ids: dict[str, object] = {
        "account": account.id,
        "customer": account.customer_id,
        "provider": account.provider_id,
        "line": line.id,
        "service": line.service_id,
        "number": line.number,
        "pair": line.pair_id,
        "site": line.site.id,
        "other_line": other.id,
        "other_service": other.service_id,
        "product": builders.product_id(session, "LINE-RES"),
        "feature": builders.product_id(session, "CALLER-DISPLAY"),
        "exchange": zz.exchange_id,
        "spare_pair": zz.pair_ids[-1],
    }
    return World(session, ids)


def _insert(table: str, **values: str) -> str:
    """Values are SQL; those of the kind are given, a case says what is wrong."""
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def _service(**wrong: str) -> str:
    values = {"district_code": "'ZZ'", "provider_id": ":provider", "line_id": ":line", "account_id": ":account", "product_id": ":feature"}
    dates = {"starts_on": "'2026-03-02'", "start_recorded_on": "'2026-03-02'"}
    return _insert("css.service", **values | dates | wrong)


def _line(**wrong: str) -> str:
    values = {"district_code": "'ZZ'", "provider_id": ":provider", "account_id": ":account", "site_id": ":site"}
    return _insert("css.line", **values | {"state": "'working'", "starts_on": "'2026-03-02'"} | wrong)


def _price(starts_on: str, ends_on: str) -> str:
    values = {"product_id": ":product", "kind": "'rental'", "segment": "'residential'", "starts_on": starts_on, "ends_on": ends_on}
    return _insert("css.product_price", **values, basis="'net'", net_price="100", gross_price="120")


def _vat(starts_on: str, ends_on: str = "NULL", percent: str = "25") -> str:
    return _insert("css.vat_rate", code="'standard'", starts_on=starts_on, ends_on=ends_on, percent=percent)


def _number(number: str, service: str, starts_at: str = "'2026-03-02T00:00Z'", ends_at: str = "NULL") -> str:
    return _insert("css.service_number", number=number, service_id=service, starts_at=starts_at, ends_at=ends_at)


def _listing(starts_on: str) -> str:
    return _insert("css.line_listing", line_id=":line", directory_kind="'XD'", emergency_name="'Somebody'", starts_on=f"'{starts_on}'")


def _block(first: str, last: str) -> str:
    return _insert("css.number_block", exchange_id=":exchange", first_number=f"'{first}'", last_number=f"'{last}'")


def _account(change: str) -> str:
    return f"UPDATE css.account SET {change} WHERE id = :account"


def _customer(change: str) -> str:
    return f"UPDATE css.customer SET {change} WHERE id = :customer"


def _site(change: str) -> str:
    return f"UPDATE css.site SET {change} WHERE id = :site"


def _recovered(on: str) -> str:
    return f"UPDATE css.line SET state = 'recovered', ends_on = '{on}' WHERE id = :line"


def _payment(amount: int) -> str:
    values = {"number": "'ZZP00000019'", "district_code": "'ZZ'", "account_id": ":account", "amount": str(amount), "method": "'card'"}
    dates = {"received_on": "'2026-03-02'", "business_date": "'2026-03-02'", "taken_at": "'2026-03-02T10:00Z'"}
    return _insert("billing.payment", **values, **dates, reference="''", taken_by="'T'")


def _entry(*postings: str) -> str:
    return f"""
        WITH entry AS (INSERT INTO billing.journal_entry (source_key, district_code, business_date, words, entered_at)
                       VALUES ('test/1', 'ZZ', '2026-03-02', 'Test', '2026-03-02T10:00Z') RETURNING id)
        INSERT INTO billing.posting (journal_entry_id, nominal_code, account_id, business_date, amount)
        SELECT entry.id, p.nominal, p.account::bigint, '2026-03-02', p.amount
          FROM entry, (VALUES {", ".join(postings)}) AS p (nominal, account, amount)"""


def _contact(**wrong: str) -> str:
    values = {"district_code": "'ZZ'", "customer_id": ":customer", "channel": "'letter'", "direction": "'inbound'", "topic": "'bill'"}
    rest = {"is_verified": "true", "words": "'X'", "outcome": "'open'", "occurred_at": "'2026-03-02T10:00Z'", "recorded_by": "'T'"}
    return _insert("care.contact", **values | rest | wrong)


def _provider(**wrong: str) -> str:
    values = {"code": "'SECOND'", "name": "'X'", "party_id": "'9'", "address_lines": "'{X}'", "postcode": "'ZZ1 1AA'"}
    return _insert("css.provider", **values | wrong)


OPERATOR = _insert(
    "css.operator", code="'KING'", name="'X'", team="'X'", password_hash="'X'", roles="'{king}'", credit_limit="0"
)  # fmt: skip
HOLD = _insert(
    "css.hold",
    source_key="'x'",
    account_id=":account",
    kind="'dispute'",
    reference="'X'",
    starts_at="'2026-03-02T10:00Z'",
    ends_at="'2026-03-01T10:00Z'",
)

REFUSED = {
    "ex_service_number_in_use": {
        "one number on two services at one time": _number(":number", ":other_service"),
        "a number that begins before it ended elsewhere": _number(":number", ":other_service", "'2026-02-01Z'", "'2026-03-02T00:01Z'"),
    },
    "ck_service_number_ends_after_start": {"a number used backwards": _number("'441632960999'", ":service", ends_at="'2026-03-01Z'")},
    "ck_service_number_number_form": {"a number not of E.164 form": _number("'01632960999'", ":service")},
    "ex_number_block_overlap": {"a number block within another": _block("441632960100", "441632960199")},
    "ck_number_block_block_is_ordered": {"a number block backwards": _block("441632230000", "441632220000")},
    "ck_service_within_line": {
        "a service before its line": _service(starts_on="'2026-03-01'"),
        "a service moved to before its line": "UPDATE css.service SET starts_on = '2026-01-01' WHERE id = :service",
    },
    "ck_line_covers_services": {
        "a line recovered under its services": _recovered("2026-03-06"),
        "a line that starts after its services": "UPDATE css.line SET starts_on = '2026-03-03' WHERE id = :line",
    },
    "ex_service_product_twice_on_line": {
        "one product twice on a line at one time": _service(product_id=":product", starts_on="'2026-04-01'"),
    },
    "ck_service_ends_after_start": {
        "a service that ends before it starts": _service(starts_on="'2026-03-05'", ends_on="'2026-03-04'", end_recorded_on="'2026-03-05'"),
    },
    "ck_service_end_is_recorded": {"a service whose end nobody recorded": _service(ends_on="'2026-03-09'")},
    "ck_service_quantity_counts": {"none of a service": _service(quantity="0")},
    "uq_line_pair_id_live": {"one pair in two lines": _line(pair_id=":pair")},
    "ck_line_jointed_has_pair": {"a working line without a pair": _line(), "a stopped line without a pair": _line(state="'stopped'")},
    "ck_line_recovered_has_end": {
        "a working line that has ended": _line(pair_id=":spare_pair", ends_on="'2026-04-01'"),
        "a recovered line that has not": _line(state="'recovered'"),
    },
    "ck_line_ends_after_start": {"a line that ends before it starts": _line(state="'recovered'", ends_on="'2026-03-01'")},
    "ck_line_state": {"a line in a state nobody knows": _line(state="'singing'")},
    "ex_line_listing_overlap": {"two listings of a line on one day": _listing("2026-03-09")},
    "ex_product_price_overlap": {
        "two prices for one day": _price("'2026-05-01'", "NULL"),
        "a price inside another": _price("'2012-05-01'", "'2012-06-01'"),
    },
    "ck_product_price_ends_after_start": {"a price for no day": _price("'2001-05-01'", "'2001-05-01'")},
    "ex_vat_rate_overlap": {"two rates of VAT for one day": _vat("'2026-01-01'")},
    "ck_vat_rate_percent_of_hundred": {"VAT of more than everything": _vat("'1970-01-01'", "'1970-01-02'", "101")},
    "ck_account_cycle_day_of_month": {"a cycle day there is not": _account("cycle_day = 32")},
    "ck_account_cycle_month_group_of_year": {"a thirteenth month of the year": _account("cycle_month_group = 13")},
    "ck_account_direct_debit_has_mandate": {"Direct Debit without a mandate": _account("payment_means = 'direct-debit'")},
    "ck_account_reverse_charge_has_vat_number": {"reverse charge without a VAT number": _account("vat_status = 'reverse-charge'")},
    "ck_account_closed_after_opened": {"an account closed before it opened": _account("closed_on = '2000-01-01'")},
    "ck_account_segment": {"a segment nobody knows": _account("segment = 'royalty'")},
    "ck_account_medium": {"a medium nobody knows": _account("medium = 'pigeon'")},
    "ck_customer_person_has_surname": {"a person without a surname": _customer("surname = NULL")},
    "ck_customer_organisation_has_name": {"a person with a firm's name": _customer("organisation_name = 'X'")},
    "ck_site_postcode_form": {"an address of no postcode": _site("postcode = 'ZZ99999'")},
    "ck_site_gold_is_on_the_network": {"a gold address off the network": _site("distribution_point_id = NULL")},
    "ck_pair_state": {"a pair in a state nobody knows": "UPDATE css.pair SET state = 'lost' WHERE id = :pair"},
    "uq_provider_own_retail": {"two own retail arms": _provider(is_own_retail="true")},
    "ck_provider_code_form": {"a provider's code in small letters": _provider(code="'second'")},
    "ck_operator_roles_known": {"an operator with a role nobody knows": OPERATOR},
    "ck_district_code_form": {"a district of one letter": _insert("css.district", code="'Z'", name="'X'", nation="'scotland'")},
    "ck_business_date_closed_before_current": {
        "a business date that is closed": "UPDATE css.business_date SET closed_through = current_on"
    },
    "ck_hold_ends_after_start": {"a hold lifted before it was placed": HOLD},
    "ck_contact_somebody_or_some_line": {"a contact with nobody about nothing": _contact(customer_id="NULL")},
    "ck_contact_topic": {"a contact about a topic nobody knows": _contact(topic="'weather'")},
    "ck_payment_amount_positive": {"a payment of nothing": _payment(0), "a payment the wrong way": _payment(-100)},
    "ck_journal_entry_balances": {
        "an entry that does not balance": _entry("('DEBTORS', :account, 100)", "('BANK', NULL, -99)"),
        "an entry with one side": _entry("('BANK', NULL, 100)"),
    },
    "ck_posting_amount_says_something": {"a posting of nothing": _entry("('BANK', NULL, 0)")},
    "ck_posting_debtors_names_account": {
        "a debt of nobody's": _entry("('DEBTORS', NULL, 100)", "('BANK', NULL, -100)"),
        "an account's money in the bank's name": _entry("('BANK', :account, 100)", "('DEBTORS', :account, -100)"),
    },
    "fk_posting_nominal_code": {"a nominal nobody knows": _entry("('SOCKS', NULL, 100)", "('BANK', NULL, -100)")},
}
CASES = {what: (statement, constraint) for constraint, cases in REFUSED.items() for what, statement in cases.items()}


@pytest.mark.parametrize(("statement", "constraint"), CASES.values(), ids=CASES)
def test_the_database_refuses(world: World, statement: str, constraint: str) -> None:
    with pytest.raises(DBAPIError) as refused:
        world.run(statement)
        world.run("SET CONSTRAINTS ALL IMMEDIATE")
    assert constraint_of(refused.value) == constraint


def test_nothing_works_on_a_recovered_line(world: World) -> None:
    _end(world, "2026-03-09")
    with pytest.raises(DBAPIError) as refused:
        world.run(_service(starts_on="'2026-03-03'"))
    assert constraint_of(refused.value) == "ck_service_within_line"


APPEND_ONLY = (
    "css.audit_event",
    "care.contact",
    "billing.journal_entry",
    "billing.posting",
    "billing.payment",
    "orders.kci_event",
    "repairs.fault_event",
)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("deed", ["UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"])
def test_what_is_written_for_good_is_not_changed(session: Session, table: str, deed: str) -> None:
    with pytest.raises(DBAPIError) as refused:
        session.execute(text(deed.format(table=table)))
    assert sqlstate(refused.value) == "23001"
    assert "only ever added" in str(refused.value.orig)


ALLOWED = {
    "a number given again the instant it was given up": _number(":number", ":other_service", "'2026-03-09T00:00Z'"),
    "a pair used again once its line is recovered": _line(pair_id=":pair", starts_on="'2026-03-09'"),
    "a listing from the day the other ends": _listing("2026-03-09"),
    "a service that ended with its line": _service(ends_on="'2026-03-09'", end_recorded_on="'2026-03-09'"),
    "a price before all others": _price("'2001-05-01'", "'2009-10-01'"),
    "an entry that balances": _entry("('DEBTORS', :account, 100)", "('BANK', NULL, -100)"),
}


@pytest.mark.parametrize("statement", ALLOWED.values(), ids=ALLOWED)
def test_the_database_allows_what_only_touches(world: World, statement: str) -> None:
    _end(world, "2026-03-09")
    world.run(statement)
    world.run("SET CONSTRAINTS ALL IMMEDIATE")


def _end(world: World, on: str) -> None:
    """Everything on the first line ends, in the order an order ends it."""
    world.run(f"UPDATE css.service_number SET ends_at = '{on}T00:00Z' WHERE service_id = :service")
    world.run(f"UPDATE css.service SET ends_on = '{on}', end_recorded_on = '{on}' WHERE line_id = :line")
    world.run(f"UPDATE css.line_listing SET ends_on = '{on}' WHERE line_id = :line")
    world.run(_recovered(on))


def test_a_line_is_not_recovered_under_a_service_that_starts_at_the_same_moment(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        world = make_world(session)
        world.run("UPDATE css.service SET ends_on = '2026-03-04', end_recorded_on = '2026-03-04' WHERE line_id = :line")

    def run(statement: str) -> None:
        with transaction(fresh_engine) as session:
            session.execute(text(statement), world.ids)
            # Both have done their deed before either commits.
            session.execute(text("SELECT pg_sleep(0.2)"))

    outcomes = together(lambda: run(_service(starts_on="'2026-03-04'")), lambda: run(_recovered("2026-03-05")))
    refused = [constraint_of(outcome) for outcome in outcomes if isinstance(outcome, DBAPIError)]
    assert refused in (["ck_service_within_line"], ["ck_line_covers_services"])
