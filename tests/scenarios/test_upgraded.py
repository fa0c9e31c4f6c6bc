"""An installation of the first release, brought to this one, goes on: the next night, a record sent again, a price asked about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from billing.actions.rerating import rerate_usage
from billing.actions.suspense import replay_usage
from billing.checks import check_books
from billing.queries.explain_call import explain_call
from billing.rerating_commands import RerateUsage
from billing.suspense_commands import ReplayUsage
from css.core.calendar import london_instant
from css.core.money import Price
from css.db.backup import restore
from css.db.engine import transaction
from css.migrations import reference
from tests import builders
from tests.conftest import clone
from tests.db.test_first_release import BACKUP
from tests.scenarios.nights import CallMade, carrier_file, run_night

NEXT = date(2026, 3, 5)
"""The first night of the new release."""
AT = london_instant(NEXT, time(10))


@pytest.fixture(scope="module")
def upgraded(server: str) -> Iterator[Engine]:
    with clone(server, "template0") as engine:
        restore(engine, BACKUP)
        with transaction(engine) as session:
            reference.load(session)
        yield engine


def one(engine: Engine, statement: str, **values: object) -> Any:  # noqa: ANN401 - a row
    with engine.connect() as connection:
        return connection.execute(text(statement), values).first()


def test_calls_rated_by_the_first_release_have_the_price_they_would_have_today(upgraded: Engine) -> None:
    for district in ("ZZ", "ZY"):
        with transaction(upgraded) as session:
            command = RerateUsage(district_code=district, from_on=date(2026, 1, 1), reason="Is anything different?")
            rerated = rerate_usage(session, command, by=builders.OPERATOR, at=AT)
        assert (
            rerated.looked_at_count == one(upgraded, "SELECT count(*) AS n FROM billing.rated_call WHERE district_code = :d", d=district).n
        )
        assert (rerated.changed_count, rerated.net, rerated.left) == (0, Price(0), ())


def test_a_price_of_the_first_release_is_explained_from_its_line(upgraded: Engine) -> None:
    call = one(upgraded, "SELECT usage_record_id, net_millionths, charged_number FROM billing.rated_call WHERE net_millionths > 0")
    with transaction(upgraded) as session:
        story = explain_call(session, call.usage_record_id, by=builders.OPERATOR)
    assert call.charged_number in str(story)
    assert story.components


def test_suspense_of_the_first_release_can_be_replayed(upgraded: Engine) -> None:
    waiting = one(upgraded, "SELECT count(*) AS n FROM billing.usage_set_aside WHERE district_code = 'ZY' AND is_open").n
    assert waiting > 0
    with transaction(upgraded) as session:
        command = ReplayUsage(district_code="ZY", reason="Is anything different?", preview=True)
        settled = replay_usage(session, command, by=builders.OPERATOR, at=AT)
    assert (settled.looked_at, settled.still_waiting) == (waiting, waiting)


def test_the_next_night_knows_the_records_of_before_and_rates_the_new(upgraded: Engine, tmp_path: Path) -> None:
    old = one(upgraded, "SELECT * FROM billing.rated_call WHERE district_code = 'ZZ' AND duration_seconds > 60 ORDER BY usage_record_id")
    again = CallMade(old.charged_number, old.other_number, old.started_at, old.duration_seconds, record_id="AGAIN-1")
    new = CallMade(old.charged_number, "447700900123", london_instant(NEXT, time(11)), 61)
    last = one(upgraded, "SELECT max(sequence) AS n FROM billing.usage_file WHERE district_code = 'ZZ'").n
    carrier_file(tmp_path, "ZZ", NEXT, last + 1, [again, new])
    run_night(upgraded, "ZZ", NEXT, tmp_path)
    found = one(upgraded, "SELECT * FROM billing.usage_set_aside WHERE outcome = 'duplicate'")
    assert (found.reason_code, found.original_record_id) == ("CSS666E", old.usage_record_id)
    rated = one(upgraded, "SELECT * FROM billing.rated_call WHERE rated_on = :night", night=NEXT)
    assert (rated.charged_number, rated.other_number, rated.leg) == (new.charged_number, new.other_number, "outgoing")
    with transaction(upgraded) as session:
        assert check_books(session, "ZZ") == ()
