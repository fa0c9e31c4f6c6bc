"""Changing the house's choices about faults: from a day to come on, and never what was promised by them before."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Refusals
from css.master.care_levels import care_book, no_calendar
from css.master.operator_changes import require_supervisor
from css.master.working_calendar_actions import MINUTES_MAX, day_faults, figure_faults
from repairs.commands.policy import PolicySet, SetRepairPolicy
from repairs.model import RepairPolicy
from repairs.reference import POLICY_FIELDS, policy_on

DAYS_MAX: Final = 730
FAULTS_MAX: Final = 1000


@audit.answered
def set_repair_policy(session: Session, command: SetRepairPolicy, *, by: Actor, at: datetime) -> PolicySet:
    """Set the choices about faults from a day on. What was set for that day is replaced.

    Raises:
        NotFound: CSS836E no such calendar. BadMessage: CSS070E no such level on the day. Refused: CSS111E the actor may not;
            CSS851E the day, CSS853E a figure; all at once as ``Several``.
    """
    require_supervisor(by)
    wrong = Refusals()
    wrong.add(*day_faults(session, command.starts_on))
    wrong.add(
        *figure_faults(
            repeat_days=(command.repeat_days, 1, DAYS_MAX),
            early_life_days=(command.early_life_days, 1, DAYS_MAX),
            accept_minutes=(command.accept_minutes, 1, MINUTES_MAX),
            warn_minutes=(command.warn_minutes, 1, MINUTES_MAX),
            problem_faults=(command.problem_faults, 2, FAULTS_MAX),
            problem_days=(command.problem_days, 1, DAYS_MAX),
        )
    )
    book = care_book(session, command.starts_on)
    known = {calendar.code: calendar for calendar in book.calendars}
    if command.accept_calendar_code is not None and command.accept_calendar_code not in known:
        wrong.add(no_calendar(command.accept_calendar_code, known, element="accept_calendar_code"))
    for element in ("priority_level", "damage_level", "hazard_level"):
        level = getattr(command, element)
        if level is not None:
            wrong.reading(lambda level=level, element=element: book.terms(level, element=element))  # type: ignore[misc]
    wrong.tell()
    in_force = policy_on(session, command.starts_on)
    before = {name: getattr(in_force, name) for name in POLICY_FIELDS if name != "starts_on"}
    given = {name: getattr(command, name) for name in before if getattr(command, name) is not None}
    row = insert(RepairPolicy).values(starts_on=command.starts_on, **(before | given))
    session.execute(row.on_conflict_do_update(index_elements=["starts_on"], set_={name: row.excluded[name] for name in before}))
    audit.record(
        session,
        by=by,
        at=at,
        verb="set_repair_policy",
        subject=("repair-policy", command.starts_on.isoformat()),
        before={name: before[name] for name in given},
        after=to_plain(command),
    )
    session.flush()
    return PolicySet(starts_on=command.starts_on)
