"""Four households on one street, each with a number that changes, told up to the bills that follow and to whom calls are guided.

Mrs Ashby wants another number, and one she chose: she had it reserved. Mr Birch moves in and brings a number from Kelder to a new line.
Miss Cole brings hers to the line she has. Mr Dale takes his to Norsea in the middle of his minimum term. All is ordered on Monday
2 March 2026, done on Wednesday the 11th, and billed on the 12th. Each rings Leeds the noon before, and in the morning of the day.

A line is 22.60 a month with VAT until 31 March and 23.40 from then on (18.83 and 19.50 without); a connection 150.00 (125.00); a change
of number 20.00 (16.67), the choice of it 15.00 (12.50), a number ported in 22.00 (18.33); a month of a minimum term 9.00 (7.50).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from billing.checks import check_books
from css.core.calendar import london_instant
from css.core.words import LineState
from css.db.engine import transaction
from css.master.districts import close_business_date
from css.master.guiding import number_in_use
from css.master.lines import Line
from css.master.services import Service
from orders.queries.numbers import number_card, ported_numbers
from orders.rules.plant import NumberState
from tests import builders
from tests.builders import AT, CLERK, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.numbering import FOREIGN, a_new_line, a_port_in, a_port_out, a_renumber, reserve
from tests.records.ordering import complete, place
from tests.scenarios.nights import CallMade, bill_lines, bill_totals, carrier_file, nights_through, run_night

DONE_ON: Final = date(2026, 3, 11)
BILLED_ON: Final = DONE_ON + timedelta(days=1)
LEEDS: Final = "441134960123"
CHOSEN: Final = "441632960500"
COLES: Final = "441632970456"
NOON_BEFORE: Final = london_instant(DONE_ON - timedelta(days=1), time(12))
MORNING: Final = london_instant(DONE_ON, time(9))
NEXT_MORNING: Final = london_instant(BILLED_ON, time(9))
OPERATOR: Final = builders.OPERATOR


@dataclass(frozen=True)
class Street:
    engine: Engine
    zz: BuiltDistrict
    ashby: BuiltLine
    birch: BuiltAccount
    cole: BuiltLine
    dale: BuiltLine

    def calls(self, account: BuiltAccount) -> list[tuple[str, datetime]]:
        """From which number and when the calls were made that an account is charged for."""
        statement = text("SELECT charged_number, started_at FROM billing.rated_call WHERE account_id = :id ORDER BY started_at")
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(statement, {"id": account.id})]

    def nobodys_calls(self) -> list[tuple[str, datetime]]:
        """Calls set aside because nobody had the number."""
        statement = text("SELECT charged_number, started_at FROM billing.usage_set_aside WHERE is_open ORDER BY started_at, charged_number")
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(statement)]

    def bill(self, account: BuiltAccount) -> list[tuple[str, int]]:
        (lines,) = bill_lines(self.engine, account.number).values()
        return sorted(line for line in lines if line[0] != "calls")

    def guided(self, number: str, at: datetime) -> str | None:
        with Session(self.engine) as session:
            found = number_in_use(session, number, at)
            return None if found is None else found.account_number


@pytest.fixture(scope="module")
def street(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Street:
    """Everything ordered, done, and lived through."""
    home = tmp_path_factory.mktemp("home")
    with transaction(engine) as session:
        zz = builders.district(session, pairs=8, sites=5)
        accounts = [builders.account(session, zz, cycle_day=BILLED_ON.day) for _ in range(4)]
        ashby, cole, dale = (
            builders.working_line(session, zz, account, number=f"44163296000{n}") for n, account in enumerate((accounts[0], *accounts[2:]))
        )
        session.get_one(Service, dale.service_id).minimum_term_ends_on = date(2026, 9, 11)
        reserve(session, zz, CHOSEN, by=CLERK, account_number=accounts[0].number)
        ordered = [
            a_renumber(ashby.account, ashby.number, CHOSEN, required_on=DONE_ON),
            a_port_in(accounts[1], **a_new_line(zz, site=4)),
            a_port_in(cole.account, COLES, number=cole.number),
            a_port_out(dale.account, dale.number),
        ]
        placed = [place(session, command, at=AT + timedelta(hours=2)) for command in ordered]
    with transaction(engine) as session:
        for each in placed:
            complete(session, each.order_number, DONE_ON)
        close_business_date(session, "ZZ", through=NOON_BEFORE.date())  # the nights before had nothing to do
    made = Street(engine, zz, ashby, accounts[1], cole, dale)
    numbers = (ashby.number, CHOSEN, FOREIGN, cole.number, COLES, dale.number)
    carrier_file(home, "ZZ", DONE_ON, 1, [CallMade(number, LEEDS, at, 600) for number in numbers for at in (NOON_BEFORE, MORNING)])
    nights_through(engine, "ZZ", DONE_ON, DONE_ON, home)
    carrier_file(home, "ZZ", BILLED_ON, 2, [CallMade(dale.number, LEEDS, NEXT_MORNING, 600)])
    run_night(engine, "ZZ", BILLED_ON, home)
    return made


def test_a_chosen_number_is_reserved_ordered_and_charged(street: Street) -> None:
    account = street.ashby.account
    fees = [net for kind, net in street.bill(account) if kind == "one-off"]
    assert fees == [1250, 1667]
    assert street.calls(account) == [(street.ashby.number, NOON_BEFORE), (CHOSEN, MORNING)], "the old number to the day, the new from it"
    assert street.guided(street.ashby.number, MORNING) is None
    assert street.guided(CHOSEN, MORNING) == account.number
    with Session(street.engine) as session:
        old = number_card(session, street.ashby.number, by=CLERK, at=NEXT_MORNING)
        service = session.get_one(Service, street.ashby.service_id)
        assert (old.state, service.ends_on) == (NumberState.RESTING, None)
        assert old.rests_until_at == london_instant(DONE_ON, time()) + timedelta(days=90)


def test_a_number_from_another_network_works_on_a_new_line(street: Street) -> None:
    bill = street.bill(street.birch)
    assert [net for kind, net in bill if kind == "one-off"] == [1833, 12500]
    # One day, the 11th, of the 28 from 12 February: 1883.333333 / 28 = 67.26 -> 67.
    assert ("part-period", 67) in bill
    assert street.calls(street.birch) == [(FOREIGN, MORNING)]
    assert street.guided(FOREIGN, NOON_BEFORE) is None, "it was with the other network"
    with Session(street.engine) as session:
        assert {(row.number, row.network_code) for row in ported_numbers(session, network_code="KELDER")} == {
            (FOREIGN, "KELDER"),
            (COLES, "KELDER"),
        }


def test_a_number_from_another_network_takes_the_place_of_the_one_there_was(street: Street) -> None:
    account = street.cole.account
    assert [net for kind, net in street.bill(account) if kind == "one-off"] == [1833], "the line was there: no connection"
    assert street.calls(account) == [(street.cole.number, NOON_BEFORE), (COLES, MORNING)]
    assert [net for kind, net in street.bill(account) if kind == "termination"] == []


def test_a_number_that_leaves_takes_the_line_with_it_and_ends_in_a_final_bill(street: Street) -> None:
    account = street.dale.account
    ((issued_on, kind, figures),) = bill_totals(street.engine, account.number)
    assert (issued_on, kind) == (DONE_ON, "final")
    # Nine of the 28 days from 12 February: 1883.333333 x 9/28 = 605.36 -> 605. Six months of the term are left, at 7.50.
    lines = [line for line in bill_lines(street.engine, account.number)[issued_on] if line[0] != "calls"]
    assert sorted(net for _, net in lines) == [605, 4500]
    assert figures["invoice_gross"] > figures["invoice_net"]
    assert street.calls(account) == [(street.dale.number, NOON_BEFORE), (street.dale.number, MORNING)], "its last day is ours to bill"
    assert street.guided(street.dale.number, NEXT_MORNING) is None
    with Session(street.engine) as session:
        card = number_card(session, street.dale.number, by=CLERK, at=NEXT_MORNING)
        assert (card.state, card.network_name) == (NumberState.PORTED_OUT, "Norsea Communications")
        assert session.get_one(Line, street.dale.id).state is LineState.STOPPED


def test_calls_of_numbers_that_are_nobodys_wait_and_the_books_agree(street: Street) -> None:
    assert street.nobodys_calls() == sorted(
        [
            (CHOSEN, NOON_BEFORE),
            (FOREIGN, NOON_BEFORE),
            (COLES, NOON_BEFORE),
            (street.ashby.number, MORNING),
            (street.cole.number, MORNING),
            (street.dale.number, NEXT_MORNING),
        ],
        key=lambda call: (call[1], call[0]),
    )
    with transaction(street.engine) as session:
        assert check_books(session, "ZZ") == ()
