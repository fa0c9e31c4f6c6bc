"""Putting long calls together from their parts, and pricing each once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import polars as pl
from sqlalchemy.orm import Session

from billing.actions.settling import RECORD_COLUMNS, Settling, Tally, hold_suspense, keep_waiting, price_and_settle
from billing.commands import BlockTotals
from billing.rules.long_calls import CONTRADICTIONS, PART_COLUMNS, WHOLE, joined_calls, judge_parts
from billing.rules.permission import require_may
from billing.suspense_commands import AssembleUsage, UsageSettled
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refused
from css.core.money import to_money
from css.db.bulk import read_frame
from css.db.sql import block
from css.master.districts import business_date as open_business_date

CHAINS_AT_ONCE: Final = 2_000
NIGHT_WORDS: Final = "Put together by the night."
FOR_SOMEBODY: Final = (*CONTRADICTIONS, "CSS702W", "CSS706E")
CALL_TERMS: Final = (*RECORD_COLUMNS, "chain_id", "part_number", "call_index")

Chain = tuple[str, str]
"""Supplier and chain id."""


def assemble_next(
    session: Session, district_code: str, after: Chain, *, business_date: date, by: Actor
) -> tuple[BlockTotals, Chain] | None:
    """Put together the next long calls that wait, after a chain in order: those that are whole are priced and their parts settled.

    Gives what was done and the last chain looked at; None when there is none left. Parts of calls that are not whole are
    filtered, and keep, or get, their reason. One that has come to be waited for in vain, or to contradict itself, is an alarm.
    """
    hold_suspense(session, district_code)
    asked = {"district": district_code, "supplier": after[0], "chain": after[1], "limit": CHAINS_AT_ONCE}
    chains = [(row.supplier, row.chain_id) for row in session.execute(block("billing", "long_calls.chains"), asked)]
    if not chains:
        return None
    settling = Settling(district_code, business_date, by, NIGHT_WORDS)
    tally = Tally()
    assemble_chains(session, settling, chains, tally)
    waiting = tally.waiting.total()
    totals = BlockTotals(
        read=tally.looked_at, written=tally.settled, filtered=waiting, amount=to_money(tally.net), alarms=_alarms(district_code, tally)
    )
    return totals, chains[-1]


def _alarms(district_code: str, tally: Tally) -> tuple[str, ...]:
    """What waits for somebody from now on; what waited for somebody before was said then."""
    lost = [f"{count} for {code}" for code, count in sorted(tally.changed.items()) if count and code in FOR_SOMEBODY]
    words = f"CSS719W Parts of long calls wait for somebody: {', '.join(lost)}; `css usage chains {district_code}` shows them."
    return (words,) if lost else ()


def chains_of(session: Session, district_code: str, record_ids: Sequence[int]) -> list[Chain]:
    """The long calls that open parts belong to."""
    rows = session.execute(block("billing", "long_calls.chains_of"), {"district": district_code, "records": list(record_ids)})
    return [(row.supplier, row.chain_id) for row in rows]


def assemble_chains(session: Session, settling: Settling, chains: Sequence[Chain], tally: Tally) -> None:
    """Price the calls of these chains that are whole. The caller holds the suspense."""
    for start in range(0, len(chains), CHAINS_AT_ONCE):
        judged = _judged(session, settling, chains[start : start + CHAINS_AT_ONCE])
        tally.looked_at += judged.height
        _price(session, settling, judged.filter(WHOLE), tally)
        keep_waiting(session, settling, judged.filter(~WHOLE), tally)
        tally.watch(tally.looked_at)


@audit.answered
def assemble_usage(session: Session, command: AssembleUsage, *, by: Actor, at: datetime) -> UsageSettled:
    """Price a long call as it stands: the parts there are, in one call with all their seconds. Nothing more is waited for.

    Raises:
        NotFound: CSS101E no such district, CSS714E no part of such a call waits. Refused: CSS443E the actor may not, CSS710E no
            reason, CSS716E the call has no price. Conflict: CSS715E, its parts contradict each other.
    """
    require_may(by, "price incomplete calls")
    require_reason(command.reason)
    business_date = open_business_date(session, command.district_code)
    hold_suspense(session, command.district_code)
    # By authority, and so a late call needs no other.
    settling = Settling(command.district_code, business_date, by, command.reason.strip(), hold_late=False)
    judged = _judged(session, settling, [(command.supplier, command.chain_id)])
    if judged.is_empty():
        raise NotFound(
            "CSS714E",
            "No part of a long call {chain} of {supplier} waits in {district}.",
            chain=command.chain_id,
            supplier=command.supplier,
            district=command.district_code,
            element="chain_id",
        )
    against = judged.filter(pl.col("reject_code").is_in(CONTRADICTIONS))
    if not against.is_empty():
        sentence = "The call cannot be priced as it stands: {words} Write off the part that is wrong first."
        raise Conflict("CSS715E", sentence, words=against["reject_text"][0], element="chain_id")
    tally = Tally(looked_at=judged.height)
    _price(session, settling, judged, tally)
    if tally.waiting:
        raise no_price(tally)
    audit.record(
        session,
        by=by,
        at=at,
        verb="assemble_usage",
        subject=("usage", command.district_code),
        after={**to_plain(command), "parts": tally.looked_at, "net": str(to_money(tally.net))},
    )
    return tally.said(settling)


def require_reason(reason: str) -> None:
    """Refused CSS710E when there is none: what is settled by hand keeps why."""
    if not reason.strip():
        raise Refused("CSS710E", "Say why; every record keeps it.", element="reason")


def no_price(tally: Tally) -> Refused:
    """CSS716E with the reasons for which something that was to be priced by authority has no price."""
    return Refused("CSS716E", "It has no price yet. {words} Mend that first.", words=" ".join(tally.words.values()))


def _judged(session: Session, settling: Settling, chains: Sequence[Chain]) -> pl.DataFrame:
    parts = read_frame(
        session,
        block("billing", "long_calls.parts"),
        PART_COLUMNS,
        district=settling.district_code,
        suppliers=[supplier for supplier, _ in chains],
        chains=[chain for _, chain in chains],
    )
    return judge_parts(parts, settling.business_date)


def _price(session: Session, settling: Settling, parts: pl.DataFrame, tally: Tally) -> None:
    calls = joined_calls(parts.select(CALL_TERMS))
    ids = calls.select("call_index", call_id="usage_record_id")
    members = parts.select("usage_record_id", "call_index").join(ids, on="call_index", how="inner")
    price_and_settle(session, settling, calls.select(*RECORD_COLUMNS), members.select("usage_record_id", "call_id"), tally)
