"""What must hold after every fault, whatever it was: asked of the rows and the files themselves, not of the product."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from css.chaos.evening import NIGHT_OF
from css.chaos.leavings import connected

CHECKS: Final = {
    "debits are not credits in entry {0}: {1} pence over": """
        SELECT journal_entry_id, sum(amount) FROM billing.posting GROUP BY 1 HAVING sum(amount) <> 0 ORDER BY 1
    """,
    "bill number {0} of series {1} is missing or there twice": """
        SELECT n.serial, s.series FROM billing.bill_series s CROSS JOIN LATERAL generate_series(1, s.last_serial) AS n (serial)
          LEFT JOIN billing.bill b ON b.serial = n.serial AND b.series = s.series
         GROUP BY 1, 2 HAVING count(b.id) <> 1 ORDER BY 1
    """,
    "step {0}: read {1} is not written {2} + filtered {3} + rejected {4}": """
        SELECT step, read_count, written_count, filtered_count, rejected_count FROM batch.step_execution
         WHERE state = 'completed' AND read_count <> written_count + filtered_count + rejected_count ORDER BY 1
    """,
    "step {0} rejected {1} by its count and {2} by its rows": """
        SELECT s.step, t.kept, count(r.id) FROM batch.step_execution s
          JOIN (VALUES ('collect-usage'), ('compensate'), ('calculate'), ('render'), ('dispatch')) AS of_batch (step) USING (step)
          CROSS JOIN LATERAL (SELECT s.rejected_count AS kept) t
          LEFT JOIN batch.reject r ON r.job_instance_id = s.job_instance_id AND r.step = s.step
         WHERE s.superseded_at IS NULL GROUP BY 1, 2, s.id HAVING count(r.id) > t.kept
    """,
    "bill {0} was issued without a number": """
        SELECT id FROM billing.bill WHERE state = 'issued' AND number IS NULL ORDER BY 1
    """,
    "attempt {0} at the night is still marked running": """
        SELECT e.attempt FROM batch.job_execution e WHERE e.state = 'running' ORDER BY 1
    """,
    "the night was completed {0} times": """
        SELECT count(*) FROM batch.job_execution e JOIN batch.job_instance i ON i.id = e.job_instance_id
         WHERE i.business_date = %(night)s AND i.net = 'night' AND e.state = 'completed' HAVING count(*) <> 1
    """,
    "attempts at run {0} are not counted from 1 without a gap": """
        SELECT job_instance_id FROM batch.job_execution GROUP BY 1 HAVING max(attempt) <> count(*) OR min(attempt) <> 1 ORDER BY 1
    """,
    "attempt {0} failed and does not say why": """
        SELECT attempt FROM batch.job_execution WHERE state = 'failed' AND (message_code IS NULL OR return_code IS NULL) ORDER BY 1
    """,
    "block {0} of a step that is done is not done": """
        SELECT b.block_number FROM batch.block b JOIN batch.step_execution s ON s.id = b.step_execution_id
         WHERE s.state = 'completed' AND b.state <> 'done' ORDER BY 1
    """,
    "generation {0} of {1} was never catalogued": """
        SELECT generation, dataset FROM batch.dataset_generation WHERE state = 'writing' ORDER BY 1
    """,
}
"""What is not sound, by the rows that show it."""
BILL_FILES: Final = """
    SELECT b.issue_on, f.file_name, f.sha256, f.content FROM billing.bill_file f JOIN billing.bill b ON b.id = f.bill_id
     WHERE b.issue_on = %(night)s AND b.state = 'issued'
"""
UNFINISHED: Final = (".part", ".tmp", ".new")


def unsound(url: str, home: Path) -> tuple[str, ...]:
    """Every breach, a sentence each; nothing when all is well."""
    given = {"night": NIGHT_OF}
    found: list[str] = []
    with connected(url) as connection, connection.cursor() as cursor:
        for words, statement in CHECKS.items():
            cursor.execute(statement, given)
            found += [words.format(*row) for row in cursor.fetchall()]
        cursor.execute(BILL_FILES, given)
        for row in cursor.fetchall():
            found += _of_file(home, *row)
    return (*found, *half_written(home))


def half_written(home: Path) -> tuple[str, ...]:
    """Files that were begun and are not whole."""
    return tuple(f"{path.relative_to(home)} was left half written" for path in sorted(home.rglob("*")) if path.name.endswith(UNFINISHED))


def _of_file(home: Path, issue_on: object, name: str, sha256: str, content: memoryview) -> list[str]:
    found = []
    if hashlib.sha256(bytes(content)).hexdigest() != sha256:
        found.append(f"the stored bytes of {name} are not those of its checksum")
    found += [
        f"{path.relative_to(home)} is not what was stored"
        for path in (home / "spool" / "bills").rglob(name)
        if str(issue_on) in path.parts and hashlib.sha256(path.read_bytes()).hexdigest() != sha256
    ]
    return found
