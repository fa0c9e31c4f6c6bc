"""Random lives of orders of every kind on plant that is too little: whatever is tried, in whatever order, the records stay true."""

from __future__ import annotations

import os
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from css.db.engine import transaction
from orders.words import OrderKind
from tests.records import order_world
from tests.records.order_asking import Life
from tests.records.order_charges import wrongly_charged
from tests.records.order_doing import DEEDS, step
from tests.records.order_truths import broken
from tests.records.order_world import CAPACITY, World

EXAMPLES: Final = int(os.environ.get("CSS_LIVES", "12"))
"""How many lives are lived: a few in every build, as many as somebody asks for in a soak (about a second each)."""
SECONDS_MAX: Final = 180 + 15 * EXAMPLES
"""A machine with other work is ten times slower."""


@pytest.fixture(scope="module")
def world(engine: Engine) -> World:
    with transaction(engine) as session:
        return order_world.build(session)


_PLACING: Final = [kind for kind in OrderKind for _ in range(6 if kind is OrderKind.PROVIDE else 3)]
_NAMES: Final = [kind.value for kind in _PLACING] + [name for name, (_, often) in DEEDS.items() for _ in range(often)]
DRAWN: Final = st.lists(st.integers(0, 59), min_size=14, max_size=14)
"""What a deed is chosen by."""
STEP: Final = st.tuples(st.sampled_from(_NAMES), DRAWN)


def look(life: Life) -> None:
    assert broken(life.connection, at=life.at, capacity=CAPACITY) == [], "\n".join(life.told)


@pytest.mark.timeout(SECONDS_MAX)
# No shrinking: a hundred smaller lives take minutes, and the failing one is printed whole.
@settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
@given(steps=st.lists(STEP, min_size=40, max_size=60))
def test_any_sequence_of_deeds_leaves_the_records_true(engine: Engine, world: World, steps: list[tuple[str, list[int]]]) -> None:
    with engine.connect() as connection:
        outer = connection.begin()
        life = Life(connection, world)
        for name, drawn in steps:
            if step(life, name, drawn):
                look(life)
        assert wrongly_charged(life) == [], "\n".join(life.told)
        outer.rollback()
