"""FL01 report a fault: what is open on the line first, then what is wrong, then by when it must be put right and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.calendar import london_date
from css.core.errors import CssError
from css.core.phone import display_number
from css.master.appointment_queries import AppointmentRow, FreeSlot
from css.master.card_rows import LineCard
from css.master.cards import line_card
from css.master.queries import ProductRow, products
from css.web.desk import Desk, converse, status_of
from css.web.disclosure import knows_caller, note_read
from css.web.filters import instant
from css.web.form import REFRESH, Form
from css.web.moments import read_moment
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import Choices, InHand, address, go, show
from css.web.screens.fault_fields import ANOTHER, FL01
from css.web.screens.fault_next import LOCATIONS
from css.web.screens.fault_prompts import (
    SLOTS_LISTED,
    bands,
    better_care,
    read_visit,
    repair_slots,
    slot_values,
    slots_held,
    symptoms_on,
    visit_words,
)
from css.web.screens.fault_tests import TEST_OF, latest_tests, polls, run_test
from orders.queries.cards import OrderRow, open_orders
from repairs.actions import report_fault
from repairs.actions.finding import line_in_trouble
from repairs.commands.faults import ReportFault
from repairs.queries.cards import FaultRow, faults_of_line
from repairs.queries.outages import OutageNotice, outage_of_line
from repairs.queries.testing import LineTestRow
from repairs.rules.charges import BAND_HOURS
from repairs.words import OPEN_STATES

RECENT_SHOWN: Final = 5
TESTS_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class InTrouble:
    """The line in trouble, and what is known of it; nothing while no number is keyed that there is."""

    card: LineCard | None = None
    on_line: frozenset[str] = frozenset()
    """The codes of what works on it."""
    care_level: str | None = None
    faults: tuple[FaultRow, ...] = ()
    """Its latest, newest first."""
    orders: tuple[OrderRow, ...] = ()
    sold: tuple[ProductRow, ...] = ()
    free: tuple[FreeSlot, ...] = ()
    """The next visits that can be had."""
    held: tuple[AppointmentRow, ...] = ()
    better: Values = ()
    """The care levels that can be bought for one fault."""
    outage: OutageNotice | None = None
    """What everybody beneath failed plant is told."""
    line_id: int | None = None
    tests: tuple[LineTestRow, ...] = ()
    """The latest of the line, newest first."""
    is_caller_known: bool = False
    """Anybody may report a fault; where the line is, and whom to ring, is shown and filled in for the customer alone."""

    @property
    def open_faults(self) -> tuple[FaultRow, ...]:
        return tuple(one for one in self.faults if one.state in OPEN_STATES)

    @property
    def ended_faults(self) -> tuple[FaultRow, ...]:
        """Those it had with the account that has it now: what somebody had before is theirs."""
        account = self.card.account if self.card is not None else None
        return tuple(
            one for one in self.faults if one.state not in OPEN_STATES and account is not None and one.account_number == account.number
        )

    def named_test(self, form: Form) -> LineTestRow | None:
        """The test the report is judged by: one of this line, whatever line was keyed when it was made."""
        return next((one for one in self.tests if str(one.line_test_id) == form.text("line_test_id")), None)

    @property
    def deed(self) -> str:
        """Whether there is a reason to ask for: a second fault on a line must have one."""
        return ANOTHER if self.open_faults else ""


def show_report(at_desk: Desk, arguments: Arguments) -> Response:
    number = "/".join(arguments[:2])
    with at_desk.doing() as session:
        line = _line(session, at_desk, number)
    form = Form.blank(FL01, line.deed, number=number)
    card = line.card
    if card is not None:
        form.values["number"] = _shown_number(card, number)
        if card.customer is not None and line.is_caller_known:
            reach = next((point.value for point in card.customer.contact_points if point.kind.value != "email"), "")
            form.values |= {"contact_name": card.customer.name, "contact_phone": display_number(reach) if reach else ""}
    return _report(at_desk, form, line)


def act_report(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    with at_desk.doing() as session:
        line = _line(session, at_desk, posted.get("number", ""))
    form = Form.posted(FL01, posted, line.deed)
    if form.key in TEST_OF:
        return _test(at_desk, form)
    if form.key == REFRESH:
        form.errors.clear()
        return _report(at_desk, form, line)
    outcome = converse(
        at_desk, form, lambda: _read_report(at_desk, form, line), report_fault, leads_to=lambda done: address("FL03", done.fault_number)
    )
    if outcome.done is not None:
        done = outcome.done
        flash(f"Fault {done.fault_number} is reported. It is to be cleared by {instant(done.due_at)}.", "CSS377I")
        return go("FL03", done.fault_number)
    return _report(at_desk, form, line, status=outcome.status, effect=outcome.effect)


def _test(at_desk: Desk, form: Form) -> Response:
    """Test the line that is keyed. What else is keyed stays; the cursor goes to what is asked next."""
    form.errors.clear()
    asked = run_test(at_desk, form.key, form.text("number"))
    if asked.refused is not None:
        form.take(asked.refused)
    else:
        flash(*asked.told)
    if asked.test is not None:
        form.values["line_test_id"] = str(asked.test.line_test_id)
    with at_desk.doing() as session:
        line = _line(session, at_desk, form.text("number"))
    test = line.named_test(form)
    if not form.text("symptom_code"):
        form.start = "symptom_code"
    elif test is not None and test.needs_appointment and not form.text("slot"):
        form.start = "slot"
    else:
        form.start = form.cursor if form.cursor in form.values else ""
    return _report(at_desk, form, line, status=status_of(form) if form.has_errors else 200)


def _read_report(at_desk: Desk, form: Form, line: InTrouble) -> ReportFault | None:
    equipment_checked, power_checked = form.yes("equipment_checked"), form.yes("power_checked")
    told_at = form.reading("told_at", lambda typed: read_moment(typed, at_desk.at, element="told_at"))
    visit = read_visit(form, "slot", line.free, at_desk.today)
    band = form.member("charge_band", int, {str(band): band for band in BAND_HOURS})
    if form.has_errors:
        return None
    test = line.named_test(form)
    return ReportFault(
        number=form.text("number"),
        symptom_code=form.code("symptom_code"),
        words=said_since(form.text("since"), form.text("words")),
        contact_name=form.text("contact_name"),
        contact_phone=form.text("contact_phone"),
        access_notes=form.optional("access_notes"),
        hazard_notes=form.optional("hazard_notes"),
        equipment_checked=equipment_checked,
        power_checked=power_checked,
        reported_at=told_at,
        caller_name=form.optional("caller_name"),
        visit_notes=form.optional("visit_notes"),
        charge_band=band or 0,
        line_test_id=test.line_test_id if test is not None else None,
        appointment_number=visit.appointment_number,
        slot_on=visit.slot_on,
        half_day=visit.half_day,
        expedite_to=form.code("expedite_to") or None,
        forced_reason=form.optional("forced_reason"),
    )


def said_since(since: str, words: str) -> str:
    """The caller's words with since when in front of them."""
    if not since:
        return words
    opening = since if since.lower().startswith("since") else f"Since {since}"
    return f"{opening}. {words}".strip() if words else opening


