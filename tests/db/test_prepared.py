"""Statements that are planned once a connection: they answer as before, and what cannot be prepared goes on as it always did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import BigInteger, Column, Date, Engine, Integer, MetaData, Numeric, Table, Text, cast, event, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css.core.errors import Unavailable
from css.db import prepared
from css.db.engine import make_engine, transaction
from css.db.prepared import prepare_statements

CALLS = Table(
    "prepared_call",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Text, unique=True),
    Column("made_on", Date),
    Column("seconds", Integer),
    Column("price", Numeric),
    Column("kinds", ARRAY(Text)),
)


@pytest.fixture(scope="module")
def calls(engine: Engine) -> Iterator[Engine]:
    """An engine that prepares, and a table with a hundred calls; of one connection, so that a second time is a second time."""
    made = make_engine(engine.url.render_as_string(hide_password=False))
    prepare_statements(made)
    prepare_statements(made)
    CALLS.create(made)
    rows = [
        {
            "id": n,
            "number": f"44{n}",
            "made_on": date(2026, 3, 1) + timedelta(days=n % 7),
            "seconds": n,
            "price": n,
            "kinds": ["V", f"{n % 3}"],
        }
        for n in range(100)
    ]
    with made.begin() as connection:
        connection.execute(insert(CALLS), rows)
    yield made
    made.dispose()


def _held(session: Session) -> list[str]:
    statement = text("SELECT statement FROM pg_prepared_statements WHERE name LIKE 'css\\_%' ORDER BY name")
    return list(session.connection().execute(statement).scalars())


def test_a_repeated_select_is_planned_once_and_answers_the_same(calls: Engine) -> None:
    with transaction(calls) as session:
        found = [session.execute(select(CALLS.c.seconds).where(CALLS.c.number == f"44{n}")).scalar_one() for n in range(20)]
        assert found == list(range(20))
        assert sum("prepared_call.number = $1" in one for one in _held(session)) == 1


def test_values_of_every_kind_keep_their_meaning(calls: Engine) -> None:
    with transaction(calls) as session:
        for _ in range(8):
            by_day = select(func.count()).where(CALLS.c.made_on == date(2026, 3, 2), CALLS.c.price >= Decimal("1.5"))
            assert session.execute(by_day).scalar_one() == 14
            assert session.execute(select(CALLS.c.id).where(CALLS.c.kinds == ["V", "1"], CALLS.c.seconds < 5)).scalars().all() == [1, 4]
            assert session.execute(
                select(CALLS.c.id).where(CALLS.c.number.like("44_9%")).order_by(CALLS.c.id).limit(2)
            ).scalars().all() == [19, 29]
            assert session.execute(select(CALLS.c.id).where(CALLS.c.number == None)).scalars().all() == []  # noqa: E711 - SQL's own


@pytest.mark.parametrize("ids", [[3], [3, 5], [3, 5, 7], []])
def test_a_list_of_another_length_is_another_statement(calls: Engine, ids: list[int]) -> None:
    with transaction(calls) as session:
        for _ in range(3):
            assert session.execute(select(CALLS.c.id).where(CALLS.c.id.in_(ids)).order_by(CALLS.c.id)).scalars().all() == ids


def test_what_cannot_be_prepared_goes_on_and_the_transaction_with_it(calls: Engine) -> None:
    """A date less a bigint: PostgreSQL has that operator for the literal 3 and not for a parameter that is declared."""
    with transaction(calls) as session:
        session.execute(insert(CALLS).values(id=1000, number="441000"))
        for _ in range(4):
            back = select(cast(date(2026, 3, 5), Date).op("-")(3))
            assert session.execute(back).scalar_one() == date(2026, 3, 2)
    with transaction(calls) as session:
        assert session.execute(select(CALLS.c.id).where(CALLS.c.id == 1000)).scalar_one() == 1000


def test_an_error_in_the_data_is_the_same_error(calls: Engine) -> None:
    for _ in range(3):
        with pytest.raises(IntegrityError), transaction(calls) as session:
            session.execute(insert(CALLS).values(id=1, number="x"))


def test_what_was_taken_back_is_prepared_all_the_same(calls: Engine) -> None:
    for n in range(3):
        with transaction(calls) as session:
            assert session.execute(select(CALLS.c.price).where(CALLS.c.seconds == n, CALLS.c.id == n)).scalar_one() == n
            session.rollback()


def test_a_connection_holds_only_so_many(calls: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction(calls) as session:
        monkeypatch.setattr(prepared, "PREPARED_MAX", len(_held(session)))
        for _ in range(3):
            assert session.execute(select(CALLS.c.id, CALLS.c.made_on).where(CALLS.c.id == 7)).one().id == 7
        assert not any("made_on" in one and "id = $1" in one for one in _held(session))


def test_an_engine_that_was_not_asked_prepares_nothing(engine: Engine) -> None:
    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: sent.append(told[2]))
    with transaction(engine) as session:
        for _ in range(3):
            session.execute(select(func.count()).select_from(text("css.district")))
    assert not any(one.startswith("EXECUTE") for one in sent)


def test_a_plan_does_not_outlive_the_shape_of_its_table(calls: Engine) -> None:
    asked = select(CALLS.c.id, CALLS.c.seconds).where(CALLS.c.number == "447")
    for _ in range(3):
        with transaction(calls) as session:
            assert session.execute(asked).one().seconds == 7
    with calls.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER TABLE prepared_call ALTER COLUMN seconds TYPE bigint"))
    with pytest.raises(Unavailable), transaction(calls) as session:
        session.execute(asked).one()
    with transaction(calls) as session:
        assert session.execute(asked).one().seconds == 7, "and from then on as ever"
