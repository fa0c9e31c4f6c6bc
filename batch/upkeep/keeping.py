"""What is kept how long, as it stands now: the house's rules, what a supervisor set instead, and holds that stop all throwing away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from batch.keepers import require_reason
from batch.model import RetentionHold, RetentionRule, RetentionRun
from batch.rules.retention import SUBJECTS, Held, Keeping
from batch.upkeep.commands import HoldRetention, ReleaseRetention, RetentionHeld, RetentionSet, SetRetention
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, NotFound, Refused
from css.master.districts import District, no_district
from css.master.operator_changes import require_supervisor

RUNS_SHOWN = 500


@dataclass(frozen=True, slots=True)
class RetentionRow:
    """How long one subject is kept, why, and what was thrown away of it last."""

    subject: str
    words: str
    held: Held
    keep_days: int
    keep_weeks: int
    keep_months: int
    set_by: str
    """Empty: the house's own."""
    reason: str
    """Of whoever set it; else the source of the house's rule."""
    least_days: int
    most_days: int
    holds: tuple[RetentionHeld, ...]
    """While there is one, nothing of what it covers goes."""
    last_purged_on: date | None
    """The last business date on which anything went."""
    purged_count: int
    """How many have gone since ever."""


def keeping_of(session: Session, subject: str) -> Keeping:
    """How long a subject is kept now."""
    row = session.get(RetentionRule, subject)
    return SUBJECTS[subject].keeping if row is None else Keeping(row.keep_days, row.keep_weeks, row.keep_months)


def is_held(session: Session, subject: str, district_code: str | None = None) -> bool:
    """Whether a hold covers a subject in a district; None asks whether one covers all of it, everywhere or somewhere."""
    found = select(RetentionHold.id).where(RetentionHold.released_at.is_(None), func.coalesce(RetentionHold.subject, subject) == subject)
    if district_code:
        found = found.where(func.coalesce(RetentionHold.district_code, district_code) == district_code)
    return session.execute(found.limit(1)).first() is not None


