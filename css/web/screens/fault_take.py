"""FL09 the next fault: which one an engineer takes and why, shown before it is given out; and exactly that one is given out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Response, flash, g
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import Conflict
from css.web.conversation import Spot, keep, new_token, note
from css.web.desk import Desk, Outcome, converse
from css.web.filters import number
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import address, address_of, go, leads, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.fault_fields import CONTROL, FIELD
from css.web.screens.fault_next import CRAFTS, LOCATIONS
from css.web.screens.work_lists import NOT_SAID, place_of
from repairs.actions import take_next
from repairs.commands.dispatch import FaultIssued, TakeNext
from repairs.queries.dispatch import EngineerRow, EngineerVisit, engineer_card, engineer_day, engineers

SHOWN: Final = "shown_fault"

FL09: Final = Screen(
    code="FL09",
    title="Take the next fault",
    family="Faults",
    help=(
        "Which fault an engineer takes next: the one whose promise would be broken first, among those for the engineer's crafts and "
        "areas. Enter shows it and why it is put before the others; F6 gives it out. If somebody else gets it meanwhile, the next is "
        "shown and you decide again. An engineer has one fault at a time, and takes none when not on shift: then control assigns."
    ),
    roles=FIELD,
    response=ResponseClass.R2,
    takes="[engineer [district]]",
    fields=(
        Field(
            name="engineer_code",
            label="Engineer",
            help="Who takes it; F4 lists who is on shift and free, then the others.",
            kind="code",
            length_max=8,
            width=10,
            is_required=True,
            prompts=True,
        ),
        Field(name=SHOWN, label="Shown", help="Which fault was shown.", kind="hidden", length_max=16),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="commit", sends=True)),
    converses=True,
)


@dataclass(frozen=True, slots=True)
class NextFault:
    """What an engineer takes next."""

    issued: FaultIssued
    visit: EngineerVisit | None
    """As the engineer would have it."""


def take_next_on_top(at_desk: Desk, district: str, below: str | None) -> Response:
    """To what is taken next, checked already where whoever is at the desk is an engineer; it lies on top of ``below``."""
    code = own_code(at_desk)
    if code is not None:
        return to_next(at_desk, code, below)
    g.on = below
    return go("FL09", NOT_SAID, district)


def to_next(at_desk: Desk, engineer_code: str, below: str | None) -> Response:
    """To what this engineer takes next, as if Enter had been pressed there."""
    token, keyed = new_token(), {"engineer_code": engineer_code, SHOWN: ""}
    with at_desk.doing() as session:
        kept = keep(session, token, Spot("FL09", engineer_code, below), keyed, base=keyed, by=at_desk.on_duty, at=at_desk.at)
        note(session, token, keyed=keyed, base=keyed, seen="", is_checked=True, subject=None, label="")
    return leads(address_of(kept))


def own_code(at_desk: Desk) -> str | None:
    """The code of the engineer who is at the desk; None where it is none."""
    with at_desk.reading() as session:
        return at_desk.by.name if engineer_day(session, by=at_desk.by, at=at_desk.at) is not None else None


def show_next(at_desk: Desk, arguments: Arguments) -> Response:
    said = arguments[0].upper() if arguments and arguments[0] != NOT_SAID else ""
    return _page(at_desk, arguments, Form.blank(FL09, engineer_code=said or own_code(at_desk)))


def act_next(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter shows which fault it would be; F6 gives out that one and no other."""
    form = Form.posted(FL09, posted)
    if form.key == REFRESH:
        form.errors.clear()
        form.values[SHOWN] = ""
        return _page(at_desk, arguments, form)
    code = form.code("engineer_code")
    outcome: Outcome[NextFault] = converse(
        at_desk,
        form,
        lambda: None if form.has_errors else TakeNext(engineer_code=code),
        _exactly(form.text(SHOWN) if form.commits else ""),
        leads_to=lambda done: address("FL06", done.issued.engineer_code),
    )
    if outcome.done is not None:
        done = outcome.done.issued
        flash(f"Fault {number(done.fault_number)} is {done.engineer_code}'s now.", "CSS965I")
        return go("FL06", done.engineer_code)
    form.values[SHOWN] = outcome.effect.issued.fault_number if outcome.effect is not None else ""
    form.seen = form.digest() if outcome.effect is not None else ""
    return _page(at_desk, arguments, form, status=outcome.status, effect=outcome.effect)


def _exactly(shown: str) -> Callable[..., NextFault]:
    """The deed, that does nothing where it would give out another fault than the one that was shown."""

    def deed(session: Session, command: TakeNext, *, by: Actor, at: datetime) -> NextFault:
        done = take_next(session, command, by=by, at=at)
        if shown and done.fault_number != shown:
            sentence = "Fault {shown}, which was shown, went to somebody else meanwhile; {now} is next now. Enter shows it."
            raise Conflict("CSS956E", sentence, shown=shown, now=done.fault_number)
        visits = engineer_card(session, done.engineer_code, by=by, at=at).visits
        return NextFault(done, next((one for one in visits if one.visit_id == done.visit_id), None))

    return deed


def prompt_next(at_desk: Desk, arguments: Arguments, form: Form, name: str) -> Values:
    """F4: the engineers of the district, those first who could take something now."""
    del form
    if name != "engineer_code":
        return ()
    with at_desk.reading() as session:
        own = None if at_desk.may(CONTROL) else engineer_day(session, by=at_desk.by, at=at_desk.at)
        district = own.engineer.district_code if own is not None else place_of(session, arguments[1:])[1]
        rows = engineers(session, district, by=at_desk.by, at=at_desk.at)
    return tuple((one.code, engineer_words(one)) for one in sorted(rows, key=lambda one: (not one.is_free, not one.is_on_shift, one.code)))


def engineer_words(one: EngineerRow) -> str:
    """Who it is, and what they can do, where and have now."""
    has = f"has {number(one.fault_number)}" if one.fault_number else "free" if one.is_on_shift else "not on shift"
    return f"{one.name}, {has}: {', '.join(craft.value for craft in one.crafts)}; {', '.join(one.exchange_codes)}"


def _page(at_desk: Desk, arguments: Arguments, form: Form, *, status: int = 200, effect: NextFault | None = None) -> Response:
    return show(
        at_desk,
        FL09,
        form=form,
        status=status,
        choices={"engineer_code": prompt_next(at_desk, arguments, form, "engineer_code")},
        effect=effect,
        locations=LOCATIONS,
        crafts=CRAFTS,
        tells=at_desk.may(CONTROL),
    )


PAGES: Final = (Page(FL09, show_next, act_next, prompt_next),)
