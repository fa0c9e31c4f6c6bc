"""Guiding: whose call is it? The number charged and the moment of the call lead to a service, and so to an account.

Which number is charged was decided when the record was read: the caller's, the number that diverted the call, or the
number called that agreed to pay (``Leg``). From there on all three are guided alike.

A number serves different services in its life (ceased, re-used, moved), never two at one moment: the database holds that
(``ex_service_number_in_use``), and here an overlap is a ``Breach``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from billing.rules.rejects import first_reject, reject_text
from css.core.errors import Breach
from css.core.phone import E164_DIGITS_MAX

ASSIGNMENT_COLUMNS: Final = {
    "number": pl.String(),
    "starts_at": pl.Datetime("us", "UTC"),
    "ends_at": pl.Datetime("us", "UTC"),
}
"""What guiding reads of the assignments: a number in use from an instant to an instant, null being open. Every other
column (service, account, provider, tariff codes) is what the call gains."""

_LENGTHS: Final = 16
"""A number is searched for as its value times this, plus its length, so that a nought in front makes it another number."""
_SECONDS_SPACE: Final = 2**34
"""Each number's place among the keys: the seconds of five centuries from 1970."""


@dataclass(frozen=True, slots=True, eq=False)
class AssignmentTable:
    """The assignments of a district, sorted for searching; some 60 bytes an assignment. Built once by ``compile_assignments``."""

    numbers: pl.Series
    """By assignment: its number as a search key, in order."""
    uses: pl.DataFrame
    """By assignment: number (its place among the numbers), starts_at, ends_at, and what a call gains; texts as categories."""
    moments: pl.Series
    """By assignment: place of its number and second of its start, in order."""

    @property
    def gained(self) -> list[str]:
        """The names of the columns that a call gains."""
        return [name for name in self.uses.columns if name not in ASSIGNMENT_COLUMNS]


def compile_assignments(assignments: pl.DataFrame) -> AssignmentTable:
    """Sort assignments for ``guide``. A Breach where two services have one number at one time, or a number is not digits."""
    texts = [name for name, kind in assignments.schema.items() if kind == pl.String() and name != "number"]
    # A handful of tariff codes over a million numbers: their places among the codes are enough, and sorted sooner.
    codes = {name: pl.Enum(assignments[name].drop_nulls().unique().sort()) for name in texts}
    used = (
        assignments.filter(pl.col("ends_at").is_null() | (pl.col("ends_at") > pl.col("starts_at")))
        .with_columns(_number_key("number"), *(pl.col(name).cast(kind) for name, kind in codes.items()))
        .sort("number", "starts_at")
    )
    if used["number"].has_nulls():
        msg = "a number in use is not a number at all"
        raise Breach(msg)
    _refuse_overlaps(used)
    uses = used.with_columns(pl.col("number").rle_id().cast(pl.UInt32))
    moments = uses.select(_moment(pl.col("number"), pl.col("starts_at"))).to_series()
    return AssignmentTable(used["number"], uses, moments)


def guide(calls: pl.DataFrame, assignments: AssignmentTable) -> pl.DataFrame:
    """Add to each call the columns of the assignment of its ``charged_number`` at ``started_at``, in the order given.

    Adds ``reject_code`` and ``reject_text`` as well: CSS412E where the number was never ours, CSS413E where it was not in
    service at that moment; then the columns gained are null. No call is lost or doubled.
    """
    key = calls.select(_number_key("charged_number")).to_series()
    # The last use of the number: for nearly every call that is the one.
    last = _landed(assignments.numbers, key)
    is_ours = (_gathered(assignments.numbers, last) == key).fill_null(value=False)
    place = _at_moment(assignments, last.set(~is_ours, None), calls["started_at"])
    use = calls.select("started_at").with_columns(
        _starts_at=_gathered(assignments.uses["starts_at"], place), _ends_at=_gathered(assignments.uses["ends_at"], place)
    )
    is_live = use.select(
        (pl.col("_starts_at") <= pl.col("started_at")).fill_null(value=False)
        & (pl.col("started_at") < pl.col("_ends_at")).fill_null(value=True)
    ).to_series()
    live_place = place.set(~is_live, None)
    return (
        calls.with_columns(
            *(_gained(assignments.uses[name], live_place) for name in assignments.gained),
            first_reject(("CSS412E", pl.lit(~is_ours)), ("CSS413E", pl.lit(~is_live))),
        )
        .with_columns(reject_text(pl.col("charged_number")))
        .select(*calls.columns, *assignments.gained, "reject_code", "reject_text")
    )


def _at_moment(assignments: AssignmentTable, last: pl.Series, started_at: pl.Series) -> pl.Series:
    """The use of each number that began last before the call, from its last use; null where there is none."""
    is_earlier = (_gathered(assignments.uses["starts_at"], last) > started_at).fill_null(value=False)
    if not is_earlier.any():
        return last
    # A number that was given out again since: look for the use before, among the starts of that number.
    earlier = pl.DataFrame({"number": _gathered(assignments.uses["number"], last.filter(is_earlier)), "at": started_at.filter(is_earlier)})
    found = _landed(assignments.moments, earlier.select(_moment(pl.col("number"), pl.col("at"))).to_series())
    is_same = (_gathered(assignments.uses["number"], found) == earlier["number"]).fill_null(value=False)
    return last.scatter(is_earlier.arg_true(), found.set(~is_same, None))


def _landed(keys: pl.Series, wanted: pl.Series) -> pl.Series:
    """The place of the last key not above each wanted one; null where there is none."""
    found = keys.search_sorted(wanted.fill_null(-1), side="right").cast(pl.Int64) - 1
    return found.set(found < 0, None)


def _gathered(values: pl.Series, places: pl.Series) -> pl.Series:
    return pl.select(pl.lit(values).gather(pl.lit(places, dtype=pl.UInt32))).to_series()


def _gained(values: pl.Series, places: pl.Series) -> pl.Series:
    gained = _gathered(values, places)
    return gained.cast(pl.String) if isinstance(values.dtype, pl.Enum) else gained


def _moment(number: pl.Expr, instant: pl.Expr) -> pl.Expr:
    """Place of a number and whole seconds from 1970, kept within the number's place; exact instants are compared afterwards."""
    return number.cast(pl.Int64) * _SECONDS_SPACE + instant.dt.epoch("s").clip(0, _SECONDS_SPACE - 1)


def _number_key(column: str) -> pl.Expr:
    """The number as a search key, null for what is not digits."""
    text = pl.col(column)
    length = text.str.len_bytes().cast(pl.Int64)
    digits = pl.when(length.is_between(1, E164_DIGITS_MAX)).then(text.cast(pl.Int64, strict=False))
    return pl.when(digits >= 0).then(digits * _LENGTHS + length).alias(column)


def _refuse_overlaps(used: pl.DataFrame) -> None:
    same = pl.col("number") == pl.col("number").shift(-1)
    still_used = pl.col("ends_at").is_null() | (pl.col("ends_at") > pl.col("starts_at").shift(-1))
    overlapping = used.filter((same & still_used).fill_null(value=False))
    if not overlapping.is_empty():
        msg = f"{overlapping.height} numbers are in use by two services at one time, the first {overlapping['number'][0] // _LENGTHS}"
        raise Breach(msg)
