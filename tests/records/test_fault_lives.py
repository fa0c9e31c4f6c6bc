"""Random lives of faults of every kind where engineers, slots and pairs are too few: whatever is tried, the records stay true."""

from __future__ import annotations

import os
from random import Random
from typing import Final

import pytest
from sqlalchemy import Engine

from css.db.engine import transaction
from tests.records import fault_world
from tests.records.fault_asking import Life
from tests.records.fault_doing import DEEDS, step
from tests.records.fault_truths import broken
from tests.records.fault_world import World

LIVES: Final = int(os.environ.get("CSS_LIVES", "3"))
"""How many lives are lived: a few in every build, as many as somebody asks for in a soak (about a second each)."""
FIRST: Final = int(os.environ.get("CSS_LIVES_FIRST", "0"))
"""From which seed on: what is lived is the same for the same seed, and another soak begins where the last one ended."""
DEEDS_OF_A_LIFE: Final = 80
DRAWS: Final = 18
_NAMES: Final = [name for name, (_, often) in DEEDS.items() for _ in range(often)]


@pytest.fixture(scope="module")
def world(engine: Engine) -> World:
    with transaction(engine) as session:
        return fault_world.build(session)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + LIVES))
def test_any_sequence_of_deeds_leaves_the_records_true(engine: Engine, world: World, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    with engine.connect() as connection:
        outer = connection.begin()
        life = Life(connection, world)
        for _ in range(DEEDS_OF_A_LIFE):
            if step(life, random.choice(_NAMES), [random.randrange(60) for _ in range(DRAWS)]):
                assert broken(life.connection, at=life.at) == [], "\n".join(life.told)
        outer.rollback()
