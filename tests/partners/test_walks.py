"""Walks over thousands of lines: every one met once, in order, by an index, whatever begins and ends meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.db.engine import transaction
from css.db.sql import block
from css.master.commands import AddProvider
from css.master.enrol import add_provider
from css.master.reference import PARTNER
from css.partners.access.keys import partner_of
from css.partners.access.wall import behind_the_wall
from css.xml import children
from orders.queries.reconciling import own_lines
from tests import builders
from tests.partners.asking import answer_of, ask, enquiry
from tests.partners.speaking import RIVAL_CODE, Scene, header, said, scene

LINES = 3_000
EVERY = 3
"""One line in so many is Brackwater's, the others the rival's."""
_MADE = """
INSERT INTO css.pair (id, distribution_point_id, pair_number, state) OVERRIDING SYSTEM VALUE
SELECT :base + n, :point, 1000 + n, 'working' FROM generate_series(1, :lines) n;

INSERT INTO css.site (id, address_key, district_code, match, premises, street, town, postcode, exchange_id, distribution_point_id)
OVERRIDING SYSTEM VALUE
SELECT :base + n, 'A9' || lpad(n::text, 10, '0'), 'ZZ', 'gold', n::text, 'Long Road', 'Wrenford', 'ZZ9 9AA', :exchange, :point
  FROM generate_series(1, :lines) n;

INSERT INTO css.line (id, district_code, provider_id, account_id, site_id, pair_id, state, starts_on, row_version)
OVERRIDING SYSTEM VALUE
SELECT :base + n, 'ZZ', CASE WHEN n % :every = 0 THEN :mine ELSE :theirs END, CASE WHEN n % :every = 0 THEN :account ELSE :rival END,
       :base + n, :base + n, 'working', '2025-01-01', 1
  FROM generate_series(1, :lines) n;

INSERT INTO css.service (id, district_code, provider_id, line_id, account_id, product_id, starts_on, start_recorded_on)
OVERRIDING SYSTEM VALUE
SELECT l.id, 'ZZ', l.provider_id, l.id, l.account_id, :product, '2025-01-01', '2025-01-01' FROM css.line l WHERE l.id > :base;

-- Not in the order of the lines.
INSERT INTO css.service_number (service_id, number, starts_at)
SELECT :base + n, (441632200000 + (n * 7919) % 100003)::text, '2025-01-01' FROM generate_series(1, :lines) n;
"""


@dataclass(frozen=True)
class Town:
    where: Scene
    mine: list[str]
    """Brackwater's numbers, in order."""


@pytest.fixture(scope="module")
def town(engine: Engine) -> Town:
    with transaction(engine) as session:
        where = scene(session)
        accounts = [builders.built_account(session, number, "") for number in (where.account, where.rival_account)]
        told = {
            "base": 1_000_000,
            "lines": LINES,
            "every": EVERY,
            "point": where.district.distribution_point_id,
            "exchange": where.district.exchange_id,
            "mine": accounts[0].provider_id,
            "theirs": accounts[1].provider_id,
            "account": accounts[0].id,
            "rival": accounts[1].id,
            "product": builders.product_id(session, "LINE-WHO"),
        }
        session.execute(text(_MADE), told)
        rows = session.execute(
            text("SELECT n.number FROM css.service_number n JOIN css.service s ON s.id = n.service_id WHERE s.provider_id = :mine"), told
        )
        mine = sorted(rows.scalars())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE css.line, css.service, css.service_number, css.site, css.pair"))
    return Town(where, mine)


def test_a_walk_meets_every_line_once_and_needs_a_page_at_a_time(engine: Engine, town: Town) -> None:
    walked: list[str] = []
    sizes, is_last = [], False
    while not is_last:
        after = {"AfterNumber": walked[-1]} if walked else {}
        answer = ask(engine, enquiry("ListMyLines", None, head=header(), **after, Limit="300"))
        root = answer_of(answer)
        walked += [said(line, "TelephoneNumber") for line in children(root, "Lines/Line")]
        sizes.append(len(answer.body))
        is_last = said(root, "Last") == "true"
    assert walked == [f"+{number}" for number in town.mine]
    assert len(sizes) == 4
    assert max(sizes) < 150_000


