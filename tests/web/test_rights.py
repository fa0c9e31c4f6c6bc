"""Every screen, list, key, link and export for every role: what is another role's is neither shown nor given nor kept."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text

from billing.model import Bill
from css.core.words import Role
from css.db.engine import transaction
from css.master.operators import Operator, OperatorSession
from css.web.conversation import Spot, keep, new_token, park
from css.web.screens import PAGES
from css.web.session import OnDuty
from tests import builders
from tests.records.billed import leave_item, night
from tests.web.conftest import AT, MovingClock, Seat, World, seated
from tests.web.knowing import caller_known

FILES = ("pdf", "xml", "calls.xml", "csv")


@pytest.fixture(scope="module")
def bill(settled: tuple[Engine, World]) -> str:
    """The number of the account's first bill, with its files."""
    engine, world = settled
    with transaction(engine) as session:
        leave_item(session, world.line, "VISIT", "10000", builders.DAY, words="Engineer's visit")
        day = builders.DAY
        while (number := session.execute(select(Bill.number).where(Bill.number.is_not(None)).limit(1)).scalar()) is None:
            night(session, day)
            day += timedelta(days=1)
        return number


def operator(role: Role) -> str:
    return role.name[:8]


def may(role: Role) -> set[str]:
    return {code for code, page in PAGES.items() if role in page.screen.roles}


def addresses(code: str, world: World, bill: str) -> list[str]:
    """Where the screen has something to show, each way it is opened."""
    account, number = world.account.number, world.line.number
    ways = {
        "CS01": ["", "tansley", number],
        "CU02": [account],
        "CU03": [account, number],
        "LN03": [number],
        "OR01": ["", account],
        "OR03": ["ZZO00000018"],
        "OR04": ["", "ZZ"],
        "AP04": ["", "ZZ/WREN/2026-03-09", "ZZ/WREN/2026-03-09-AM"],
        "FL01": [number],
        "FL04": ["", "ZZ"],
        "FL05": ["", "ZZ", "ZZ/all"],
        "FL06": ["", "ZZ", "NOBODY"],
        "FL07": ["", "ZZ/all"],
        "FL09": ["", "-/ZZ"],
        "BL03": [account, bill, f"{bill}/why", f"{bill}/1"],
        "PY01": [account],
        "PY05": [account, f"{bill}/1"],
        "BA01": ["", "ZZ"],
        "AD01": ["", "CLERK", "CODES"],
        "AD02": ["new", "CLERK", "CLERK/end", "CLERK/password"],
        "AD06": ["", "CLERK"],
    }
    return [f"/s/{code}/{way}".rstrip("/") for way in ways.get(code, [""])]


@pytest.fixture
def seats(app: Flask, engine: Engine, clock: MovingClock, world: World) -> dict[Role, Seat]:
    """A desk for every role; where it may, the customer's record is open there."""
    found = {}
    for role in Role:
        found[role] = seated(app, engine, operator(role), clock.at)
        caller_known(engine, operator(role), world.account.customer_number, clock.at)
    return found


def test_no_address_of_another_roles_screen_shows_anything(seats: dict[Role, Seat], world: World, bill: str) -> None:
    for role, seat in seats.items():
        for code in set(PAGES) - may(role):
            for address in addresses(code, world, bill):
                for query in ("", "?as=csv", "?c=" + "x" * 22):
                    answer = seat.client.get(address + query)
                    page = answer.get_data(as_text=True)
                    assert answer.status_code == 403, (role, address)
                    assert "CSS354E" in page
                    assert "Tansley" not in page


def test_every_link_and_key_of_every_page_is_the_roles_own(seats: dict[Role, Seat], world: World, bill: str) -> None:
    """Whoever follows what is shown never meets "not for your roles"."""
    wrong = []
    for role, seat in seats.items():
        for code in may(role):
            for address in addresses(code, world, bill):
                answer = seat.client.get(address)
                page = answer.get_data(as_text=True)
                shown = set(re.findall(r'href="/s/([A-Z0-9]{4})', page))
                wrong += [f"{role.value}: {address} leads to {other}" for other in sorted(shown - may(role))]
                assert answer.status_code in {200, 303, 404}, (role, address, answer.status_code)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("key", ["Enter", "F6", "F2", "Keep", "Prompt", "S-F12"])
def test_no_key_on_another_roles_screen_does_or_keeps_anything(
    seats: dict[Role, Seat], engine: Engine, world: World, bill: str, key: str
) -> None:
    with transaction(engine) as session:
        before = session.execute(text("SELECT count(*) FROM css.conversation")).scalar_one()
    for role, seat in seats.items():
        seat.open("/s/MENU")
        form = {"csrf_token": seat.form()["csrf_token"], "key": key, "token": new_token(), "amount": "1", "prompt": "amount"}
        for code in set(PAGES) - may(role):
            assert seat.client.post(addresses(code, world, bill)[-1], data=form).status_code == 403, (role, code)
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM css.conversation")).scalar_one() == before


def test_menu_palette_and_search_of_commands_name_the_roles_own_screens(seats: dict[Role, Seat]) -> None:
    for role, seat in seats.items():
        listed = {one[0] for one in json.loads(seat.client.get("/palette").get_data(as_text=True))["screens"]}
        assert listed == {code for code in may(role) if PAGES[code].screen.in_menu}
        for address in ("/s/MENU", "/s/MENU/audit", "/s/MENU/bill"):
            page = seat.client.get(address).get_data(as_text=True)
            assert set(re.findall(r'href="/s/([A-Z0-9]{4})', page)) <= may(role)


@pytest.mark.parametrize("kind", FILES)
def test_the_files_of_a_bill_are_for_those_who_may_see_it_and_only_after_the_caller_check(
    seats: dict[Role, Seat], app: Flask, engine: Engine, clock: MovingClock, bill: str, kind: str
) -> None:
    for role, seat in seats.items():
        answer = seat.client.get(f"/s/BL03/{bill}/{kind}")
        assert answer.status_code in ({200, 404} if "BL03" in may(role) else {403}), (role, kind)
        fresh = seated(app, engine, operator(role), clock.at)
        unasked = fresh.client.get(f"/s/BL03/{bill}/{kind}")
        assert unasked.status_code in ({303} if "BL03" in may(role) else {403}), (role, kind)
        assert "Content-Disposition" not in unasked.headers


def test_the_trail_is_exported_for_supervisors_alone(seats: dict[Role, Seat]) -> None:
    for role, seat in seats.items():
        answer = seat.client.get("/s/AD06?as=csv")
        assert (answer.status_code == 200) == (role is Role.SUPERVISOR)
        assert answer.headers["Content-Type"].startswith("text/csv" if role is Role.SUPERVISOR else "text/html")


def test_what_somebody_parked_is_taken_up_by_whoever_may_use_its_screen(seats: dict[Role, Seat], engine: Engine, world: World) -> None:
    token = new_token()
    with transaction(engine) as session:
        clerk, signed_on = session.execute(
            select(Operator, OperatorSession.id)
            .join(OperatorSession, OperatorSession.operator_id == Operator.id)
            .where(Operator.code == "CLERK")
            .order_by(OperatorSession.id.desc())
            .limit(1)
        ).one()
        by = OnDuty(signed_on, clerk.code, clerk.name, clerk.team, frozenset({Role.CLERK}), AT)
        keep(session, token, Spot("OR01", world.account.number), {"words": "parked words"}, base={}, by=by, at=AT)
        park(session, token)
    for role, seat in seats.items():
        page = seat.client.get(f"/s/OR01/{world.account.number}?c={token}")
        assert page.status_code == (200 if "OR01" in may(role) else 403), role
