"""FL06 who waits where for whom, the engineers, one engineer's day; and what an engineer or a contractor has to do now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask import Response

from css.core.calendar import ONE_DAY
from css.core.errors import NotFound
from css.web.desk import Desk, status_of
from css.web.filters import weekday
from css.web.form import COMMIT, ENTER, Form, read_day
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.fault_deed_commands import CRAFTS
from css.web.screens.fault_fields import CONTROL, FIELD
from css.web.screens.fault_next import CRAFTS as CRAFT_WORDS
from css.web.screens.fault_next import LOCATIONS
from css.web.screens.fault_queue import narrowed_to
from css.web.screens.fault_take import take_next_on_top, to_next
from css.web.screens.work_lists import after_of, leaf, packed, page_links, place_of, unpacked
from orders.queries.work import exchanges_of
from repairs.queries.dispatch import BoardRow, EngineerRow, EngineerVisit, dispatch_board, engineer_card, engineers
from repairs.queries.queue import queue_version
from repairs.words import Craft, VisitState

POLLS_SECONDS: Final = 10
DEEDS: Final = {"S-F1": "arrive", "S-F2": "return", "S-F8": "clear"}
"""What an engineer does with the fault in hand, on FL02."""

FL06: Final = Screen(
    code="FL06",
    title="Dispatch board",
    family="Faults",
    help=(
        "The open faults of a district by exchange and craft: who waits for the next engineer, for a slot or for somebody's judgement, who "
        "has somebody on the way or there, what is late; and the engineers who could go. The number in front of a row lists its faults, "
        "the number in front of an engineer opens a day of theirs. An engineer sees what they have now, with all that must be known on "
        "the way there: Shift+F1 says they are there, Shift+F2 gives it back with the reason, Shift+F8 clears it, and F6 takes the next. "
        "A contractor sees their own work and nothing else."
    ),
    roles=FIELD,
    response=ResponseClass.R1,
    takes="[district | engineer [day]]",
    fields=(
        Field(name="exchange_code", label="Exchange", help="The area; empty for all.", kind="code", length_max=8, width=8),
        Field(name="craft", label="Craft", help="What must be done: OVERHEAD.", kind="code", length_max=12, width=12),
        Field(
            name="only_free",
            label="Free",
            help="Y for engineers on shift with nothing to do only.",
            kind="yes-no",
            length_max=3,
            width=3,
        ),
    ),
    keys=(
        Key(name="Enter", label="narrow", sends=True, roles=CONTROL),
        Key(name="F6", label="take next", sends=True),
        Key(name="F7", label="back"),
        Key(name="F8", label="on"),
        Key(name="F11", label="own day"),
        Key(name="S-F1", label="arrive"),
        Key(name="S-F2", label="give back"),
        Key(name="S-F8", label="clear"),
    ),
    polls_seconds=POLLS_SECONDS,
)
NAMES: Final = tuple(field.name for field in FL06.fields)


@dataclass(frozen=True, slots=True)
class Totals:
    """The board's columns added up."""

    waiting: int
    slot_to_come: int
    unjudged: int
    issued: int
    on_site: int
    parked: int
    in_outage: int
    late: int
    soon: int


def show_board(at_desk: Desk, arguments: Arguments) -> Response:
    code = _engineer_of(at_desk, arguments)
    if code is not None:
        return _day(at_desk, code, arguments[1:2] if arguments else ())
    filters = dict(zip(NAMES, unpacked(arguments, len(NAMES)), strict=True))
    return _board(at_desk, arguments, Form.blank(FL06, **filters))


