"""FL05 outages and matters beyond our control: which there are, one of them with all beneath it, and declaring another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.marks import has_unseen
from css.web.desk import Desk, NotForYou, converse
from css.web.form import REFRESH, Form
from css.web.moments import read_moment, read_moment_ahead
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import address, go, show
from css.web.screens.deeds import page_of
from css.web.screens.fault_fields import CONTROL
from css.web.screens.fault_queue import narrowed_to
from css.web.screens.outage_deeds import (
    MBORC_NUMBER,
    OUTAGE_NUMBER,
    OUTAGE_PAGE,
    SHOWS_MBORC,
    SHOWS_OUTAGE,
    clear_code_values,
    find_mborc,
    mborc_number,
    mborc_record,
)
from css.web.screens.outage_fields import CLEAR, DECLARE, FL05, LIFT, MBORC, MESSAGE, NARROW, UPDATE, WITHDRAW
from css.web.screens.plant_prompts import cabinets_of, points_of
from css.web.screens.work_lists import after_of, leaf, page_links, place_of
from orders.queries.work import exchanges_of
from repairs.actions import declare_mborc, declare_outage
from repairs.commands.outages import DeclareMborc, DeclareOutage, MborcChanged, OutageChanged
from repairs.queries.clock import mborcs
from repairs.queries.outages import LIST_MAX, OutageCard, outage_card, outages
from repairs.words import Activity, OutageState, PlantKind

POLLS_SECONDS: Final = 10
ALL: Final = "all"
LIST: Final = "list"
DECLARING: Final = (DECLARE, MBORC)
ACTIVITIES: Final = {one.value.upper(): one for one in Activity}
ACTIVITY_WORDS: Final = {Activity.REPAIR: "putting faults right", Activity.PROVISION: "providing what is ordered"}
_OUTAGE_KEYS: Final = {"S-F2": UPDATE, "S-F8": CLEAR, "S-F9": WITHDRAW}
_MBORC_KEYS: Final = {"S-F3": NARROW, "S-F7": LIFT}


@dataclass(frozen=True, slots=True)
class Declared:
    """An outage as it was declared, with what is beneath it."""

    changed: OutageChanged
    card: OutageCard


def show_outages(at_desk: Desk, arguments: Arguments) -> Response:
    page, said = _record_page(at_desk, arguments), arguments[0].upper() if arguments else ""
    if page is not None:
        return page.show(at_desk, arguments)
    if OUTAGE_NUMBER.match(said):
        return _card(at_desk, said, arguments[1] if len(arguments) > 1 else "")
    if MBORC_NUMBER.match(said):
        return _mborc(at_desk, said)
    if _declares(at_desk, arguments):
        return _declaring(at_desk, arguments, _blank(at_desk, arguments))
    return _list(at_desk, arguments)


def act_outages(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter shows what a deed or a declaration would do; F6 does it. What only shows is looked at again."""
    page = _record_page(at_desk, arguments)
    if page is not None and page.act is not None:
        return page.act(at_desk, arguments, posted)
    if not _declares(at_desk, arguments):
        return go("FL05", *arguments)
    form = Form.posted(FL05, posted, arguments[1].lower())
    if form.key == REFRESH:
        form.errors.clear()
        return _declaring(at_desk, arguments, form)
    with at_desk.reading() as session:
        _, district = place_of(session, arguments)
    if form.deed == DECLARE:
        outcome: Any = converse(
            at_desk,
            form,
            lambda: _outage(form, at_desk, district),
            _declare_and_look,
            leads_to=lambda done: address("FL05", str(done.changed.outage_id)),
        )
        if outcome.done is not None:
            flash(f"Outage {outcome.done.changed.outage_id} is declared. {outcome.done.changed.words}", "CSS964I")
            return go("FL05", str(outcome.done.changed.outage_id))
    else:
        outcome = converse(
            at_desk,
            form,
            lambda: _matter(form, at_desk, district),
            declare_mborc,
            leads_to=lambda done: address("FL05", _named(district, done)),
        )
        if outcome.done is not None:
            count = outcome.done.faults
            words = f"It touches {count} open fault{'' if count == 1 else 's'}."
            flash(f"MBORC {_named(district, outcome.done)} is in force. {words}", "CSS964I")
            return go("FL05", _named(district, outcome.done))
    return _declaring(at_desk, arguments, form, status=outcome.status, effect=outcome.effect)


