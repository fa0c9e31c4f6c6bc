"""FL08 report damage: a place and no line."""

from __future__ import annotations

from typing import Final

from flask import Response, flash

from css.master.queries import districts
from css.web.desk import Desk, converse
from css.web.filters import instant
from css.web.form import REFRESH, Form
from css.web.moments import read_moment
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import address, go, show
from css.web.screens.fault_fields import FL08
from orders.queries.work import exchanges_of
from repairs.actions import report_damage
from repairs.commands.faults import ReportDamage


def show_damage(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.reading() as session:
        places = districts(session)
        said = arguments[0].upper() if arguments else places[0].code if len(places) == 1 else ""
        areas = exchanges_of(session, said) if said in {place.code for place in places} else ()
    exchange = arguments[1].upper() if len(arguments) > 1 else areas[0][0] if len(areas) == 1 else ""
    return _page(at_desk, Form.blank(FL08, district_code=said, exchange_code=exchange))


def act_damage(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(FL08, posted)
    if form.key == REFRESH:
        form.errors.clear()
        return _page(at_desk, form)
    outcome = converse(
        at_desk, form, lambda: _read_damage(form, at_desk), report_damage, leads_to=lambda done: address("FL03", done.fault_number)
    )
    if outcome.done is not None:
        done = outcome.done
        flash(f"Fault {done.fault_number} is reported. It is to be put right by {instant(done.due_at)}.", "CSS377I")
        return go("FL03", done.fault_number)
    return _page(at_desk, form, status=outcome.status, effect=outcome.effect)


def _read_damage(form: Form, at_desk: Desk) -> ReportDamage | None:
    told_at = form.reading("told_at", lambda typed: read_moment(typed, at_desk.at, element="told_at"))
    if form.has_errors:
        return None
    return ReportDamage(
        district_code=form.code("district_code"),
        exchange_code=form.code("exchange_code"),
        place_words=form.text("place_words"),
        words=form.text("words"),
        contact_name=form.text("contact_name"),
        contact_phone=form.text("contact_phone"),
        hazard_notes=form.optional("hazard_notes"),
        reported_at=told_at,
    )


def prompt_damage(at_desk: Desk, _: Arguments, form: Form, name: str) -> Values:
    """F4: the districts, and the exchanges of the one that is keyed."""
    with at_desk.reading() as session:
        if name == "exchange_code":
            code = form.code("district_code")
            return exchanges_of(session, code) if code in {place.code for place in districts(session)} else ()
        return tuple((one.code, one.name) for one in districts(session)) if name == "district_code" else ()


def _page(at_desk: Desk, form: Form, *, status: int = 200, effect: object = None) -> Response:
    return show(
        at_desk,
        FL08,
        form=form,
        status=status,
        choices={name: prompt_damage(at_desk, (), form, name) for name in ("district_code", "exchange_code")},
        effect=effect,
    )


PAGES: Final = (Page(FL08, show_damage, act_damage, prompt_damage),)
