"""What a district has behind it, copied by the server from a little that is real: as many rows as the screens' statements meet.

Bills are copies of the first night's for every account that is not due tonight, month by month backwards, each paid; completed
orders and cleared faults are copies of the few the verbs made; contacts and audit events are plain rows. The copies have no files, and
their reasons are not asked for: those of the first night's own bills are. Rules of the room that wrote the originals do not
run again, so the books of such a district do not balance by the night's own check, which is left out (``css.bench.desk``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from css.core.ids import IdKind, make_id
from css.db.bulk import copy_rows
from css.demo.life import AMY
from css.demo.plan import DISTRICT
from css.master.serials import next_numbers

BILLS_BEFORE = 3
"""An account: what CU03 shows."""
DONE_ORDERS_PER_LINE = 0.2
DONE_FAULTS_PER_LINE = 0.2
"""Two years' worth at ten in a hundred lines."""
CONTACTS_PER_ACCOUNT = 4
EVENTS_PER_ACCOUNT = 5
OPERATORS = 64
PASS_PHRASE = "marmalade"  # noqa: S105 - what a caller says, of people who are not
_MONTH_DAYS = 30

_MODELS = """
CREATE TEMP TABLE model ON COMMIT DROP AS
SELECT b.id, a.segment, row_number() OVER (PARTITION BY a.segment ORDER BY b.id) - 1 AS n, count(*) OVER (PARTITION BY a.segment) AS of
  FROM billing.bill b JOIN css.account a ON a.id = b.account_id WHERE b.number IS NOT NULL
"""
_RUNS = """
INSERT INTO billing.bill_run (district_code, business_date, issue_at)
SELECT r.district_code, r.business_date - k * :days, r.issue_at - make_interval(days => k * :days)
  FROM billing.bill_run r CROSS JOIN generate_series(1, :bills) k
"""
_COPIED = """
CREATE TEMP TABLE copied ON COMMIT DROP AS
SELECT row_number() OVER () AS n, nextval(pg_get_serial_sequence('billing.bill', 'id')) AS id,
       nextval(pg_get_serial_sequence('billing.journal_entry', 'id')) AS entry_id,
       nextval(pg_get_serial_sequence('billing.journal_entry', 'id')) AS paid_entry_id,
       m.id AS model_id, a.id AS account_id, k * :days AS days, r.id AS run_id, s.number AS telephone, s.service_id
  FROM css.account a
  JOIN model m ON m.segment = a.segment AND m.n = a.id % m.of
 CROSS JOIN generate_series(1, :bills) k
  JOIN billing.bill_run r ON r.business_date = (SELECT max(business_date) FROM billing.bill_run) - k * :days
 CROSS JOIN LATERAL (SELECT v.id AS service_id, n.number FROM css.service v JOIN css.service_number n ON n.service_id = v.id
                      WHERE v.account_id = a.id ORDER BY v.id LIMIT 1) s
 WHERE a.cycle_day <> :tonight
"""
_NUMBERED = "CREATE TEMP TABLE numbered (n bigint PRIMARY KEY, bill_number text, payment_number text) ON COMMIT DROP"
_PAYMENTS = """
INSERT INTO billing.payment (number, district_code, account_id, amount, method, reference, received_on, business_date, taken_at, taken_by)
SELECT t.payment_number, b.district_code, b.account_id, b.amount_due, 'bank-transfer', 'Thank you', b.due_on, b.due_on,
       b.due_on + time '12:00', 'AMY'
  FROM copied c JOIN numbered t ON t.n = c.n JOIN billing.bill b ON b.id = c.id WHERE b.amount_due > 0
"""
_PAID_ENTRIES = """
INSERT INTO billing.journal_entry (id, source_key, district_code, business_date, words, entered_at)
OVERRIDING SYSTEM VALUE
SELECT c.paid_entry_id, 'payment/' || p.number, p.district_code, p.business_date, 'Payment ' || p.number, p.taken_at
  FROM copied c JOIN numbered t ON t.n = c.n JOIN billing.payment p ON p.number = t.payment_number
"""
_PAID_POSTINGS = """
INSERT INTO billing.posting (journal_entry_id, nominal_code, account_id, business_date, amount)
SELECT c.paid_entry_id, s.nominal, CASE s.nominal WHEN 'DEBTORS' THEN p.account_id END, p.business_date, s.sign * p.amount
  FROM copied c JOIN numbered t ON t.n = c.n JOIN billing.payment p ON p.number = t.payment_number
 CROSS JOIN (VALUES ('DEBTORS', -1), ('BANK', 1)) AS s (nominal, sign)
"""
_OF_DONE = (
    "CREATE TEMP TABLE of_done ON COMMIT DROP AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM {table} WHERE state = :state"
)
_ON_LINES = """
CREATE TEMP TABLE on_line ON COMMIT DROP AS SELECT id, account_id, row_number() OVER (ORDER BY id * 7919 % 100003) - 1 AS n
  FROM css.line WHERE account_id IS NOT NULL AND state = 'working'
"""
_DONE = """
CREATE TEMP TABLE done ON COMMIT DROP AS
SELECT t.n, t.payment_number AS number, nextval(pg_get_serial_sequence(:table, 'id')) AS id, m.id AS model_id,
       l.id AS line_id, l.account_id, CAST(t.n % 700 + 5 AS integer) AS days
  FROM numbered t JOIN of_done m ON m.n = t.n % :models JOIN on_line l ON l.n = t.n % :lines
"""
_CONTACTS = """
INSERT INTO care.contact (district_code, customer_id, account_id, channel, direction, is_verified, topic, words, outcome, occurred_at,
                          recorded_by)
SELECT a.district_code, a.customer_id, a.id, 'telephone', 'inbound', true,
       (ARRAY['order', 'fault', 'bill', 'payment', 'enquiry'])[1 + (a.id + k) % 5],
       'Asked about the last one; told when it will be.', 'solved',
       CAST(:night AS date) - make_interval(days => CAST((a.id * 31 + k * 97) % 700 AS integer)) + time '11:00', 'AMY'
  FROM css.account a CROSS JOIN generate_series(1, :each) k
"""
_EVENTS = """
INSERT INTO css.audit_event (occurred_at, actor_kind, actor_name, provider_code, door, verb, subject_kind, subject_number, after)
SELECT CAST(:night AS date) - make_interval(days => CAST((a.id * 31 + k * 97) % 700 AS integer)) + time '11:00', 'operator', 'AMY',
       'RETAIL', 'screen', 'record_contact', 'account', a.number,
       '{"topic": "enquiry", "words": "Asked about the last one; told when it will be."}'
  FROM css.account a CROSS JOIN generate_series(1, :each) k
"""
_REACHED = """
INSERT INTO css.contact_point (customer_id, kind, value, is_preferred)
SELECT c.id, 'mobile', '447700900' || lpad(CAST(c.id % 1000 AS text), 3, '0'), true FROM css.customer c
 WHERE NOT EXISTS (SELECT 1 FROM css.contact_point p WHERE p.customer_id = c.id)
"""
_PHRASES = "UPDATE css.customer SET password_phrase = :phrase WHERE password_phrase IS NULL"


