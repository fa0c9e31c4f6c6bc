"""FL04 the work list of faults: what is open in a district, soonest due first, narrowed, given out and seen through."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response, g
from sqlalchemy.orm import Session

from css.core.deadline import CareTerms
from css.core.errors import BadMessage
from css.core.ids import IdKind, expect_id
from css.master.care_levels import care_book
from css.web.conversation import Spot, frame
from css.web.desk import Desk, status_of
from css.web.filters import soon, span
from css.web.form import COMMIT, ENTER, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import Choices, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import STAFF
from css.web.screens.fault_deed_commands import CRAFTS
from css.web.screens.fault_fields import CONTROL, DESK
from css.web.screens.fault_next import CRAFTS as CRAFT_WORDS
from css.web.screens.fault_take import take_next_on_top
from css.web.screens.work_lists import NOT_SAID, after_of, packed, page_links, place_of, unpacked
from orders.queries.work import exchanges_of
from repairs.queries.outages import outages
from repairs.queries.queue import QueueRow, queue_page, queue_version
from repairs.words import OPEN_STATES, Craft, FaultState

POLLS_SECONDS: Final = 10
MORE: Final = "more"
ASSIGN: Final = "S-F4"
ROW_KEYS: Final = {"S-F3": "own", ASSIGN: "assign"}
"""What is done to the fault the cursor is on."""
STATES: Final = {state.value.upper(): state for state in FaultState if state in OPEN_STATES or state is FaultState.CLEARED}
STATE_WORDS: Final = {
    FaultState.REPORTED: "nobody knows yet what it is",
    FaultState.TESTED: "a test answered, nobody judged it",
    FaultState.DIAGNOSED: "known where to look, a visit is to be promised",
    FaultState.QUEUED: "waits for the next engineer",
    FaultState.APPOINTED: "waits for the slot that was promised",
    FaultState.ISSUED: "an engineer has it",
    FaultState.ON_SITE: "an engineer is there",
    FaultState.PARKED: "somebody else must act first",
    FaultState.CLEARED: "not open any more: the clear waits for an answer",
}
ID_MAX: Final = 2**63 - 1
YES_NO: Final = {"Y": True, "YES": True, "N": False, "NO": False}

FL04: Final = Screen(
    code="FL04",
    title="Fault work list",
    family="Faults",
    help=(
        "The open faults of a district, soonest due first: how long is left, where they stand and where the trouble is, who sees them "
        "through, who must go and who has them; whether the customer must come first (VULNERABLE), the line had a fault lately (REPEAT), "
        "somebody may be hurt (HAZARD) or they go with failed plant (OUTAGE). Enter on a filter narrows the list; F7 and F8 turn its "
        "pages, F11 shows what the customer said. It looks for news by itself, and the cursor stays on its fault. Key the number in "
        "front to open one. Up and Down move in the list, or key a number and no Enter: Shift+F4 assigns that fault, Shift+F3 makes it "
        "yours to see through. F6 shows which fault an engineer takes next, and F6 there gives it out."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="[district [care level]]",
    fields=(
        Field(name="care_level", label="Care level", help="1, 2, 2.5, 3 or 4; empty for all.", kind="code", length_max=3, width=4),
        Field(name="area", label="Area", help="The first half of a postcode: ZZ4.", length_max=4, width=5),
        Field(name="exchange_code", label="Exchange", help="Where the line is.", kind="code", length_max=8, width=8),
        Field(name="only_vulnerable", label="Vulnerable", help="Y for vulnerable customers only.", kind="yes-no", length_max=3, width=3),
        Field(name="only_repeats", label="Repeats", help="Y for lines that had a fault lately only.", kind="yes-no", length_max=3, width=3),
        Field(
            name="state",
            label="State",
            help="Where it stands: QUEUED. CLEARED lists the clears that wait for an answer.",
            kind="code",
            length_max=10,
            width=10,
        ),
        Field(name="craft", label="Craft", help="Who must go: OVERHEAD.", kind="code", length_max=12, width=12),
        Field(name="owner_code", label="Owner", help="The operator who sees it through.", kind="code", length_max=8, width=8),
        Field(name="engineer_code", label="Engineer", help="Who has it now.", length_max=8, width=8),
        Field(
            name="outage",
            label="Outage",
            help="An outage's number for what hangs on it; Y for what hangs on any, N for what hangs on none.",
            kind="code",
            length_max=12,
            width=5,
        ),
    ),
    keys=(
        Key(name="Enter", label="narrow", sends=True),
        Key(name="F6", label="take next", sends=True, roles=CONTROL),
        Key(name="F7", label="page back"),
        Key(name="F8", label="page on"),
        Key(name="F11", label="more"),
        Key(name="S-F3", label="own", sends=True, roles=DESK),
        Key(name="S-F4", label="assign", sends=True, roles=CONTROL),
    ),
    polls_seconds=POLLS_SECONDS,
)
NAMES: Final = tuple(field.name for field in FL04.fields)


def narrowing(**filters: str) -> str:
    """Some of the list's filters as a part of its address."""
    return packed([filters.get(name, "") for name in NAMES])


def narrowed_to(district: str, **filters: str) -> str:
    """The address of the list narrowed by some of its filters."""
    return address("FL04", district, narrowing(**filters))


def show_list(at_desk: Desk, arguments: Arguments) -> Response:
    return _list(at_desk, arguments, Form.blank(FL04, **dict(zip(NAMES, unpacked(arguments, len(NAMES)), strict=True))))


