"""The joints from carriers' files to rated calls."""

from __future__ import annotations

from typing import Final

from batch.balance.figures import room_joint

LINES_OF_FILES: Final = room_joint("lines of files", "lines_of_files", "records as the files' control records say", "lines kept of them")
RECORDS_SORTED: Final = room_joint(
    "records sorted", "records_sorted", "records of the night's files", "records to be rated or set aside when they came"
)
RECORDS_RATED: Final = room_joint(
    "records rated", "records_rated", "records that went to be rated", "calls rated and records without a price"
)
CALLS_RATED: Final = room_joint("calls and their price", "calls_rated", "calls as their blocks say", "calls rated")
CALLS_SETTLED: Final = room_joint("records that waited", "calls_settled", "records settled with a price", "calls rated of them")
LONG_CALLS_SETTLED: Final = room_joint(
    "long calls", "long_calls_settled", "long calls settled with a price", "long calls with a rated call"
)
RECORDS_WITH_OUTCOME: Final = room_joint(
    "outcomes of records", "records_with_outcome", "records of the night's files", "priced, duplicate, suspended and rejected"
)
