"""Re-rating: calls priced anew after a correction, and what their price differs by written beside it.

Nothing that was billed is touched. The difference is a row of its own, dated with the open business date, which the next
bill of its account takes; so a call that turns out to be somebody else's is a credit on one bill and a charge on another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Final

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.rating import RATED_COLUMNS, price_records
from billing.actions.set_aside import RECORDS_PER_FILE
from billing.actions.settling import hold_suspense
from billing.model import Tariff, UsageFile, UsageRerating
from billing.queries.suspense import number_pattern
from billing.rerating_commands import CallDifference, CallsLeft, RerateUsage, UsageRerated
from billing.rules.permission import require_may
from billing.rules.rerating import differences, taxed_anew
from css import audit
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, start_of_day
from css.core.codec import to_plain
from css.core.errors import NotFound, Refusals, Refused
from css.core.money import Price
from css.db.bulk import copy_frame, read_frame
from css.db.sql import block
from css.master.districts import business_date

SHOWN_MAX: Final = 20
"""So many differences are told one by one; ``css ask rerating-card`` tells more."""

_ROWS: Final = {
    "usage_record_id": pl.Int64(),
    "rerating_id": pl.Int64(),
    "account_id": pl.Int64(),
    "service_id": pl.Int64(),
    "leg": pl.String(),
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "call_count": pl.Int64(),
    "tariff_rate_id": pl.Int64(),
    "charge_class": pl.String(),
    "destination": pl.String(),
    "band": pl.String(),
    "chargeable_units": pl.Int64(),
    "net_millionths": pl.Int64(),
    "gross_millionths": pl.Int64(),
    "vat_basis_points": pl.Int64(),
    "service_rate_id": pl.Int64(),
    "service_net_millionths": pl.Int64(),
    "wholesale_rate_id": pl.Int64(),
    "wholesale_net_millionths": pl.Int64(),
    "is_itemised": pl.Boolean(),
    "zero_reason": pl.String(),
}
_RECORD: Final = ("usage_record_id", "leg", "charged_number", "other_number", "started_at", "duration_seconds")
"""What pricing needs of a record; a first price says it as the record did."""
_CHOICE: Final = ("tariff_code", "from_on", "to_on", "number", "usage_file_id", "supplier")


@audit.answered
def rerate_usage(
    session: Session, command: RerateUsage, *, by: Actor, at: datetime, watch: Callable[[int, int], None] | None = None
) -> UsageRerated:
    """Price the chosen calls anew at the prices of their own dates, and write what differs from all that was written before.

    A call is guided and priced as known on the open business date. One that cannot be priced any more (its number is now
    nobody's, say) is left as it is and told of, because money is not given back on what may be a slip. So is one whose rate
    of VAT changed (CSS724W). The calls are read block by block; all is written in the caller's transaction.

    Raises:
        NotFound: CSS101E no such district, CSS723E no such tariff, file or supplier.
        Refused: CSS443E the actor may not, CSS720E nothing is chosen, CSS721E the dates are in the wrong order, CSS722E no
            reason, CSS718E the number is no number.
    """
    require_may(by, "re-rate calls")
    choice = _checked(session, command)
    # In common with every deed of the day: the night does not roll the date until the differences stand.
    today = business_date(session, command.district_code)
    # One re-rating at a time, and no replay meanwhile: what one of them reads, the other does not change.
    hold_suspense(session, command.district_code)
    rerating = None if command.preview else _begun(session, command, today, by, at)
    sums = _Sums()
    ranges = _ranges(session, command)
    for done, (first, last) in enumerate(ranges):
        if watch is not None:
            watch(done, len(ranges))
        was = read_frame(
            session, block("billing", "rerating.rows"), _ROWS, district=command.district_code, first=first, last=last, **choice
        )
        if was.is_empty():
            continue
        found = _differences(session, command.district_code, was, today, sums)
        sums.add(was, found)
        if rerating is not None:
            _store(session, command.district_code, found, rerating.id, today)
    if rerating is not None:
        rerating.looked_at_count, rerating.changed_count, rerating.net_millionths = sums.looked_at, sums.changed, sums.net
        audit.record(
            session,
            by=by,
            at=at,
            verb="rerate_usage",
            subject=("re-rating", str(rerating.id)),
            after={"calls": sums.looked_at, "changed": sums.changed, "net_pence": str(Price(sums.net)), **_said(command)},
        )
        session.flush()
    return UsageRerated(
        rerating_id=None if rerating is None else rerating.id,
        business_date=today,
        looked_at_count=sums.looked_at,
        changed_count=sums.changed,
        account_count=len(sums.accounts),
        net=Price(sums.net),
        left=tuple(CallsLeft(code=code, words=words, call_count=count) for code, (words, count) in sorted(sums.left.items())),
        shown=_shown(session, sums.shown),
    )


@dataclass(slots=True)
class _Sums:
    """What the blocks so far came to."""

    looked_at: int = 0
    changed: int = 0
    net: int = 0
    accounts: set[int] = field(default_factory=set)
    left: dict[str, tuple[str, int]] = field(default_factory=dict)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def add(self, was: pl.DataFrame, found: pl.DataFrame) -> None:
        self.looked_at += was["usage_record_id"].n_unique()
        self.changed += found["usage_record_id"].n_unique()
        # Added up by Python: the sum of a frame would wrap round past 64 bits without a word.
        self.net += sum(found["net_millionths"].to_list())
        self.accounts.update(found["account_id"].unique().to_list())
        self.shown.extend(found.head(SHOWN_MAX - len(self.shown)).iter_rows(named=True))

    def leave(self, code: str, words: str, count: int) -> None:
        before = self.left.get(code, (words, 0))
        self.left[code] = (before[0], before[1] + count)


def _checked(session: Session, command: RerateUsage) -> dict[str, object]:
    """The choice as parameters of ``rerating.rows``; everything wrong with it is told at once."""
    wrong = Refusals()
    if not any(getattr(command, name) for name in _CHOICE):
        wrong.add(
            Refused("CSS720E", "Say which calls to re-rate: by tariff, dates, number, file or supplier. Not every call there ever was.")
        )
    if command.from_on and command.to_on and command.to_on < command.from_on:
        wrong.add(Refused("CSS721E", "The calls are to end on {to} before they begin on {since}.", to=command.to_on, since=command.from_on))
    if not command.reason.strip():
        wrong.add(Refused("CSS722E", "Say why the calls are re-rated; whoever asks about a bill will want to know.", element="reason"))
    number = wrong.reading(partial(number_pattern, command.number or None))
    _require_known(session, command, wrong)
    wrong.tell()
    return {
        "tariff_code": command.tariff_code,
        "from_at": start_of_day(command.from_on) if command.from_on else None,
        "before": start_of_day(command.to_on + ONE_DAY) if command.to_on else None,
        "number": number,
    }


def _require_known(session: Session, command: RerateUsage, wrong: Refusals) -> None:
    """A code that is nobody's would choose nothing, and look as if all were well."""
    named: list[tuple[str, object, Any]] = [
        ("tariff", command.tariff_code, select(Tariff.id).where(Tariff.code == command.tariff_code)),
        ("usage file", command.usage_file_id, _file(command).where(UsageFile.id == command.usage_file_id)),
        ("supplier", command.supplier, _file(command).where(UsageFile.supplier == command.supplier)),
    ]
    for what, value, statement in named:
        if value is not None and session.execute(statement.limit(1)).first() is None:
            wrong.add(NotFound("CSS723E", "There is no {what} {value} to re-rate calls of.", what=what, value=value))


def _file(command: RerateUsage) -> Any:  # noqa: ANN401 - a SELECT
    return select(UsageFile.id).where(UsageFile.district_code == command.district_code)


def _said(command: RerateUsage) -> dict[str, object]:
    """What was chosen and why, as JSON."""
    said: dict[str, object] = to_plain(command)
    return {name: value for name, value in said.items() if value not in (None, "") and name not in {"token", "preview"}}


def _begun(session: Session, command: RerateUsage, today: date, by: Actor, at: datetime) -> UsageRerating:
    said = _said(command)
    rerating = UsageRerating(
        district_code=command.district_code,
        business_date=today,
        selection={name: said[name] for name in _CHOICE if name in said},
        reason=command.reason,
        done_by=by.name,
        done_at=at,
        looked_at_count=0,
        changed_count=0,
        net_millionths=0,
    )
    session.add(rerating)
    session.flush()
    return rerating


def _ranges(session: Session, command: RerateUsage) -> Sequence[tuple[int, int]]:
    asked = {
        "district": command.district_code,
        "usage_file_id": command.usage_file_id,
        "supplier": command.supplier,
        "from_on": command.from_on,
        "per_file": RECORDS_PER_FILE,
    }
    return [(first, last) for first, last in session.execute(block("billing", "rerating.ranges"), asked)]


def _differences(session: Session, district_code: str, was: pl.DataFrame, today: date, sums: _Sums) -> pl.DataFrame:
    """What differs; what is left alone is counted."""
    # The first price says what the record said: who was charged, whom they called, when and how long.
    records = was.filter(pl.col("rerating_id").is_null()).unique("usage_record_id", keep="first", maintain_order=True).select(_RECORD)
    priced = price_records(session, district_code, records, business_date=today, hold_late=False)
    for (code,), some in priced.suspended.group_by("reject_code", maintain_order=True):
        sums.leave(str(code), some["reject_text"][0], some.height)
    wanted = {name: _ROWS[name] for name in RATED_COLUMNS}
    before = was.select(*wanted)
    now = priced.rated.select(pl.col(name).cast(kind) for name, kind in wanted.items())
    taxed = taxed_anew(before, now)
    if not taxed.is_empty():
        sums.leave("CSS724W", "The rate of VAT on the day of the call is another now; correct it by a credit and a charge.", taxed.height)
        now = now.join(taxed, on="usage_record_id", how="anti")
    return differences(before, now)


def _store(session: Session, district_code: str, found: pl.DataFrame, rerating_id: int, today: date) -> None:
    named = found.select(
        pl.lit(district_code).alias("district_code"),
        pl.lit(rerating_id).alias("rerating_id"),
        pl.lit(today).alias("rated_on"),
        *RATED_COLUMNS,
    )
    copy_frame(session, "billing.rated_call", named.sort("account_id", "started_at", "usage_record_id"))


def _shown(session: Session, rows: list[dict[str, Any]]) -> tuple[CallDifference, ...]:
    accounts = sorted({row["account_id"] for row in rows})
    found = session.execute(block("billing", "rerating.accounts"), {"accounts": accounts})
    numbers = {row.id: row.number for row in found}
    return tuple(
        CallDifference(
            usage_record_id=row["usage_record_id"],
            account_number=numbers[row["account_id"]],
            charged_number=row["charged_number"],
            other_number=row["other_number"],
            started_at=row["started_at"],
            call_count=row["call_count"],
            net=Price(row["net_millionths"]),
        )
        for row in rows
    )
