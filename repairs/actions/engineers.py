"""Engineers taken on and changed: what they can do, where and when."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, CssError, NotFound, Refusals, Refused
from css.core.words import Role
from css.db.constraints import translate
from css.master.customer_fields import require_staff
from css.master.districts import District, no_district
from css.master.plant import Exchange, no_exchange
from css.master.working_calendars import WorkingCalendar
from repairs.commands.dispatch import AddEngineer, ChangeEngineer, EngineerChanged
from repairs.model import Engineer, EngineerArea, EngineerCraft, Fault, Visit
from repairs.rules.seeing import sees_only_own_visits
from repairs.words import Craft

CODE_FORM: Final = re.compile(r"^[A-Z][A-Z0-9]{1,7}\Z")


@audit.answered
def add_engineer(session: Session, command: AddEngineer, *, by: Actor, at: datetime) -> EngineerChanged:
    """Take on somebody who mends lines, our own or a contractor's.

    Raises:
        Refused: CSS111E the actor may not, CSS347E no craft, no area or no such working calendar.
        BadMessage: CSS114E no name, CSS124E the form of the code.
        NotFound: CSS101E no such district, CSS827E no such exchange in it.
        Conflict: CSS125E the code is taken.
    """
    require_staff(by, Role.REPAIR, Role.SUPERVISOR)
    wrong = Refusals()
    code = command.code.strip().upper()
    if not CODE_FORM.match(code):
        form = "two to eight capitals and digits, a letter first"
        wrong.add(BadMessage("CSS124E", "The code {code!r} is not {form}.", code=code[:20], form=form, element="code"))
    if not command.name.strip():
        wrong.add(BadMessage("CSS114E", "{field} is missing.", field="name", element="name"))
    if session.get(District, command.district_code) is None:
        wrong.add(no_district(command.district_code))
    wrong.add(*_nothing(crafts=command.crafts, exchange_codes=command.exchange_codes))
    wrong.add(*_no_calendar(session, command.calendar_code))
    areas = wrong.reading(lambda: _areas(session, command.district_code, command.exchange_codes))
    wrong.tell()
    engineer = Engineer(
        code=code,
        name=command.name.strip(),
        district_code=command.district_code,
        firm=(command.firm or "").strip() or None,
        calendar_code=command.calendar_code,
        is_active=True,
        row_version=1,
    )
    try:
        with session.begin_nested():
            session.add(engineer)
            session.flush()
    except IntegrityError as error:
        taken = translate(error, {"uq_engineer_code": lambda: _taken(code)})
        if taken is None:
            raise
        raise taken from error
    _set(session, engineer.id, crafts=command.crafts, areas=areas)
    _record(session, engineer, command, "add_engineer", None, by=by, at=at)
    return EngineerChanged(code=engineer.code, is_active=True, row_version=1)


@audit.answered
def change_engineer(session: Session, command: ChangeEngineer, *, by: Actor, at: datetime) -> EngineerChanged:
    """Change what an engineer can do, where and when, or whether at all. Who has a fault keeps it.

    Raises:
        Refused: CSS111E the actor may not, CSS347E nothing is changed, no craft or area is left, or no such working calendar.
        NotFound: CSS341E no such engineer, CSS827E no such exchange in the district.
        Conflict: CSS314E somebody else changed it meanwhile, CSS339E an engineer with a fault does not stop working.
    """
    require_staff(by, Role.REPAIR, Role.SUPERVISOR)
    engineer = locked_engineer(session, command.code, by)
    if command.row_version is not None and command.row_version != engineer.row_version:
        sentence = "Engineer {code} was changed by somebody else (version {now}, you saw {seen}). Look again."
        raise Conflict("CSS314E", sentence, code=engineer.code, now=engineer.row_version, seen=command.row_version, element="row_version")
    wrong = Refusals()
    wrong.add(*_nothing(crafts=command.crafts, exchange_codes=command.exchange_codes))
    if command.calendar_code is not None:
        wrong.add(*_no_calendar(session, command.calendar_code))
    if all(value is None for value in (command.crafts, command.exchange_codes, command.calendar_code, command.is_active)):
        wrong.add(Refused("CSS347E", "Nothing is to be changed: say what.", element="code"))
    codes = command.exchange_codes
    areas = None if codes is None else wrong.reading(lambda: _areas(session, engineer.district_code, codes))
    if command.is_active is False:
        has = live_fault(session, engineer.id)
        if has is not None:
            wrong.add(busy(engineer.code, has))
    wrong.tell()
    before = {"calendar_code": engineer.calendar_code, "is_active": engineer.is_active, **_has(session, engineer.id)}
    _set(session, engineer.id, crafts=command.crafts, areas=areas)
    engineer.calendar_code = command.calendar_code or engineer.calendar_code
    engineer.is_active = engineer.is_active if command.is_active is None else command.is_active
    engineer.row_version += 1
    session.flush()
    _record(session, engineer, command, "change_engineer", before, by=by, at=at)
    return EngineerChanged(code=engineer.code, is_active=engineer.is_active, row_version=engineer.row_version)


def locked_engineer(session: Session, code: str, by: Actor) -> Engineer:
    """An engineer, locked so that nobody gives them two faults. A contractor finds nobody else.

    Raises:
        NotFound: CSS341E.
    """
    wanted = code.strip().upper()
    engineer = session.execute(
        select(Engineer).where(Engineer.code == wanted).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if engineer is None or (sees_only_own_visits(by) and engineer.code != by.name):
        raise no_engineer(wanted)
    return engineer


def no_engineer(code: str) -> NotFound:
    """CSS341E: there is none of that code, or not for the asker."""
    return NotFound("CSS341E", "There is no engineer {code}.", code=code[:8], element="engineer_code")


def live_fault(session: Session, engineer_id: int) -> str | None:
    """The number of the fault an engineer has now."""
    return session.execute(
        select(Fault.number).join(Visit, Visit.fault_id == Fault.id).where(Visit.engineer_id == engineer_id, Visit.ended_at.is_(None))
    ).scalar()


def busy(code: str, fault_number: str) -> Conflict:
    """CSS339E: the engineer has a fault already; it is named."""
    return Conflict(
        "CSS339E",
        "Engineer {code} has fault {fault} already: it is cleared, returned or recalled first.",
        code=code,
        fault=fault_number,
        element="engineer_code",
    )


def _nothing(**lists: tuple[object, ...] | None) -> Iterable[CssError]:
    for element, values in lists.items():
        if values is not None and not values:
            what = "craft" if element == "crafts" else "exchange"
            yield Refused("CSS347E", "An engineer has at least one {what}.", what=what, element=element)


def _no_calendar(session: Session, code: str) -> Iterable[CssError]:
    if session.get(WorkingCalendar, code) is None:
        yield Refused("CSS347E", "There is no working calendar {code} for a shift.", code=code[:20], element="calendar_code")


def _areas(session: Session, district_code: str, codes: tuple[str, ...]) -> list[int]:
    wanted = dict.fromkeys(code.strip().upper() for code in codes)
    found = dict(
        session.execute(select(Exchange.code, Exchange.id).where(Exchange.district_code == district_code, Exchange.code.in_(wanted))).all()
    )
    wrong = Refusals()
    wrong.add(*(no_exchange(district_code, code) for code in wanted if code not in found))
    wrong.tell()
    return [found[code] for code in wanted]


def _set(session: Session, engineer_id: int, *, crafts: tuple[Craft, ...] | None, areas: list[int] | None) -> None:
    if crafts is not None:
        session.execute(delete(EngineerCraft).where(EngineerCraft.engineer_id == engineer_id))
        session.add_all(EngineerCraft(engineer_id=engineer_id, craft=craft) for craft in dict.fromkeys(crafts))
    if areas is not None:
        session.execute(delete(EngineerArea).where(EngineerArea.engineer_id == engineer_id))
        session.add_all(EngineerArea(engineer_id=engineer_id, exchange_id=area) for area in areas)
    session.flush()


def _has(session: Session, engineer_id: int) -> dict[str, list[str]]:
    crafts = session.execute(select(EngineerCraft.craft).where(EngineerCraft.engineer_id == engineer_id)).scalars()
    areas = session.execute(
        select(Exchange.code).join(EngineerArea, EngineerArea.exchange_id == Exchange.id).where(EngineerArea.engineer_id == engineer_id)
    ).scalars()
    return {"crafts": sorted(craft.value for craft in crafts), "exchange_codes": sorted(areas)}


def _taken(code: str) -> Conflict:
    return Conflict("CSS125E", "The {what} code {code} is taken already.", what="engineer", code=code, element="code")


def _record(
    session: Session,
    engineer: Engineer,
    command: AddEngineer | ChangeEngineer,
    verb: str,
    before: dict[str, object] | None,
    *,
    by: Actor,
    at: datetime,
) -> None:
    told = {name: value for name, value in to_plain(command).items() if name not in {"token", "row_version"} and value is not None}
    audit.record(session, by=by, at=at, verb=verb, subject=("engineer", engineer.code), before=before, after=told)
    session.flush()
