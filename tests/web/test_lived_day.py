"""A demo lives on its business date: every door tells the time of day from the wall and the day from the district."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from css.audit import AuditEvent
from css.care.model import Contact, FollowUp
from css.cli import main
from css.core.calendar import LONDON, london_date, london_instant, to_london
from css.core.clock import FixedClock
from css.db.engine import transaction
from css.demo.run import OWNER
from css.master import clocks
from css.master.clocks import house_clock, live_by_business_date, night_clock
from css.master.districts import BusinessDate
from css.master.operators import Operator, OperatorSession
from css.settings import Settings, settings
from css.web.app import create_app
from tests import builders
from tests.conftest import clone
from tests.web.conftest import PASSWORD, MovingClock, Seat, World, populate
from tests.web.knowing import caller_known

LIVED = builders.DAY
WALL = london_instant(date(2026, 11, 22), time(16, 5))


@pytest.fixture(scope="module")
def demo(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    """A district in March that is marked as one that lives on its own day."""
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, LIVED)
            live_by_business_date(session, "ZZ", by=OWNER, at=builders.AT)
        yield engine, world


@pytest.fixture
def at_home(demo: tuple[Engine, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CSS_DATABASE_URL", demo[0].url.render_as_string(hide_password=False))
    monkeypatch.setenv("CSS_HOME", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def seat(demo: tuple[Engine, World], tmp_path: Path) -> Seat:
    """Signed on by the sign-on screen of an application that was given no clock."""
    app = create_app(Settings(home=tmp_path, secret_key="for tests and nothing else"), demo[0])
    made = Seat(app.test_client())
    made.open("/sign-on")
    made.press(operator="ALL1", password=PASSWORD)
    return made


def test_the_day_after_is_the_day_after_the_business_date(demo: tuple[Engine, World], seat: Seat) -> None:
    engine, world = demo
    caller_known(engine, "ALL1", world.account.customer_number, house_clock(lambda: engine).now())
    seat.open(f"/s/CU03/{world.account.number}")
    assert f"<span>{LIVED:%a %-d %b %Y} </span>" in seat.page, "the head line says which day it is"
    seat.press("F2", wrap_reason="bq", wrap_when="+1")
    assert "CSS920I" in seat.said
    with transaction(engine) as session:
        promised = session.execute(select(FollowUp.due_at).order_by(FollowUp.id.desc())).scalars().first()
    assert promised is not None
    assert timedelta() < promised - london_instant(LIVED, time()) <= timedelta(days=2)


def test_a_fault_reported_now_is_not_late_by_months(demo: tuple[Engine, World], seat: Seat) -> None:
    seat.open(f"/s/FL01/{demo[1].line.number}")
    seat.press("Enter", symptom_code="NDT", contact_name="Ada", contact_phone="07700 900123")
    seat.press("F6")
    assert seat.title.startswith("FL03"), seat.said
    seat.open("/s/FL04/ZZ")
    assert "late by" not in seat.page


def test_a_night_that_moves_the_date_on_ends_nobodys_shift(
    server: str, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shift and a desk left alone are measured on the wall: a day of the demo may take a minute."""
    monkeypatch.setattr(clocks, "LOOKED_EVERY_SECONDS", 0)
    wall = MovingClock(WALL)
    with clone(server, template) as engine:
        with transaction(engine) as session:
            populate(session, LIVED)
            live_by_business_date(session, "ZZ", by=OWNER, at=builders.AT)
        settings = Settings(home=tmp_path, secret_key="for tests and nothing else")
        app = create_app(settings, engine, house_clock(lambda: engine, wall))
        seats = [Seat(app.test_client()), Seat(app.test_client())]
        for seat, operator in zip(seats, ("ALL1", "SUPERVIS"), strict=True):
            seat.sign_on(operator)
        desk, sue = seats
        with transaction(engine) as session:
            session.execute(update(BusinessDate).values(current_on=LIVED + timedelta(days=1)))
        wall.goes_on(minutes=2)
        for seat in seats:
            seat.open("/s/MENU")
            assert seat.title == "MENU Transaction menu"
        assert f"{LIVED + timedelta(days=1):%a %-d %b %Y}" in desk.page, "the date did move"
        wall.goes_on(minutes=20)
        desk.open("/s/MENU")
        assert desk.title == "LOCK Desk locked", "twenty minutes alone are twenty minutes"
        desk.press(password=PASSWORD)
        assert desk.title == "MENU Transaction menu"
        sue.open("/s/MENU")
        sue.press(password=PASSWORD)
        with transaction(engine) as session:
            gone = select(OperatorSession.id).join(Operator).where(Operator.code == "ALL1", OperatorSession.ended_at.is_(None))
            number = session.execute(gone).scalar_one()
        sue.open(f"/s/AD02/ALL1/end/{number}")
        sue.press("Enter", reason="Gone home.")
        sue.press("F6")
        desk.open("/s/MENU")
        assert "CSS352W" in desk.said, "and whoever was sent away is told so"
        assert "Gone home." in desk.page