def retention(session: Session) -> tuple[RetentionRow, ...]:
    """Every subject with its rule, its holds, and what went."""
    rules = {row.subject: row for row in session.execute(select(RetentionRule)).scalars()}
    holds = [
        _held(row)
        for row in session.execute(select(RetentionHold).where(RetentionHold.released_at.is_(None)).order_by(RetentionHold.id)).scalars()
    ]
    gone = {
        row.subject: row
        for row in session.execute(
            select(
                RetentionRun.subject,
                func.max(RetentionRun.business_date).filter(RetentionRun.purged_count > 0).label("last_on"),
                func.sum(RetentionRun.purged_count).label("purged"),
            ).group_by(RetentionRun.subject)
        )
    }
    rows = []
    for subject in SUBJECTS.values():
        rule, last = rules.get(subject.name), gone.get(subject.name)
        now = subject.keeping if rule is None else Keeping(rule.keep_days, rule.keep_weeks, rule.keep_months)
        rows.append(
            RetentionRow(
                subject=subject.name,
                words=subject.words,
                held=subject.held,
                keep_days=now.days,
                keep_weeks=now.weeks,
                keep_months=now.months,
                set_by=rule.set_by if rule else "",
                reason=rule.reason if rule else subject.source,
                least_days=subject.least_days,
                most_days=subject.most_days,
                holds=tuple(hold for hold in holds if hold.subject in {None, subject.name}),
                last_purged_on=last.last_on if last else None,
                purged_count=int(last.purged) if last else 0,
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class RetentionRunRow:
    """What one night put away or threw away of one subject."""

    business_date: date
    subject: str
    district_code: str | None
    kept_from: date
    archived_count: int
    purged_count: int
    archive_path: str | None
    """Below the installation's directory."""
    archive_sha256: str | None


def retention_runs(session: Session, subject: str = "", limit: int = 50) -> tuple[RetentionRunRow, ...]:
    """What nights put away or threw away, newest first: of one subject, or of all."""
    found = select(RetentionRun).order_by(RetentionRun.business_date.desc(), RetentionRun.id.desc()).limit(min(limit, RUNS_SHOWN))
    if subject:
        found = found.where(RetentionRun.subject == subject)
    return tuple(
        RetentionRunRow(
            business_date=row.business_date,
            subject=row.subject,
            district_code=row.district_code,
            kept_from=row.kept_from,
            archived_count=row.archived_count,
            purged_count=row.purged_count,
            archive_path=row.archive_path,
            archive_sha256=row.archive_sha256,
        )
        for row in session.execute(found).scalars()
    )


@audit.answered
def set_retention(session: Session, command: SetRetention, *, by: Actor, at: datetime) -> RetentionSet:
    """Keep a subject for another time than the house does, as a supervisor; from the next night on.

    Raises:
        Refused: CSS111E the actor may not. BadMessage: CSS630E no reason; CSS979E no such subject, or shorter or longer than may be.
    """
    require_supervisor(by)
    reason = require_reason(command.reason)
    subject = SUBJECTS.get(command.subject)
    if subject is None:
        raise _unknown(command.subject)
    if not subject.least_days <= command.keep_days <= subject.most_days:
        raise BadMessage(
            "CSS979E",
            "{words} are kept {least:,} to {most:,} days. {source}",
            words=subject.words,
            least=subject.least_days,
            most=subject.most_days,
            source=subject.source,
            element="keep_days",
        )
    if min(command.keep_weeks, command.keep_months) < 0 or (
        (command.keep_weeks or command.keep_months) and subject.held is not Held.GENERATIONS
    ):
        sentence = "Weeks and months are kept of generations alone, none or more of each."
        raise BadMessage("CSS979E", sentence, element="keep_weeks")
    before = keeping_of(session, subject.name)
    values = {
        "keep_days": command.keep_days,
        "keep_weeks": command.keep_weeks,
        "keep_months": command.keep_months,
        "set_by": by.name,
        "set_at": at,
        "reason": reason,
    }
    session.execute(
        upsert(RetentionRule).values(subject=subject.name, **values).on_conflict_do_update(index_elements=["subject"], set_=values)
    )
    answer = RetentionSet(subject=subject.name, keep_days=command.keep_days, keep_weeks=command.keep_weeks, keep_months=command.keep_months)
    after = to_plain(answer) | {"reason": reason}
    was = {"keep_days": before.days, "keep_weeks": before.weeks, "keep_months": before.months}
    audit.record(session, by=by, at=at, verb="set_retention", subject=("retention", subject.name), before=was, after=after)
    return answer


@audit.answered
def hold_retention(session: Session, command: HoldRetention, *, by: Actor, at: datetime) -> RetentionHeld:
    """Throw nothing away of what the hold covers until it is released, as a supervisor.

    Raises:
        Refused: CSS111E the actor may not. NotFound: CSS101E no such district. BadMessage: CSS630E no reason, CSS979E no such subject.
    """
    require_supervisor(by)
    reason = require_reason(command.reason)
    if command.subject is not None and command.subject not in SUBJECTS:
        raise _unknown(command.subject)
    if command.district_code is not None and session.get(District, command.district_code) is None:
        raise no_district(command.district_code)
    row = RetentionHold(subject=command.subject, district_code=command.district_code, reason=reason, held_by=by.name, held_at=at)
    session.add(row)
    session.flush()
    answer = _held(row)
    audit.record(session, by=by, at=at, verb="hold_retention", subject=("retention hold", str(row.id)), after=to_plain(answer))
    return answer


@audit.answered
def release_retention(session: Session, command: ReleaseRetention, *, by: Actor, at: datetime) -> RetentionHeld:
    """End a hold, as a supervisor: what it kept back goes with the next night, when its time is over.

    Raises:
        Refused: CSS111E the actor may not; CSS979E it was released before. NotFound: CSS979E no such hold. BadMessage: CSS630E no reason.
    """
    require_supervisor(by)
    reason = require_reason(command.reason)
    row = session.get(RetentionHold, command.hold_id, with_for_update=True)
    if row is None:
        raise NotFound(
            "CSS979E", "There is no hold {number}; `css ask retention` lists those that stand.", number=command.hold_id, element="hold_id"
        )
    if row.released_at is not None:
        raise Refused("CSS979E", "{who} has released hold {number}.", who=row.released_by, number=row.id, element="hold_id")
    row.released_by, row.released_at = by.name, at
    session.flush()
    answer = _held(row)
    after = to_plain(answer) | {"why": reason}
    audit.record(session, by=by, at=at, verb="release_retention", subject=("retention hold", str(row.id)), after=after)
    return answer


def _held(row: RetentionHold) -> RetentionHeld:
    return RetentionHeld(
        hold_id=row.id,
        subject=row.subject,
        district_code=row.district_code,
        reason=row.reason,
        held_at=row.held_at,
        released_at=row.released_at,
    )


def _unknown(subject: str) -> BadMessage:
    return BadMessage(
        "CSS979E", "Nothing called {subject} is kept; there are {known}.", subject=subject, known=", ".join(SUBJECTS), element="subject"
    )
