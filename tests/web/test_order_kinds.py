"""Every kind of order keyed as a caller says it: what the screen asks for, what it shows and reads out, and that it is placed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.core.words import Segment
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.web.screens.order_fields import OR01, WHAT
from orders.rules.kinds import KINDS
from orders.words import OrderKind
from tests import builders
from tests.builders import BuiltAccount, BuiltDistrict
from tests.conftest import QueryCount, clone
from tests.records.numbering import FOREIGN
from tests.records.places import FIRM
from tests.web.conftest import AT, Seat, World, populate
from tests.web.knowing import caller_known

WANTED = "+21"
"""Three weeks: later than anything takes, and a Monday."""
Case = tuple[BuiltAccount, str, dict[str, str]]
"""The account, the line in hand, and what is keyed over what stands there already."""


@pytest.fixture(scope="module")
def settled(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
        yield engine, world


@pytest.fixture(scope="module")
def cases(settled: tuple[Engine, World]) -> dict[OrderKind, Case]:
    """For each kind somebody who wants it, with a line where it takes one."""
    with transaction(settled[0]) as session:
        yy = builders.district(session, "YY", pairs=60, sites=40)
        return {kind: case(session, yy) for kind, case in CASES.items()}


def _home(session: Session, yy: BuiltDistrict, *features: str) -> tuple[BuiltAccount, builders.BuiltLine]:
    account = builders.account(session, yy)
    return account, builders.working_line(session, yy, account, features=features)


def _on_a_line(*features: str, **keyed: str) -> Callable[[Session, BuiltDistrict], Case]:
    """What is done to a line they have."""

    def case(session: Session, yy: BuiltDistrict) -> Case:
        account, line = _home(session, yy, *features)
        return account, line.number, keyed

    return case


def _a_new_line(session: Session, yy: BuiltDistrict) -> Case:
    return builders.account(session, yy), "", {"product_codes": "LINE-RES", "address_key": yy.gold[-1].address_key}


def _a_stopped_line(session: Session, yy: BuiltDistrict) -> Case:
    builders.stopped_line(session, yy, site=yy.gold[-2])
    return builders.account(session, yy), "", {"product_codes": "LINE-RES", "address_key": yy.gold[-2].address_key}


def _the_line_of_who_moves_out(session: Session, yy: BuiltDistrict) -> Case:
    _, line = _home(session, yy)
    keyed = {"product_codes": "LINE-RES", "address_key": line.site.address_key, "number": line.number}
    return builders.account(session, yy), "", keyed


def _from_a_partner(**keyed: str) -> Callable[[Session, BuiltDistrict], Case]:
    def case(session: Session, yy: BuiltDistrict) -> Case:
        theirs = builders.account(session, yy, provider_code=PARTNER, segment=Segment.WHOLESALE)
        line = builders.working_line(session, yy, theirs)
        return builders.account(session, yy), "", {"number": line.number, "postcode": line.site.postcode, **keyed}

    return case


def _a_number_from_elsewhere(session: Session, yy: BuiltDistrict) -> Case:
    account, line = _home(session, yy)
    return account, line.number, {"new_number": FOREIGN, "network_code": "KELDER", "authority": "LOA 17"}


def _to_other_premises(session: Session, yy: BuiltDistrict) -> Case:
    account, line = _home(session, yy, "CALL-WAITING")
    return account, line.number, {"address_key": yy.gold[-3].address_key}


def _lines_for_a_firm(session: Session, yy: BuiltDistrict) -> Case:
    account = builders.account(session, yy, segment=FIRM, billing_name="Tansley & Co")
    return account, builders.working_line(session, yy, account).number, {"line_count": "3"}


def _one_line_of_three(session: Session, yy: BuiltDistrict) -> Case:
    account = builders.account(session, yy, segment=FIRM, billing_name="Tansley & Co")
    line = builders.working_line(session, yy, account)
    for other in (builders.working_line(session, yy, account, site=line.site) for _ in range(2)):
        session.execute(text("DELETE FROM css.service_number WHERE service_id = :id"), {"id": other.service_id})
        session.execute(text("DELETE FROM css.service WHERE line_id = :id"), {"id": other.id})
        session.execute(text("DELETE FROM css.line_listing WHERE line_id = :id"), {"id": other.id})
        session.execute(text("UPDATE css.line SET auxiliary_of_id = :of WHERE id = :id"), {"of": line.id, "id": other.id})
    paid_for = builders.service(session, line.id, account, "AUX-LINE", where=yy)
    session.execute(text("UPDATE css.service SET quantity = 2 WHERE id = :id"), {"id": paid_for})
    return account, line.number, {}


def _a_barred_line(session: Session, yy: BuiltDistrict) -> Case:
    account, line = _home(session, yy)
    session.execute(
        text("INSERT INTO css.line_bar (line_id, kind, starts_at, reference) VALUES (:line, 'OCB', :at, 'YYO00000001')"),
        {"line": line.id, "at": AT},
    )
    return account, line.number, {}


CASES: dict[OrderKind, Callable[[Session, BuiltDistrict], Case]] = {
    OrderKind.PROVIDE: _a_new_line,
    OrderKind.START: _a_stopped_line,
    OrderKind.TAKEOVER: _the_line_of_who_moves_out,
    OrderKind.TRANSFER: _from_a_partner(),
    OrderKind.TRANSFER_WITH_CHANGES: _from_a_partner(product_codes="call-waiting"),
    OrderKind.PORT_IN: _a_number_from_elsewhere,
    OrderKind.PORT_OUT: _on_a_line(network_code="NORSEA"),
    OrderKind.MOVE: _to_other_premises,
    OrderKind.SHIFT: _on_a_line(),
    OrderKind.RENUMBER: _on_a_line(),
    OrderKind.FEATURES: _on_a_line("CALLER-DISPLAY", product_codes="call-waiting", remove_codes="caller-display"),
    OrderKind.CARE: _on_a_line(care_level="3"),
    OrderKind.DIRECTORY: _on_a_line(directory_kind="XD"),
    OrderKind.LINES: _lines_for_a_firm,
    OrderKind.CONVERT: _one_line_of_three,
    OrderKind.CEASE: _on_a_line(reason_code="MV"),
    OrderKind.BAR: _on_a_line(bar="OCB"),
    OrderKind.RESTORE: _a_barred_line,
}
"""What is asked for, and said, of each."""

READ_OUT = {
    OrderKind.PROVIDE: "You are ordering Residential line at",
    OrderKind.TAKEOVER: "You are taking over the working line",
    OrderKind.TRANSFER: "You are bringing",
    OrderKind.PORT_IN: "You are bringing the number",
    OrderKind.MOVE: "Your line",
    OrderKind.FEATURES: "On 0",
}
"""How what is read out begins, of some."""


def test_there_is_a_case_for_every_kind() -> None:
    assert set(CASES) == set(OrderKind) == set(KINDS)


@pytest.mark.parametrize("kind", OrderKind)
def test_every_kind_is_placed_as_it_is_said(
    desk: Seat,
    engine: Engine,
    cases: dict[OrderKind, Case],
    kind: OrderKind,
    query_count: Callable[[], AbstractContextManager[QueryCount]],
) -> None:
    account, line, keyed = cases[kind]
    caller_known(engine, "ALL1", account.customer_number, AT)
    letters = KINDS[kind].screen
    desk.open("/".join(part for part in ("/s/OR01", account.number, letters, line) if part))
    said = {"contact_phone": "07700 900456", "required_on": WANTED, "cursor": "required_on", **keyed}
    assert set(keyed) <= set(desk.form()), "there is a field for everything that is said"
    with query_count() as sent:
        assert desk.press("Enter", **said).status_code == 200, desk.said
    assert desk.said == ["CSS366I"]
    assert len(sent) <= STATEMENTS_MAX
    effect = desk.page.partition('<section class="effect"')[2].partition("</section>")[0]
    assert f"<b>{KINDS[kind].title}</b>" in effect
    script = re.findall(r"<li>(.*?)</li>", effect.partition('class="script"')[2])
    assert script[0].startswith(READ_OUT.get(kind, ""))
    assert len(script) > 1
    assert script[-1].endswith("?"), "the last sentence is the question"
    assert "None" not in effect
    desk.press("F6")
    assert desk.title.startswith("OR03"), desk.said
    assert KINDS[kind].title in desk.page


STATEMENTS_MAX = 75
"""Of a check, whatever the kind; a move or a transfer reads two lines and two accounts."""


@pytest.mark.parametrize("kind", OrderKind)
def test_what_a_kind_needs_has_its_star_and_what_it_is_done_to_comes_first(
    desk: Seat, engine: Engine, cases: dict[OrderKind, Case], kind: OrderKind
) -> None:
    account = cases[kind][0]
    rule = KINDS[kind]
    caller_known(engine, "ALL1", account.customer_number, AT)
    desk.open(f"/s/OR01/{account.number}/{rule.screen}")
    shown = re.findall(r'<label for="(\w+)">[^<]*(<span class="needed")?', desk.page)
    fields = [name for name, _ in shown]
    starred = {name for name, star in shown if star}
    assert starred == (rule.needs - {"address_key"} if kind is OrderKind.CEASE else rule.needs) | {
        "account_number", "kind", "contact_name", "contact_phone", "required_on"
    }  # fmt: skip
    what = [one.name for one in OR01.shown_fields(rule.screen) if one.step == WHAT]
    assert [name for name in fields if name in what] == what
    if "number" in rule.needs:
        assert what[0] == "number", "the line is named before what is done to it"
