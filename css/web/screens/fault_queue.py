"""FL04 the work list of faults: what is open in a district, soonest due first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from flask import Response

from css.core.deadline import CareTerms
from css.master.care_levels import care_book
from css.web.desk import Desk, status_of
from css.web.filters import span
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import STAFF
from css.web.screens.work_lists import after_of, packed, page_links, place_of, unpacked
from orders.queries.work import exchanges_of
from repairs.queries.queue import QueueRow, queue_page, queue_version

POLLS_SECONDS: Final = 10

FL04: Final = Screen(
    code="FL04",
    title="Fault work list",
    family="Faults",
    help=(
        "The open faults of a district, soonest due first, with where they are, and whether the line had one lately (REPEAT) or the "
        "customer must come first (VULNERABLE). Enter on a filter narrows the list; F7 and F8 turn its pages. It looks for news by "
        "itself. Key the number in front to open one."
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
    ),
    keys=(Key(name="Enter", label="narrow", sends=True), Key(name="F7", label="page back"), Key(name="F8", label="page on")),
    polls_seconds=POLLS_SECONDS,
)


def show_list(at_desk: Desk, arguments: Arguments) -> Response:
    names = [field.name for field in FL04.fields]
    return _list(at_desk, arguments, Form.blank(FL04, **dict(zip(names, unpacked(arguments, len(names)), strict=True))))


def act_list(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter narrows: the filters go into the address. F5 looks again at the same page."""
    form = Form.posted(FL04, posted)
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
        levels = care_book(session, at_desk.today).levels
    if form.key == REFRESH or form.has_errors or _wrong(form, levels):
        return _list(at_desk, arguments, form)
    return go("FL04", chosen, packed([form.code(field.name) for field in FL04.fields]))


def version_of_list(at_desk: Desk, arguments: Arguments) -> str:
    """Whether the list would look otherwise than it did."""
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
        return queue_version(session, chosen, at=at_desk.at, by=at_desk.by)


def _wrong(form: Form, levels: tuple[CareTerms, ...]) -> bool:
    form.member("care_level", str, {level.code: level.code for level in levels})
    form.yes("only_vulnerable")
    form.yes("only_repeats")
    return form.has_errors


def _list(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    with at_desk.reading() as session:
        levels = care_book(session, at_desk.today).levels
        wrong = _wrong(form, levels)
        form.at_command = not wrong
        places, chosen = place_of(session, arguments)
        exchanges = exchanges_of(session, chosen)
        page = queue_page(
            session,
            chosen,
            by=at_desk.by,
            at=at_desk.at,
            care_level=None if wrong else form.optional("care_level"),
            area=None if wrong else form.code("area") or None,
            exchange_code=None if wrong else form.code("exchange_code") or None,
            only_vulnerable=not wrong and form.yes("only_vulnerable"),
            only_repeats=not wrong and form.yes("only_repeats"),
            after="" if wrong else after_of(arguments),
        )
    filters = "" if wrong else packed([form.code(field.name) for field in FL04.fields])
    return show(
        at_desk,
        FL04,
        form=form,
        status=status_of(form) if wrong else 200,
        links=page_links("FL04", chosen, filters, page.back, page.forward),
        choices={
            "care_level": tuple((level.code, level.promise) for level in levels),
            "exchange_code": exchanges,
        },
        page=page,
        rows=[(row, _due_in(row, at_desk.at)) for row in page.rows],
        places=places,
        chosen=chosen,
    )


def _due_in(row: QueueRow, at: datetime) -> str:
    """How much is left until it is due, or for how long it has been late."""
    left = row.due_at - at
    minutes = abs(left) // timedelta(minutes=1)
    return f"late by {span(minutes)}" if left < timedelta() else f"in {span(minutes)}"


PAGES: Final = (Page(FL04, show_list, act_list, None, version_of_list),)
