"""Two partners in one district, and addresses nobody has ordered at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from css.db.engine import transaction
from tests.partners.speaking import Scene, scene


@pytest.fixture(scope="module")
def district(engine: Engine) -> Scene:
    with transaction(engine) as session:
        return scene(session, sites=40)


@pytest.fixture(scope="module")
def _addresses(district: Scene) -> Iterator[str]:
    return iter([site.address_key for site in district.district.gold])


@pytest.fixture
def site(_addresses: Iterator[str]) -> Callable[[], str]:
    """The address key of another site each time."""
    return lambda: next(_addresses)
