"""BA05 the morning report: what ran against usual, totals, joints, what was set aside, and what a person must do."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from batch import queries
from batch.queries import NIGHT_NET
from batch.report.charts import as_svg, figures, not_drawn
from batch.report.facts import Facts
from batch.report.pdf import as_pdf
from batch.report.reading import read
from batch.report.text import headline, said
from batch.report.to_do import to_do
from batch.report.writing import name_of
from css.core.errors import NotFound
from css.web.desk import Desk
from css.web.form import read_day
from css.web.page import Arguments, Page
from css.web.rendering import address, show
from css.web.screen import Key, ResponseClass, Screen
from css.web.screens.night_places import KEEPERS, net_named, night_place, took
from css.web.screens.night_told import net_args

PDF: Final = "pdf"
RUNS_LOOKED_AT: Final = 60

BA05: Final = Screen(
    code="BA05",
    title="Morning report",
    family="The night",
    help=(
        "One page for the morning after: what a person must do, each with the command to begin with; how long the steps took against "
        "their last ten runs; totals against the same weekday; the joints that must balance; why items were set aside. F8 and F7 go to "
        "the nights before and after. Shift+F2 gives the page to print, drawn anew with what is known now; the copy on the spool is as "
        "the night drew it at its end, without the attempts before its last."
    ),
    roles=KEEPERS,
    response=ResponseClass.R2,
    takes="[district or HOUSE [date [net or net.key]]]",
    keys=(
        Key(name="F7", label="night after"),
        Key(name="F8", label="night before"),
        Key(name="F11", label="steps"),
        Key(name="S-F2", label="page to print"),
    ),
)


def show_morning(at_desk: Desk, arguments: Arguments) -> Response:
    named, key = net_named(arguments[2:3])
    with at_desk.reading() as session:
        places, chosen, district = night_place(session, arguments)
        wanted = read_day(arguments[1], at_desk.today) if len(arguments) > 1 else None
        net = named or (NIGHT_NET if district else "")
        begun = [run for run in queries.runs(session, district, limit=RUNS_LOOKED_AT, net=net) if run.attempt]
        if not net:
            # The house has no night, but nets of its own: the last that ran, of that date if one is named.
            of_house = (run for run in begun if wanted in {None, run.business_date})
            net, key = next(((run.net, run.parameter_key) for run in of_house), (NIGHT_NET, ""))
        listed = [run.business_date for run in begun if (run.net, run.parameter_key) == (net, key)]
        on = wanted or (listed[0] if listed else None)
        facts = _facts(session, at_desk, district, on, net, key) if on is not None else None
    if facts is not None and PDF in (word.lower() for word in arguments[3:]):
        answer = Response(as_pdf(facts), content_type="application/pdf")
        answer.headers["Content-Disposition"] = f'inline; filename="{name_of(net, key)}-{chosen}-{on}.pdf"'
        return answer
    return _page(at_desk, chosen, facts, listed, net, key, places=places)


def _facts(session: Session, at_desk: Desk, district: str, on: date, net: str, key: str) -> Facts | None:
    instance = queries.instance_id(session, district, on, net, key)
    if not instance:
        raise NotFound(
            "CSS932E", "The {net} net was never planned for {district} on {date}.", net=net, district=district or "the house", date=on
        )
    return read(session, instance, by=at_desk.by)


def _page(at_desk: Desk, chosen: str, facts: Facts | None, listed: list[date], net: str, key: str, *, places: object) -> Response:
    other = net_args(net, key)
    links = {}
    if facts is not None:
        on = facts.business_date.isoformat()
        links = {"F11": address("BA01", chosen, on, *other), "S-F2": address("BA05", chosen, on, f"{net}.{key}".rstrip("."), PDF)}
        at = listed.index(facts.business_date) if facts.business_date in listed else -1
        if at > 0:
            links["F7"] = address("BA05", chosen, listed[at - 1].isoformat(), *other)
        if 0 <= at < len(listed) - 1:
            links["F8"] = address("BA05", chosen, listed[at + 1].isoformat(), *other)
    return show(
        at_desk,
        BA05,
        links=links,
        places=places,
        chosen=chosen,
        facts=facts,
        headline=headline(facts) if facts else "",
        trouble=said(*facts.trouble) if facts and facts.trouble else "",
        tasks=to_do(facts) if facts else (),
        # The drawing escapes what people wrote.
        figures=[(figure, Markup(as_svg(figure))) for figure in figures(facts)] if facts else [],  # noqa: S704 - see above
        not_drawn=not_drawn(facts) if facts else (),
        took=took,
    )


PAGES: Final = (Page(BA05, show_morning),)
