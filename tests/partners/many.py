"""Very many messages, to see what a list of them costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

_BODY = "decode(repeat(md5(n::text), 10), 'hex')"
_PARTNER = "(SELECT id FROM css.provider WHERE code = CASE n % 4 WHEN 0 THEN 'RIVALCO' ELSE 'BRACKWAT' END)"
_AT = "timestamptz '2026-03-02 10:00+00' - n * interval '2.5 seconds'"
_UUID = "md5(:salt || n)::uuid"


def fill(connection: Connection, count: int) -> None:
    """So many messages taken in the weeks before, as many documents of ours, and a twentieth of it rejected; of 1,000 one refused."""
    values = {"count": count, "salt": "a"}
    connection.execute(
        text(
            f"INSERT INTO partners.inbox_message (provider_id, message_id, message_type, schema_name, schema_version, channel,"
            f" conversation_id, body, body_sha256, acknowledgement, state, outcome_code, received_at, handled_at)"
            f" SELECT {_PARTNER}, {_UUID}, CASE n % 10 WHEN 0 THEN 'AmendOrder' ELSE 'SubmitOrder' END, 'order-2', '2.0', 'http',"
            f" {_UUID}::text, {_BODY}, md5(n::text), {_BODY}, CASE WHEN n % 1000 = 0 THEN 'refused' ELSE 'done' END, NULL, {_AT}, {_AT}"
            f" FROM generate_series(1, :count) n"
        ),
        values,
    )
    connection.execute(
        text(
            f"INSERT INTO css.outbox_message (provider_id, sequence, source_key, message_id, message_type, conversation_id, body,"
            f" created_at)"
            f" SELECT {_PARTNER}, 1000000 + n, 'many/' || n, md5('b' || n)::uuid, 'OrderUpdate', {_UUID}::text, {_BODY}, {_AT}"
            f" FROM generate_series(1, :count) n"
        ),
        values,
    )
    connection.execute(
        text(
            f"INSERT INTO partners.rejected_message (provider_id, body, body_sha256, channel, conversation_id, code, acknowledgement,"
            f" first_at, last_at) SELECT {_PARTNER}, {_BODY}, 'many/' || n, 'http', {_UUID}::text, 'CSS506E', {_BODY}, {_AT}, {_AT}"
            f" FROM generate_series(1, :count / 20) n"
        ),
        values,
    )


def explained(session: Session, deed: Callable[[], object], how: str = "EXPLAIN") -> list[str]:
    """The plan of every statement that a query sends."""
    sent: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401 - as the driver takes them
        sent.append((statement, parameters))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        deed()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return ["\n".join(connection.exec_driver_sql(f"{how} {statement}", parameters).scalars()) for statement, parameters in sent]