def test_a_deed_of_a_script_is_dated_by_it(
    demo: tuple[Engine, World], at_home: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = {
        "customer_number": demo[1].account.customer_number,
        "channel": "telephone",
        "topic": "bill",
        "words": "Asked when the bill comes.",
        "outcome": "solved",
    }
    (tmp_path / "contact.json").write_text(json.dumps(command))
    assert main(["do", "record-contact", str(tmp_path / "contact.json")]) == 0, capsys.readouterr().err
    number = json.loads(capsys.readouterr().out)["contact_id"]
    with transaction(demo[0]) as session:
        at = session.execute(select(Contact.occurred_at).where(Contact.id == number)).scalar_one()
    assert london_date(at) == LIVED


def test_the_time_of_day_is_the_walls_in_london_and_a_night_moves_the_date_on(
    server: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clone(server, template) as engine:
        with transaction(engine) as session:
            builders.district(session, on=date(2026, 3, 28))
            live_by_business_date(session, "ZZ", by=OWNER, at=builders.AT)
        clock = house_clock(lambda: engine, FixedClock(WALL))
        assert to_london(clock.now()) == datetime(2026, 3, 28, 16, 5, tzinfo=LONDON)
        night = night_clock(lambda: engine, date(2026, 3, 28), FixedClock(WALL))
        assert to_london(night.now()) == datetime(2026, 3, 29, 16, 5, tzinfo=LONDON), "from its first step to its last"
        with transaction(engine) as session:
            session.execute(update(BusinessDate).values(current_on=date(2026, 3, 29)))
        assert london_date(clock.now()) == date(2026, 3, 28), "looked at now and then"
        monkeypatch.setattr(clocks, "LOOKED_EVERY_SECONDS", 0)
        assert to_london(clock.now()) == datetime(2026, 3, 29, 16, 5, tzinfo=LONDON), "summer time since this night"


def test_a_real_installation_goes_by_the_wall_and_asks_once(server: str, template: str) -> None:
    asked = []
    with clone(server, template) as engine:
        with transaction(engine) as session:
            builders.district(session, on=LIVED)

        def connect() -> Engine:
            asked.append(engine)
            return engine

        clock = house_clock(connect, FixedClock(WALL))
        assert [clock.now(), clock.now()] == [WALL, WALL]
        assert len(asked) == 1
        assert not clock.is_lived
        assert night_clock(connect, LIVED, FixedClock(WALL)).now() == WALL


def test_the_mark_is_on_the_trail(demo: tuple[Engine, World]) -> None:
    with transaction(demo[0]) as session:
        found = session.execute(select(AuditEvent).where(AuditEvent.verb == clocks.LIVES_BY_BUSINESS_DATE)).scalars().all()
    assert [(one.subject_number, one.actor_name) for one in found] == [("ZZ", "DEMO")]