def before_our_time(engine: Engine, tonight: date) -> None:
    """Copy the history. Nothing is asked of triggers and foreign keys: the copies refer to what the originals refer to, or to their own."""
    with _unasked(engine) as connection:
        _bills(connection, tonight)
    with engine.connect() as connection:
        lines = int(connection.execute(text("SELECT count(*) FROM css.line")).scalar_one())
    with _unasked(engine) as connection:
        _orders(connection, int(lines * DONE_ORDERS_PER_LINE))
    with _unasked(engine) as connection:
        _faults(connection, int(lines * DONE_FAULTS_PER_LINE))
    with _unasked(engine) as connection:
        connection.execute(text(_CONTACTS), {"night": tonight, "each": CONTACTS_PER_ACCOUNT})
        connection.execute(text(_EVENTS), {"night": tonight, "each": EVENTS_PER_ACCOUNT})


def reachable(session: Session) -> None:
    """Every customer has a mobile telephone, and says a pass phrase when asked."""
    session.execute(text(_REACHED))
    session.execute(text(_PHRASES), {"phrase": PASS_PHRASE})


def operators_of_a_morning(session: Session) -> None:
    """As many operators as measure at once, all of them as Amy and with her password."""
    names = session.execute(
        text(
            "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'css.operator'::regclass "
            "AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'code', 'name')"
        )
    ).scalar_one()
    session.execute(
        text(
            f"INSERT INTO css.operator (code, name, {names}) SELECT 'DESK' || n, 'Operator ' || n, {names} "  # noqa: S608 - our own columns
            "FROM css.operator CROSS JOIN generate_series(1, :count) n WHERE code = :amy"
        ),
        {"count": OPERATORS, "amy": AMY.name},
    )


