"""Signing on and off: who gets in, how guessing is slowed, when a sign-on ends."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text

from css.audit import AuditEvent
from css.db.engine import transaction
from css.master.operator_changes import end_sign_ons, set_password
from css.master.operator_commands import EndSignOns, SetPassword
from css.master.operators import Operator, OperatorSession
from css.web.session import FIRST_WAIT, FREE_TRIES, LONGEST_WAIT, SHIFT_MAX, wait_after
from tests import builders
from tests.web.conftest import PASSWORD, MovingClock, Seat, seated


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


def test_a_sign_on_past_its_shift_is_not_told_of_and_one_wrong_password_is_one(app: Flask, seat: Seat, clock: MovingClock) -> None:
    seat.sign_on("SCHEDULE")
    clock.goes_on(hours=12, minutes=1)
    later = Seat(app.test_client())
    later.sign_on("SCHEDULE", "wrong password")
    later.sign_on("SCHEDULE")
    assert "CSS195W" not in later.said, "a browser that was closed in the morning is nobody at a desk"
    assert "somebody tried a wrong password for your code" in later.page


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
        began = time.process_time()
        seat.press(operator=operator, password="wrong password")
        return time.process_time() - began

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


def test_a_sign_on_ends_after_a_long_shift(desk: Seat, clock: MovingClock) -> None:
    for _ in range(int(SHIFT_MAX / timedelta(minutes=15))):
        clock.goes_on(minutes=15)
        desk.open("/s/MENU")
        assert desk.title == "MENU Transaction menu"
    clock.goes_on(minutes=15)
    desk.open("/s/MENU")
    assert desk.title == "SIGN Sign on"
    assert "CSS352W" in desk.said
    assert "end of shift" in desk.page


def test_the_desk_and_the_team_are_told_and_the_browser_remembers_the_desk(seat: Seat, engine: Engine) -> None:
    seat.open("/sign-on")
    seat.press(operator="CLERK", password=PASSWORD, seat="b 12")
    assert "Operator Clerk, Desk: you are signed on." in seat.page
    with transaction(engine) as session:
        seats = session.execute(select(OperatorSession.seat).order_by(OperatorSession.id.desc()).limit(1))
        assert seats.scalar_one() == "B 12"
    seat.press("F3")
    assert seat.form()["seat"] == "B 12"


def test_who_is_signed_on_elsewhere_is_told_so(app: Flask, engine: Engine, clock: MovingClock) -> None:
    first, second = Seat(app.test_client()), Seat(app.test_client())
    first.open("/sign-on")
    first.press(operator="SCHEDULE", password=PASSWORD, seat="7")
    second.sign_on("SCHEDULE")
    assert "CSS195W" in second.said
    assert "at desk 7 since" in second.page
    assert first.open("/s/MENU").status_code == 200
    assert first.title == "MENU Transaction menu", "both may work"


def test_a_password_is_changed_at_the_sign_on_and_ends_the_others(app: Flask, engine: Engine, clock: MovingClock) -> None:
    other, seat, new = seated(app, engine, "SUPERVIS", clock.at), Seat(app.test_client()), "a better parrot"
    seat.open("/sign-on")
    both = {"operator": "SUPERVIS", "new_password": new}
    assert seat.press(password=PASSWORD, **both).status_code == 422
    assert seat.said.count("CSS193E") == 2
    assert new not in seat.page
    assert seat.press(password="wrong password", new_again=new, **both).status_code == 422
    assert "CSS350E" in seat.said, "a wrong password is told nothing of the new one"
    seat.press(password=PASSWORD, new_again=new, **both)
    assert "CSS194I" in seat.said
    other.open("/s/MENU")
    assert other.title == "SIGN Sign on"
    assert "password changed" in other.page
    assert seat.sign_on("SUPERVIS").status_code == 422
    assert seat.sign_on("SUPERVIS", new).status_code == 200


def test_a_password_that_somebody_else_gave_opens_nothing_but_the_choice_of_a_new_one(seat: Seat, engine: Engine) -> None:
    given, own = "given by sue", "known to me alone"
    with transaction(engine) as session:
        set_password(session, SetPassword(operator_code="REPAIR", password=given), by=builders.OPERATOR, at=builders.AT)
    assert seat.sign_on("REPAIR", given).status_code == 422
    assert "CSS190E" in seat.said
    assert seat.cursor == "password"
    seat.press(password=given, new_password=given, new_again=given)
    assert "CSS175E" in seat.said
    seat.press(password=given, new_password="short", new_again="short")
    assert "CSS129E" in seat.said
    seat.press(password=given, new_password=own, new_again=own)
    assert seat.title == "MENU Transaction menu"
    with transaction(engine) as session:
        assert not session.execute(select(Operator.must_change_password).where(Operator.code == "REPAIR")).scalar_one()


def test_a_supervisor_ends_a_sign_on_at_the_next_key_and_says_why(desk: Seat, engine: Engine) -> None:
    desk.open("/s/MENU")
    with transaction(engine) as session:
        command = EndSignOns(operator_code="ALL1", reason="Left at the front desk")
        end_sign_ons(session, command, by=builders.OPERATOR, at=builders.AT)
    desk.open("/s/FL04/ZZ")
    assert desk.title == "SIGN Sign on"
    assert "Left at the front desk" in desk.page
    desk.press(operator="ALL1", password=PASSWORD)
    assert desk.title == "FL04 Fault work list", "and it goes on where it was"


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


# --- what is traced, though it is refused ------------------------------------------------------------------------------------


def traced(engine: Engine, verb: str) -> AuditEvent:
    """The latest event of a verb."""
    with transaction(engine) as session:
        return session.execute(select(AuditEvent).where(AuditEvent.verb == verb).order_by(AuditEvent.id.desc()).limit(1)).scalar_one()


def everything_traced(engine: Engine) -> str:
    with transaction(engine) as session:
        return str(session.execute(text("SELECT string_agg(e::text, ' ') FROM css.audit_event e")).scalar())


def test_wrong_passwords_at_the_sign_on_are_on_the_trail_and_never_what_was_keyed(seat: Seat, engine: Engine, app: Flask) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE css.operator SET failed_sign_ons = 0, locked_until_at = NULL"))
    seat.open("/sign-on")
    seat.press(operator="schedule", password="hunter hunter 2", seat="b 12")
    event = traced(engine, "sign_on_refused")
    assert (event.actor_kind, event.actor_name, event.door) == ("system", "unknown", "screen"), "nobody knows whose fingers it was"
    assert (event.subject_kind, event.subject_number) == ("operator", "SCHEDULE")
    assert event.after == {"wrong_passwords": 1, "has_to_wait": False, "desk": "B 12"}
    seat.press(operator="hunter3x", password="hunter hunter 2", seat="")
    assert traced(engine, "sign_on_refused").subject_number == "unknown", "it may be a password in the wrong field"
    assert "hunter" not in everything_traced(engine).lower()
    sue = seated(app, engine, "SUPERVIS", builders.AT)
    sue.open("/s/AD06?about=SCHEDULE&verb=sign+on+refused")
    assert "sign on refused" in sue.page
    assert "wrong passwords: <b>1</b>" in sue.page
    assert "desk: <b>B 12</b>" in sue.page


def test_signing_off_is_on_the_trail(desk: Seat, engine: Engine) -> None:
    desk.open("/s/MENU")
    desk.press("F3")
    event = traced(engine, "sign_off")
    assert (event.actor_name, event.subject_number, event.after) == ("ALL1", "ALL1", {"reason": "signed off"})


def test_a_second_sign_on_page_asks_again_and_the_first_one_stays(app: Flask) -> None:
    """Two windows show the sign-on; the second one's form is of before the first one signed on."""
    seat = Seat(app.test_client())
    seat.open("/sign-on?next=/s/FL04/ZZ")
    other = Seat(seat.client, page=seat.page, path=seat.path)
    seat.press(operator="CLERK", password=PASSWORD)
    answer = other.client.post(
        other.path, data=other.form() | {"operator": "CLERK", "password": PASSWORD, "key": "Enter"}, headers={"Origin": "http://localhost"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-on?next=/s/FL04/ZZ")
    seat.open("/s/MENU")
    assert seat.title == "MENU Transaction menu"