def act_board(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter narrows, F6 takes the next; the other keys lead on."""
    key, code = posted.get("key", ""), _engineer_of(at_desk, arguments)
    if code is not None:
        return to_next(at_desk, code, None) if key == COMMIT else show_board(at_desk, arguments)
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
    if key == COMMIT:
        return take_next_on_top(at_desk, chosen, None)
    form = Form.posted(FL06, posted)
    if key != ENTER or _filters(form) is None:
        return _board(at_desk, arguments, form)
    return go("FL06", chosen, packed([form.code(name) for name in NAMES]))


def version_of_board(at_desk: Desk, arguments: Arguments) -> str:
    """Whether the page would look otherwise than it did: engineers come and go with the faults they have, and with the minute."""
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        codes = {place.code for place in places}
        return queue_version(session, chosen if chosen in codes else places[0].code, at=at_desk.at, by=at_desk.by)


def _engineer_of(at_desk: Desk, arguments: Arguments) -> str | None:
    """Whose day is asked for; None for a district's board. A contractor has their own day and no board."""
    if not at_desk.may(CONTROL):
        return arguments[0].upper() if arguments else at_desk.by.name
    if not arguments:
        return None
    with at_desk.reading() as session:
        places, _ = place_of(session, ())
    said = arguments[0].upper()
    return None if said in {place.code for place in places} else said


# --- the board ------------------------------------------------------------------------------------------------------------


def _filters(form: Form) -> dict[str, Any] | None:
    found = {
        "exchange_code": form.code("exchange_code") or None,
        "craft": form.member("craft", Craft, CRAFTS),
        "only_free": form.yes("only_free"),
    }
    return None if form.has_errors else found


def _board(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    wanted = _filters(form)
    form.at_command = wanted is not None
    exchange, craft, only_free = (wanted or {}).get("exchange_code"), (wanted or {}).get("craft"), bool((wanted or {}).get("only_free"))
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        board = dispatch_board(session, chosen, by=at_desk.by, at=at_desk.at)
        staff = engineers(session, chosen, by=at_desk.by, at=at_desk.at, craft=craft, exchange_code=exchange)
        areas = exchanges_of(session, chosen)
    rows = [row for row in board.rows if exchange in {None, row.exchange_code} and (craft is None or row.craft in {None, craft})]
    listed = leaf(_in_order(staff, only_free=only_free), after_of(arguments) if wanted is not None else "")
    filters = "" if wanted is None else packed([form.code(name) for name in NAMES])
    own = at_desk.by.name if any(one.code == at_desk.by.name for one in staff) else None
    return show(
        at_desk,
        FL06,
        form=form,
        status=200 if wanted is not None else status_of(form),
        links=page_links("FL06", chosen, filters, listed.back, listed.forward) | ({"F11": address("FL06", own)} if own else {}),
        choices={
            "exchange_code": areas,
            "craft": tuple((code, CRAFT_WORDS[one]) for code, one in CRAFTS.items()),
        },
        places=places,
        chosen=chosen,
        board=board,
        rows=[(row, _leads(chosen, row)) for row in rows],
        totals=_added_up(rows),
        listed=listed,
    )


def _leads(district: str, row: BoardRow) -> str:
    """To the list of what the row counts."""
    return narrowed_to(district, exchange_code=row.exchange_code, craft=row.craft.value.upper() if row.craft else "")


def _in_order(staff: tuple[EngineerRow, ...], *, only_free: bool) -> list[EngineerRow]:
    """Who is free first, then who is at work, then who is not on shift."""
    shown = [one for one in staff if one.is_free or not only_free]
    return sorted(shown, key=lambda one: (not one.is_free, one.fault_number is None, one.code))


def _added_up(rows: list[BoardRow]) -> Totals:
    return Totals(**{name: sum(getattr(row, name) for row in rows) for name in Totals.__dataclass_fields__})


# --- one engineer -----------------------------------------------------------------------------------------------------------


def _day(at_desk: Desk, code: str, said: Arguments) -> Response:
    """An engineer's day: what they have now, with all that must be known on the way there, and what they had."""
    on = read_day(said[0], at_desk.today) if said else at_desk.today
    with at_desk.reading() as session:
        try:
            card = engineer_card(session, code, by=at_desk.by, at=at_desk.at, on=on)
        except NotFound as error:
            if code != at_desk.by.name:
                raise
            sentence = "You are signed on as {code}, and no engineer has that code: ask control to take you on."
            raise NotFound("CSS957E", sentence, code=code) from error
    is_today = on == at_desk.today
    live = next((one for one in card.visits if one.is_live), None)
    takes = is_today and card.engineer.is_free
    return show(
        at_desk,
        FL06,
        links=_links(at_desk, code, on, live),
        without=frozenset({"Enter"} if takes else {"Enter", "F6"}),
        card=card,
        live=live,
        ended=[one for one in card.visits if not one.is_live],
        day_words=weekday(on),
        is_today=is_today,
        is_self=code == at_desk.by.name,
        locations=LOCATIONS,
        crafts=CRAFT_WORDS,
    )


def _links(at_desk: Desk, code: str, on: date, live: EngineerVisit | None) -> dict[str, str]:
    """The days beside this one, as far as they have been, and what can be done with the fault in hand."""
    found = {"F7": address("FL06", code, f"{on - ONE_DAY:%Y-%m-%d}")}
    if on < at_desk.today:
        found["F8"] = address("FL06", code, None if on + ONE_DAY == at_desk.today else f"{on + ONE_DAY:%Y-%m-%d}")
    if live is not None:
        is_there = live.visit_state is VisitState.ON_SITE
        found |= {key: address("FL02", live.fault_number, deed) for key, deed in DEEDS.items() if deed != "arrive" or not is_there}
    return found


PAGES: Final = (Page(FL06, show_board, act_board, None, version_of_board),)
