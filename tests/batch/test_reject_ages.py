"""How long an item has waited: in business dates of its own district, whatever the clock and other districts say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from batch.balance.rejects import rejects
from batch.words import RejectState
from css.db.engine import transaction

NIGHT_OF = date(2026, 7, 1)


@pytest.fixture
def nights(fresh_engine: Engine) -> Engine:
    """An item of 1 July in each of two districts and in a run of the house. ZX has closed the 3rd and ZY the 10th."""
    with transaction(fresh_engine) as session:
        for code, closed in (("ZX", date(2026, 7, 3)), ("ZY", date(2026, 7, 10))):
            session.execute(text("INSERT INTO css.district (code, name, nation) VALUES (:code, :code, 'scotland')"), {"code": code})
            session.execute(
                text("INSERT INTO css.business_date (district_code, current_on, closed_through) VALUES (:code, :current, :closed)"),
                {"code": code, "closed": closed, "current": closed + timedelta(days=1)},
            )
        for whose in ("ZX", "ZY", None):
            session.execute(
                text(
                    "WITH run AS (INSERT INTO batch.job_instance (net, district_code, business_date, parameter_key, state, planned_at)"
                    " VALUES ('small', :code, :night, '', 'completed', now()) RETURNING id)"
                    " INSERT INTO batch.reject (job_instance_id, step, source_key, reason_code, words, raw, state, rejected_at)"
                    " SELECT id, 'sort', coalesce(:code, 'house'), 'CSS699E', 'odd', 'x', 'open', now() FROM run"
                ),
                {"code": whose, "night": NIGHT_OF},
            )
    return fresh_engine


def _ages(engine: Engine, state: RejectState = RejectState.OPEN) -> dict[str, int]:
    with transaction(engine) as session:
        return {row.subject: row.age_days for row in rejects(session, state=state)}


def test_an_open_item_has_waited_to_the_last_date_that_its_own_district_has_closed(nights: Engine) -> None:
    assert _ages(nights) == {"ZX": 2, "ZY": 9, "house": 9}


SETTLED = (
    (datetime(2026, 7, 2, 10, tzinfo=UTC), 0, 0),
    (datetime(2026, 7, 4, 10, tzinfo=UTC), 2, 2),
    # A quarter past midnight in London is the day before by the clock of the house.
    (datetime(2026, 7, 4, 23, 15, tzinfo=UTC), 2, 3),
    # ZX is some nights behind: what it has not closed has not passed there.
    (datetime(2026, 7, 8, 10, tzinfo=UTC), 2, 6),
    (datetime(2026, 8, 1, 10, tzinfo=UTC), 2, 9),
    # Before its own night was over, as by a person while it stood.
    (datetime(2026, 7, 1, 10, tzinfo=UTC), 0, 0),
)


def test_a_settled_one_waits_no_longer_than_to_the_date_that_was_over_then(nights: Engine) -> None:
    settled = "UPDATE batch.reject SET state = 'replayed', settled_at = :at, settled_by = 'ANN', settled_words = 'Mended.'"
    for settled_at, zx, zy in SETTLED:
        with transaction(nights) as session:
            session.execute(text(settled), {"at": settled_at})
        assert _ages(nights, RejectState.REPLAYED) == {"ZX": zx, "ZY": zy, "house": zy}, settled_at
