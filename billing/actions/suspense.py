"""Usage that waits: priced anew when its cause is mended, approved when late, accepted, or written off by authority."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Final

import polars as pl
from sqlalchemy.orm import Session

from billing.actions.long_calls import assemble_chains, chains_of, no_price, require_reason
from billing.actions.settling import (
    RECORD_COLUMNS,
    Settling,
    Tally,
    Watch,
    hold_suspense,
    price_and_settle,
    settle_as,
    settle_records,
    unwatched,
)
from billing.commands import BlockTotals
from billing.queries.suspense import number_pattern, require_reason_code
from billing.queries.usage import file_with_id
from billing.rules.file_outcomes import RECORDS_PER_FILE
from billing.rules.permission import require_may
from billing.suspense_commands import (
    AcceptDuplicate,
    ApproveLateUsage,
    ReplayUsage,
    UsageChosen,
    UsageSettled,
    UsageWrittenOff,
    WriteOffUsage,
)
from billing.words import UsageOutcome
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refusals, Refused
from css.core.money import to_money
from css.db.bulk import read_frame
from css.db.sql import block
from css.master.districts import business_date as open_business_date

LATE: Final = "CSS460W"
"""Why a late record waits."""
MENDED_BY_NUMBERS: Final = ("CSS412E", "CSS413E")
MENDED_BY_PRICES: Final = ("CSS414E", "CSS416E", "CSS417E", "CSS450E")
"""Reasons that go away when an order is completed, or when a tariff or a VAT rate comes: the night tries these again."""
NIGHT_WORDS: Final = "Priced by the night, when it could be."
NIGHT_RECORDS: Final = 50_000
"""Tried by the night in one transaction."""
UNCOUNTED_MAX: Final = 100
"""Records that may be written off without saying how many there are."""

_CHOSEN: Final = {"usage_record_id": pl.Int64(), "is_part": pl.Boolean(), "duration_seconds": pl.Int64()}


@audit.answered
def replay_usage(session: Session, command: ReplayUsage, *, by: Actor, at: datetime, watch: Watch = unwatched) -> UsageSettled:
    """Price open records anew with what is known now; what has a price is settled, the rest waits for the reason it has now.

    Of a long call the parts are priced together, or wait together, also those that were not chosen. Rated on the open
    business date, so the next bill run takes them. Nothing chosen is nothing done.

    Raises:
        NotFound: CSS101E, no such district, CSS668E, no such file. Refused: CSS443E the actor may not, CSS710E no reason,
            CSS718E a criterion that nothing can meet; CSS713E, a record named is not open.
    """
    require_may(by, "replay usage")
    return _replayed(session, command, hold_late=True, by=by, at=at, watch=watch)


@audit.answered
def approve_late_usage(session: Session, command: ApproveLateUsage, *, by: Actor, at: datetime, watch: Watch = unwatched) -> UsageSettled:
    """Let late calls be billed: those chosen among the records that wait for approval (CSS460W) are priced and settled.

    Raises:
        As ``replay_usage``.
    """
    require_may(by, "approve late usage")
    late = replace(command, chosen=replace(command.chosen, reason_code=command.chosen.reason_code or LATE))
    if late.chosen.reason_code != LATE:
        sentence = "Only records that wait for approval ({late}) are approved; replay the others."
        raise Refused("CSS718E", sentence, late=LATE, element="chosen.reason_code")
    return _replayed(session, late, hold_late=False, by=by, at=at, watch=watch)


@audit.answered
def write_off_usage(session: Session, command: WriteOffUsage, *, by: Actor, at: datetime) -> UsageWrittenOff:
    """Give open records up, for good: they count as rejected from now on, with the reason, and are never billed.

    Raises:
        NotFound: CSS101E, CSS668E. Refused: CSS443E the actor may not, CSS710E no reason, CSS711E nothing says which
            records, CSS712E there are many and nobody has said how many, CSS713E, CSS718E. Conflict: CSS712E, there are more
            or fewer than was said.
    """
    require_may(by, "write off usage")
    require_reason(command.reason)
    if command.chosen == UsageChosen():
        sentence = "Say which records are given up, by reason, supplier, number, file, call, dates or ids."
        raise Refused("CSS711E", sentence, element="chosen")
    settling = _settling(session, command.district_code, command.reason, by)
    chosen = _chosen(session, command.district_code, command.chosen)
    _check_count(command, chosen.height)
    seconds = int(chosen["duration_seconds"].sum())
    answer = UsageWrittenOff(
        district_code=settling.district_code,
        business_date=settling.business_date,
        is_preview=command.preview,
        record_count=chosen.height,
        duration_seconds=seconds,
    )
    if command.preview or chosen.is_empty():
        return answer
    settle_as(session, settling, chosen["usage_record_id"].to_list(), UsageOutcome.REJECTED)
    _record(session, command, {"records": chosen.height, "duration_seconds": seconds}, by=by, at=at)
    return answer


@audit.answered
def accept_duplicate(session: Session, command: AcceptDuplicate, *, by: Actor, at: datetime) -> UsageSettled:
    """Price a record that was judged a duplicate: somebody knows that there were two calls.

    Raises:
        NotFound: CSS101E no such district, CSS713E no such record. Conflict: CSS717E, it is no duplicate, or was accepted
            before. Refused: CSS443E the actor may not, CSS710E no reason, CSS716E it has no price.
    """
    require_may(by, "accept duplicates")
    require_reason(command.reason)
    settling = replace(_settling(session, command.district_code, command.reason, by), hold_late=False)
    asked = {"district": command.district_code, "record": command.usage_record_id}
    row = session.execute(block("billing", "suspense.duplicate"), asked).one_or_none()
    if row is None:
        raise _not_there(command.usage_record_id)
    if row.outcome != UsageOutcome.DUPLICATE or row.settled_as is not None or row.chain_id is not None:
        state = row.settled_as or ("part of a long call" if row.chain_id is not None else row.outcome)
        sentence = "Record {record} is {state}, no duplicate that can be accepted."
        raise Conflict("CSS717E", sentence, record=command.usage_record_id, state=state, element="usage_record_id")
    record = pl.DataFrame([{name: getattr(row, name) for name in RECORD_COLUMNS}], schema=RECORD_COLUMNS)
    tally = Tally(looked_at=1)
    price_and_settle(session, settling, record, record.select("usage_record_id", call_id="usage_record_id"), tally)
    if tally.waiting:
        raise no_price(tally)
    _record(session, command, {"net": str(to_money(tally.net))}, by=by, at=at)
    return tally.said(settling)


def replay_next(session: Session, district_code: str, after: int, *, business_date: date, by: Actor) -> tuple[BlockTotals, int] | None:
    """Try the next open records, after one, whose reason may have mended itself; None when there is none left.

    Gives what was done and the last record looked at. What still has no price is filtered and keeps waiting.
    """
    hold_suspense(session, district_code)
    asked = {
        "district": district_code,
        "business_date": business_date,
        "after": after,
        "limit": NIGHT_RECORDS,
        "of_numbers": list(MENDED_BY_NUMBERS),
        "of_prices": list(MENDED_BY_PRICES),
    }
    ids = session.execute(block("billing", "suspense.mendable"), asked).scalars().all()
    if not ids:
        return None
    tally = Tally()
    settle_records(session, Settling(district_code, business_date, by, NIGHT_WORDS), ids, tally)
    waiting = tally.waiting.total()
    return BlockTotals(read=tally.looked_at, written=tally.settled, filtered=waiting, amount=to_money(tally.net)), ids[-1]


def _replayed(
    session: Session, command: ReplayUsage | ApproveLateUsage, *, hold_late: bool, by: Actor, at: datetime, watch: Watch
) -> UsageSettled:
    require_reason(command.reason)
    settling = replace(_settling(session, command.district_code, command.reason, by), hold_late=hold_late)
    chosen = _chosen(session, command.district_code, command.chosen)

    def deed() -> Tally:
        tally = Tally(watch=lambda done: watch(done, chosen.height))
        settle_records(session, settling, chosen.filter(~pl.col("is_part"))["usage_record_id"], tally)
        parts = chosen.filter("is_part")["usage_record_id"].to_list()
        assemble_chains(session, settling, chains_of(session, command.district_code, parts) if parts else [], tally)
        return tally

    if command.preview:
        return _undone(session, deed).said(settling, is_preview=True)
    tally = deed()
    counts = {"looked_at": tally.looked_at, "rated": tally.rated, "zero_rated": tally.zero_rated, "net": str(to_money(tally.net))}
    _record(session, command, counts, by=by, at=at)
    return tally.said(settling)


class _TakenBackError(Exception):
    """Ends a savepoint whose deed was only to be looked at."""


def _undone(session: Session, deed: Callable[[], Tally]) -> Tally:
    """What a deed comes to, by doing it and taking it back."""
    seen = []
    with suppress(_TakenBackError), session.begin_nested():
        seen.append(deed())
        raise _TakenBackError
    return seen[0]


def _settling(session: Session, district_code: str, reason: str, by: Actor) -> Settling:
    """Held: the business date, so that all of it falls before the night's cut or after it; and the district's open records."""
    business_date = open_business_date(session, district_code)
    hold_suspense(session, district_code)
    return Settling(district_code, business_date, by, reason.strip())


def _chosen(session: Session, district_code: str, chosen: UsageChosen) -> pl.DataFrame:
    """The ids of the open records chosen, in order, whether each is a part of a long call, and its seconds."""
    wrong = Refusals()
    wrong.reading(lambda: require_reason_code(chosen.reason_code))
    numbers = wrong.reading(lambda: number_pattern(chosen.charged_number))
    since, before = chosen.set_aside_from, chosen.set_aside_before
    if since is not None and before is not None and since >= before:
        sentence = "No day is before {before} and not before {since}."
        wrong.add(Refused("CSS718E", sentence, before=before, since=since, element="set_aside_before"))
    wrong.tell()
    if chosen.usage_file_id is not None:
        file_with_id(session, chosen.usage_file_id)
    found = read_frame(
        session,
        block("billing", "suspense.chosen"),
        _CHOSEN,
        district=district_code,
        reason_code=chosen.reason_code,
        supplier=chosen.supplier,
        numbers=numbers,
        file=chosen.usage_file_id,
        chain=chosen.chain_id,
        since=since,
        before=before,
        records=None if chosen.usage_record_ids is None else list(chosen.usage_record_ids),
    )
    missing = set(chosen.usage_record_ids) - set(found["usage_record_id"]) if chosen.usage_record_ids else set()
    if missing:
        raise _not_there(min(missing))
    return found


def _check_count(command: WriteOffUsage, count: int) -> None:
    if command.preview or (command.expected_count is None and count <= UNCOUNTED_MAX):
        return
    if command.expected_count is None:
        sentence = "{count} records would be given up; say that you expect as many (expected_count), or choose fewer."
        raise Refused("CSS712E", sentence, count=count, element="expected_count")
    if command.expected_count != count:
        sentence = "{count} records would be given up, not {expected}; look at them again."
        raise Conflict("CSS712E", sentence, count=count, expected=command.expected_count, element="expected_count")


def _not_there(record_id: int) -> NotFound:
    file, line = divmod(record_id, RECORDS_PER_FILE)
    sentence = "Record {record} is not among those that can be settled so: it was settled already, or never set aside."
    return NotFound("CSS713E", sentence, record=f"{file}/{line}", element="usage_record_ids")


def _record(
    session: Session,
    command: ReplayUsage | ApproveLateUsage | WriteOffUsage | AcceptDuplicate,
    counts: dict[str, object],
    *,
    by: Actor,
    at: datetime,
) -> None:
    audit.record(
        session,
        by=by,
        at=at,
        verb=_VERBS[type(command)],
        subject=("usage", command.district_code),
        after={**to_plain(command), **counts},
    )


_VERBS: Final[dict[type, str]] = {
    ReplayUsage: "replay_usage",
    ApproveLateUsage: "approve_late_usage",
    WriteOffUsage: "write_off_usage",
    AcceptDuplicate: "accept_duplicate",
}
