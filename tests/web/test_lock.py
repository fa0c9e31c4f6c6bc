"""A desk left alone: covered after a quarter of an hour, opened where it was, and nothing that was keyed is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from werkzeug.test import TestResponse

from css.audit import AuditEvent
from css.db.engine import transaction
from css.master.operators import Operator, OperatorSession
from css.web.guard import COOKIE
from css.web.session import IDLE_MAX, LOCKED_MAX, NOTED_EVERY, UNLOCK_TRIES
from tests.web.conftest import PASSWORD, MovingClock, Seat, World, seated

IDLE = int((IDLE_MAX + NOTED_EVERY).total_seconds()) + 1
KEYED = {"amount": "12.34", "method": "CD", "reference": "T-81"}


@pytest.fixture(autouse=True)
def _nobody_waits(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE css.operator SET failed_sign_ons = 0, locked_until_at = NULL"))


@pytest.fixture
def keyed(desk: Seat, world: World) -> Seat:
    """Somebody in the middle of taking a payment."""
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Keep", **KEYED)
    desk.open(f"/s/PY01/{world.account.number}")
    return desk


def send(seat: Seat, key: str, **fields: str) -> TestResponse:
    """A key without following where it leads."""
    return seat.client.post(seat.path, data=seat.form() | fields | {"key": key})


def latest(engine: Engine) -> OperatorSession:
    with transaction(engine) as session:
        return session.execute(select(OperatorSession).order_by(OperatorSession.id.desc()).limit(1)).scalar_one()


def locks(seat: Seat) -> bool:
    return seat.title == "LOCK Desk locked"


def test_the_page_says_when_the_browser_has_to_lock_it(desk: Seat) -> None:
    desk.open("/s/MENU")
    assert f'data-idle-seconds="{15 * 60}"' in desk.page


def test_a_desk_left_alone_is_covered_and_the_password_opens_it_where_it_was(desk: Seat, clock: MovingClock, world: World) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    clock.goes_on(seconds=IDLE)
    desk.open(f"/s/CU03/{world.account.number}")
    assert locks(desk)
    assert 'data-arrival="locked"' in desk.page
    assert 'data-idle-seconds=""' in desk.page
    assert "Operator All1" in desk.page
    assert "Tansley" not in desk.page
    assert desk.cursor == "password"
    desk.press(password=PASSWORD)
    assert desk.title.startswith("CU03")


def test_it_is_not_covered_a_moment_too_soon(desk: Seat, clock: MovingClock) -> None:
    desk.open("/s/MENU")
    clock.goes_on(seconds=59)
    desk.open("/s/MENU")  # too soon after the last to be noted, and must not count against whoever pressed it
    clock.goes_on(seconds=int(IDLE_MAX.total_seconds()))
    desk.open("/s/MENU")
    assert desk.title == "MENU Transaction menu"


def test_what_is_posted_at_a_locked_desk_is_kept_and_not_done(keyed: Seat, clock: MovingClock, engine: Engine) -> None:
    clock.goes_on(seconds=IDLE)
    keyed.press("F6", **KEYED)
    assert locks(keyed)
    assert "12.34" not in keyed.page
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM billing.payment")).scalar_one() == 0
    keyed.press(password=PASSWORD)
    assert keyed.title.startswith("PY01")
    assert {name: keyed.form()[name] for name in KEYED} == KEYED
    keyed.press("Enter")
    assert "CSS366I" in keyed.said
    keyed.press("F6")
    assert "CSS379I" in keyed.said


def test_the_browsers_own_keys_are_kept_too_and_answered_without_a_page(keyed: Seat, clock: MovingClock) -> None:
    clock.goes_on(seconds=IDLE)
    assert send(keyed, "Keep", **KEYED).status_code == 204
    asked = send(keyed, "Prompt", prompt="method")
    assert asked.get_json() == {"values": None}
    assert keyed.client.get("/palette").status_code == 403
    token = keyed.form()["token"]
    keyed.open(f"{keyed.path}?c={token}")
    assert locks(keyed)
    keyed.press(password=PASSWORD)
    assert keyed.form()["amount"] == "12.34"


def test_a_forged_form_is_not_kept(keyed: Seat, clock: MovingClock, engine: Engine) -> None:
    clock.goes_on(seconds=IDLE)
    send(keyed, "Keep", reference="forged", amount="1", csrf_token="nonsense")
    with transaction(engine) as session:
        kept = session.execute(text("SELECT count(*) FROM css.conversation WHERE keyed->>'reference' = 'forged'"))
        assert kept.scalar_one() == 0


def test_a_list_that_refreshes_by_itself_keeps_no_desk_open(desk: Seat, clock: MovingClock) -> None:
    desk.open("/s/FL04/ZZ")
    asks = {"X-CSS-Poll": "1", "X-CSS-Shell": "1"}
    titles = []
    for _ in range(IDLE // 60 + 1):
        clock.goes_on(minutes=1)
        page = desk.client.get("/s/FL04/ZZ", headers=asks).get_data(as_text=True)
        titles.append(page.partition("<title>")[2][:4])
    assert titles == ["FL04"] * 16 + ["LOCK"], "and it covers the screen"


@pytest.mark.parametrize("how", ["browser", "command"])
def test_whoever_leaves_locks_the_desk_and_what_is_keyed_comes_again(keyed: Seat, engine: Engine, how: str) -> None:
    if how == "browser":
        data = keyed.form() | KEYED | {"key": "Lock"}
        keyed._took(keyed.client.post("/lock", query_string={"next": keyed.path}, data=data, follow_redirects=True))
    else:
        keyed.press(command="lock", cursor="command", **KEYED)
    assert locks(keyed)
    assert latest(engine).locked_at is not None
    keyed.press(password=PASSWORD)
    assert keyed.form()["reference"] == "T-81"
    assert latest(engine).locked_at is None
    with transaction(engine) as session:
        event = session.execute(select(AuditEvent).where(AuditEvent.verb == "unlock").order_by(AuditEvent.id.desc()).limit(1))
        assert event.scalar_one().actor_name == "ALL1"


@pytest.mark.parametrize("address", ["/lock", "/unlock"])
def test_the_lock_leads_nowhere_else_and_takes_no_forged_form(desk: Seat, clock: MovingClock, address: str) -> None:
    desk.open("/s/MENU")
    assert desk.client.post(address, data={"password": PASSWORD}).status_code == 400
    clock.goes_on(seconds=IDLE)
    desk.open("/s/MENU")
    data = desk.form() | {"password": PASSWORD, "key": "Enter"}
    answer = desk.client.post(address, query_string={"next": "https://example.com/"}, data=data)
    assert answer.headers["Location"] == "/s/MENU"


def test_five_wrong_passwords_end_the_sign_on_and_what_was_keyed_is_kept(keyed: Seat, clock: MovingClock, engine: Engine) -> None:
    clock.goes_on(seconds=IDLE)
    keyed.press("Enter", **KEYED)
    for left in range(UNLOCK_TRIES - 1, 0, -1):
        assert keyed.press(password="wrong password").status_code == 422
        assert "CSS192E" in keyed.said
        assert f"After {left} more" in keyed.page
    keyed.press(password="wrong password")
    assert keyed.title == "SIGN Sign on"
    assert latest(engine).end_reason == "wrong passwords at the locked desk"
    with transaction(engine) as session:
        failed = session.execute(select(Operator.failed_sign_ons).where(Operator.code == "ALL1")).scalar_one()
    assert failed == UNLOCK_TRIES, "they count as wrong ones at the sign-on do"
    assert keyed.press(operator="ALL1", password=PASSWORD).status_code == 422
    clock.goes_on(minutes=15)
    keyed.press(operator="ALL1", password=PASSWORD)
    assert keyed.title.startswith("PY01")
    assert keyed.form()["amount"] == "12.34"


def test_whoever_opens_it_is_told_of_wrong_tries(desk: Seat, clock: MovingClock, engine: Engine) -> None:
    desk.open("/s/MENU")
    clock.goes_on(seconds=IDLE)
    desk.open("/s/MENU")
    desk.press(password="")
    assert "CSS360E" in desk.said
    desk.press(password="wrong password")
    desk.press(password="x" * 129)
    desk.press(password=PASSWORD)
    assert desk.title == "MENU Transaction menu"
    assert "CSS191W" in desk.said
    with transaction(engine) as session:
        assert session.execute(select(Operator.failed_sign_ons).where(Operator.code == "ALL1")).scalar_one() == 0


def test_a_strangers_guesses_keep_nobody_from_their_own_desk(desk: Seat, clock: MovingClock, engine: Engine) -> None:
    desk.open("/s/MENU")
    clock.goes_on(seconds=IDLE)
    desk.open("/s/MENU")
    with transaction(engine) as session:
        session.execute(
            text("UPDATE css.operator SET failed_sign_ons = 9, locked_until_at = :until WHERE code = 'ALL1'"),
            {"until": clock.at + timedelta(minutes=15)},
        )
    desk.press(password=PASSWORD)
    assert desk.title == "MENU Transaction menu"


def test_somebody_else_can_sign_on_at_a_locked_desk(desk: Seat, clock: MovingClock) -> None:
    desk.open("/s/MENU")
    clock.goes_on(seconds=IDLE)
    desk.open("/s/MENU")
    desk.press("F3")
    assert desk.title == "SIGN Sign on"
    assert "CSS369I" in desk.said


def test_a_desk_that_stays_locked_is_signed_off(desk: Seat, clock: MovingClock, engine: Engine) -> None:
    desk.open("/s/MENU")
    clock.goes_on(seconds=IDLE)
    desk.open("/s/MENU")
    clock.goes_on(seconds=int(LOCKED_MAX.total_seconds()) + 1)
    desk.open("/s/FL04")
    assert desk.title == "SIGN Sign on"
    assert "left locked" in desk.page
    assert latest(engine).end_reason == "left locked"


def _left(clock: MovingClock, _: Engine) -> None:
    clock.goes_on(seconds=int((IDLE_MAX + LOCKED_MAX).total_seconds()) + 61)


def _ended(_: MovingClock, engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(
            text("UPDATE css.operator_session SET ended_at = started_at, end_reason = 'ended by SUE: gone' WHERE ended_at IS NULL")
        )


@pytest.mark.parametrize("ending", [_left, _ended])
def test_what_is_posted_after_the_end_is_kept_for_the_next_sign_on(
    keyed: Seat, clock: MovingClock, engine: Engine, ending: Callable[[MovingClock, Engine], None]
) -> None:
    ending(clock, engine)
    assert send(keyed, "Keep").status_code == 403
    keyed.press("F6", **KEYED)
    assert keyed.title == "SIGN Sign on"
    assert 'data-arrival="ended"' in keyed.page
    keyed.press(operator="ALL1", password=PASSWORD)
    assert keyed.title.startswith("PY01")
    assert {name: keyed.form()[name] for name in KEYED} == KEYED


def test_a_colleague_does_not_go_on_with_it(keyed: Seat, clock: MovingClock) -> None:
    _left(clock, None)  # type: ignore[arg-type]
    keyed.press("F6", **KEYED)
    keyed.press(operator="CLERK", password=PASSWORD)
    assert "CSS880E" in keyed.said
    assert "12.34" not in keyed.page


def test_the_token_of_an_ended_sign_on_opens_nothing(app: Flask, engine: Engine, clock: MovingClock) -> None:
    seat = seated(app, engine, "CLERK", clock.at)
    cookie = seat.client.get_cookie(COOKIE)
    assert cookie is not None
    seat.open("/s/MENU")
    seat.press("F3")
    seat.client.set_cookie(COOKIE, cookie.value)
    for path in ("/s/MENU", "/palette", "/"):
        assert seat.open(path).request.path == "/sign-on"


# --- what is traced ----------------------------------------------------------------------------------------------------------


def traced(engine: Engine, verb: str) -> AuditEvent:
    """The latest event of a verb."""
    with transaction(engine) as session:
        return session.execute(select(AuditEvent).where(AuditEvent.verb == verb).order_by(AuditEvent.id.desc()).limit(1)).scalar_one()


def test_locking_and_wrong_passwords_at_the_lock_are_on_the_trail(desk: Seat, clock: MovingClock, engine: Engine) -> None:
    desk.open("/s/MENU")
    desk.press(command="lock", cursor="command")
    locked = traced(engine, "lock_desk")
    assert (locked.actor_name, locked.subject_number) == ("ALL1", "ALL1")
    desk.press(password="not this parrot")
    desk.press(password="nor that parrot")
    refused = traced(engine, "unlock_refused")
    assert (refused.actor_name, refused.subject_number) == ("unknown", "ALL1")
    assert refused.after == {"wrong_passwords": 2, "has_to_wait": False}
    desk.press(password=PASSWORD)
    clock.goes_on(seconds=IDLE)
    desk.open("/s/MENU")
    by_itself = traced(engine, "lock_desk")
    assert by_itself.actor_name == "desk", "left alone, it locks by itself"
    desk.open("/s/MENU")
    assert traced(engine, "lock_desk").id == by_itself.id, "once, however often it is looked at"
    desk.press("F3")
    off = traced(engine, "sign_off")
    assert (off.actor_name, off.after) == ("unknown", {"reason": "signed off at the locked desk"})


# --- several windows of one browser ------------------------------------------------------------------------------------------

OURS = {"Origin": "http://localhost", "X-CSS-Shell": "1"}


def test_a_window_of_before_the_new_sign_on_loses_nothing_and_does_nothing(keyed: Seat, engine: Engine) -> None:
    before = (keyed.path, keyed.form())
    keyed.sign_on("ALL1")
    path, form = before
    data = form | KEYED | {"key": "F6"}
    answer = keyed.client.post(path, data=data, headers=OURS)
    assert answer.status_code == 303
    assert f"c={form['token']}" in answer.headers["Location"]
    keyed.open(answer.headers["Location"])
    assert "CSS353W" in keyed.said
    assert {name: keyed.form()[name] for name in KEYED} == KEYED
    assert keyed.client.post(path, data=data | {"key": "Keep"}, headers=OURS).status_code == 204
    assert keyed.client.post(path, data=data | {"key": "Prompt"}, headers=OURS).get_json() == {"values": None}
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM billing.payment WHERE reference = 'old window'")).scalar_one() == 0
    keyed.press("Enter")
    assert "CSS366I" in keyed.said, "and from there it goes on"


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Origin": "https://example.com"}, {"Referer": "http://localhost.example.com/"}]
)
def test_what_does_not_come_from_our_own_page_is_not_even_kept(keyed: Seat, engine: Engine, headers: dict[str, str]) -> None:
    path, form = keyed.path, keyed.form()
    keyed.sign_on("ALL1")
    answer = keyed.client.post(path, data=form | {"key": "Keep", "reference": "foreign"}, headers=headers)
    assert answer.status_code == 400
    assert keyed.client.post(path, data=form | {"csrf_token": "x", "reference": "foreign"}, headers=OURS).status_code == 400
    with transaction(engine) as session:
        kept = session.execute(text("SELECT count(*) FROM css.conversation WHERE keyed->>'reference' = 'foreign'"))
        assert kept.scalar_one() == 0


def test_an_old_window_asks_for_the_lock_and_gets_it(keyed: Seat) -> None:
    path, form = keyed.path, keyed.form()
    keyed.sign_on("ALL1")
    answer = keyed.client.post("/lock", query_string={"next": path}, data=form | KEYED | {"key": "Lock"}, headers=OURS)
    keyed.open(answer.headers["Location"])
    assert locks(keyed)


def test_what_is_keyed_in_another_window_after_signing_off_is_kept(keyed: Seat, clock: MovingClock) -> None:
    path, form = keyed.path, keyed.form()
    keyed.press(command="off", cursor="command")
    assert keyed.title == "SIGN Sign on"
    keyed._took(keyed.client.post(path, data=form | KEYED | {"key": "Enter"}, headers=OURS, follow_redirects=True))
    assert keyed.title == "SIGN Sign on"
    assert "CSS352W" not in keyed.said, "whoever signed off knows"
    keyed.press(operator="ALL1", password=PASSWORD)
    assert keyed.title.startswith("PY01")
    assert {name: keyed.form()[name] for name in KEYED} == KEYED


# --- addresses ---------------------------------------------------------------------------------------------------------------


def test_an_address_in_any_letters_is_locked_and_opened_again(desk: Seat, clock: MovingClock) -> None:
    desk.open("/s/CS01/Łukasz")
    clock.goes_on(seconds=IDLE)
    assert desk.open("/s/CS01/Łukasz").status_code == 200
    assert locks(desk)
    assert desk.path == "/s/CS01/%C5%81ukasz"
    desk.press(password=PASSWORD)
    assert desk.title.startswith("CS01")


@pytest.mark.parametrize("said", ["/s/CS01/Łukasz", "/s/CS01/%C5%81ukasz"])
def test_the_lock_leads_back_to_an_address_in_any_letters(desk: Seat, said: str) -> None:
    desk.open("/s/CS01/Łukasz")
    data = desk.form() | {"key": "Lock"}
    desk._took(desk.client.post("/lock", query_string={"next": said}, data=data, follow_redirects=True))
    assert locks(desk)
    assert desk.path == "/s/CS01/%C5%81ukasz"
