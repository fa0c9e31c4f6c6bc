"""PY05 puts an account right within a limit; above it a second person signs at the desk, or decides the request (AD04, AD07)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text

from billing.model import Adjustment, Bill
from css.audit import AuditEvent
from css.core.money import Money
from css.db.engine import transaction
from css.master.operators import ApprovalRequest, ApprovalState, Operator
from tests import builders
from tests.records.billed import leave_item, night
from tests.web.conftest import PASSWORD, MovingClock, Seat, World, seated
from tests.web.knowing import caller_known

LIMITS = {"CLERK": 0, "BILLING": 25_00, "SUPERVIS": 250_00, "ALL1": 30_00}
CREDIT = {"amount": "10", "reason": "nw", "words": "A visit that was not needed", "nominal_code": "visits"}


@pytest.fixture(scope="module", autouse=True)
def bill(settled: tuple[Engine, World]) -> str:
    """The number of the account's first bill; and who may give how much."""
    engine, world = settled
    with transaction(engine) as session:
        for operator in session.execute(select(Operator)).scalars():
            operator.credit_limit = Money(LIMITS.get(operator.code, 0))
        leave_item(session, world.line, "VISIT", "10000", builders.DAY, words="Engineer's visit")
        day = builders.DAY
        while (number := session.execute(select(Bill.number).where(Bill.number.is_not(None)).limit(1)).scalar()) is None:
            night(session, day)
            day += timedelta(days=1)
        return number


@pytest.fixture(autouse=True)
def _nothing_given(engine: Engine) -> None:
    with transaction(engine) as session:
        # Adjustments are only ever added to; what one test gave would count against the limits of the next.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM billing.adjustment"))
        session.execute(text("DELETE FROM css.approval_request"))
        session.execute(text("UPDATE css.operator SET failed_sign_ons = 0, locked_until_at = NULL, must_change_password = false"))


@pytest.fixture
def at(app: Flask, engine: Engine, clock: MovingClock, world: World) -> Callable[[str], Seat]:
    """Somebody at a desk, with the customer's record open to them."""

    def sit(operator: str) -> Seat:
        seat = seated(app, engine, operator, clock.at)
        if operator != "SCHEDULE":
            caller_known(engine, operator, world.account.customer_number, clock.at)
        return seat

    return sit


@pytest.fixture
def visit(engine: Engine, bill: str) -> int:
    """The number of the visit's line, of £100.00."""
    with transaction(engine) as session:
        statement = (
            "SELECT l.line_number FROM billing.bill_line l JOIN billing.bill b ON b.id = l.bill_id WHERE b.number = :bill AND l.net = 10000"
        )
        return int(session.execute(text(statement), {"bill": bill}).scalar_one())


def given(engine: Engine) -> list[tuple[int, str, str | None, str]]:
    with transaction(engine) as session:
        rows = session.execute(
            select(Adjustment.net, Adjustment.made_by, Adjustment.approved_by, Adjustment.reason).order_by(Adjustment.id)
        )
        return [(row.net.pence, row.made_by, row.approved_by, row.reason) for row in rows]


def asked(engine: Engine) -> ApprovalRequest:
    with transaction(engine) as session:
        return session.execute(select(ApprovalRequest).order_by(ApprovalRequest.id.desc()).limit(1)).scalar_one()


# --- PY05 ---------------------------------------------------------------------------------------------------------------


