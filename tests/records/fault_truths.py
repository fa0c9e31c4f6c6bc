"""What must be true of all records of repairs, whatever was done to them: each statement finds what breaks one rule of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, TextClause, select, text
from sqlalchemy.orm import Session

from repairs.checks import check_faults
from repairs.model import Fault
from repairs.queries.intervals import intervals_of, promises_of
from repairs.rules.clock import due_from
from repairs.rules.lifecycle import GOES_BACK, KEEPING, MOVES
from repairs.words import FaultState

_LEGAL: Final = ", ".join(
    f"('{was}', '{deed}', '{state}')"
    for was, deed, state in sorted(
        {("", "report", "reported"), ("", "report", "queued")}
        | {(was.value, deed, state.value) for was, moves in MOVES.items() for deed, state in moves.items()}
        | {(was.value, deed, was.value) for was in FaultState for deed in KEEPING}
        | {(was.value, deed, to.value) for was, moves in MOVES.items() for deed in GOES_BACK & moves.keys() for to in MOVES}
    )
)
"""Every event there can be: the state before, its deed, the state after."""
_CLOCK: Final = {
    "a clock with a gap, an overlap, or another beginning": """
        SELECT number, starts_at, meets_at FROM (
            SELECT f.number, i.starts_at, i.ends_at,
                   coalesce(lag(i.ends_at) OVER in_order, f.accepted_at) AS meets_at
              FROM repairs.fault f JOIN repairs.clock_interval i ON i.fault_id = f.id
            WINDOW in_order AS (PARTITION BY f.id ORDER BY i.starts_at, i.ends_at NULLS LAST, i.id)) x
         WHERE starts_at <> meets_at OR ends_at < starts_at""",
    "a clock that runs without a fault, or an open fault without one": """
        SELECT f.number, f.state, count(i.id) FROM repairs.fault f
          LEFT JOIN repairs.clock_interval i ON i.fault_id = f.id AND i.ends_at IS NULL
         GROUP BY f.id HAVING count(i.id) <> f.is_open::int""",
    "a clock that stopped when the fault did not end": """
        SELECT f.number, f.cleared_at, max(i.ends_at) FROM repairs.fault f JOIN repairs.clock_interval i ON i.fault_id = f.id
         WHERE f.cleared_at IS NOT NULL GROUP BY f.id HAVING max(i.ends_at) <> greatest(f.cleared_at, f.accepted_at)""",
    "a parked fault whose clock is not parked, or the other way round": """
        SELECT f.number, f.state, i.state, i.reason FROM repairs.fault f
          JOIN repairs.clock_interval i ON i.fault_id = f.id AND i.ends_at IS NULL
         WHERE i.state IN ('parked', 'customer-held') AND f.state <> 'parked' OR f.state = 'parked' AND i.reason IS NULL""",
    "an interval of MBORC without one, or outside it": """
        SELECT f.number, i.starts_at, i.ends_at, m.starts_at, m.ends_at
          FROM repairs.clock_interval i JOIN repairs.fault f ON f.id = i.fault_id
          LEFT JOIN repairs.mborc m ON m.id = i.mborc_id
         WHERE (i.state = 'mborc') <> (i.mborc_id IS NOT NULL) OR m.activity <> 'repair' OR i.starts_at < m.starts_at
            -- What was lifted since an earlier instant leaves the clocks that had stopped by then as they were.
            OR f.is_open AND f.clear_count = 0 AND (i.ends_at > m.ends_at OR i.ends_at IS NULL AND m.ends_at IS NOT NULL)""",
    "an open fault that runs beside an MBORC in force": """
        SELECT f.number, m.id FROM repairs.fault f JOIN repairs.clock_interval i ON i.fault_id = f.id AND i.ends_at IS NULL
          JOIN repairs.mborc m ON m.ends_at IS NULL AND m.activity = 'repair'
          LEFT JOIN css.line l ON l.id = f.line_id LEFT JOIN css.pair r ON r.id = l.pair_id
          LEFT JOIN css.distribution_point d ON d.id = r.distribution_point_id
         WHERE i.state = 'running' AND coalesce(m.exchange_id, f.exchange_id) = f.exchange_id
           AND (m.cabinet_id IS NULL OR m.cabinet_id = d.cabinet_id)""",
    "a breach that was none, or none that was": """
        SELECT number, due_at, cleared_at, breached_at FROM repairs.fault
         WHERE breached_at > :at OR (cleared_at > due_at AND breached_at IS NULL) OR breached_at < accepted_at""",
    "a deadline before the first of its promises": """
        SELECT number, due_at, original_due_at FROM repairs.fault WHERE due_at < original_due_at AND NOT is_expedited""",
}
_STORY: Final = {
    "a story with a gap": """
        SELECT f.number, count(e.id), max(e.sequence) FROM repairs.fault f LEFT JOIN repairs.fault_event e ON e.fault_id = f.id
         GROUP BY f.id HAVING (min(e.sequence), max(e.sequence)) IS DISTINCT FROM (1, count(e.id)::int)""",
    "an event that could not be": f"""
        SELECT number, sequence, was, deed, state FROM (
            SELECT f.number, e.sequence, e.deed, e.state, coalesce(lag(e.state) OVER (PARTITION BY f.id ORDER BY e.sequence), '') AS was
              FROM repairs.fault f JOIN repairs.fault_event e ON e.fault_id = f.id) x
         WHERE (was, deed, state) NOT IN (VALUES {_LEGAL})""",
    "a fault that is not as was told last": """
        SELECT f.number, f.state, e.state FROM repairs.fault f
          JOIN LATERAL (SELECT * FROM repairs.fault_event e WHERE e.fault_id = f.id ORDER BY e.sequence DESC LIMIT 1) e ON TRUE
         WHERE f.state <> e.state OR f.state = 'accepted'""",
    "two open faults of a line that nobody forced": """
        SELECT line_id FROM repairs.fault WHERE is_open AND line_id IS NOT NULL GROUP BY line_id
        HAVING count(*) FILTER (WHERE forced_reason IS NULL) > 1""",
    "debt treatment not held back, or held back too long": """
        SELECT f.number, f.state, count(h.id) FROM repairs.fault f
          LEFT JOIN css.hold h ON h.kind = 'open-fault' AND h.reference = f.number AND h.ends_at IS NULL
         GROUP BY f.id HAVING count(h.id) <> (f.is_open AND f.account_id IS NOT NULL)::int""",
    "a clear without an answer to come, or with more than one": """
        SELECT number, state FROM repairs.fault WHERE (state IN ('cleared', 'closed')) <> (accept_by_at IS NOT NULL)""",
}
_WORK: Final = {
    "who has a fault, and where it stands": """
        SELECT f.number, f.state, v.state FROM repairs.fault f LEFT JOIN repairs.visit v ON v.fault_id = f.id AND v.ended_at IS NULL
         WHERE coalesce(v.state, 'none') <> CASE WHEN f.state IN ('issued', 'on-site') THEN f.state ELSE 'none' END""",
    "an engineer in two places": """
        SELECT a.id, b.id FROM repairs.visit a JOIN repairs.visit b ON b.engineer_id = a.engineer_id AND b.id > a.id
         WHERE tstzrange(a.issued_at, a.ended_at) && tstzrange(b.issued_at, b.ended_at)""",
    "a visit from another time": "SELECT id FROM repairs.visit WHERE greatest(issued_at, arrived_at, ended_at) > :at",
    "a fault that is appointed without a slot, or keeps one that it does not need": """
        SELECT f.number, f.state, a.state FROM repairs.fault f LEFT JOIN css.appointment a ON a.id = f.appointment_id
         WHERE f.state = 'appointed' AND a.state IS DISTINCT FROM 'booked' OR NOT f.is_open AND a.state = 'booked'""",
    "a visit promised for a fault that does not know it": """
        SELECT a.number, a.reference FROM css.appointment a LEFT JOIN repairs.fault f ON f.appointment_id = a.id AND f.number = a.reference
         WHERE a.state = 'booked' AND a.skill = 'repair' AND (f.id IS NULL OR NOT f.is_open)""",
    "more visits than there are": """
        SELECT exchange_id, slot_on, half_day, count(*) FROM css.appointment
         WHERE skill = 'repair' AND (state = 'booked' OR state = 'held' AND held_until_at > :at)
         GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "a line's pair that is not as the line is": """
        SELECT p.id, p.state, l.id, l.state FROM css.pair p LEFT JOIN css.line l ON l.pair_id = p.id AND l.ends_on IS NULL
         WHERE (l.state IS NOT DISTINCT FROM 'working') <> (p.state = 'working')""",
    "a pair that nobody left and that is called faulty": """
        SELECT p.id FROM css.pair p WHERE p.state = 'faulty'
           AND NOT EXISTS (SELECT FROM repairs.pair_change c WHERE c.from_pair_id = p.id)""",
    "a line that is not on the pair it was moved to last": """
        SELECT l.id FROM css.line l
          JOIN LATERAL (SELECT * FROM repairs.pair_change c WHERE c.line_id = l.id ORDER BY c.id DESC LIMIT 1) c ON TRUE
         WHERE l.pair_id <> c.to_pair_id""",
    "an open fault on an outage that is over": """
        SELECT f.number, o.state FROM repairs.fault f JOIN repairs.outage o ON o.id = f.outage_id WHERE f.is_open AND o.state <> 'open'""",
    "a fault beside the outage above it, that nobody let go": """
        SELECT f.number, o.id FROM repairs.fault f JOIN css.line l ON l.id = f.line_id JOIN css.pair r ON r.id = l.pair_id
          JOIN css.distribution_point d ON d.id = r.distribution_point_id JOIN css.cabinet b ON b.id = d.cabinet_id
          JOIN repairs.outage o ON o.state = 'open'
                               AND (o.exchange_id = b.exchange_id OR o.cabinet_id = b.id OR o.distribution_point_id = d.id)
         WHERE f.is_open AND f.outage_id IS NULL
           AND NOT EXISTS (SELECT FROM repairs.fault_event e WHERE e.fault_id = f.id AND e.deed IN ('detach', 'reject'))""",
}
_MONEY: Final = {
    "a day credited that is not on the account, or the other way round": """
        SELECT o.source_key, o.amount, sum(d.amount) FROM billing.outside_item o
          LEFT JOIN billing.credited_day d ON d.source_key = o.source_key
         WHERE o.source_key LIKE 'fault/%' GROUP BY o.id HAVING -o.amount <> coalesce(sum(d.amount), 0)
                AND o.source_key LIKE '%/delayed-repair%'""",
    "a broken promise that nobody took, or of another account": """
        SELECT s.source_key, s.account_id, o.account_id, f.account_id
          FROM css.service_failure s JOIN repairs.fault f ON f.number = s.reference
          LEFT JOIN billing.outside_item o ON o.source_key = s.source_key
         WHERE (o.account_id, o.account_id) IS DISTINCT FROM (s.account_id, f.account_id)""",
    "money given to who has no claim, or taken": """
        SELECT o.source_key, o.amount, a.segment, p.is_own_retail FROM billing.outside_item o JOIN css.account a ON a.id = o.account_id
          JOIN css.provider p ON p.id = a.provider_id LEFT JOIN css.service_failure s ON s.source_key = o.source_key
         WHERE o.source_key LIKE 'fault/%'
           AND (o.amount > 0 OR o.amount < 0 AND (p.is_own_retail AND a.segment <> 'residential' OR s.id IS NULL
                OR s.kind = 'delayed-repair' AND p.is_own_retail AND NOT s.is_total_loss
                OR s.kind = 'delayed-repair' AND NOT p.is_own_retail AND NOT s.is_guaranteed))""",
    "a day credited outside the time it was broken": """
        SELECT d.source_key, d.day FROM billing.credited_day d JOIN css.service_failure s ON s.source_key = d.source_key
         WHERE d.source_key LIKE 'fault/%' AND s.kind = 'delayed-repair'
           AND NOT d.day BETWEEN s.issue_on AND (s.put_right_at AT TIME ZONE 'Europe/London')::date""",
    "a charge for what was not accepted, of another account, or of an engineer whom nobody agreed to pay": """
        SELECT i.source_key, f.state, f.charge_band FROM css.billable_item i LEFT JOIN repairs.fault f ON f.number = i.reference
         WHERE i.source_key LIKE 'fault/%' AND (f.state IS DISTINCT FROM 'closed' OR i.account_id <> f.account_id)""",
    "a missed visit that nobody compensates, or one that was not missed": """
        SELECT a.number, a.miss_cause, s.source_key FROM css.appointment a
          FULL JOIN (SELECT * FROM css.service_failure WHERE source_key LIKE 'fault/%/missed-appointment/%') s
                 ON s.source_key = 'fault/' || a.reference || '/missed-appointment/' || a.number
         WHERE (coalesce(a.state, '') = 'missed' AND a.skill = 'repair' AND a.miss_cause IN ('no-show', 'late', 'recalled', 'not-equipped'))
               <> (s.id IS NOT NULL)""",
}
TRUTHS: Final = _CLOCK | _STORY | _WORK | _MONEY
"""What must never be found, by its name."""


def _all_at_once() -> TextClause:
    looks = [f"SELECT '{what.replace(chr(39), chr(39) * 2)}' AS what, q::text AS found FROM ({query}) q" for what, query in TRUTHS.items()]
    return text("\nUNION ALL ".join(looks))


_LOOK: Final = _all_at_once()


def broken(connection: Connection, **known: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - what statements are given
    """Every rule that is broken, with what breaks it."""
    found = [(row.what, row.found) for row in connection.execute(_LOOK, known)]
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        found += [("check_faults", words) for words in check_faults(session, "ZZ")]
        found += _moved(session)
    return found


def _moved(session: Session) -> Iterator[tuple[str, str]]:
    """The deadline of every fault, ended ones too, follows from its intervals."""
    for fault in session.execute(select(Fault).order_by(Fault.id)).scalars():
        due_at = due_from(promises_of(session, fault), intervals_of(session, fault.id))
        if due_at != fault.due_at:
            yield ("a deadline that does not follow from its intervals", f"{fault.number}: {fault.due_at} and not {due_at}")
