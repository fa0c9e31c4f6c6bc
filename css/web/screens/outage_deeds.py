"""FL05: what is done to an outage or an MBORC that is known, each deed with its own fields."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import to_london
from css.core.errors import NotFound
from css.redress import verbs as credited
from css.web.desk import Desk
from css.web.filters import instant
from css.web.form import Form
from css.web.moments import read_moment, read_moment_ahead
from css.web.page import Values
from css.web.rendering import Choices
from css.web.screens.deeds import Deed, Record, page_of
from css.web.screens.fault_fields import CONTROL
from css.web.screens.order_prompts import short_day
from css.web.screens.outage_fields import CLEAR, FL05, LIFT, NARROW, UPDATE, WITHDRAW
from repairs.actions import lift_mborc, narrow_mborc, update_outage, withdraw_outage
from repairs.commands.outages import ClearOutage, LiftMborc, NarrowMborc, UpdateOutage, WithdrawOutage
from repairs.queries.clock import MborcRow, mborcs
from repairs.queries.outages import OutageCard, outage_card
from repairs.rules.clear import CLEAR_CODES

SHOWS_OUTAGE: Final = "outage"
SHOWS_MBORC: Final = "mborc"
OUTAGE_NUMBER: Final = re.compile(r"^[0-9]{1,18}\Z")
MBORC_NUMBER: Final = re.compile(r"^([A-Z]{2})M([0-9]{1,18})\Z")


def mborc_number(row: MborcRow) -> str:
    """An MBORC as it is keyed and read out: its district, M, its number."""
    return f"{row.district_code}M{row.mborc_id}"


def find_mborc(session: Session, number: str, *, by: Actor, at: datetime) -> MborcRow:
    """An MBORC by its number. Error: CSS330E, there is none."""
    said = MBORC_NUMBER.match(number.upper())
    rows = mborcs(session, said[1], by=by, at=at, only_in_force=False) if said else ()
    found = next((row for row in rows if said and row.mborc_id == int(said[2])), None)
    if found is None:
        raise NotFound("CSS330E", "There is no MBORC {mborc}.", mborc=number[:20], element="mborc_id")
    return found


def clear_code_values() -> Values:
    """Every clear code with its words."""
    return tuple((one.code, one.words) for one in CLEAR_CODES.values())


def moment_keyed(value: datetime | None) -> str:
    """A moment as it is keyed: ``4/3/26 18:00``."""
    return "" if value is None else f"{short_day(to_london(value).date())} {to_london(value):%H:%M}"


# --- an outage --------------------------------------------------------------------------------------------------------------


def _seen(card: OutageCard) -> dict[str, tuple[str, str]]:
    return {
        "was_state": ("State", card.summary.state.value),
        "was_expected": ("Expected to work", instant(card.summary.expected_at)),
        "was_told": ("Message", card.summary.message),
    }


def _as_it_stands(card: OutageCard) -> dict[str, str]:
    return {"message": card.summary.message, "expected_at": moment_keyed(card.summary.expected_at)}


def _of(form: Form, card: OutageCard) -> dict[str, Any]:
    return {"outage_id": card.summary.outage_id, "row_version": form.version()}


def _update(form: Form, card: OutageCard, at_desk: Desk) -> UpdateOutage | None:
    """Only what is new is said."""
    stands = _as_it_stands(card)
    expected_at = None
    if form.text("expected_at") != stands["expected_at"]:
        expected_at = form.reading("expected_at", lambda typed: read_moment_ahead(typed, at_desk.at, element="expected_at"))
    message = form.text("message") if form.text("message") != stands["message"] else None
    if not form.has_errors and not message and expected_at is None:
        form.wrong("message", "CSS958E", "Say something new: another message, or when it should work again.")
    return None if form.has_errors else UpdateOutage(**_of(form, card), message=message or None, expected_at=expected_at)


def _clear(form: Form, card: OutageCard, at_desk: Desk) -> ClearOutage | None:
    cleared_at = _ended(form, at_desk)
    if form.has_errors:
        return None
    return ClearOutage(**_of(form, card), clear_code=form.code("clear_code"), words=form.text("words"), cleared_at=cleared_at)


def _withdraw(form: Form, card: OutageCard, _: Desk) -> WithdrawOutage | None:
    return None if form.has_errors else WithdrawOutage(**_of(form, card), reason=form.text("reason"))


def _ended(form: Form, at_desk: Desk) -> datetime | None:
    return form.reading("ended_at", lambda typed: read_moment(typed, at_desk.at, element="ended_at"))


def _outage_of(session: Session, number: str, by: Actor) -> OutageCard:
    return outage_card(session, int(number), by=by)


def _codes(_form: Form, _card: OutageCard) -> Choices:
    return {"clear_code": clear_code_values()}


OUTAGE: Final = Record(
    kind="outage",
    screen=FL05,
    shown_by="FL05",
    deeds={
        UPDATE: Deed("everybody beneath it is told something new", CONTROL, update_outage, _update, begins_with=_as_it_stands),
        CLEAR: Deed("it works again, for all at once", CONTROL, credited.clear_outage, _clear, choices=_codes, third="clear_code"),
        WITHDRAW: Deed("it was none: its faults go on by themselves", CONTROL, withdraw_outage, _withdraw),
    },
    read=_outage_of,
    number=lambda card: str(card.summary.outage_id),
    version=lambda card: card.row_version,
    seen=_seen,
    in_hand=lambda _: None,
    unknown=("CSS959E", "Say what is done: the number, and one of {deeds}."),
    said=lambda _deed, card, done: (f"Outage {card.summary.outage_id} is {done.state.value}. {done.words}", "CSS964I"),
    besides=lambda _card, _desk: {"shows": SHOWS_OUTAGE},
    reads_with=lambda at_desk: at_desk,
)


# --- matters beyond our control ---------------------------------------------------------------------------------------------


def mborc_record(at: datetime) -> Record[MborcRow]:
    """MBORC, as they stand at an instant."""
    return Record(
        kind="mborc",
        screen=FL05,
        shown_by="FL05",
        deeds={
            NARROW: Deed("only what turns out to be caused by it", CONTROL, narrow_mborc, _narrow, choices=_narrowing),
            LIFT: Deed("it is over", CONTROL, lift_mborc, _lift),
        },
        read=lambda session, number, by: find_mborc(session, number, by=by, at=at),
        number=mborc_number,
        version=lambda _: 0,
        seen=lambda _: {},
        in_hand=lambda _: None,
        unknown=("CSS959E", "Say what is done: the number, and one of {deeds}."),
        said=_said_of_mborc,
        besides=lambda _card, _desk: {"shows": SHOWS_MBORC},
        reads_with=lambda at_desk: at_desk,
    )


def _said_of_mborc(deed: str, row: MborcRow, done: Any) -> tuple[str, str]:  # noqa: ANN401 - each deed has its own answer
    how = "lifted" if deed == LIFT else "narrowed"
    return f"MBORC {mborc_number(row)} is {how}; it touches {done.faults} open fault{'' if done.faults == 1 else 's'}.", "CSS964I"


def _narrowing(_form: Form, row: MborcRow) -> Choices:
    """It is never wider than it is."""
    return {"clear_codes": tuple((code, words) for code, words in clear_code_values() if not row.clear_codes or code in row.clear_codes)}


def _narrow(form: Form, row: MborcRow, _: Desk) -> NarrowMborc | None:
    if not form.words("clear_codes") and "clear_codes" not in form.errors:
        form.wrong("clear_codes", "CSS360E", "{label} must be keyed.")
    return None if form.has_errors else NarrowMborc(mborc_id=row.mborc_id, clear_codes=form.words("clear_codes"))


def _lift(form: Form, row: MborcRow, at_desk: Desk) -> LiftMborc | None:
    ends_at = _ended(form, at_desk)
    return None if form.has_errors else LiftMborc(mborc_id=row.mborc_id, ends_at=ends_at)


OUTAGE_PAGE: Final = page_of(OUTAGE)
