"""Two partners with keys to their test areas and to the gateway in earnest."""

from __future__ import annotations

import time

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from css.partners.model import KeyArea
from tests.builders import OPERATOR
from tests.partners.sandbox.at_area import Area, Watch
from tests.partners.speaking import AT, RIVAL_CODE, Scene


@pytest.fixture(scope="module")
def keys(engine: Engine, district: Scene) -> dict[str, str]:
    """By provider and area: ``BRACKWAT/sandbox``."""
    with transaction(engine) as session:
        return {
            f"{code}/{area.value}": issue_key(session, IssuePartnerKey(provider_code=code, words="test", area=area), by=OPERATOR, at=AT)
            for code in (PARTNER, RIVAL_CODE)
            for area in KeyArea
        }


@pytest.fixture(scope="module")
def served(engine: Engine) -> tuple[FlaskClient, Watch]:
    """The gateway, and the clock it reads."""
    watch = Watch()
    return create_application(engine, watch).test_client(), watch


@pytest.fixture
def area(served: tuple[FlaskClient, Watch], keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Area:
    """An empty test area and a clock that a test sets; nobody really waits."""
    client, watch = served
    watch.at = AT
    found = Area(client, keys[f"{PARTNER}/sandbox"], watch)
    monkeypatch.setattr(time, "sleep", found.slept.append)
    found.reset()
    return found


@pytest.fixture
def rival(keys: dict[str, str], area: Area) -> Area:
    """Another partner's, by the same clock."""
    found = Area(area.client, keys[f"{RIVAL_CODE}/sandbox"], area.watch)
    found.reset()
    return found