@contextmanager
def _unasked(engine: Engine) -> Iterator[Connection]:
    """A transaction in which no trigger runs: it may be asked only in a server of our own."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        yield connection


def _bills(connection: Connection, tonight: date) -> None:
    told = {"days": _MONTH_DAYS, "bills": BILLS_BEFORE, "tonight": tonight.day}
    connection.execute(text(_RUNS), told)
    connection.execute(text(_MODELS))
    count = int(connection.execute(text(_COPIED), told).rowcount)
    last = int(connection.execute(text("SELECT last_serial FROM billing.bill_series WHERE series = :s"), {"s": DISTRICT}).scalar_one())
    _number(connection, IdKind.PAYMENT, count, [make_id(DISTRICT, IdKind.BILL, last + n) for n in range(1, count + 1)])
    connection.execute(
        text("UPDATE billing.bill_series SET last_serial = :last WHERE series = :series"), {"last": last + count, "series": DISTRICT}
    )
    back = {
        name: f"m.{name} - c.days" for name in ("issue_on", "period_starts_on", "period_ends_on", "usage_after", "usage_through", "due_on")
    }
    own = {"id": "c.id", "bill_run_id": "c.run_id", "account_id": "c.account_id", "serial": ":last + c.n", "number": "t.bill_number"}
    source = "copied c JOIN numbered t ON t.n = c.n JOIN {table} m ON m.{of} = c.model_id"
    _copy(connection, "billing.bill", source, "id", own | back, {"last": last})
    line_back = {name: f"m.{name} - c.days" for name in ("starts_on", "ends_on", "rental_period_starts_on", "benefit_month_starts_on")}
    of_bill = {"bill_id": "c.id", "account_id": "c.account_id"}
    line_own = of_bill | {"service_id": "c.service_id", "number": "c.telephone", "corrects_line_id": "NULL", "adjustment_id": "NULL"}
    _copy(connection, "billing.bill_line", source, "bill_id", {"id": "", "billable_item_id": "NULL"} | line_own | line_back)
    _copy(connection, "billing.bill_vat", source, "bill_id", {"bill_id": "c.id"})
    entry = "copied c JOIN numbered t ON t.n = c.n JOIN billing.journal_entry m ON m.source_key = 'bill/' || c.model_id"
    entry_own = {"id": "c.entry_id", "source_key": "'bill/' || c.id", "words": "'Bill ' || t.bill_number"}
    days_back = {"business_date": "m.business_date - c.days", "entered_at": "m.entered_at - make_interval(days => c.days)"}
    _copy(connection, "billing.journal_entry", entry, "", entry_own | days_back)
    posting = "copied c JOIN billing.journal_entry e ON e.source_key = 'bill/' || c.model_id JOIN {table} m ON m.journal_entry_id = e.id"
    posting_own = {"id": "", "journal_entry_id": "c.entry_id", "account_id": "CASE WHEN m.account_id IS NOT NULL THEN c.account_id END"}
    _copy(connection, "billing.posting", posting, "", posting_own | {"business_date": days_back["business_date"]})
    for statement in (_PAYMENTS, _PAID_ENTRIES, _PAID_POSTINGS):
        connection.execute(text(statement))


def _orders(connection: Connection, count: int) -> None:
    table = "orders.customer_order"
    _number(connection, IdKind.ORDER, count)
    _choose(connection, table, "completed")
    source = "done c JOIN {table} m ON m.{of} = c.model_id"
    days = ("required_on", "committed_on", "target_on", "placed_on", "done_on")
    back = {name: f"m.{name} - c.days" for name in days} | {
        name: f"m.{name} - make_interval(days => c.days)" for name in ("placed_at", "completed_at")
    }
    own = {"id": "c.id", "number": "c.number", "account_id": "c.account_id", "line_id": "c.line_id", "telephone_number": "NULL"}
    _copy(connection, table, source, "id", own | back | {"conversation_id": "'bench/' || c.n", "customer_reference": "NULL"})
    _copy(connection, "orders.order_item", source, "order_id", {"id": "", "order_id": "c.id", "service_id": "NULL"})
    told = {"id": "", "order_id": "c.id", "occurred_at": "m.occurred_at - make_interval(days => c.days)"}
    _copy(connection, "orders.kci_event", source, "order_id", told)


def _faults(connection: Connection, count: int) -> None:
    table = "repairs.fault"
    _number(connection, IdKind.FAULT, count)
    _choose(connection, table, "cleared")
    source = "done c JOIN {table} m ON m.{of} = c.model_id"
    instants = ("reported_at", "accepted_at", "original_due_at", "due_at", "cleared_at")
    back = {name: f"m.{name} - make_interval(days => c.days)" for name in instants}
    own = {"id": "c.id", "number": "c.number", "account_id": "c.account_id", "line_id": "c.line_id"}
    _copy(connection, table, source, "id", own | back)
    told = {"id": "", "fault_id": "c.id", "occurred_at": "m.occurred_at - make_interval(days => c.days)"}
    _copy(connection, "repairs.fault_event", source, "fault_id", told)


def _choose(connection: Connection, table: str, state: str) -> None:
    """For every number in hand: which of the few that are done it copies, on which line, and how long ago."""
    models = connection.execute(text(_OF_DONE.format(table=table)), {"state": state}).rowcount
    lines = connection.execute(text(_ON_LINES)).rowcount
    connection.execute(text("ANALYZE of_done, on_line"))
    connection.execute(text(_DONE), {"table": table, "models": models, "lines": lines})


def _number(connection: Connection, kind: IdKind, count: int, bills: Sequence[str] = ()) -> None:
    """Readable numbers for so many rows; they have a check digit, which only our own code reckons."""
    connection.execute(text(_NUMBERED))
    with Session(connection) as session:
        numbers = next_numbers(session, DISTRICT, kind, count)
    rows = zip(range(1, count + 1), bills or [""] * count, numbers, strict=True)
    copy_rows(connection, "numbered", ("n", "bill_number", "payment_number"), rows)
    connection.execute(text("ANALYZE numbered"))


def _copy(
    connection: Connection, table: str, source: str, of: str, changed: Mapping[str, str], told: Mapping[str, Any] | None = None
) -> None:
    """Add rows like others of the table: all their columns, but those ``changed`` (an empty one is left to its default)."""
    names = connection.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = '' ORDER BY attnum"
        ),
        {"table": table},
    ).scalars()
    taken = [name for name in names if changed.get(name) != ""]
    values = ", ".join(changed.get(name, f"m.{name}") for name in taken)
    connection.execute(
        text(
            f"INSERT INTO {table} ({', '.join(taken)}) OVERRIDING SYSTEM VALUE SELECT {values} "  # noqa: S608 - our own columns
            f"FROM {source.format(table=table, of=of)}"
        ),
        told or {},
    )
