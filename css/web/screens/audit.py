"""AD06 the audit trail: who did what, and before and after in words; as CSV for whoever has to show it elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode

from flask import Response, request
from sqlalchemy import Engine

from css.core.actor import Actor
from css.core.calendar import to_london
from css.core.errors import CssError
from css.core.ids import identify
from css.core.words import Role
from css.db.engine import transaction
from css.master.audit_trail import EVENTS_MAX, EVENTS_SHOWN, AuditRow, audit_trail, note_look
from css.web.audit_words import changes, told
from css.web.desk import Desk, status_of
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import address, leads, show
from css.web.screen import Field, Key, ResponseClass, Screen

EXPORTED_MAX: Final = 100_000
"""Events of one export. More than that is a question for the database's owner."""
PLACE: Final = "place"
"""In the address: the last event seen, for the page after it."""
CRITERIA: Final = ("who", "about", "verb", "first", "last")

AD06: Final = Screen(
    code="AD06",
    title="Audit trail",
    family="Supervision",
    help=(
        "Who did what, when, by which door, and what it was before and after; also who read or exported what not everybody may see. Key "
        "any of the fields, Enter looks. The latest stands first, F8 goes on to what was before. Shift+F2 saves everything found as CSV. "
        "Looking and saving are themselves written on the trail."
    ),
    roles=frozenset({Role.SUPERVISOR}),
    response=ResponseClass.R3,
    takes="[operator or number]",
    fields=(
        Field(name="who", label="Who", help="An operator's code, a partner's, or the net of the night: night.", length_max=40, width=10),
        Field(
            name="about",
            label="About",
            help="The number or code of what it was done to: an account, order, fault, bill, operator.",
            length_max=40,
            width=16,
        ),
        Field(
            name="verb",
            label="What",
            help="The deed: take payment, change operator; or sign on, sign on refused, unlock refused, disclose, read, export.",
            length_max=40,
            width=20,
        ),
        Field(name="first", label="From", help="The first day: 5/3/26, 1 Mar.", kind="date", length_max=20, width=12),
        Field(name="last", label="To", help="The last day.", kind="date", length_max=20, width=12),
    ),
    keys=(
        Key(name="Enter", label="look", sends=True),
        Key(name="F7", label="from the latest"),
        Key(name="F8", label="before these"),
        Key(name="S-F2", label="CSV"),
    ),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, as it was keyed and as it was read."""

    keyed: Mapping[str, str]
    starts_on: date | None
    through: date | None

    def rows(self, engine: Engine, by: Actor, *, place: str, limit: int) -> tuple[AuditRow, ...]:
        """A page of the trail."""
        with transaction(engine) as session:
            return audit_trail(
                session,
                by=by,
                actor_name=self.keyed["who"],
                subject_number=self.keyed["about"],
                verb=self.keyed["verb"],
                starts_on=self.starts_on,
                through=self.through,
                earlier_than=place,
                limit=limit,
            )

    def address(self, **more: str) -> str:
        """Where this is looked at."""
        query = urlencode({name: text for name, text in {**self.keyed, **more}.items() if text})
        return f"{address('AD06')}?{query}" if query else address("AD06")


def show_trail(at_desk: Desk, arguments: Arguments) -> Response:
    said = {name: request.args.get(name, "") for name in CRITERIA}
    for argument in arguments:
        said["about" if _is_number(argument) else "who"] = argument
    form = Form.posted(AD06, said)
    wanted = _read(form, at_desk)
    if wanted is None:
        return _page(at_desk, form, None, (), status=status_of(form))
    if request.args.get("as") == "csv":
        return _export(at_desk, wanted)
    place = request.args.get(PLACE, "")[:80]
    rows = wanted.rows(at_desk.engine, at_desk.by, place=place, limit=EVENTS_SHOWN + 1)
    _note(at_desk, wanted, "read")
    return _page(at_desk, form, wanted, rows, place=place)


def act_trail(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(AD06, posted)
    wanted = _read(form, at_desk)
    if wanted is None:
        return _page(at_desk, form, None, (), status=200 if form.key == REFRESH else status_of(form))
    return leads(wanted.address())


def _is_number(argument: str) -> bool:
    """Whether it is a number of ours, or a telephone; else it is somebody's code."""
    try:
        identify(argument)
    except CssError:
        return False
    return True


def _read(form: Form, at_desk: Desk) -> Wanted | None:
    starts_on, through = form.day("first", at_desk.today), form.day("last", at_desk.today)
    if form.has_errors:
        return None
    keyed = {name: form.text(name) for name in CRITERIA}
    try:
        keyed["about"] = identify(keyed["about"]).value if keyed["about"] else ""
    except CssError:
        keyed["about"] = keyed["about"].upper() if keyed["about"].isascii() and len(keyed["about"]) <= len("OPERATOR") else keyed["about"]
    return Wanted(keyed, starts_on, through)


def _note(at_desk: Desk, wanted: Wanted, verb: str) -> None:
    """Who looks at the trail is on the trail."""
    what = wanted.keyed["about"] or wanted.keyed["who"] or "all"
    with at_desk.doing() as session:
        note_look(session, ("audit trail", what), wanted.keyed, by=at_desk.by, at=at_desk.at, verb=verb)


def _page(at_desk: Desk, form: Form, wanted: Wanted | None, rows: tuple[AuditRow, ...], *, place: str = "", status: int = 200) -> Response:
    shown = rows[:EVENTS_SHOWN]
    links = {"S-F2": wanted.address(**{"as": "csv"}) if wanted and shown else ""}
    if wanted is not None:
        links |= {"F7": wanted.address() if place else "", "F8": wanted.address(place=shown[-1].place) if len(rows) > len(shown) else ""}
    has_more = len(rows) > len(shown)
    return show(
        at_desk,
        AD06,
        form=form,
        status=status,
        links=links,
        rows=shown,
        has_more=has_more,
        wanted=wanted,
        changes=changes,
        told=told,
    )


# --- the export ---------------------------------------------------------------------------------------------------------

HEADS: Final = ("When", "Who", "Kind", "For", "Door", "Deed", "About", "Number", "Before", "After")


def _export(at_desk: Desk, wanted: Wanted) -> Response:
    """Everything found, a page after another, so that neither we nor the database hold it all."""
    _note(at_desk, wanted, "export")
    answer = Response(_lines(at_desk.engine, at_desk.by, wanted), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit-trail.csv"'
    return answer


def _lines(engine: Engine, by: Actor, wanted: Wanted) -> Iterator[str]:
    yield _line(HEADS)
    place, count = "", 0
    while count < EXPORTED_MAX:
        rows = wanted.rows(engine, by, place=place, limit=EVENTS_MAX)
        yield "".join(_line(_cells(row)) for row in rows)
        count += len(rows)
        if len(rows) < EVENTS_MAX:
            return
        place = rows[-1].place
    yield _line((f"There is more than these {EXPORTED_MAX}: narrow it by days.",))


def _cells(row: AuditRow) -> tuple[str, ...]:
    before = "; ".join(f"{what}: {was}" for what, was, _ in row.changes if was)
    after = "; ".join(f"{what}: {became}" for what, _, became in row.changes if became)
    when = to_london(row.occurred_at).isoformat(timespec="seconds")
    deed = row.verb.replace("_", "-")
    return when, row.actor_name, row.actor_kind, row.provider_code, row.door, deed, row.subject_kind, row.subject_number, before, after


def _line(cells: tuple[str, ...]) -> str:
    """One line. A text that a spreadsheet would take for a formula gets an apostrophe, since customers' words are in it."""
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells])
    return out.getvalue()


PAGES: Final = (Page(AD06, show_trail, act_trail),)
