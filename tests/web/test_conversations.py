"""What is keyed is in a row: it survives Back, a restart, another call, another tab, a colleague, and is done once."""

from __future__ import annotations

import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from css.db.engine import bound_waits, transaction
from css.web import conversation
from css.web.app import create_app
from css.web.conversation import LEFT_KEPT, PARKED_KEPT, Spot, keep, left, left_about, look_up, new_token, tidy
from css.web.session import OnDuty
from tests.web.conftest import MovingClock, Seat, World, seated
from tests.web.knowing import caller_known


def _row(engine: Engine, token: str) -> dict[str, object]:
    with transaction(engine) as session:
        found = session.execute(text("SELECT * FROM css.conversation WHERE token = :token"), {"token": token}).mappings().one()
        return dict(found)


def _token(seat: Seat) -> str:
    return seat.form()["token"]


def _payments(engine: Engine) -> int:
    with transaction(engine) as session:
        return int(session.execute(text("SELECT count(*) FROM billing.payment")).scalar_one())


def _half_keyed(seat: Seat, world: World, **keyed: str) -> str:
    """A fault report with a word keyed into it, checked once."""
    seat.open(f"/s/FL01/{world.line.number}")
    seat.press("Enter", **({"words": "crackles since Tuesday"} | keyed))
    return _token(seat)


# --- one conversation, gone on with -------------------------------------------------------------------------------------


