"""What the database itself refuses of tariffs and usage, each by the name of its constraint, whoever wrote the statement."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from css.db.constraints import constraint_of
from tests import builders

RELEASED = {"state": "'released'", "loaded_by": "'BEA'", "released_by": "'SUE'", "released_at": "'2026-03-02T10:00Z'"}


def _insert(table: str, values: dict[str, str]) -> str:
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def _version(number: int = 1, starts_on: str = "2026-01-01", **wrong: str) -> str:
    values = {"tariff_id": ":tariff", "version": str(number), "starts_on": f"'{starts_on}'", "basis": "'net'"}
    return _insert("billing.tariff_version", values | {"daytime_from": "'07:00'", "daytime_to": "'19:00'"} | RELEASED | wrong)


def _step(from_second: str, unit_seconds: str = "60") -> str:
    values = {"tariff_rate_id": ":rate", "from_second": from_second, "price": "0", "unit_seconds": unit_seconds, "unit_price": "1"}
    return _insert("billing.tariff_rate_step", values)


def _file(**wrong: str) -> str:
    values = {
        "district_code": "'ZZ'",
        "supplier": "'NTHTEL'",
        "sequence": "2",
        "layout": "'css-csv'",
        "file_name": "'X'",
        "sha256": "'y'",
        "byte_count": "1",
        "created_at": "'2026-03-02T10:00Z'",
        "record_count": "2",
        "to_rate_count": "1",
        "duration_seconds": "60",
        "business_date": "'2026-03-02'",
    }
    return _insert("billing.usage_file", values | wrong)


def _aside(**wrong: str) -> str:
    values = {
        "district_code": "'ZZ'",
        "usage_record_id": "1",
        "usage_file_id": ":file",
        "supplier": "'NTHTEL'",
        "outcome": "'suspended'",
        "reason_code": "'CSS412E'",
        "words": "'X'",
        "raw": "'X'",
        "set_aside_on": "'2026-03-02'",
        "is_open": "true",
    }
    return _insert("billing.usage_set_aside", values | wrong)


def _block(first_line: int) -> str:
    values = {"usage_file_id": ":file", "first_line": str(first_line), "line_count": "1", "raw": "'x'"}
    return _insert("billing.usage_block", values)


def _settled(outcome: str, settled_as: str) -> str:
    return _aside(outcome=f"'{outcome}'", is_open="false", settled_as=f"'{settled_as}'", settled_on="'2026-03-02'")


def _rerated(account: int) -> str:
    values = {
        "district_code": "'ZZ'",
        "usage_record_id": "1",
        "rerating_id": "1",
        "rated_on": "'2026-03-02'",
        "account_id": str(account),
        "service_id": "1",
        "leg": "'outgoing'",
        "charged_number": "'1'",
        "other_number": "'2'",
        "started_at": "'2026-03-02T10:00Z'",
        "duration_seconds": "0",
        "tariff_rate_id": ":rate",
        "charge_class": "'GEO'",
        "destination": "'X'",
        "band": "'day'",
        "chargeable_units": "1",
        "net_millionths": "1",
        "gross_millionths": "1",
        "vat_basis_points": "2000",
        "is_itemised": "true",
    }
    return _insert("billing.rated_call", values)


REFUSED: dict[str, dict[str, tuple[str, ...]]] = {
    "ex_tariff_version_overlap": {"two released versions for one day": (_version(), _version(2, "2026-06-01"))},
    "ck_tariff_version_released_by_second_person": {"a version released by who loaded it": (_version(released_by="'BEA'"),)},
    "ck_tariff_version_released_is_stamped": {
        "a released version without its moment": (_version(released_at="NULL"),),
        "a loaded version with a release": (_version(state="'loaded'"),),
    },
    "ck_tariff_version_ends_after_start": {"a version for no day": (_version(ends_on="'2026-01-01'"),)},
    "ck_tariff_rate_step_from_second_counts": {"a step before the call": (_step("-1"),)},
    "ck_tariff_rate_step_unit_seconds_counts": {"a unit of less than nothing": (_step("600", "-1"),)},
    "ix_tariff_rate_step_tariff_rate_id": {"two steps at one second": (_step("600"), _step("600"))},
    "uq_usage_file_sequence": {"a sequence twice": (_file(sequence="1"),)},
    "uq_usage_file_content": {"a file under two sequences": (_file(sha256="'x'"),)},
    "ck_usage_file_to_rate_of_records": {
        "more to rate than came": (_file(to_rate_count="3"),),
        "less than nothing to rate": (_file(to_rate_count="-1"),),
    },
    "uq_usage_block_usage_file_id_first_line": {"two blocks of one line": (_block(1), _block(1))},
    "pk_rated_block": {
        "a block rated twice": (
            _block(1),
            *[f"INSERT INTO billing.rated_block SELECT id, '2026-03-02', {n}, 0, 0, 0 FROM billing.usage_block" for n in (1, 2)],
        )
    },
    "pk_usage_set_aside": {"a record set aside twice": (_aside(), _aside(reason_code="'CSS413E'"))},
    "ck_usage_set_aside_outcome_is_aside": {"a rated record set aside": (_aside(outcome="'rated'", is_open="false"),)},
    "ck_usage_set_aside_open_until_settled": {
        "a duplicate that waits": (_aside(outcome="'duplicate'"),),
        "a suspended record that is neither open nor settled": (_aside(is_open="false"),),
    },
    "ck_usage_set_aside_settled_has_date": {"a record settled on no day": (_aside(is_open="false", settled_as="'rated'"),)},
    "ck_usage_set_aside_settled_from_outcome": {
        "a rejected record rated": (_settled("rejected", "rated"),),
        "a suspended record suspended again": (_settled("suspended", "suspended"),),
        "a duplicate rejected": (_settled("duplicate", "rejected"),),
    },
    "ck_usage_set_aside_leg": {"a leg nobody knows": (_aside(leg="'wooden'"),)},
}
CASES = {what: (statements, constraint) for constraint, cases in REFUSED.items() for what, statements in cases.items()}
ALLOWED: dict[str, tuple[str, ...]] = {
    "a version loaded for days that another has": (
        _version(),
        _version(2, "2026-06-01", state="'loaded'", released_by="NULL", released_at="NULL"),
    ),
    "a version superseded by another": (_version(state="'superseded'"), _version(2)),
    "a duplicate accepted": (_settled("duplicate", "rated"),),
    "a suspended record written off": (_settled("suspended", "rejected"),),
    "a difference taken from one account and given to another": (_rerated(1), _rerated(2)),
}


@pytest.fixture
def ids(session: Session) -> dict[str, object]:
    """A district with a tariff, a rate and a usage file of sequence 1."""
    builders.district(session)
    tariff = session.execute(text("INSERT INTO billing.tariff (code, name) VALUES ('TWICE', 'Twice') RETURNING id")).scalar_one()
    rate = session.execute(text("SELECT min(id) FROM billing.tariff_rate")).scalar_one()
    file = session.execute(text(f"{_file(sequence='1', sha256=chr(39) + 'x' + chr(39))} RETURNING id")).scalar_one()
    return {"tariff": tariff, "rate": rate, "file": file}


@pytest.mark.parametrize(("statements", "constraint"), CASES.values(), ids=CASES)
def test_the_database_refuses(session: Session, ids: dict[str, object], statements: tuple[str, ...], constraint: str) -> None:
    for statement in statements[:-1]:
        session.execute(text(statement), ids)
    with pytest.raises(DBAPIError) as refused:
        session.execute(text(statements[-1]), ids)
    assert constraint_of(refused.value) == constraint


def test_a_re_rating_changes_a_call_of_an_account_once(session: Session, ids: dict[str, object]) -> None:
    session.execute(text(_rerated(1)), ids)
    with pytest.raises(DBAPIError, match="rerating_id, usage_record_id, account_id"):
        session.execute(text(_rerated(1)), ids)


@pytest.mark.parametrize("statements", ALLOWED.values(), ids=ALLOWED)
def test_the_database_allows(session: Session, ids: dict[str, object], statements: tuple[str, ...]) -> None:
    for statement in statements:
        session.execute(text(statement), ids)