def act_list(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter narrows: the filters go into the address. F5 looks again at the same page. The other keys are about a fault."""
    key = posted.get("key", "")
    if key == COMMIT and at_desk.may(CONTROL):
        with at_desk.reading() as session:
            _, chosen = place_of(session, arguments)
        return take_next_on_top(at_desk, chosen, _on_top(at_desk, arguments))
    form = Form.posted(FL04, posted)
    if key in ROW_KEYS and at_desk.may(CONTROL if key == ASSIGN else DESK):
        number = _meant(form, posted.get("row", ""))
        if number:
            g.on = _on_top(at_desk, arguments)
            return go("FL02", number, ROW_KEYS[key])
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
        levels = care_book(session, at_desk.today).levels
    if form.key != ENTER or _filters(form, levels) is None:
        return _list(at_desk, arguments, form)
    return go("FL04", chosen, packed([form.code(name) for name in NAMES]))


def version_of_list(at_desk: Desk, arguments: Arguments) -> str:
    """Whether the list would look otherwise than it did."""
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
        return queue_version(session, chosen, at=at_desk.at, by=at_desk.by)


def _on_top(at_desk: Desk, arguments: Arguments) -> str:
    """What is opened from the list lies on top of it, so that F3 comes back to the same page of it."""
    with at_desk.doing() as session:
        return frame(session, Spot("FL04", "/".join(arguments), g.on), by=at_desk.on_duty, at=at_desk.at)


def _meant(form: Form, row: str) -> str | None:
    """The number of the fault that a key is about; None, and said, where the cursor is on none."""
    try:
        return expect_id(row, IdKind.FAULT, element="row")
    except BadMessage:
        sentence = "Move to a fault with Up and Down, or key the number in front of it at the command line; then press {key}."
        form.general.append(BadMessage("CSS954E", sentence, key=form.key.replace("S-", "Shift+")))
        return None


def _filters(form: Form, levels: tuple[CareTerms, ...]) -> dict[str, Any] | None:
    """What the list is narrowed by; None when something in it is wrong, which then hangs on the form."""
    on_outage, outage_id = None, None
    typed = form.code("outage")
    if typed.isascii() and typed.isdigit() and int(typed) <= ID_MAX:
        outage_id = int(typed)
    elif typed and typed not in YES_NO:
        form.wrong("outage", "CSS955E", "{label}: key an outage's number, Y for any, or N for none.")
    else:
        on_outage = YES_NO.get(typed)
    found = {
        "care_level": form.member("care_level", str, {level.code: level.code for level in levels}),
        "area": form.code("area") or None,
        "exchange_code": form.code("exchange_code") or None,
        "only_vulnerable": form.yes("only_vulnerable"),
        "only_repeats": form.yes("only_repeats"),
        "state": form.member("state", FaultState, STATES),
        "craft": form.member("craft", Craft, CRAFTS),
        "owner_code": form.code("owner_code") or None,
        "engineer_code": form.code("engineer_code") or None,
        "outage_id": outage_id,
        "in_outage": on_outage,
    }
    return None if form.has_errors else found


def _list(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    with at_desk.reading() as session:
        wanted = _filters(form, care_book(session, at_desk.today).levels)
        form.at_command = wanted is not None
        places, chosen = place_of(session, arguments)
        after = "" if wanted is None else after_of(arguments)
        page = queue_page(session, chosen, by=at_desk.by, at=at_desk.at, after=after, **(wanted or {}))
        choices = _choices(session, at_desk, chosen)
    filters = "" if wanted is None else packed([form.code(name) for name in NAMES])
    shows_more = arguments[3:4] == (MORE,)
    links = page_links("FL04", chosen, filters, page.back, page.forward, *([MORE] if shows_more else []))
    links["F11"] = address("FL04", chosen, filters or NOT_SAID, after or NOT_SAID, None if shows_more else MORE)
    return show(
        at_desk,
        FL04,
        form=form,
        status=200 if wanted is not None else status_of(form),
        links=links,
        choices=choices,
        page=page,
        rows=[(row, _left(row, at_desk.at)) for row in page.rows],
        places=places,
        chosen=chosen,
        shows_more=shows_more,
        is_cleared=wanted is not None and wanted["state"] is FaultState.CLEARED,
    )


def _choices(session: Session, at_desk: Desk, district: str) -> Choices:
    return {
        "care_level": tuple((level.code, level.promise) for level in care_book(session, at_desk.today).levels),
        "exchange_code": exchanges_of(session, district),
        "state": tuple((code, STATE_WORDS[state]) for code, state in STATES.items()),
        "craft": tuple((code, CRAFT_WORDS[craft]) for code, craft in CRAFTS.items()),
        "owner_code": ((at_desk.by.name, "you"),),
        "outage": (
            ("Y", "hangs on an outage"),
            ("N", "hangs on none"),
            *((str(one.outage_id), one.place) for one in outages(session, district, by=at_desk.by)),
        ),
    }


def _left(row: QueueRow, at: datetime) -> str:
    """How much is left until it is due, or for how long it has been late; of a clear, until silence accepts it."""
    if row.state is FaultState.CLEARED:
        return f"until {soon(row.accept_by_at)}"
    left = row.due_at - at
    minutes = abs(left) // timedelta(minutes=1)
    return f"late by {span(minutes)}" if left < timedelta() else f"in {span(minutes)}"


PAGES: Final = (Page(FL04, show_list, act_list, None, version_of_list),)
