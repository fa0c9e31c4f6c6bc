"""What was set aside: the work list, one item whole, and what the night finds mended by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.orm import Session

from batch.model import JobInstance, Reject
from batch.rules.reject_sources import TO_DO, RejectKind, RejectSource, source_of
from batch.words import RejectState
from billing.queries.mending import accounts_billed_since, bills_as_they_stand, files_taken_since
from css.core.calendar import london_date
from css.core.errors import NotFound
from css.master.districts import BusinessDate

LIST_MAX = 10_000
SETTLED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RejectListed:
    """One item set aside, as a line of the work list."""

    reject_id: int
    district_code: str
    business_date: date
    step: str
    kind: RejectKind
    subject: str
    """The file, the account or the bill."""
    reason_code: str
    words: str
    state: RejectState
    rejected_at: datetime
    age_days: int
    """Business dates that it has waited: to the last that its district has closed, or that was over when it was settled."""


@dataclass(frozen=True, slots=True)
class RejectCard:
    """One item set aside, whole."""

    reject_id: int
    net: str
    district_code: str
    business_date: date
    step: str
    source_key: str
    kind: RejectKind
    subject: str
    reason_code: str
    words: str
    raw: str
    """What came, as it came."""
    state: RejectState
    rejected_at: datetime
    to_do: str
    """What a person does about it."""
    is_mended: bool
    """Whether its cause is gone: the next night settles it."""
    mended_words: str
    settled_at: datetime | None
    settled_by: str | None
    settled_words: str | None
    parameter_key: str = ""
    """Of the run that set it aside, where that was an extra one."""


def rejects(
    session: Session,
    district: str = "",
    state: RejectState = RejectState.OPEN,
    step: str = "",
    reason_code: str = "",
    business_date: date | None = None,
    limit: int = 100,
) -> tuple[RejectListed, ...]:
    """What was set aside and stands so, oldest first: of a district or of all, of a step, for a reason, by one night."""
    statement = _with_instance().where(Reject.state == state)
    if district:
        statement = statement.where(JobInstance.district_code == district)
    if step:
        statement = statement.where(Reject.step == step)
    if reason_code:
        statement = statement.where(Reject.reason_code == reason_code)
    if business_date is not None:
        statement = statement.where(JobInstance.business_date == business_date)
    # A run of the house is of no district: it is as far as the one that is furthest.
    furthest = select(func.max(BusinessDate.closed_through)).scalar_subquery()
    rows = session.execute(
        statement.outerjoin(BusinessDate, BusinessDate.district_code == JobInstance.district_code)
        .add_columns(case((JobInstance.district_code.is_(None), furthest), else_=BusinessDate.closed_through))
        .order_by(Reject.id)
        .limit(max(1, min(limit, LIST_MAX)))
    )
    return tuple(_listed(item, instance, closed) for item, instance, closed in rows)


def reject(session: Session, reject_id: int) -> RejectCard:
    """One item set aside, with what came, what a person does about it and whether its cause is gone. NotFound CSS648E."""
    item, instance = reject_row(session, reject_id)
    source = source_of(item.source_key)
    mended = mended_words(session, instance.district_code or "", [(item, instance.business_date)]).get(item.id, "")
    return RejectCard(
        reject_id=item.id,
        net=instance.net,
        district_code=instance.district_code or "",
        business_date=instance.business_date,
        step=item.step,
        source_key=item.source_key,
        kind=source.kind,
        subject=source.subject,
        reason_code=item.reason_code,
        words=item.words,
        raw=item.raw,
        state=item.state,
        rejected_at=item.rejected_at,
        to_do=TO_DO[source.kind],
        is_mended=bool(mended),
        mended_words=mended,
        settled_at=item.settled_at,
        settled_by=item.settled_by,
        settled_words=item.settled_words,
        parameter_key=instance.parameter_key,
    )


def reject_row(session: Session, reject_id: int, *, for_update: bool = False) -> tuple[Reject, JobInstance]:
    """The row of an item and of the run that set it aside. NotFound CSS648E."""
    statement = _with_instance().where(Reject.id == reject_id)
    row = session.execute(statement.with_for_update(of=Reject) if for_update else statement).one_or_none()
    if row is None:
        raise NotFound("CSS648E", "Nothing was set aside under number {number}.", number=reject_id, element="reject_id")
    return row[0], row[1]


def mended_words(session: Session, district_code: str, items: list[tuple[Reject, date]]) -> dict[int, str]:
    """Of these open items of a district those whose cause is gone, and how, in a sentence: by the item's id."""
    sources = [(item, refused_on, source_of(item.source_key)) for item, refused_on in items]
    files = files_taken_since(session, district_code, _named(sources, RejectKind.FILE))
    cuts = [(source.subject, source.cut) for _, _, source in sources if source.cut is not None]
    accounts = accounts_billed_since(session, sorted(set(cuts)))
    of_bills = {RejectKind.DOCUMENT, RejectKind.STORED}
    bills = bills_as_they_stand(session, sorted({source.subject for _, _, source in sources if source.kind in of_bills}))
    found: dict[int, str] = {}
    for item, refused_on, source in sources:
        bill = bills.get(source.subject)
        words = ""
        if source.kind is RejectKind.FILE:
            words = files.get((source.subject, refused_on), "")
        elif source.cut is not None:
            words = accounts.get((source.subject, source.cut), "")
        elif bill is not None and bill.is_issued:
            words = "The bill is out."
        elif bill is not None and source.kind is RejectKind.DOCUMENT and bill.has_files:
            words = "The bill has its files."
        if words:
            found[item.id] = words
    return found


def settle_mended(session: Session, district_code: str, *, by: str, at: datetime) -> tuple[int, int]:
    """Settle what is open in a district and whose cause is gone: how many were looked at, and how many of them were settled."""
    looked_at = settled = last = 0
    while True:
        rows = session.execute(
            _with_instance()
            .where(Reject.state == RejectState.OPEN, JobInstance.district_code == district_code, Reject.id > last)
            .order_by(Reject.id)
            .limit(SETTLED_AT_ONCE)
            .with_for_update(of=Reject, skip_locked=True)
        ).all()
        if not rows:
            return looked_at, settled
        last = rows[-1][0].id
        mended = mended_words(session, district_code, [(item, instance.business_date) for item, instance in rows])
        looked_at += len(rows)
        settled += len(mended)
        if mended:
            session.execute(
                update(Reject),
                [
                    {"id": item_id, "state": RejectState.REPLAYED, "settled_at": at, "settled_by": by, "settled_words": words}
                    for item_id, words in mended.items()
                ],
            )


def _named(sources: list[tuple[Reject, date, RejectSource]], kind: RejectKind) -> list[tuple[str, date]]:
    return sorted({(source.subject, refused_on) for _, refused_on, source in sources if source.kind is kind})


def _with_instance() -> Select[Reject, JobInstance]:
    return select(Reject, JobInstance).join(JobInstance, JobInstance.id == Reject.job_instance_id)


def _listed(item: Reject, instance: JobInstance, closed: date | None) -> RejectListed:
    source = source_of(item.source_key)
    until = closed or instance.business_date
    if item.settled_at is not None:
        until = min(until, london_date(item.settled_at) - timedelta(days=1))
    return RejectListed(
        reject_id=item.id,
        district_code=instance.district_code or "",
        business_date=instance.business_date,
        step=item.step,
        kind=source.kind,
        subject=source.subject,
        reason_code=item.reason_code,
        words=item.words,
        state=item.state,
        rejected_at=item.rejected_at,
        age_days=max(0, (until - instance.business_date).days),
    )