def prompt_outages(at_desk: Desk, arguments: Arguments, form: Form, name: str) -> Values:
    """F4: the plant there is where the fields before say, the activities, the clear codes."""
    page = _record_page(at_desk, arguments)
    if page is not None and page.prompt is not None:
        return page.prompt(at_desk, arguments, form, name)
    if name == "activity":
        return tuple((code, ACTIVITY_WORDS[one]) for code, one in ACTIVITIES.items())
    if name == "clear_codes":
        return clear_code_values()
    with at_desk.reading() as session:
        _, district = place_of(session, arguments)
        return _plant(session, district, form, name)


def _plant(session: Session, district: str, form: Form, name: str) -> Values:
    exchange, cabinet = (text if not has_unseen(text) else "" for text in (form.code("exchange_code"), form.code("cabinet_code")))
    match name:
        case "exchange_code":
            return exchanges_of(session, district)
        case "cabinet_code":
            return cabinets_of(session, district, exchange)
        case "distribution_point_code":
            return points_of(session, district, exchange, cabinet)
        case _:
            return ()


def _record_page(at_desk: Desk, arguments: Arguments) -> Page | None:
    """The page of a deed on an outage or an MBORC that is known; None where none is asked for."""
    if len(arguments) < 2 or arguments[1].isdigit():  # noqa: PLR2004 - number and deed; a number there is a page of its faults
        return None
    if OUTAGE_NUMBER.match(arguments[0]):
        return OUTAGE_PAGE
    return page_of(mborc_record(at_desk.at)) if MBORC_NUMBER.match(arguments[0].upper()) else None


def _declares(at_desk: Desk, arguments: Arguments) -> bool:
    """Whether a declaration is asked for, which is control's."""
    asked = len(arguments) > 1 and arguments[1].lower() in DECLARING
    if asked and not at_desk.may(CONTROL):
        raise NotForYou(f"{FL05.code} {arguments[1].lower()}")
    return asked


# --- lists and one of them --------------------------------------------------------------------------------------------------


def _list(at_desk: Desk, arguments: Arguments) -> Response:
    has_ended = arguments[1:2] == (ALL,)
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        found = outages(session, chosen, by=at_desk.by, ended=has_ended, limit=LIST_MAX)
        matters = mborcs(session, chosen, by=at_desk.by, at=at_desk.at, only_in_force=not has_ended)
    after = after_of(arguments)
    page, beside = leaf(found, after), leaf(matters, after)
    back = page.back if page.back is not None else beside.back
    forward = page.forward if page.forward is not None else beside.forward
    links = page_links("FL05", chosen, ALL if has_ended else "", back, forward)
    links["F11"] = address("FL05", chosen, None if has_ended else ALL)
    if at_desk.may(CONTROL):
        links |= {"S-F1": address("FL05", chosen, DECLARE), "S-F4": address("FL05", chosen, MBORC)}
    return show(
        at_desk,
        FL05,
        links=links,
        polls_seconds=POLLS_SECONDS,
        shows=LIST,
        page=page,
        matters=beside,
        mborc_number=mborc_number,
        places=places,
        chosen=chosen,
        has_ended=has_ended,
    )


def _card(at_desk: Desk, number: str, after: str) -> Response:
    """One outage: what hangs on it and what is beneath it."""
    with at_desk.reading() as session:
        card = outage_card(session, int(number), by=at_desk.by)
    page = leaf(card.faults, after)
    home = address("FL05", card.district_code)
    links = {"F3": home, "F12": home}
    links |= {"F7": address("FL05", number, page.back)} if page.back is not None else {}
    links |= {"F8": address("FL05", number, page.forward)} if page.forward is not None else {}
    if card.summary.state is OutageState.OPEN and at_desk.may(CONTROL):
        links |= {key: address("FL05", number, deed) for key, deed in _OUTAGE_KEYS.items()}
    return show(
        at_desk,
        FL05,
        links=links,
        polls_seconds=POLLS_SECONDS if card.summary.state is OutageState.OPEN else 0,
        shows=SHOWS_OUTAGE,
        card=card,
        page=page,
        others=max(0, card.summary.faults - len(card.faults)),
        all_open=narrowed_to(card.district_code, outage=number),
    )