def test_a_full_last_page_is_the_last(engine: Engine, town: Town) -> None:
    with transaction(engine) as session:
        page = own_lines(session, by=builders.PARTNER_ACTOR, after=town.mine[-301], limit=300)
        assert (len(page.lines), page.is_last) == (300, True)
        page = own_lines(session, by=builders.PARTNER_ACTOR, after=town.mine[-302], limit=300)
        assert (len(page.lines), page.is_last) == (300, False)
        assert own_lines(session, by=builders.PARTNER_ACTOR, after=town.mine[-1]).lines == ()


def test_what_ends_during_the_walk_takes_nothing_else_along(session: Session, town: Town) -> None:
    """A page by its place would miss the first of the next page, since all have moved up by one."""
    first = own_lines(session, by=builders.PARTNER_ACTOR, limit=100).lines
    ended = "UPDATE css.service_number SET ends_at = '2026-03-01' WHERE number = ANY(:numbers)"
    session.execute(text(ended), {"numbers": [line.number for line in first[:7]] + [town.mine[150]]})
    rest = own_lines(session, by=builders.PARTNER_ACTOR, after=first[-1].number, limit=1000)
    assert [line.number for line in (*first, *rest.lines)] == [number for number in town.mine if number != town.mine[150]]
    assert rest.is_last


def plan(session: Session, name: str, provider_code: str, **told: object) -> dict[str, Any]:
    """How a page is had, as the partner's role has it: the plan with the rows each step gave."""
    partner = partner_of(session, provider_code)
    statement = text(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) {block('orders', f'reconciling.{name}').text}")
    with behind_the_wall(session, partner):
        found = session.execute(statement, {"provider_id": partner.provider_id, "account": None, **told}).scalar_one()
    read: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return read


def steps(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from steps(below)


def test_a_page_of_many_lines_reads_the_numbers_in_their_order_and_stops(session: Session, town: Town) -> None:
    # A thousand lines the planner would as soon fetch and sort; of a hundred thousand it would not (docs/decisions/0172).
    session.execute(text("SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"))
    found = list(steps(plan(session, "lines", PARTNER, after=town.mine[len(town.mine) // 2], most=51)))
    (numbers,) = [step for step in found if step.get("Index Name") == "ix_service_number_in_use"]
    assert numbers["Node Type"] in {"Index Scan", "Index Only Scan"}
    assert "number >" in numbers["Index Cond"]
    # A line of the partner's in three; never all there are, and of no table.
    read = numbers["Actual Rows"] + numbers.get("Rows Removed by Filter", 0)
    assert read < 51 * EVERY * 3
    services = [step for step in found if step.get("Relation Name") == "service"]
    assert all(step["Node Type"].startswith(("Index", "Bitmap")) for step in services), services


def test_a_partner_with_few_lines_is_not_looked_for_among_all(session: Session, town: Town) -> None:
    few = builders.account(session, town.where.district, provider_code=_a_third(session))
    line = builders.working_line(session, town.where.district, few)
    session.execute(text("ANALYZE css.line, css.service"))
    found = list(steps(plan(session, "lines", "SMALLCO", after="", most=1001)))
    assert [step for step in found if step.get("Index Name") == "ix_line_working_of_provider"]
    assert not [step for step in found if step.get("Index Name") == "ix_service_number_in_use"]
    actor = Actor("partner", "SMALLCO", "SMALLCO")
    assert [each.number for each in own_lines(session, by=actor).lines] == [line.number]


def _a_third(session: Session) -> str:
    made = AddProvider(
        code="SMALLCO", name="Small Networks Ltd", party_id="999900789", address_lines=("4 Quay Street", "Brackwater"), postcode="ZZ9 9ZZ"
    )
    add_provider(session, made, by=builders.OPERATOR, at=builders.AT)
    return "SMALLCO"


def test_open_orders_are_read_from_their_index(session: Session, town: Town) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"))
    found = list(steps(plan(session, "open_orders", RIVAL_CODE, after="ZZO00000018", most=201)))
    (orders,) = [step for step in found if step.get("Index Name") == "ix_customer_order_open_of_provider"]
    assert "number" in orders["Index Cond"]
    assert "provider_id" in orders["Index Cond"]