def test_a_credit_within_the_limit_is_shown_by_enter_and_given_by_f6(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("Enter", **CREDIT)
    assert "CSS366I" in bea.said
    assert "Credit £10.00 before VAT S 20% on the next bill" in bea.page
    assert "ABOVE YOUR LIMIT" not in bea.page
    assert given(engine) == []
    bea.press("F6")
    assert bea.title.startswith("CU03")
    assert "CSS199I" in bea.said
    assert given(engine) == [(-10_00, "BILLING", None, "Service did not work")]


def test_a_charge_needs_no_credit(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("Enter", **CREDIT | {"direction": "d", "reason": "su", "note": "Order of March", "vat_code": "z"})
    bea.press("F6")
    assert given(engine) == [(10_00, "BILLING", None, "Supplied and not yet charged: Order of March")]


@pytest.mark.parametrize(("amount", "net"), [("20%", -20_00), ("12.5 %", -12_50), ("7.25", -7_25)])
def test_part_of_a_bill_line_is_given_back(at: Callable[[str], Seat], engine: Engine, bill: str, visit: int, amount: str, net: int) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{bill}/{visit}")
    assert bea.form()["line_number"] == str(visit)
    bea.press("Enter", amount=amount, reason="NO")
    bea.press("F6")
    assert given(engine) == [(net, "BILLING", None, "Never ordered or used")]


@pytest.mark.parametrize(
    ("keyed", "field", "code"),
    [
        ({"amount": ""}, "amount", "CSS360E"),
        ({"amount": "-10"}, "amount", "CSS804E"),
        ({"amount": "50%"}, "amount", "CSS011E"),
        ({"reason": "OT"}, "note", "CSS360E"),
        ({"reason": "XX"}, "reason", "CSS364E"),
        ({"nominal_code": "DEBTORS"}, "nominal_code", "CSS364E"),
        ({"vat_code": "Q"}, "vat_code", "CSS364E"),
        ({"direction": "X"}, "direction", "CSS364E"),
        ({"occurs_on": "+300"}, "occurs_on", "CSS809E"),
        ({"words": ""}, "words", "CSS360E"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    at: Callable[[str], Seat], world: World, keyed: dict[str, str], field: str, code: str
) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    assert bea.press("Enter", **CREDIT | keyed).status_code in {404, 422}
    assert code in bea.said
    assert bea.cursor == field


@pytest.mark.parametrize(
    ("keyed", "code"),
    [
        ({"line_number": "99"}, "CSS364E"),
        ({"line_number": "", "amount": "50%"}, "CSS360E"),
        ({"line_number": "all", "amount": "50%"}, "CSS804E"),
        ({"amount": "0%"}, "CSS804E"),
        ({"amount": "101%"}, "CSS804E"),
        ({"amount": "100.01"}, "CSS803E"),
    ],
)
def test_what_a_bill_line_does_not_give(at: Callable[[str], Seat], bill: str, visit: int, keyed: dict[str, str], code: str) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{bill}/{visit}")
    assert bea.press("Enter", **{"reason": "NW", "amount": "10"} | keyed).status_code == 422
    assert code in bea.said


def test_a_whole_bill_is_given_back_only_when_somebody_says_all(at: Callable[[str], Seat], bill: str) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{bill}")
    assert bea.cursor == "line_number"
    assert bea.press("Enter", reason="NW").status_code == 422
    assert "CSS360E" in bea.said
    bea.press("Enter", line_number="all", reason="NW")
    assert re.search(r"all \d+ lines", bea.page)
    for words in ("Before VAT", "Together"):
        assert words in bea.page
    assert "CSS937W" in bea.said
    assert "CSS366I" not in bea.said
    assert bea.cursor == "second_operator"


def test_nothing_is_shown_before_the_caller_is_known(app: Flask, engine: Engine, clock: MovingClock, bill: str, world: World) -> None:
    bea = seated(app, engine, "BILLING", clock.at)
    for argument in (bill, world.account.number):
        bea.open(f"/s/PY05/{argument}")
        assert bea.title.startswith("CU03")
        assert "CSS921W" in bea.said
    for argument in ("", "ZZO00000018"):
        assert bea.open(f"/s/PY05/{argument}".rstrip("/")).status_code in {200, 422}


def test_above_the_limit_enter_says_who_could_sign_and_f6_is_refused(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("Enter", **CREDIT | {"amount": "28"})
    assert "ABOVE YOUR LIMIT" in bea.page
    assert "<b>SUPERVIS, ALL1</b>" in bea.page
    assert bea.press("F6").status_code == 422
    assert "CSS806E" in bea.said
    assert "Credit £28.00" in bea.page, "what it would do stays beside the reason"
    assert given(engine) == []


def test_what_is_above_everybodys_limit_says_so(at: Callable[[str], Seat], world: World) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("Enter", **CREDIT | {"amount": "250.01"})
    assert "CSS807E" in bea.said


# --- somebody signs at the desk --------------------------------------------------------------------------------------------


def test_a_supervisor_signs_at_the_desk(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("Enter", **CREDIT | {"amount": "28"})
    bea.press("F6", second_operator="supervis", second_password="wrong password")
    assert "CSS350E" in bea.said
    assert bea.cursor == "second_password"
    assert bea.form()["second_operator"] == "supervis"
    assert given(engine) == []
    with transaction(engine) as session:
        assert session.execute(select(Operator.failed_sign_ons).where(Operator.code == "SUPERVIS")).scalar_one() == 1
        told = session.execute(select(AuditEvent).where(AuditEvent.verb == "second_signature_refused")).scalar_one()
    assert (told.actor_name, told.subject_number) == ("BILLING", "SUPERVIS"), "refused, and on the trail all the same"
    assert told.after == {"wrong_passwords": 1, "has_to_wait": False}
    bea.press("F6", second_operator="supervis", second_password=PASSWORD)
    assert bea.title.startswith("CU03")
    assert given(engine) == [(-28_00, "BILLING", "SUPERVIS", "Service did not work")]


def test_a_signature_before_the_effect_was_shown_shows_it_first(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("F6", **CREDIT | {"amount": "28", "second_operator": "SUPERVIS", "second_password": PASSWORD})
    assert "CSS367W" in bea.said
    assert given(engine) == []


@pytest.mark.parametrize(("who", "code"), [("BILLING", "CSS807E"), ("CLERK", "CSS443E"), ("NOBODY", "CSS350E")])
def test_who_cannot_sign(at: Callable[[str], Seat], engine: Engine, world: World, who: str, code: str) -> None:
    """Not oneself, not whoever may not approve credits, not somebody unknown."""
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("Enter", **CREDIT | {"amount": "28"})
    bea.press("F6", second_operator=who, second_password=PASSWORD)
    assert code in bea.said
    assert given(engine) == []


def test_no_password_is_kept_or_shown(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    for key in ("Keep", "Enter", "F6"):
        bea.press(key, **CREDIT | {"amount": "28", "second_operator": "SUPERVIS", "second_password": "a secret word"})
        assert "a secret word" not in bea.page
        bea.open(f"/s/PY05/{world.account.number}")
    with transaction(engine) as session:
        everything = (
            "SELECT (SELECT string_agg(c::text, ' ') FROM css.conversation c) || (SELECT string_agg(e::text, ' ') FROM css.audit_event e)"
        )
        assert "a secret word" not in session.execute(text(everything)).scalar_one()


# --- somebody is asked -----------------------------------------------------------------------------------------------------


def ask(seat: Seat, world: World, amount: str = "28") -> None:
    seat.open(f"/s/PY05/{world.account.number}")
    seat.press("Enter", **CREDIT | {"amount": amount})
    seat.press("S-F8")


def test_a_request_is_asked_shown_rehearsed_and_done_as_it_was_asked(
    at: Callable[[str], Seat], engine: Engine, world: World, app: Flask
) -> None:
    bea, sue = at("BILLING"), at("SUPERVIS")
    ask(bea, world)
    assert bea.title.startswith("CU03"), "the call goes on"
    assert "CSS199I" in bea.said
    assert given(engine) == []
    request = asked(engine)
    sue.open("/s/AD04")
    assert "Credit £28.00 before VAT S 20%" in sue.page
    sue.open(f"/s/AD04/{request.id}")
    assert sue.title == "AD07 Decide a request"
    assert "A visit that was not needed" in sue.page
    assert "<dd>SUPERVIS, ALL1</dd>" in sue.page
    sue.press("Enter")
    assert "by BILLING and approved by SUPERVIS" in sue.page
    assert asked(engine).state is ApprovalState.ASKED
    sue.press("F6")
    assert "approved" in sue.page
    assert given(engine) == [(-28_00, "BILLING", "SUPERVIS", "Service did not work")]
    with transaction(engine) as session:
        verbs = session.execute(select(AuditEvent.verb).where(AuditEvent.subject_number == str(request.id)).order_by(AuditEvent.id))
        assert list(verbs.scalars()) == ["ask_approval", "read", "approve"]


def test_asking_without_looking_shows_the_effect_first(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea = at("BILLING")
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("S-F8", **CREDIT | {"amount": "28"})
    assert "ABOVE YOUR LIMIT" in bea.page
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM css.approval_request")).scalar_one() == 0
    bea.press("S-F8")
    assert bea.title.startswith("CU03"), "the call goes on"


def test_what_is_within_the_limit_is_not_asked_for(at: Callable[[str], Seat], world: World) -> None:
    bea = at("BILLING")
    ask(bea, world, "10")
    assert "CSS179E" in bea.said
    bea.press("F6")
    assert bea.title.startswith("CU03")


def test_nobody_decides_their_own_but_may_withdraw_it(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea = at("BILLING")
    ask(bea, world)
    number = asked(engine).id
    bea.open(f"/s/AD07/{number}")
    assert bea.form()["decision"] == "W"
    bea.press("F6", decision="Y")
    assert "CSS183E" in bea.said
    bea.press("Enter", decision="W")
    bea.press("F6")
    assert asked(engine).state is ApprovalState.WITHDRAWN
    assert given(engine) == []


def test_a_refusal_needs_a_reason_which_the_asker_reads(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea, sue = at("BILLING"), at("SUPERVIS")
    ask(bea, world)
    number = asked(engine).id
    sue.open(f"/s/AD07/{number}")
    sue.press("Enter", decision="n")
    assert "CSS360E" in sue.said
    sue.press("Enter", decision="n", reason="The visit was needed")
    sue.press("F6")
    bea.open(f"/s/AD07/{number}")
    assert "The visit was needed" in bea.page
    assert 'data-key="F6"' not in bea.page
    assert given(engine) == []


def test_what_the_room_refuses_by_now_is_told_and_stays_asked(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea, ann = at("BILLING"), at("ALL1")
    ask(bea, world)
    bea.open(f"/s/PY05/{world.account.number}")
    bea.press("Enter", **CREDIT)
    bea.press("F6")
    number = asked(engine).id
    ann.open(f"/s/AD07/{number}")
    assert ann.press("F6").status_code == 422
    assert "CSS807E" in ann.said, "with today's £10.00 it is above £30.00 too"
    assert asked(engine).state is ApprovalState.ASKED
    assert len(given(engine)) == 1


def test_the_second_of_two_is_told_it_is_decided(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea, sue, ann = at("BILLING"), at("SUPERVIS"), at("ALL1")
    ask(bea, world)
    number = asked(engine).id
    for seat in (sue, ann):
        seat.open(f"/s/AD07/{number}")
        seat.press("Enter")
    sue.press("F6")
    assert ann.press("F6").status_code == 409
    assert "CSS182E" in ann.said
    assert len(given(engine)) == 1


def test_everybody_sees_what_is_theirs_to_see(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    bea, amy = at("BILLING"), at("CLERK")
    ask(bea, world)
    number = asked(engine).id
    amy.open("/s/AD04")
    assert world.account.number not in amy.page
    assert amy.open(f"/s/AD07/{number}").status_code == 404
    ask(amy, world, "5")
    amy.open("/s/AD04")
    assert "Credit £5.00" in amy.page


@pytest.mark.parametrize("argument", ["", "0", "x", "99999999999999999999", "-1"])
def test_what_is_no_request_is_not_there(at: Callable[[str], Seat], argument: str) -> None:
    assert at("SUPERVIS").open(f"/s/AD07/{argument}").status_code == 404


def test_the_list_is_sent_again_only_when_it_is_another(at: Callable[[str], Seat], engine: Engine, world: World) -> None:
    sue, bea = at("SUPERVIS"), at("BILLING")
    sue.open("/s/AD04")
    assert 'data-poll-seconds="10"' in sue.page
    assert sue.answer is not None
    version = sue.answer.headers["ETag"]
    again = {"X-CSS-Poll": "1", "If-None-Match": version}
    assert sue.client.get("/s/AD04", headers=again).status_code == 304
    ask(bea, world)
    assert sue.client.get("/s/AD04", headers=again).status_code == 200
    assert re.match(r'^"[\d.]*-', version)