def _line(session: Session, at_desk: Desk, number: str) -> InTrouble:
    """Who looked at which line is written down, so the session must be one that commits."""
    try:
        found = line_in_trouble(session, number, by=at_desk.by, at=at_desk.at) if number.strip() else None
        card = line_card(session, number.partition("/")[0], by=at_desk.by) if found else None
    except CssError:
        return InTrouble()
    if found is None or card is None or card.account is None:
        return InTrouble()
    note_read(session, at_desk, FL01, ("line", found.guided.number))
    return InTrouble(
        card,
        on_line=found.products,
        care_level=found.guided.care_level,
        faults=faults_of_line(session, found.line_id, by=at_desk.by, limit=RECENT_SHOWN),
        orders=open_orders(session, by=at_desk.by, number=card.line.number) if card.line.number else (),
        sold=products(session, card.account.segment, london_date(at_desk.at)),
        free=repair_slots(session, card.line.address_key, at_desk.at),
        better=better_care(session, found.guided.care_level, at_desk.today),
        held=slots_held(session, at_desk, card.line.address_key, card.account.provider_code),
        outage=outage_of_line(session, found.line_id, by=at_desk.by),
        line_id=found.line_id,
        tests=latest_tests(session, at_desk, found.line_id, TESTS_SHOWN),
        is_caller_known=card.customer is not None and knows_caller(session, at_desk, card.customer.number),
    )


def _shown_number(card: LineCard, typed: str) -> str:
    _, stroke, place = typed.partition("/")
    return display_number(card.line.number or typed) + stroke + place.strip()


def prompt_report(at_desk: Desk, _: Arguments, form: Form, name: str) -> Values:
    """F4: the values that the line keyed now can have."""
    with at_desk.doing() as session:
        line = _line(session, at_desk, form.text("number"))
        if name == "slot" and line.card is not None:
            return slot_values(repair_slots(session, line.card.line.address_key, at_desk.at, SLOTS_LISTED), line.held)
    return dict(_offered(line)).get(name, ())


def _offered(line: InTrouble) -> Choices:
    return {
        "symptom_code": symptoms_on(line.on_line),
        "slot": slot_values(line.free, line.held),
        "charge_band": bands(line.sold),
        "expedite_to": line.better,
    }


def _report(at_desk: Desk, form: Form, line: InTrouble, *, status: int = 200, effect: object = None) -> Response:
    card = line.card
    in_hand = None
    if card and card.account and card.customer:
        # Once the contact's telephone is keyed, that is where somebody is rung: the line in trouble does not ring.
        in_hand = InHand(card.account.number, card.customer.name, card.line.number, ring=form.text("contact_phone") or None)
    choices = _offered(line)
    test = line.named_test(form)
    return show(
        at_desk,
        FL01,
        form=form,
        status=status,
        in_hand=in_hand,
        links={"F12": address("CU03", in_hand.account_number) if in_hand else "", "S-F8": address("FL08")},
        choices=choices,
        polls_seconds=polls(test),
        card=card,
        line=line,
        test=test,
        tested_before=[one for one in line.tests if one is not test],
        locations=LOCATIONS,
        open_already=line.open_faults,
        recent=line.ended_faults if line.is_caller_known else (),
        band_words=dict(choices["charge_band"]).get(form.text("charge_band") or "0", ""),
        visit_words=visit_words(form.text("slot"), at_desk.today),
        is_caller_known=line.is_caller_known,
        effect=effect,
    )


PAGES: Final = (Page(FL01, show_report, act_report, prompt_report),)
