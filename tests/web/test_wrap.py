"""F2: the call ends on whatever screen it is, in four keys, and nothing half-keyed is lost by it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, select, text

from css.care.model import Contact, FollowUp
from css.db.engine import transaction
from css.web.wrap import FIELDS, wrap_reasons
from tests.web.conftest import AT, MovingClock, Seat, World
from tests.web.knowing import caller_known


@pytest.fixture(autouse=True)
def _quiet(engine: Engine) -> None:
    """Nothing on the contact log before."""
    with transaction(engine) as session:
        session.execute(text("TRUNCATE care.follow_up, care.caller_check"))
        session.execute(text("ALTER TABLE care.contact DISABLE TRIGGER USER"))
        session.execute(text("DELETE FROM care.contact"))
        session.execute(text("ALTER TABLE care.contact ENABLE TRIGGER USER"))


def _log(engine: Engine) -> list[tuple[str | None, str, bool, str | None]]:
    with transaction(engine) as session:
        rows = session.execute(select(Contact.reason_code, Contact.words, Contact.is_verified, Contact.caller_name).order_by(Contact.id))
        return [(row.reason_code, row.words, row.is_verified, row.caller_name) for row in rows]


def test_a_reason_of_two_letters_ends_the_call(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    desk.press("Enter", method="PP", answer="marmalade")
    assert "Caller made sure of" in desk.page
    assert len("\N{WHITE SQUARE}bq\n") == 4, "F2, two letters, Enter: the budget"
    desk.press("F2", wrap_reason="bq")
    assert "CSS920I" in desk.said
    assert "Caller not known" in desk.page, "what the check opened is closed"
    assert _log(engine) == [("BQ", "Bill explained.", True, None)]


def test_the_panel_is_on_every_page_with_somebody_in_hand_and_on_no_other(desk: Seat, world: World, engine: Engine) -> None:
    caller_known(engine, "ALL1", world.account.customer_number, AT)
    accounts = dict.fromkeys(("CU03", "CU02", "OR01", "PY01", "BL03", "LN03"), world.account.number)
    for code, argument in (accounts | {"FL01": world.line.number}).items():
        desk.open(f"/s/{code}/{argument}")
        assert re.findall(r'<input id="(wrap_\w+)"', desk.page) == [one.name for one in FIELDS], code
        assert f'name="hand" value="{world.account.number}"' in desk.page
    for code in ("MENU", "CS01", "OR04", "FL04"):
        desk.open(f"/s/{code}")
        assert 'id="wrap' not in desk.page, code


def test_what_is_half_keyed_stays_when_the_call_ends(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/PY01/{world.account.number}")
    desk.press("F2", amount="12.50", wrap_reason="PD", wrap_note="Pays on Friday.")
    assert "CSS920I" in desk.said
    assert desk.title.startswith("PY01")
    assert desk.form()["amount"] == "12.50"
    assert _log(engine) == [("PD", "Pays on Friday.", False, None)]


@pytest.mark.parametrize(
    ("when", "ring", "kind", "due", "telephone"),
    [
        ("+3", "", "follow-up", "2026-03-05 23:59", None),
        ("1 mar", "", "follow-up", "2027-03-01 23:59", None),
        ("6 mar", "", "follow-up", "2026-03-06 23:59", None),
        ("14:30", "07700 900123", "call-back", "2026-03-02 14:30", "447700900123"),
        ("+1 9:05", ".", "call-back", "2026-03-03 09:05", "in hand"),
        ("+1", "07700 900123", "call-back", "2026-03-03 23:59", "447700900123"),
    ],
)
def test_what_is_promised_is_keyed_as_it_is_said(
    desk: Seat, world: World, engine: Engine, when: str, ring: str, kind: str, due: str, telephone: str | None
) -> None:
    desk.open(f"/s/CU03/{world.line.number}")
    desk.press("F2", wrap_reason="OL", wrap_when=when, wrap_telephone=ring)
    assert desk.said[0] == "CSS920I"
    with transaction(engine) as session:
        row = session.execute(select(FollowUp)).scalar_one()
        wanted = world.line.number if telephone == "in hand" else telephone
        assert (row.kind.value, f"{row.due_at:%Y-%m-%d %H:%M}", row.telephone, row.owner_code) == (kind, due, wanted, "ALL1")


@pytest.mark.parametrize(
    ("keyed", "code"),
    [
        ({}, "CSS906E"),
        ({"wrap_reason": "ZZ"}, "CSS906E"),
        ({"wrap_reason": "EN", "wrap_when": "soon"}, "CSS365E"),
        ({"wrap_reason": "EN", "wrap_when": "31 feb"}, "CSS365E"),
        ({"wrap_reason": "EN", "wrap_when": "25:00"}, "CSS915E"),
        ({"wrap_reason": "EN", "wrap_when": "9:30", "wrap_telephone": "07700 900123"}, "CSS914E"),
        ({"wrap_reason": "EN", "wrap_when": "14:30"}, "CSS907E"),
        ({"wrap_reason": "EN", "wrap_telephone": "07700 900123"}, "CSS907E"),
        ({"wrap_reason": "EN", "wrap_when": "+1", "wrap_telephone": "."}, "CSS916E"),
        ({"wrap_reason": "EN", "wrap_when": "+1", "wrap_telephone": "0770"}, "CSS081E"),
        ({"wrap_reason": "CB"}, "CSS908E"),
        ({"wrap_reason": "EN", "wrap_note": "a\x00b"}, "CSS362E"),
        ({"wrap_reason": "EN", "wrap_note": "\x1b[31mred"}, "CSS362E"),
        ({"wrap_reason": "EN", "wrap_note": "\u202edlo"}, "CSS362E"),
        ({"wrap_reason": "E\x00"}, "CSS362E"),
        ({"wrap_reason": "EN", "wrap_when": "+1\x00"}, "CSS362E"),
    ],
)
def test_a_slip_keeps_the_panel_open_with_what_was_keyed(
    desk: Seat, world: World, engine: Engine, keyed: dict[str, str], code: str
) -> None:
    desk.open(f"/s/CU03/{world.other.number}")
    keyed = {"wrap_note": "Said a lot."} | keyed
    assert desk.press("F2", **keyed).status_code == 200
    assert code in desk.said
    assert '<details id="wrap" open>' in desk.page
    assert desk.form() | keyed == desk.form()
    assert _log(engine) == []


def test_pressed_twice_it_is_one_contact(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    data = desk.form() | {"key": "F2", "wrap_reason": "EN"}
    for _ in range(2):
        assert desk.client.post(desk.path, data=data).status_code == 303
    assert len(_log(engine)) == 1


def test_a_promise_is_seen_by_another_operator_and_kept_by_wrapping_up(
    desk: Seat, colleague: Seat, world: World, engine: Engine, clock: MovingClock
) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    desk.press(
        "F2", wrap_reason="BW", wrap_note="Says the calls of February are not hers.", wrap_when="+1 9:00", wrap_telephone="07700 900123"
    )
    clock.goes_on(minutes=10)
    colleague.open(f"/s/CU03/{world.account.number}")
    colleague.press("Enter", method="NO", answer="Calling back")
    assert "Says the calls of February are not hers." in colleague.page
    assert "Tue 3 Mar 09:00" in colleague.page
    colleague.press("F2", wrap_reason="CB", wrap_note="Explained them.")
    assert "What was promised is done." in colleague.page
    with transaction(engine) as session:
        row = session.execute(select(FollowUp)).scalar_one()
    assert (row.done_by, row.done_words) == ("CLERK", "Explained them.")


def test_a_forged_hand_wraps_up_nothing(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    for hand in ("", "ZZA00000000", "' OR 1=1 --", "x" * 10_000):
        desk.press("F2", wrap_reason="EN", hand=hand)
        assert any(code.endswith("E") for code in desk.said), hand[:20]
    assert _log(engine) == []


def test_the_reasons_are_in_the_panel(desk: Seat, world: World) -> None:
    desk.open(f"/s/CU03/{world.account.number}")
    for code, words in wrap_reasons():
        assert f"<dt>{code}</dt><dd>{words}</dd>".replace("'", "&#39;") in desk.page


@pytest.mark.usefixtures("clock")
def test_on_a_fault_the_number_in_hand_does_not_ring_so_the_contact_is_rung(desk: Seat, world: World, engine: Engine) -> None:
    desk.open(f"/s/FL01/{world.line.number}")
    desk.press("Enter", symptom_code="NDT", contact_name="Ada", contact_phone="07700 900456")
    desk.press("F6")
    assert desk.title.startswith("FL03")
    desk.press("F2", wrap_reason="FR", wrap_when="+1", wrap_telephone=".")
    assert "CSS920I" in desk.said
    with transaction(engine) as session:
        assert session.execute(select(FollowUp.telephone)).scalar_one() == "447700900456"