def test_looking_at_an_empty_screen_writes_nothing(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM css.conversation WHERE token = :t"), {"t": _token(desk)}).scalar_one() == 0


def test_the_address_after_a_key_shows_the_same_screen_again(desk: Seat, world: World) -> None:
    token = _half_keyed(desk, world, symptom_code="xyz")
    assert parse_qs(urlsplit(desk.path).query)["c"] == [token]
    said, page = desk.said, desk.form()
    desk.open(desk.path)
    assert desk.said == said
    assert {name: value for name, value in desk.form().items() if name not in {"csrf_token", "wrap_token"}} == {
        name: value for name, value in page.items() if name not in {"csrf_token", "wrap_token"}
    }


def test_a_checked_effect_is_there_again_and_f6_does_it(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="3.21", method="CD")
    desk.open(desk.path)
    assert "what F6 will do" in desk.page
    before = _payments(engine)
    desk.press("F6")
    assert desk.title.startswith("CU03")
    assert _payments(engine) == before + 1


def test_a_new_server_goes_on_where_the_old_one_stopped(desk: Seat, app: Flask, world: World, engine: Engine, clock: MovingClock) -> None:
    _half_keyed(desk, world)
    office = app.extensions["css"]
    restarted = create_app(office.settings, engine, clock)
    cookie = desk.client.get_cookie("css_session")
    assert cookie is not None
    other = Seat(restarted.test_client())
    other.client.set_cookie("css_session", cookie.value)
    other.open(desk.path)
    assert other.form()["words"] == "crackles since Tuesday"


def test_what_only_the_browser_sent_by_itself_is_kept(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    answer = desk.client.post(desk.path, data=desk.form() | {"key": "Keep", "words": "cut off in mid"})
    assert answer.status_code == 204
    assert answer.data == b""
    assert _row(engine, _token(desk))["keyed"]["words"] == "cut off in mid"  # type: ignore[index]


@pytest.mark.parametrize("password", ["slow green parrot"])
def test_a_password_is_in_no_row(seat: Seat, engine: Engine, password: str) -> None:
    seat.sign_on("CLERK", password)
    with transaction(engine) as session:
        kept = session.execute(text("SELECT count(*) FROM css.conversation WHERE keyed::text LIKE '%' || :it || '%'"), {"it": password})
        assert kept.scalar_one() == 0


# --- done once ----------------------------------------------------------------------------------------------------------


def test_a_done_conversation_leads_where_it_led_and_keeps_nothing(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="4.44", method="CD")
    address, form, before = desk.path, desk.form(), _payments(engine)
    desk.press("F6")
    row = _row(engine, form["token"])
    assert (row["state"], row["keyed"], row["led_to"]) == ("done", {}, f"/s/CU03/{world.account.number}")
    desk.open(address)
    assert desk.title.startswith("CU03")
    assert "CSS883I" in desk.said
    for key in ("F6", "Enter"):
        desk.path = address
        again = desk.client.post(address, data=form | {"key": key, "amount": "5.55"}, follow_redirects=True)
        assert "CSS883I" in again.get_data(as_text=True)
    assert _payments(engine) == before + 1


def test_two_presses_at_once_are_one_deed(app: Flask, engine: Engine, clock: MovingClock, world: World) -> None:
    desk = seated(app, engine, "ALL1", clock.at)
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="6.66", method="CD")
    form, before, answers = desk.form(), _payments(engine), []
    cookie = desk.client.get_cookie("css_session")
    jar = desk.client.get_cookie("css_form")
    assert cookie is not None
    assert jar is not None

    def press() -> None:
        client = app.test_client()
        client.set_cookie("css_session", cookie.value)
        client.set_cookie("css_form", jar.value)
        answers.append(client.post(desk.path, data=form | {"key": "F6"}).status_code)

    hands = [threading.Thread(target=press) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert answers == [303] * 4
    assert _payments(engine) == before + 1


def test_the_deed_and_the_end_of_its_conversation_are_one(
    desk: Seat, world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="7.77", method="CD")
    before, token = _payments(engine), _token(desk)

    def lost(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr("css.web.desk.finish", lost)
    desk.press("F6")
    assert desk.answer is not None
    assert desk.answer.status_code == 500
    assert _payments(engine) == before
    assert _row(engine, token)["state"] == "open"


def test_of_two_people_at_one_conversation_one_does_the_deed(app: Flask, engine: Engine, clock: MovingClock, world: World) -> None:
    sue, bea = seated(app, engine, "ALL1", clock.at), seated(app, engine, "CLERK", clock.at)
    sue.open(f"/s/PY01/{world.account.number}")
    sue.press("Enter", amount="9.09", method="CD")
    token, before = _token(sue), _payments(engine)
    operators = {"ALL1": "CLERK", "CLERK": "ALL1"}
    with transaction(engine) as session:
        # As if it had been parked and taken up between the keys: it is the other's now.
        session.execute(
            text("UPDATE css.conversation SET operator_id = (SELECT id FROM css.operator WHERE code = :who) WHERE token = :token"),
            {"who": operators["ALL1"], "token": token},
        )
    sue.press("F6")
    assert "CSS882E" in sue.page
    assert _payments(engine) == before
    bea.open(f"/s/PY01/{world.account.number}?c={token}")
    bea.press("F6")
    assert _payments(engine) == before + 1


def test_a_deed_whose_conversation_is_lost_meanwhile_is_taken_back(
    desk: Seat, world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for state, code in (("parked", "CSS882E"), ("done", "CSS883I")):
        desk.open(f"/s/PY01/{world.account.number}")
        desk.press("Enter", amount="9.10", method="CD")
        token, before, finish = _token(desk), _payments(engine), conversation.finish

        def late(*args: object, _state: str = state, _token: str = token, _finish: object = finish, **kwargs: object) -> None:
            with transaction(engine) as other:
                other.execute(
                    text("UPDATE css.conversation SET state = :state, keyed = '{}', led_to = '/s/MENU' WHERE token = :token"),
                    {"state": _state, "token": _token},
                )
            _finish(*args, **kwargs)  # type: ignore[operator]

        monkeypatch.setattr("css.web.desk.finish", late)
        desk.press("F6")
        monkeypatch.setattr("css.web.desk.finish", finish)
        assert code in desk.page
        assert _payments(engine) == before, "the deed went back with its transaction"


def test_f6_does_nothing_that_is_not_on_the_page(desk: Seat, world: World, engine: Engine) -> None:
    before = _payments(engine)
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="5.05", method="CD")
    desk.press("F5")
    assert "what F6 will do" not in desk.page
    assert "CSS366I" not in desk.said
    desk.press("F6")
    assert "CSS367W" in desk.said
    assert _payments(engine) == before
    desk.press("F6")
    assert _payments(engine) == before + 1


# --- two tabs, two people -----------------------------------------------------------------------------------------------


def test_in_two_tabs_only_what_was_seen_last_is_committed(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="1.00", method="CD")
    first, before = desk.form(), _payments(engine)
    desk.press("Enter", amount="2.00", method="CD")
    late = desk.client.post(desk.path, data=first | {"key": "F6"}, headers={"X-CSS-Shell": "1"})
    assert "CSS367W" in late.get_data(as_text=True), "the first tab's effect is shown again before it counts"
    assert _payments(engine) == before


def test_a_colleague_sees_that_somebody_is_at_it(desk: Seat, colleague: Seat, world: World, clock: MovingClock) -> None:
    _half_keyed(desk, world)
    colleague.open(f"/s/FL01/{world.line.number}")
    assert "ALL1" in colleague.page
    clock.goes_on(minutes=16)
    colleague.open(f"/s/FL01/{world.line.number}")
    assert "also open" not in colleague.page.lower() or "ALL1" not in colleague.page


def test_what_a_colleague_keys_now_is_not_to_be_had(desk: Seat, colleague: Seat, world: World) -> None:
    _half_keyed(desk, world)
    colleague.open(desk.path)
    assert colleague.said == ["CSS880E"]
    assert colleague.answer is not None
    assert colleague.answer.status_code == 404
    colleague.open(f"/s/FL01/{world.line.number}")
    answer = colleague.client.post(colleague.path, data=colleague.form() | {"token": _token(desk), "key": "Enter", "words": "mine"})
    assert answer.status_code == 409
    assert "CSS882E" in answer.get_data(as_text=True)


def test_what_comes_by_itself_is_kept_in_nobody_elses(desk: Seat, colleague: Seat, world: World, engine: Engine) -> None:
    token = _half_keyed(desk, world)
    colleague.open(f"/s/FL01/{world.line.number}")
    form = colleague.form() | {"token": token, "key": "Keep", "words": "mine"}
    assert colleague.client.post(colleague.path, data=form).status_code == 409
    assert "mine" not in str(_row(engine, token)["keyed"])
    colleague.open(f"/s/PY01/{world.account.number}")
    desk.open(f"/s/PY01/{world.account.number}")
    assert desk.client.post(desk.path, data=desk.form() | {"token": token, "key": "Keep"}).status_code == 422


def test_a_parked_one_is_taken_up_by_a_colleague_and_then_theirs(desk: Seat, colleague: Seat, world: World, engine: Engine) -> None:
    token = _half_keyed(desk, world)
    address = desk.path
    desk.press("S-F12")
    assert "CSS885I" in desk.said
    assert _row(engine, token)["state"] == "parked"
    assert _row(engine, token)["subject"] == world.account.number
    colleague.open(address)
    assert colleague.form()["words"] == "crackles since Tuesday"
    assert _row(engine, token)["state"] == "parked", "looking takes nothing"
    colleague.press("Enter", words="crackles since Tuesday, worse in rain")
    assert _row(engine, token)["state"] == "open"
    desk.open(address)
    assert desk.said == ["CSS880E"]
    with transaction(engine) as session:
        told = session.execute(text("SELECT actor_name, after FROM css.audit_event WHERE verb = 'take_up_conversation'")).all()
    assert [(row.actor_name, row.after["parked_by"]) for row in told] == [("CLERK", "ALL1")]


def test_a_parked_one_is_not_for_whoever_may_not_use_its_screen(app: Flask, engine: Engine, clock: MovingClock, world: World) -> None:
    desk, night = seated(app, engine, "ALL1", clock.at), seated(app, engine, "SCHEDULE", clock.at)
    _half_keyed(desk, world)
    address = desk.path
    desk.press("S-F12")
    night.open(address)
    assert night.said == ["CSS354E"]


def test_what_comes_late_by_itself_undoes_no_leave_taking(desk: Seat, world: World, engine: Engine) -> None:
    for key, state in (("S-F12", "parked"), ("F12", "dropped")):
        token = _half_keyed(desk, world)
        address, form = desk.path, desk.form()
        desk.press(key)
        assert desk.client.post(address, data=form | {"key": "Keep", "words": "late"}).status_code == 204
        row = _row(engine, token)
        assert row["state"] == state
        assert "late" not in str(row["keyed"])


# --- leaving and coming back --------------------------------------------------------------------------------------------


def test_f3_keeps_what_is_half_keyed_and_f12_drops_it(desk: Seat, world: World, engine: Engine) -> None:
    token = _half_keyed(desk, world)
    desk.press("F3", words="crackles, and cuts off")
    assert desk.title.startswith("CU03")
    assert "CSS884I" in desk.said
    row = _row(engine, token)
    assert (row["state"], row["keyed"]["words"]) == ("open", "crackles, and cuts off")  # type: ignore[index]
    token = _half_keyed(desk, world)
    desk.press("F12")
    assert desk.title.startswith("CU03")
    assert (_row(engine, token)["state"], _row(engine, token)["keyed"]) == ("dropped", {})


def test_what_was_not_touched_is_not_kept(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    token = _token(desk)
    desk.press("F3")
    assert "CSS884I" not in desk.said
    assert _row(engine, token)["state"] == "dropped"


def test_a_screen_on_top_returns_to_what_lies_below(desk: Seat, world: World, engine: Engine, clock: MovingClock) -> None:
    caller_known(engine, "ALL1", world.other.customer_number, clock.at)
    token = _half_keyed(desk, world)
    desk.press("Enter", cursor="command", command=f"..BL03 {world.other.number}", words="crackles; and the bill?")
    assert desk.title.startswith("BL03")
    assert f"on={token}" in desk.path
    assert all(f"on={token}" in link for link in re.findall(r'href="(/s/[^"]*)"', desk.page) if "/s/FL01" not in link)
    # On to the customer from there, and F3, F3 back down.
    desk.open(f"/s/CU03/{world.other.number}?on={token}")
    down = re.search(r'href="([^"]*)" data-key="F3"', desk.page)
    assert down is not None
    desk.open(down[1].replace("&amp;", "&"))
    assert desk.title.startswith("FL01")
    assert desk.form()["words"] == "crackles; and the bill?"


def test_two_on_top_of_one_come_back_one_by_one(desk: Seat, world: World) -> None:
    first = _half_keyed(desk, world)
    desk.press("Enter", cursor="command", command=f"..PY01 {world.other.number}")
    second = _token(desk)
    desk.press("Enter", cursor="command", command="..FL04", amount="9.99")
    assert desk.title.startswith("FL04")
    down = re.search(r'href="([^"]*)" data-key="F3"', desk.page)
    assert down is not None
    desk.open(down[1].replace("&amp;", "&"))
    assert (_token(desk), desk.form()["amount"]) == (second, "9.99")
    desk.open(f"/s/MENU?on={first}")
    down = re.search(r'href="([^"]*)" data-key="F3"', desk.page)
    assert down is not None
    assert f"c={first}" in down[1]


def test_a_screen_that_only_shows_can_lie_below(desk: Seat, world: World) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    desk.press("Enter", cursor="command", command="..FL04")
    down = re.search(r'href="([^"]*)" data-key="F3"', desk.page)
    assert down is not None
    desk.open(down[1].replace("&amp;", "&"))
    assert desk.title.startswith("CU03")
    assert world.account.number in desk.path


def test_leaving_all_forgets_what_lay_below(desk: Seat, world: World) -> None:
    _half_keyed(desk, world)
    desk.press("Enter", cursor="command", command="..FL04")
    desk.press("Enter", cursor="command", command="=OR04")
    assert desk.title.startswith("OR04")
    assert "on=" not in desk.path
    assert "on=" not in "".join(re.findall(r'href="(/s/[^"]*)"', desk.page))


def test_nothing_lies_below_itself(desk: Seat, world: World) -> None:
    token = _half_keyed(desk, world)
    desk.open(f"/s/FL01/{world.line.number}?c={token}&on={token}")
    desk.press("F3")
    assert desk.title.startswith("CU03")


@pytest.mark.parametrize("command", ["..", ".. ", "=", "..MENU"])
def test_a_command_of_nothing_leads_to_the_menu(desk: Seat, world: World, command: str) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    desk.press("Enter", cursor="command", command=command)
    assert desk.title.startswith("MENU")


def test_an_address_in_any_letters_is_answered(desk: Seat) -> None:
    desk.open("/s/MENU")
    desk.press("Enter", cursor="command", command="Łukasz 中")
    assert desk.title.startswith("CS01")
    desk.press("Enter", cursor="text")
    assert desk.answer is not None
    assert desk.answer.status_code < 500
    assert desk.answer.headers["X-CSS-Address"].isascii()
    desk.press("Enter", cursor="command", command="..FL04")
    down = re.search(r'href="([^"]*)" data-key="F3"', desk.page)
    assert down is not None
    desk.open(down[1].replace("&amp;", "&"))
    assert desk.title.startswith("CS01")


# --- without script -----------------------------------------------------------------------------------------------------


def test_without_script_a_post_is_answered_with_an_address(desk: Seat, world: World, engine: Engine) -> None:
    desk.has_script = False
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="nonsense", method="CD")
    assert desk.answer is not None
    assert desk.answer.status_code == 422
    assert [one.status_code for one in desk.answer.history] == [303]
    assert desk.form()["amount"] == "nonsense"
    desk.press("F6", amount="8.88")
    assert "CSS367W" in desk.said
    before = _payments(engine)
    desk.press("F6")
    assert desk.title.startswith("CU03")
    assert _payments(engine) == before + 1


# --- forged, expired, tidied --------------------------------------------------------------------------------------------


def test_a_forged_token_is_none(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    before = _payments(engine)
    for forged in ("x", "../../etc", "é" * 22, "A" * 23, "'; DROP TABLE css.conversation --"):
        answer = desk.client.post(desk.path, data=desk.form() | {"token": forged, "key": "F6", "amount": "1", "method": "CD"})
        assert answer.status_code in {200, 303}
    assert _payments(engine) == before
    desk.open(f"/s/PY01/{world.account.number}?c={new_token()}")
    assert desk.said == ["CSS880E"]


def test_a_token_of_another_screen_is_refused(desk: Seat, world: World) -> None:
    token = _half_keyed(desk, world)
    desk.open(f"/s/PY01/{world.account.number}")
    answer = desk.client.post(desk.path, data=desk.form() | {"token": token, "key": "Enter", "amount": "1"})
    assert answer.status_code == 422
    assert "CSS881E" in answer.get_data(as_text=True)


def test_what_was_seen_is_what_the_row_says_and_not_the_browser(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("Enter", amount="1.11", method="CD")
    row, before = _row(engine, _token(desk)), _payments(engine)
    desk.client.post(desk.path, data=desk.form() | {"key": "F6", "amount": "900.00", "seen": str(row["seen"])})
    assert _payments(engine) == before


def test_what_the_screen_began_with_is_not_taken_from_nonsense(desk: Seat, world: World) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    for base in ("[" * 19_000, "{", "[1]", '{"amount": 1}', "null"):
        answer = desk.client.post(desk.path, data=desk.form() | {"key": "Keep", "base": base})
        assert answer.status_code == 204


def test_a_record_that_is_held_stands_in_nobodys_way_for_long(app: Flask, engine: Engine, clock: MovingClock, world: World) -> None:
    bounded = create_engine(engine.url)
    bound_waits(bounded, lock_seconds=1, statement_seconds=5)
    with bounded.connect() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "1s"
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "5s"
    bounded.dispose()
    desk = seated(app, engine, "ALL1", clock.at)
    token = _half_keyed(desk, world)
    with transaction(engine) as holder:
        holder.execute(text("SELECT 1 FROM css.conversation WHERE token = :token FOR UPDATE"), {"token": token})
        answer = desk.client.post(desk.path, data=desk.form() | {"key": "Keep", "words": "more"})
    assert answer.status_code == 409
    assert "CSS031E" in answer.get_data(as_text=True)


def test_old_ones_are_thrown_away(engine: Engine, clock: MovingClock) -> None:
    amy = OnDuty(1, "BILLING", "Amy", "Desk", frozenset(), clock.at)
    old, parked, fresh = new_token(), new_token(), new_token()
    with transaction(engine) as session:
        for token in (old, parked, fresh):
            at = clock.at if token == fresh else clock.at - LEFT_KEPT * 2
            keep(session, token, Spot("FL01", ""), {"words": "x"}, base={"words": ""}, by=amy, at=at)
        session.execute(text("UPDATE css.conversation SET state = 'parked', subject = 'S' WHERE token = :token"), {"token": parked})
    with transaction(engine) as session:
        tidy(session, "BILLING", at=clock.at)
        assert [one.token for one in left(session, by=amy)] == [fresh, parked]
        assert [one.token for one in left_about(session, "S")] == [parked]
        assert look_up(session, parked, by=amy).keyed == {"words": "x"}
        tidy(session, "BILLING", at=clock.at + PARKED_KEPT)
        assert left(session, by=amy) == ()
