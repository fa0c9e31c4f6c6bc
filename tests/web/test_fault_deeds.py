"""FL01, FL02, FL03 and FL08: a fault with its test and its visit, and everything that is done to it, each deed checked and committed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from css.core.words import PlantCondition, PlantElement
from css.db.engine import transaction
from css.web.moments import read_moment
from css.web.rendering import SHELL_HEADER
from css.web.screens.fault_deed_fields import DEEDS, FL02
from css.web.screens.fault_deeds import FAULT
from repairs.actions import add_engineer, break_plant, report_fault
from repairs.commands.dispatch import AddEngineer
from repairs.commands.faults import ReportFault
from repairs.commands.testing import BreakPlant
from repairs.words import Craft
from tests import builders
from tests.builders import BuiltDistrict, BuiltLine
from tests.conftest import clone
from tests.web.conftest import AT, MovingClock, Seat, World, populate, seated

Reported = Callable[..., str]


@pytest.fixture(scope="module")
def settled(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
        yield engine, world


@pytest.fixture(scope="module")
def zy(settled: tuple[Engine, World]) -> BuiltDistrict:
    with transaction(settled[0]) as session:
        made = builders.district(session, "ZY", pairs=50, sites=40)
        jack = AddEngineer(
            code="JACK", name="Jack Reed", district_code="ZY", crafts=tuple(Craft), exchange_codes=("WREN",), calendar_code="ALWAYS"
        )
        add_engineer(session, jack, by=builders.OPERATOR, at=AT)
        return made


@pytest.fixture(scope="module")
def line(settled: tuple[Engine, World], zy: BuiltDistrict) -> Callable[[], BuiltLine]:
    """One more line that works."""
    sites = iter(zy.gold)

    def one_more() -> BuiltLine:
        with transaction(settled[0]) as session:
            return builders.working_line(session, zy, builders.account(session, zy), site=next(sites))

    return one_more


@pytest.fixture(scope="module")
def reported(settled: tuple[Engine, World], line: Callable[[], BuiltLine]) -> Reported:
    """One more fault, or what is said of it; gives its number."""

    def one_more(**said: object) -> str:
        told = {"number": line().number, "symptom_code": "NDT", "contact_name": "Rose Finch", "contact_phone": "07700 900456"} | said
        with transaction(settled[0]) as session:
            return report_fault(session, ReportFault(**told), by=builders.CLERK, at=AT).fault_number  # type: ignore[arg-type]

    return one_more


def _does(desk: Seat, fault: str, deed: str, **keyed: str) -> None:
    """Look at the deed, check it, commit it."""
    desk.open(f"/s/FL02/{fault}/{deed}")
    assert desk.press("Enter", **keyed).status_code == 200, (desk.said, re.findall(r'class="error"[^>]*>(.*?)</p>', desk.page))
    assert '<section class="effect"' in desk.page
    desk.press("F6")
    assert desk.title.startswith("FL03"), desk.said


def _deeds(desk: Seat, fault: str) -> list[str]:
    """What FL03 offers."""
    desk.open(f"/s/FL03/{fault}")
    return re.findall(rf'<a href="/s/FL02/{fault}/(\w+)">', desk.page.partition("What can be done")[2])


def _prompt(desk: Seat, field: str, **keyed: str) -> dict[str, str]:
    data = desk.form() | keyed | {"key": "Prompt", "prompt": field}
    return dict(desk.client.post(desk.path, data=data, headers={SHELL_HEADER: "1"}).get_json()["values"])


def _state(desk: Seat) -> str:
    found = re.search(r'<h2>\w+ [^<]*<span class="flag[^"]*">([^<]*)</span>', desk.page)
    return found[1] if found else ""


# --- FL01 -----------------------------------------------------------------------------------------------------------------


def test_a_report_is_judged_by_its_test_and_promised_its_visit(desk: Seat, line: Callable[[], BuiltLine], engine: Engine) -> None:
    number = line().number
    with transaction(engine) as session:
        trouble = BreakPlant(element=PlantElement.PREMISES, number=number, condition=PlantCondition.SHORT)
        break_plant(session, trouble, by=builders.OPERATOR, at=AT)
    desk.open(f"/s/FL01/{number}")
    desk.press("S-F5", symptom_code="ndt", contact_name="Rose Finch", contact_phone="07700 900456", cursor="symptom_code")
    assert "CSS942I" in desk.said
    assert desk.cursor == "slot"
    assert desk.form()["contact_name"] == "Rose Finch", "what is keyed stays"
    visits = _prompt(desk, "slot")
    assert all(re.fullmatch(r"\d+/\d+/26[AP]M", keyed) for keyed in visits)
    desk.press("Enter", slot="2", since="Sunday", words="It is dead.", charge_band="1", expedite_to="4", told_at="-1 16:30")
    assert desk.form()["slot"] == list(visits)[1], "the number on the list becomes the day it stood for"
    assert "Care level 4" in desk.page
    assert "up to 2 hours" in desk.page
    assert "neither" not in desk.page.partition("effect")[0]
    desk.press("F6")
    assert _state(desk) == "APPOINTED"
    for said in ("Since Sunday. It is dead.", "EXPEDITED", "up to two hours", "Where to look", "T015"):
        assert said in desk.page
    assert "numbered" in desk.page, "it was told before it had its number"


def test_a_visit_that_is_no_visit_is_refused_and_a_moment_without_its_time(desk: Seat, line: Callable[[], BuiltLine]) -> None:
    desk.open(f"/s/FL01/{line().number}")
    keyed = {"symptom_code": "ndt", "contact_name": "Rose Finch", "contact_phone": "07700 900456"}
    wrong = {("99", ""): {"CSS939E"}, ("nonsense", "yesterday"): {"CSS938E", "CSS939E"}, ("32/13/26 AM", ""): {"CSS365E"}}
    for (slot, told_at), codes in wrong.items():
        assert desk.press("Enter", **keyed, slot=slot, told_at=told_at).status_code == 422
        assert set(desk.said) == codes


def test_a_second_fault_needs_its_reason(desk: Seat, line: Callable[[], BuiltLine], reported: Reported) -> None:
    number = line().number
    first = reported(number=number)
    desk.open(f"/s/FL01/{number}")
    assert "A fault is open on this line" in desk.page
    keyed = {"symptom_code": "NSY", "contact_name": "Rose Finch", "contact_phone": "07700 900456"}
    assert desk.press("Enter", **keyed).status_code == 409
    assert "CSS312E" in desk.said
    assert desk.press("Enter", forced_reason="Another extension, another wire").status_code == 200
    desk.press("F6")
    assert first not in desk.path
    assert "Another extension, another wire" in desk.page


# --- FL02 and FL03 ----------------------------------------------------------------------------------------------------------


def test_a_fault_goes_its_whole_way(desk: Seat, reported: Reported, clock: MovingClock) -> None:
    fault = reported()
    assert {"clear", "park", "diagnose", "appoint", "chase", "own", "withdraw", "assign"} <= set(_deeds(desk, fault))
    assert "test the line, Shift+F5" in desk.page
    desk.press("S-F5")
    assert "CSS942I" in desk.said
    assert _state(desk) == "TESTED"
    _does(desk, fault, "diagnose", location="LN", craft="OVERHEAD", words="A pole was hit.")
    assert "LN the local network" in desk.page
    _does(desk, fault, "queue", words="Nobody need be in.")
    assert "takes it from the queue" in desk.page
    _does(desk, fault, "own")
    assert "own" not in _deeds(desk, fault), "it is theirs already"
    _does(desk, fault, "amend", hazard_notes="Geese", words="Works now and then.")
    assert "Geese" in desk.page
    _does(desk, fault, "chase", words="When does somebody come?")
    desk.open(f"/s/FL02/{fault}/assign")
    assert "JACK" in _prompt(desk, "engineer_code")
    _does(desk, fault, "assign", engineer_code="jack")
    assert "Jack Reed (JACK) has it" in desk.page
    assert "recall" in _deeds(desk, fault)
    _does(desk, fault, "recall", reason="Wrong van.")
    _does(desk, fault, "assign", engineer_code="jack")
    _does(desk, fault, "arrive")
    _does(desk, fault, "return", return_reason="stores", words="No dropwire left.")
    _does(desk, fault, "park", park_reason="permission", words="The landowner is asked.")
    assert "resumes it" in desk.page
    assert "parked" in desk.page
    _does(desk, fault, "resume", words="He says yes.")
    _does(desk, fault, "expedite", care_level="4", consented_by="Rose Finch")
    assert "EXPEDITED" in desk.page
    desk.open(f"/s/FL02/{fault}/clear")
    assert _prompt(desk, "pair_number"), "the spare pairs of its distribution point"
    _does(desk, fault, "clear", clear_code="DW", words="New dropwire.", pair_number=next(iter(_prompt(desk, "pair_number"))))
    assert _state(desk) == "CLEARED"
    assert "Moved from pair" in desk.page
    assert {"accept", "reject"} <= set(_deeds(desk, fault))
    _does(desk, fault, "reject", reason="It is dead again.")
    assert _state(desk) == "QUEUED"
    _does(desk, fault, "clear", clear_code="DP")
    _does(desk, fault, "accept", words="It works.")
    assert _state(desk) == "CLOSED"
    assert _deeds(desk, fault) == []
    desk.open(f"/s/FL03/{fault}/explain")
    assert "Every minute and every penny" in desk.page


def test_a_visit_is_promised_later_than_it_was_offered_and_then_missed(
    desk: Seat, reported: Reported, clock: MovingClock, engine: Engine
) -> None:
    fault = reported()
    _does(desk, fault, "appoint", slot="4", is_choice="Y")
    assert _state(desk) == "APPOINTED"
    clock.goes_on(days=4)
    later = seated(desk.client.application, engine, "ALL1", clock.at)
    _does(later, fault, "miss", cause="no-show", words="The van broke down.")
    assert _state(later) == "QUEUED"
    assert "customer held" in later.page, "until the visit they chose it was their own delay"


def test_two_who_amend_see_both_values(desk: Seat, colleague: Seat, reported: Reported) -> None:
    fault = reported()
    desk.open(f"/s/FL02/{fault}/amend")
    desk.press("Enter", contact_name="Rose Mary Finch")
    _does(colleague, fault, "amend", contact_name="Tom Finch", hazard_notes="Geese")
    assert desk.press("F6").status_code == 409
    assert "CSS314E" in desk.said
    assert "now: <b>Tom Finch</b>" in desk.page
    shown = desk.form()
    assert (shown["contact_name"], shown["hazard_notes"]) == ("Rose Mary Finch", "Geese"), "what only they changed is taken over"
    desk.press("Enter")
    desk.press("F6")
    assert "Rose Mary Finch" in desk.page


def test_damage_is_a_place_and_nobodys_account(desk: Seat, zy: BuiltDistrict) -> None:
    desk.open(f"/s/FL08/{zy.code}")
    assert desk.form()["exchange_code"] == "WREN", "there is one"
    told = {
        "place_words": "Outside 14 Larkspur Close",
        "words": "A pole leans.",
        "contact_name": "Rose Finch",
        "contact_phone": "07700 900456",
    }
    desk.press("Enter", **told)
    slow = re.search(r"<dt>Due</dt><dd><b>([^<]*)", desk.page)
    desk.press("Enter", hazard_notes="Wires on the footpath")
    soon = re.search(r"<dt>Due</dt><dd><b>([^<]*)", desk.page)
    assert slow
    assert soon
    assert slow[1] != soon[1], "what is dangerous is due sooner"
    desk.press("F6")
    assert "Damage" in desk.page
    assert "Outside 14 Larkspur Close" in desk.page
    fault = desk.path.rsplit("/", 1)[1]
    offered = _deeds(desk, fault)
    assert "appoint" not in offered
    _does(desk, fault, "clear", clear_code="TPD", words="Pole replaced.")


def test_every_deed_has_its_place_and_its_fields() -> None:
    assert tuple(FAULT.deeds) == DEEDS
    assert {deed for field in FL02.fields for deed in field.deeds} <= set(DEEDS)


def test_moments_are_read_by_london_clocks() -> None:
    at = AT
    assert read_moment("-1 16:30", at, element="x").date() == (at - timedelta(days=1)).date()
    assert f"{read_moment('1/7/25 9.15', at, element='x'):%H:%M}" == "08:15"
