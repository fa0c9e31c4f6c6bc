"""AD01, AD02 and NW01: supervisors see who works here, change their rights, end their sign-ons and post the news."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import Engine, select, text

from css.audit import AuditEvent
from css.core.money import Money
from css.core.words import Role
from css.db.engine import transaction
from css.master.news import news, news_now
from css.master.operator_changes import change_operator
from css.master.operator_commands import ChangeOperator
from css.master.operators import Operator, OperatorSession
from css.web.screens import PAGES
from tests import builders
from tests.web.conftest import AT, MovingClock, Seat, seated


@pytest.fixture
def sue(app: Flask, engine: Engine, clock: MovingClock) -> Seat:
    """A supervisor's desk, and a clerk signed on at another."""
    seated(app, engine, "CLERK", clock.at)
    return seated(app, engine, "SUPERVIS", clock.at)


def looks(engine: Engine, subject: str) -> list[tuple[str, str]]:
    with transaction(engine) as session:
        rows = session.execute(select(AuditEvent.actor_name, AuditEvent.verb).where(AuditEvent.subject_number == subject))
        return [(row.actor_name, row.verb) for row in rows]


def held(engine: Engine, code: str) -> Operator:
    with transaction(engine) as session:
        return session.execute(select(Operator).where(Operator.code == code)).scalar_one()


def test_the_list_shows_everybody_and_who_is_on_duty(sue: Seat, engine: Engine) -> None:
    sue.open("/s/AD01")
    for code in ("ALL1", "BILLING", "CLERK", "REPAIR", "SCHEDULE", "SUPERVIS"):
        assert f"<b>{code}</b>" in sue.page
    assert "On duty now" in sue.page
    assert ("SUPERVIS", "read") in looks(engine, "all"), "looking at people is on the trail"
    sue.open("/s/AD01/CLERK")
    assert "Operator Clerk" in sue.page
    assert "signed on</span>" in sue.page
    assert ("SUPERVIS", "read") in looks(engine, "CLERK")


def test_who_may_use_which_screen_is_what_the_records_say(sue: Seat) -> None:
    sue.open("/s/AD01/CODES")
    rows = dict(re.findall(r"<tr><td><b>(\w{4})</b></td><td>[^<]*</td><td>([^<]*)</td></tr>", sue.page))
    assert set(rows) == set(PAGES)
    for code, roles in rows.items():
        assert roles == ", ".join(role.value for role in Role if role in PAGES[code].screen.roles), code
    sue.open("/s/AD01/REPAIR")
    assert "<b>FL04</b>" in sue.page
    assert "<b>AD06</b>" not in sue.page


@pytest.mark.parametrize("address", ["/s/AD01/NOBODY", "/s/AD02/NOBODY", "/s/AD02/CLERK/end/99999999999999999999", "/s/AD02/CLERK/what"])
def test_what_is_not_there_is_told(sue: Seat, address: str) -> None:
    assert sue.open(address).status_code == 404


def test_f6_opens_the_operator_and_changes_rights_from_the_next_key_on(sue: Seat, app: Flask, engine: Engine, clock: MovingClock) -> None:
    clerk = seated(app, engine, "REPAIR", clock.at)
    assert clerk.open("/s/BA01").status_code == 403
    sue.open("/s/AD01/REPAIR")
    sue.press("F6")
    assert sue.title == "AD02 Change an operator"
    sue.press("Enter", roles="re bi", credit_limit="25", team="Repair and bills")
    assert "CSS366I" in sue.said
    assert "repair → <b>billing, repair</b>" in sue.page
    assert held(engine, "REPAIR").roles == ["repair"], "Enter changes nothing"
    sue.press("F6")
    assert sue.title == "AD01 Operators"
    assert "CSS196I" in sue.said
    now = held(engine, "REPAIR")
    assert (now.roles, now.credit_limit, now.team) == (["billing", "repair"], Money(25_00), "Repair and bills")
    assert clerk.open("/s/BA01").status_code == 200


