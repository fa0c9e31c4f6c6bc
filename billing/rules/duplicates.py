"""When two records are one call: the first line wins, and every later one says which record it repeats and how.

Two names tell a call. Its *natural key* (``CALL_KEY``) is what was measured, and the same call must not be charged twice
whichever supplier reports it. Its *supplier's id* (``ID_KEY``) is the supplier's promise not to send a record twice, and
means something within that supplier alone; the parts of a long call may share one, so the part's number belongs to it.

Only a record that is itself no duplicate can make another one a duplicate. So a duplicate always names a record that went
its way, and a chain of look-alikes never swallows a call that nobody else reports (docs/decisions/0092).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from billing.rules.file_outcomes import RECORDS_PER_FILE

CALL_KEY: Final = {
    "leg": pl.String(),
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "part_number": pl.Int64(),
}
"""The natural key, compared exactly; ``part_number`` is null where the record is not a part of a long call."""

ID_KEY: Final = {"supplier_record_id": pl.String(), "part_number": pl.Int64()}
"""The supplier's name for a record; a record without id has none."""

SAME_RECORD: Final = "CSS665E"
SAME_CALL: Final = "CSS666E"
SAME_ID: Final = "CSS667E"

DUPLICATE_WORDS: Final = {
    SAME_RECORD: "The same record came before, as record {original}.",
    SAME_CALL: "The same call came before under another id, as record {original}.",
    SAME_ID: "Its id came before for another call, in record {original}.",
}
"""The sentence of each reason; ``{original}`` stands for the record that came before."""

_NO_DUPLICATE: Final = {
    "original_record_id": pl.lit(None, pl.Int64()),
    "duplicate_code": pl.lit(None, pl.String()),
    "duplicate_text": pl.lit(None, pl.String()),
}


def mark_duplicates(records: pl.DataFrame, *, may_be_alike: pl.Series | None = None) -> pl.DataFrame:
    """The records with ``original_record_id``, ``duplicate_code`` and ``duplicate_text``, null on those that are no duplicates.

    Takes readable records in the order in which they came, with ``usage_record_id``, the columns of both keys, and what
    is known of what came before them: ``call_on_file`` and ``id_on_file``, the accepted record of the same natural key
    and of the same supplier's id, null where there is none. These two are not in the answer. ``may_be_alike`` says which
    rows can share a key with another row of the frame; it may say so of too many, never of too few.
    """
    found = _among_themselves(records, _alike(records) if may_be_alike is None else may_be_alike)
    if not found["call_on_file"].count() and not found["id_on_file"].count():
        # Nearly always: no record repeats another, and there are no sentences to make.
        return found.drop("call_on_file", "id_on_file").with_columns(**_NO_DUPLICATE)
    by_call, by_id = pl.col("call_on_file"), pl.col("id_on_file")
    code = (
        pl.when(by_call.is_not_null() & (by_call == by_id))
        .then(pl.lit(SAME_RECORD))
        .when(by_call.is_not_null())
        .then(pl.lit(SAME_CALL))
        .when(by_id.is_not_null())
        .then(pl.lit(SAME_ID))
    )
    return (
        found.with_columns(original_record_id=pl.coalesce(by_call, by_id), duplicate_code=code)
        .with_columns(duplicate_text=_duplicate_text())
        .drop("call_on_file", "id_on_file")
    )


def _alike(records: pl.DataFrame) -> pl.Series:
    has_id = pl.col("supplier_record_id").is_not_null()
    return records.select(pl.struct(*CALL_KEY).is_duplicated() | (has_id & pl.struct(*ID_KEY).is_duplicated())).to_series()


def _among_themselves(records: pl.DataFrame, alike: pl.Series) -> pl.DataFrame:
    """The two columns ``…_on_file`` completed with what came before in the same frame.

    Nearly every frame has no two rows alike, and that is seen in columns. The few rows that do share a key with another are
    gone through one by one: whether a row counts depends on whether the row before it did.
    """
    if not alike.any():
        return records
    calls: dict[tuple[object, ...], int] = {}
    ids: dict[tuple[object, ...], int] = {}
    originals: list[tuple[int, int | None, int | None]] = []
    doubtful = records.with_row_index("row").filter(alike)
    known = doubtful.select("row", "usage_record_id", "call_on_file", "id_on_file").rows()
    keys = zip(doubtful.select(*CALL_KEY).rows(), doubtful.select(*ID_KEY).rows(), strict=True)
    for (row, record_id, call_on_file, id_on_file), (call, name) in zip(known, keys, strict=True):
        same_call = call_on_file or calls.get(call)
        same_id = (id_on_file or ids.get(name)) if name[0] is not None else None
        if same_call is None and same_id is None:
            calls[call] = record_id
            if name[0] is not None:
                ids[name] = record_id
        else:
            originals.append((row, same_call, same_id))
    schema = {"row": pl.UInt32(), "_call": pl.Int64(), "_id": pl.Int64()}
    here = pl.DataFrame(originals, schema=schema, orient="row")
    return (
        records.with_row_index("row")
        .join(here, on="row", how="left", maintain_order="left")
        .with_columns(call_on_file=pl.coalesce("call_on_file", "_call"), id_on_file=pl.coalesce("id_on_file", "_id"))
        .drop("row", "_call", "_id")
    )


def _duplicate_text() -> pl.Expr:
    """The sentence for the ``duplicate_code`` of the row, null where that is null."""
    code, original = pl.col("duplicate_code"), pl.col("original_record_id")
    parts = {one: words.partition("{original}") for one, words in DUPLICATE_WORDS.items()}
    return pl.concat_str(
        code.replace_strict({one: before for one, (before, _, _) in parts.items()}, default=None, return_dtype=pl.String),
        pl.concat_str(original // RECORDS_PER_FILE, original % RECORDS_PER_FILE, separator="/"),
        code.replace_strict({one: after for one, (_, _, after) in parts.items()}, default=None, return_dtype=pl.String),
    )