def _mborc(at_desk: Desk, number: str) -> Response:
    with at_desk.reading() as session:
        row = find_mborc(session, number, by=at_desk.by, at=at_desk.at)
    home = address("FL05", row.district_code)
    links = {"F3": home, "F12": home}
    if row.ends_at is None and at_desk.may(CONTROL):
        links |= {key: address("FL05", number, deed) for key, deed in _MBORC_KEYS.items()}
    return show(at_desk, FL05, links=links, shows=SHOWS_MBORC, card=row, mborc_number=mborc_number)


# --- declaring --------------------------------------------------------------------------------------------------------------


def _blank(at_desk: Desk, arguments: Arguments) -> Form:
    with at_desk.reading() as session:
        _, district = place_of(session, arguments)
        areas = exchanges_of(session, district)
    deed = arguments[1].lower()
    only = areas[0][0] if len(areas) == 1 and deed == DECLARE else ""
    form = Form.blank(FL05, deed, exchange_code=only, message=MESSAGE if deed == DECLARE else "", activity=Activity.REPAIR.value.upper())
    form.start = "cabinet_code" if only else "exchange_code"
    return form


def _outage(form: Form, at_desk: Desk, district: str) -> DeclareOutage | None:
    """The smallest piece of plant that is named is what failed."""
    for name in ("exchange_code", "message"):
        if not form.text(name):
            form.wrong(name, "CSS360E", "{label} must be keyed.")
    cabinet, point = form.code("cabinet_code") or None, form.code("distribution_point_code") or None
    expected_at = form.reading("expected_at", lambda typed: read_moment_ahead(typed, at_desk.at, element="expected_at"))
    began_at = _began(form, at_desk)
    if form.has_errors:
        return None
    return DeclareOutage(
        district_code=district,
        kind=PlantKind.DISTRIBUTION_POINT if point else PlantKind.CABINET if cabinet else PlantKind.EXCHANGE,
        exchange_code=form.code("exchange_code"),
        cabinet_code=cabinet,
        distribution_point_code=point,
        cause=form.text("cause"),
        message=form.text("message"),
        began_at=began_at,
        expected_at=expected_at,
    )


def _declare_and_look(session: Session, command: DeclareOutage, *, by: Actor, at: datetime) -> Declared:
    changed = declare_outage(session, command, by=by, at=at)
    return Declared(changed, outage_card(session, changed.outage_id, by=by))


def _matter(form: Form, at_desk: Desk, district: str) -> DeclareMborc | None:
    activity, starts_at = form.member("activity", Activity, ACTIVITIES), _began(form, at_desk)
    if form.has_errors:
        return None
    return DeclareMborc(
        district_code=district,
        exchange_code=form.code("exchange_code") or None,
        cabinet_code=form.code("cabinet_code") or None,
        activity=activity or Activity.REPAIR,
        cause=form.text("cause"),
        clear_codes=form.words("clear_codes"),
        starts_at=starts_at,
    )


def _began(form: Form, at_desk: Desk) -> datetime | None:
    return form.reading("began_at", lambda typed: read_moment(typed, at_desk.at, element="began_at"))


def _named(district: str, done: MborcChanged) -> str:
    return f"{district}M{done.mborc_id}"


def _declaring(at_desk: Desk, arguments: Arguments, form: Form, *, status: int = 200, effect: object = None) -> Response:
    with at_desk.reading() as session:
        _, district = place_of(session, arguments)
    home = address("FL05", district)
    names = [field.name for field in FL05.shown_fields(form.deed) if field.kind == "code"]
    return show(
        at_desk,
        FL05,
        form=form,
        status=status,
        links={"F3": home, "F12": home},
        choices={name: prompt_outages(at_desk, arguments, form, name) for name in names},
        shows=form.deed,
        effect=effect,
        chosen=district,
    )


PAGES: Final = (Page(FL05, show_outages, act_outages, prompt_outages),)