@pytest.mark.parametrize(
    ("keyed", "code"),
    [
        ({"roles": "XX"}, "CSS364E"),
        ({"roles": ""}, "CSS360E"),
        ({"credit_limit": "-1"}, "CSS137E"),
        ({"credit_limit": "lots"}, "CSS011E"),
        ({"is_active": "perhaps"}, "CSS363E"),
        ({"name": "x" * 61}, "CSS361E"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(sue: Seat, keyed: dict[str, str], code: str) -> None:
    sue.open("/s/AD02/BILLING")
    assert sue.press("F6", **keyed).status_code == 422
    assert any(said.startswith(code) for said in sue.said)
    assert sue.cursor == next(iter(keyed))


def test_nobody_changes_their_own_rights(sue: Seat) -> None:
    sue.open("/s/AD02/SUPERVIS")
    sue.press("Enter", roles="SU BI")
    assert "CSS170E" in sue.said


def test_two_who_change_one_operator_see_each_others_values(sue: Seat, engine: Engine) -> None:
    sue.open("/s/AD02/SCHEDULE")
    with transaction(engine) as session:
        theirs = ChangeOperator(operator_code="SCHEDULE", name="Ned Moorcroft", team="Night shift")
        change_operator(session, theirs, by=builders.OPERATOR, at=AT)
    answer = sue.press("Enter", team="Nights")
    assert answer.status_code == 409
    assert "CSS173E" in sue.said
    assert (sue.form()["name"], sue.form()["team"]) == ("Ned Moorcroft", "Nights"), "what only they changed is taken over"
    assert "now: <b>Night shift</b>" in sue.page
    sue.press("Enter")
    sue.press("F6")
    now = held(engine, "SCHEDULE")
    assert (now.name, now.team) == ("Ned Moorcroft", "Nights")


def test_a_new_operator_signs_on_with_the_password_shown_once_and_needs_another(sue: Seat, app: Flask) -> None:
    sue.open("/s/AD01")
    sue.press("F6")
    sue.press("Enter", code="kim", name="Kim Ashdown", team="Front office", roles="CL")
    assert "CSS366I" in sue.said
    sue.press("F6")
    found = re.search(r"The first password of KIM is <b>(\S+)</b> and", sue.page)
    assert found, sue.said
    password = found[1]
    assert sue.title == "AD01 Operators"
    assert sue.path == "/s/AD01/KIM"
    assert sue.answer is not None
    assert sue.answer.headers["Cache-Control"] == "no-store"
    sent = [cookie for one in (*sue.answer.history, sue.answer) for cookie in one.headers.getlist("Set-Cookie")]
    assert not any(password in read_cookie(app, cookie) for cookie in sent), "no cookie ever had it"
    assert re.fullmatch(r"(?:[2-9a-z]{4}-){3}[2-9a-z]{4}", password)
    sue.open("/s/AD01/KIM")
    assert password not in sue.page
    kim = Seat(app.test_client())
    assert kim.sign_on("KIM", password).status_code == 422
    assert "CSS190E" in kim.said
    kim.press(password=password, new_password="blue bicycle bell", new_again="blue bicycle bell")
    assert kim.title == "MENU Transaction menu"


def read_cookie(app: Flask, cookie: str) -> str:
    """What anybody at the browser can read in one of our cookies: they are signed, not sealed."""
    name, _, value = cookie.partition(";")[0].partition("=")
    if name != "css_form" or not value:
        return cookie
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return str(signer.loads(value))


def test_f6_twice_gives_one_password_and_it_is_the_one_that_was_shown(sue: Seat, app: Flask, engine: Engine) -> None:
    sue.open("/s/AD02/BILLING/password")
    sue.press("Enter")
    before = (sue.path, sue.form())
    sue.press("F6")
    found = re.search(r"is <b>(\S+)</b> and is shown only now", sue.page)
    assert found
    path, form = before
    again = sue._took(sue.client.post(path, data=form | {"key": "F6"}, follow_redirects=True))
    assert again.status_code == 200
    assert "CSS883I" in sue.said
    bea = Seat(app.test_client())
    bea.sign_on("BILLING", found[1])
    assert "CSS190E" in bea.said, "it is right, and has to be changed"


def test_a_sign_on_is_ended_with_a_reason_that_its_operator_reads(sue: Seat, app: Flask, engine: Engine, clock: MovingClock) -> None:
    first, second = seated(app, engine, "REPAIR", clock.at), seated(app, engine, "REPAIR", clock.at)
    with transaction(engine) as session:
        latest = session.execute(select(OperatorSession.id).order_by(OperatorSession.id.desc()).limit(1)).scalar_one()
    sue.open(f"/s/AD02/REPAIR/end/{latest}")
    sue.press("Enter")
    assert "CSS360E" in sue.said
    sue.press("Enter", reason="Left at the front desk")
    assert "End <b>1</b> sign-on" in sue.page
    sue.press("F6")
    assert "CSS198I" in sue.said
    assert first.open("/s/MENU").status_code == 200
    assert first.title == "MENU Transaction menu"
    second.open("/s/MENU")
    assert second.title == "SIGN Sign on"
    assert "ended by SUPERVIS: Left at the front desk" in second.page
    sue.open("/s/AD02/REPAIR/end")
    sue.press("Enter", reason="All of them")
    sue.press("F6")
    assert first.open("/s/MENU").request.path == "/sign-on"
    sue.open("/s/AD02/REPAIR/end")
    sue.press("Enter", reason="Once more")
    assert "CSS176E" in sue.said


def test_news_is_posted_for_some_days_and_taken_off_again(sue: Seat, engine: Engine) -> None:
    sue.open("/s/NW01")
    sue.press("Enter", words="Exchange NTH is down until noon", ends_on="+1")
    assert "Exchange NTH is down until noon" in sue.page
    with transaction(engine) as session:
        assert news(session) == ()
    sue.press("F6")
    with transaction(engine) as session:
        (row,) = news_now(session, at=AT)
        assert news_now(session, at=AT + timedelta(days=2)) == ()
    sue.open(f"/s/NW01/{row.news_id}")
    sue.press("Enter")
    assert "goes off the menu now" in sue.page
    sue.press("F6")
    with transaction(engine) as session:
        assert news_now(session, at=AT) == ()
        assert session.execute(text("SELECT count(*) FROM css.audit_event WHERE verb IN ('post_news', 'end_news')")).scalar_one() == 2
