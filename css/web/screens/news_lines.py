"""NW01 the news on everybody's menu: post a line, take one off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from flask import Response, flash

from css.core.calendar import ONE_DAY, london_date, london_instant
from css.core.words import Role
from css.master.news import end_news, news, post_news
from css.master.operator_commands import EndNews, NewsPosted, PostNews
from css.web.desk import Desk, converse
from css.web.filters import instant, weekday
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen

END: Final = "end"

NW01: Final = Screen(
    code="NW01",
    title="News on the menu",
    family="Supervision",
    help=(
        "A line that everybody's menu shows from one moment to another: an exchange that is down, prices that change tonight. The number "
        "in front of a line takes it off the menu."
    ),
    roles=frozenset({Role.SUPERVISOR}),
    response=ResponseClass.R2,
    takes="",
    fields=(
        Field(
            name="words", label="News", help="One line of at most 160 letters.", length_max=160, width=40, is_required=True, step="A line"
        ),
        Field(
            name="ends_on",
            label="Last day",
            help="It is shown until midnight: +1, 5 Mar.",
            kind="date",
            length_max=20,
            is_required=True,
            step="A line",
        ),
        Field(name="starts_on", label="From", help="Empty for at once.", kind="date", length_max=20, step="A line"),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="post", sends=True)),
    converses=True,
)


def show_news(at_desk: Desk, arguments: Arguments) -> Response:
    return _news(at_desk, Form.blank(NW01, END if arguments else ""), arguments)


def act_news(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    form = Form.posted(NW01, posted, END if arguments else "")
    if form.deed == END:
        form.errors.clear()
    if form.key == REFRESH:
        form.errors.clear()
        return _news(at_desk, form, arguments)
    ending = _number(arguments)
    read: Callable[[], Any] = partial(_read_news, form, at_desk) if ending is None else partial(EndNews, news_id=ending)
    does: Callable[..., NewsPosted] = post_news if ending is None else end_news
    outcome = converse(at_desk, form, read, does, leads_to=lambda _: address("NW01"))
    if outcome.done is not None:
        done = outcome.done
        told = "is off the menu" if ending is not None else f"is on the menu {_span(done)}"
        flash(f"“{done.words}” {told}.", "CSS936I")
        return go("NW01")
    return _news(at_desk, form, arguments, status=outcome.status, effect=outcome.effect)


def _number(arguments: Arguments) -> int | None:
    text = arguments[0] if arguments else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(2**63)) else 0 if text else None


def _read_news(form: Form, at_desk: Desk) -> PostNews | None:
    starts_on, ends_on = form.day("starts_on", at_desk.today), form.day("ends_on", at_desk.today)
    if form.has_errors or ends_on is None:
        return None
    starts_at = None if starts_on is None or starts_on <= at_desk.today else _midnight(starts_on)
    return PostNews(words=form.text("words"), starts_at=starts_at, ends_at=_midnight(ends_on + timedelta(days=1)))


def _span(done: NewsPosted) -> str:
    """From when and through which day."""
    return f"from {instant(done.starts_at)} through {_last_shown(done.ends_at)}"


def _last_shown(ends_at: datetime) -> str:
    """The last day on the menu; what was taken off in the middle of a day ends at a time."""
    return weekday(london_date(ends_at) - ONE_DAY) if ends_at == _midnight(london_date(ends_at)) else instant(ends_at)


def _midnight(day: date) -> datetime:
    return london_instant(day, time())


def _news(at_desk: Desk, form: Form, arguments: Arguments, *, status: int = 200, effect: object = None) -> Response:
    with at_desk.reading() as session:
        rows = news(session)
    one = next((row for row in rows if row.news_id == _number(arguments)), None)
    back = address("NW01") if arguments else address("MENU")
    links = {"F3": back, "F12": back}
    return show(at_desk, NW01, form=form, status=status, links=links, rows=rows, one=one, effect=effect, last_shown=_last_shown)


PAGES: Final = (Page(NW01, show_news, act_news),)
