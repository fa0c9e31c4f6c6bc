"""Signing on and off: who gets in, how guessing is slowed, when a sign-on ends."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select, text

from css.audit import AuditEvent
from css.db.engine import transaction
from css.master.operators import Operator, OperatorSession
from css.web.session import FIRST_WAIT, FREE_TRIES, IDLE_MAX, LONGEST_WAIT, SHIFT_MAX, wait_after
from tests.web.conftest import PASSWORD, MovingClock, Seat


def test_the_right_password_opens_a_session(seat: Seat, engine: Engine) -> None:
    answer = seat.sign_on("clerk")
    assert seat.title == "MENU Transaction menu"
    assert "CSS351I" in seat.said
    cookie = next(one for one in answer.history[0].headers.getlist("Set-Cookie") if one.startswith("css_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    token = cookie.split(";")[0].partition("=")[2]
    with transaction(engine) as session:
        assert token not in str(session.execute(text("SELECT string_agg(token_sha256, ' ') FROM css.operator_session")).scalar())
        events = session.execute(select(func.count()).where(AuditEvent.verb == "sign_on", AuditEvent.actor_name == "CLERK")).scalar_one()
        signed = session.execute(select(func.count()).select_from(OperatorSession).join(Operator).where(Operator.code == "CLERK"))
        assert events == signed.scalar_one() == 1


def test_every_address_but_the_sign_on_asks_for_one_and_goes_there_after(seat: Seat) -> None:
    seat.open("/s/FL04/ZZ")
    assert seat.title == "SIGN Sign on"
    seat.press(operator="CLERK", password=PASSWORD)
    assert seat.title == "FL04 Fault work list"


@pytest.mark.parametrize("elsewhere", ["//example.com/x", "https://example.com/", "/\\example.com", "javascript:alert(1)"])
def test_sign_on_leads_nowhere_else(seat: Seat, elsewhere: str) -> None:
    seat.client.get("/sign-on")
    seat._took(seat.client.get("/sign-on", query_string={"next": elsewhere}))
    answer = seat.client.post(seat.path, data=seat.form() | {"operator": "CLERK", "password": PASSWORD, "key": "Enter"})
    assert answer.headers["Location"] == "/s/MENU"


@pytest.mark.parametrize(
    ("operator", "password"), [("CLERK", "wrong password"), ("NOBODY", PASSWORD), ("CLERK", PASSWORD + "x" * 200), ("CLERK", PASSWORD[:-1])]
)
def test_what_does_not_agree_opens_nothing(seat: Seat, operator: str, password: str) -> None:
    answer = seat.sign_on(operator, password)
    assert answer.status_code == 422
    assert seat.said in (["CSS350E"], ["CSS361E", "CSS361E"])
    assert PASSWORD not in seat.page
    seat.open("/s/MENU")
    assert seat.title == "SIGN Sign on"


def test_nothing_keyed_is_told_beside_each_field(seat: Seat) -> None:
    assert seat.sign_on("", "").status_code == 422
    assert seat.said.count("CSS360E") == 4
    assert seat.cursor == "operator"


def test_wrong_tries_make_the_code_wait_and_the_wait_ends(seat: Seat, clock: MovingClock, engine: Engine) -> None:
    for _ in range(FREE_TRIES + 1):
        assert seat.sign_on("BILLING", "wrong password").status_code == 422
    refused = seat.sign_on("BILLING")
    assert refused.status_code == 422
    assert seat.said == ["CSS350E"], "a code that waits is answered like a wrong password"
    clock.goes_on(seconds=int(FIRST_WAIT.total_seconds()) - 1)
    assert seat.sign_on("BILLING").status_code == 422
    clock.goes_on(seconds=1)
    assert seat.sign_on("BILLING").status_code == 200
    assert "CSS371W" in seat.said, "the operator is told that somebody tried"
    with transaction(engine) as session:
        assert session.execute(select(Operator.failed_sign_ons).where(Operator.code == "BILLING")).scalar_one() == 0


def test_trying_while_waiting_makes_the_wait_no_longer(seat: Seat, clock: MovingClock) -> None:
    for _ in range(FREE_TRIES + 8):
        seat.sign_on("REPAIR", "wrong password")
    clock.goes_on(seconds=int(FIRST_WAIT.total_seconds()))
    assert seat.sign_on("REPAIR").status_code == 200


@pytest.mark.parametrize(
    ("failures", "wait"),
    [
        (0, timedelta()),
        (FREE_TRIES, timedelta()),
        (FREE_TRIES + 1, FIRST_WAIT),
        (FREE_TRIES + 2, FIRST_WAIT * 2),
        (FREE_TRIES + 6, LONGEST_WAIT),
        (10_000, LONGEST_WAIT),
    ],
)
def test_the_wait_doubles_up_to_its_longest(failures: int, wait: timedelta) -> None:
    assert wait_after(failures) == wait


def test_an_unknown_code_is_answered_no_sooner_than_a_known_one(seat: Seat) -> None:
    """Not a measurement: only that the password check, which takes nearly all the time, is made for both."""

    def took(operator: str) -> float:
        began = time.perf_counter()
        seat.press(operator=operator, password="wrong password")
        return time.perf_counter() - began

    seat.open("/sign-on")
    took("NOBODY")  # the first time makes the hash to compare with
    known = min(took("SCHEDULE") for _ in range(3))
    unknown = min(took("NOBODY") for _ in range(3))
    assert unknown > known / 3


def test_a_new_sign_on_ends_the_one_before_it(seat: Seat, engine: Engine) -> None:
    seat.sign_on("SUPERVIS")
    first = seat.client.get_cookie("css_session")
    seat.sign_on("SUPERVIS")
    second = seat.client.get_cookie("css_session")
    assert first is not None
    assert second is not None
    assert first.value != second.value
    with transaction(engine) as session:
        reasons = session.execute(select(OperatorSession.end_reason).join(Operator).where(Operator.code == "SUPERVIS"))
        assert sorted(str(reason) for reason in reasons.scalars()) == ["None", "signed on again"]


def test_signing_off_ends_it(desk: Seat) -> None:
    desk.open("/s/MENU")
    token = desk.client.get_cookie("css_session")
    desk.press("F3")
    assert desk.title == "SIGN Sign on"
    assert "CSS369I" in desk.said
    assert token is not None
    desk.client.set_cookie("css_session", token.value)
    desk.open("/s/MENU")
    assert desk.title == "SIGN Sign on", "the token opens nothing any more"


@pytest.mark.parametrize("limit", [IDLE_MAX, SHIFT_MAX])
def test_a_sign_on_ends_without_work_and_after_a_shift(desk: Seat, clock: MovingClock, limit: timedelta) -> None:
    if limit == SHIFT_MAX:
        for _ in range(int(SHIFT_MAX / timedelta(minutes=25))):
            clock.goes_on(minutes=25)
            desk.open("/s/MENU")
            assert desk.title == "MENU Transaction menu"
        clock.goes_on(minutes=25)
    else:
        clock.goes_on(seconds=int(limit.total_seconds()) + 1)
    desk.open("/s/MENU")
    assert desk.title == "SIGN Sign on"
    assert "CSS352W" in desk.said


def test_whoever_is_no_longer_active_is_out_at_once(desk: Seat, engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE css.operator SET is_active = false WHERE code = 'ALL1'"))
    try:
        desk.open("/s/MENU")
        assert desk.title == "SIGN Sign on"
        assert desk.sign_on("ALL1").status_code == 422
    finally:
        with transaction(engine) as session:
            session.execute(text("UPDATE css.operator SET is_active = true, failed_sign_ons = 0 WHERE code = 'ALL1'"))
