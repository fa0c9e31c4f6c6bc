"""Long calls: which parts make one call, and which still wait or contradict each other.

A switch writes a record at least once a day while a call lasts, so a long call comes as parts, in one file or several and in
any order. A call is priced as one, so that its set-up charge, its first minutes and its cap count once.

The conventions:

1. The parts of a call carry one chain id of one supplier, and are numbered from 1 to the one that says it is the last.
2. All name the same leg and the same two numbers.
3. Each starts when the one before ended, give or take ``JOIN_SECONDS``: switches round both figures. A file on London clocks
   without an offset reads an hour early what began in October's second coming of an hour; that is taken for no fault.
4. The call starts when its first part did and lasts as long as all of them together.
5. A chain id used again more than ``CHAIN_DAYS`` after the end of what came under it is another call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from billing.rules.rejects import first_reject, reject_text
from css.core.calendar import LONDON

CHAIN_DAYS: Final = 7
"""How many business dates the parts of a call are waited for after the last that came."""
JOIN_SECONDS: Final = 2
CHAIN_ID_SHOWN: Final = 30
RUNS_NAMED_MAX: Final = 3
"""Runs of missing parts that a reason names; it has to fit a line."""

PART_COLUMNS: Final = {
    "usage_record_id": pl.Int64(),
    "supplier": pl.String(),
    "chain_id": pl.String(),
    "part_number": pl.Int64(),
    "is_last_part": pl.Boolean(),
    "leg": pl.String(),
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
    "set_aside_on": pl.Date(),
    "is_open": pl.Boolean(),
}
"""What ``judge_parts`` reads: open parts, and those of calls priced before (``is_open`` false). Other columns pass through."""

WHOLE: Final = pl.col("reject_code").is_null()
CONTRADICTIONS: Final = ("CSS701E", "CSS703E", "CSS704E", "CSS705E", "CSS707E")
"""What nobody can price as it stands; parts that are missing or apart, a person may."""

_CHAIN: Final = ("supplier", "chain_id")
_NUMBERS: Final = ("leg", "charged_number", "other_number")
_HOUR: Final = 3_600


def judge_parts(parts: pl.DataFrame, business_date: date) -> pl.DataFrame:
    """The open parts with ``call_index`` (from 1, one a call) and why each call cannot be priced yet; none where it is whole.

    ``reject_code`` is null on the parts of a whole call, else CSS700W (waits), CSS702W (has waited too long by
    ``business_date``) or CSS701E, CSS703E to CSS707E (the parts contradict each other). All parts of a call have the same. In
    order of call and part.
    """
    calls = _in_calls(parts.filter("is_open"))
    judged = calls.with_columns(*_facts(), *_joints()).with_columns(_priced_before(calls, parts.filter(~pl.col("is_open"))))
    is_late = pl.lit(business_date) - pl.col("set_aside_on").max().over("call_index") > pl.duration(days=CHAIN_DAYS)
    any_part = {name: pl.col(name).any().over("call_index") for name in ("_is_doubled", "_overlaps", "_is_apart", "_is_repriced")}
    missing = pl.col("_missing")
    coded = judged.with_columns(
        first_reject(
            ("CSS703E", pl.col("_differs")),
            ("CSS707E", any_part["_is_repriced"] | (pl.col("_is_near_priced") & (missing | any_part["_is_apart"]))),
            ("CSS701E", any_part["_is_doubled"]),
            ("CSS704E", pl.col("_is_misnumbered")),
            ("CSS705E", any_part["_overlaps"]),
            ("CSS702W", missing & is_late),
            ("CSS700W", missing),
            ("CSS706E", any_part["_is_apart"]),
        )
    )
    named = _with_names(coded)
    return named.with_columns(reject_text(pl.col("_name"))).select(*parts.columns, "call_index", "reject_code", "reject_text")


def joined_calls(parts: pl.DataFrame) -> pl.DataFrame:
    """One call for each ``call_index``: the columns of its first part there is, and the seconds of all its parts."""
    ordered = parts.sort("call_index", "part_number", "usage_record_id")
    others = [pl.col(name).first() for name in parts.columns if name not in {"call_index", "duration_seconds"}]
    return ordered.group_by("call_index", maintain_order=True).agg(*others, pl.col("duration_seconds").sum()).select(parts.columns)


def missing_words(numbers: Sequence[int], *, has_last: bool) -> str:
    """Which parts of a call have not come, in words: ``part 1, parts 3 to 5 and the last``; empty when none is missing."""
    there = sorted(set(numbers))
    runs = [(before + 1, number - 1) for before, number in zip([0, *there], there, strict=False) if number > before + 1]
    named = [f"part {first}" if first == last else f"parts {first} to {last}" for first, last in runs[:RUNS_NAMED_MAX]]
    if len(runs) > RUNS_NAMED_MAX:
        named.append("others")
    if not has_last:
        named.append("the last")
    return " and ".join(filter(None, [", ".join(named[:-1]), *named[-1:]]))


def _in_calls(parts: pl.DataFrame) -> pl.DataFrame:
    """The parts in order of call and part, each with the ``call_index`` it belongs to."""
    end = pl.col("started_at") + pl.duration(seconds="duration_seconds")
    reached = end.cum_max().shift(1).over(_CHAIN)
    is_another = (pl.col("started_at") - reached > pl.duration(days=CHAIN_DAYS)).fill_null(value=True)
    return (
        parts.sort(*_CHAIN, "started_at", "usage_record_id")
        .with_columns(is_another.cum_sum().cast(pl.Int64).alias("call_index"))
        .sort("call_index", "part_number", "started_at", "usage_record_id")
    )


def _facts() -> tuple[pl.Expr, ...]:
    """What is true of a call as a whole, or of a part among the others."""
    number, is_last = pl.col("part_number"), pl.col("is_last_part").fill_null(value=False)
    lasts, most = is_last.sum(), number.max()
    last_number = number.filter(is_last).max()
    misnumbered = (lasts > 1) | (last_number < most).fill_null(value=False) | (number.fill_null(0).min() < 1)
    missing = (lasts == 0) | (number.n_unique() < most)
    return (
        pl.any_horizontal(pl.col(name).n_unique() > 1 for name in _NUMBERS).over("call_index").alias("_differs"),
        (pl.len().over("call_index", "part_number") > 1).alias("_is_doubled"),
        misnumbered.over("call_index").alias("_is_misnumbered"),
        missing.over("call_index").alias("_missing"),
    )


def _joints() -> tuple[pl.Expr, ...]:
    """Whether a part starts before, or after, the one before it ended."""
    end = pl.col("started_at") + pl.duration(seconds="duration_seconds")
    gap = (pl.col("started_at") - end.shift(1).over("call_index")).dt.total_seconds(fractional=False)
    follows = pl.col("part_number") == pl.col("part_number").shift(1).over("call_index") + 1
    # A second coming read as the first is an hour early: this part's, and then it seems to overlap; or the last one's, and
    # then its end is early too.
    repeated = _in_repeated_hour()
    read_early = (repeated & _about(gap, -_HOUR)) | (repeated.shift(1).over("call_index") & _about(gap, _HOUR))
    return (
        ((gap < -JOIN_SECONDS) & ~read_early).fill_null(value=False).alias("_overlaps"),
        ((gap > JOIN_SECONDS) & follows & ~read_early).fill_null(value=False).alias("_is_apart"),
    )


def _about(seconds: pl.Expr, wanted: int) -> pl.Expr:
    return (seconds - wanted).abs() <= JOIN_SECONDS


def _in_repeated_hour() -> pl.Expr:
    """Whether London clocks show this moment a second time an hour later."""
    wall = pl.col("started_at").dt.convert_time_zone(LONDON.key).dt.replace_time_zone(None)
    latest = wall.dt.replace_time_zone(LONDON.key, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC")
    return latest != pl.col("started_at")


def _priced_before(calls: pl.DataFrame, priced: pl.DataFrame) -> list[pl.Series]:
    """Of each part: whether a call of its chain and numbers was priced that lay at the same time, or within ``CHAIN_DAYS`` of it."""
    spans = calls.group_by("call_index").agg(pl.col(*_CHAIN, *_NUMBERS).first(), _from=pl.col("started_at").min(), _to=_end().max())
    earlier = priced.select(*_CHAIN, *_NUMBERS, _priced_from=pl.col("started_at"), _priced_to=_end())
    both = spans.join(earlier, on=[*_CHAIN, *_NUMBERS], how="inner")
    slack, days = pl.duration(seconds=JOIN_SECONDS), pl.duration(days=CHAIN_DAYS)
    found = both.group_by("call_index").agg(
        _is_repriced=((pl.col("_from") < pl.col("_priced_to") - slack) & (pl.col("_priced_from") < pl.col("_to") - slack)).any(),
        _is_near_priced=((pl.col("_from") <= pl.col("_priced_to") + days) & (pl.col("_priced_from") <= pl.col("_to") + days)).any(),
    )
    of_calls = calls.select("call_index").join(found, on="call_index", how="left", maintain_order="left")
    return of_calls.select(pl.col("_is_repriced", "_is_near_priced").fill_null(value=False)).get_columns()


def _end() -> pl.Expr:
    return pl.col("started_at") + pl.duration(seconds="duration_seconds")


def _with_names(coded: pl.DataFrame) -> pl.DataFrame:
    """What the reason calls a call: its chain id, and of one that has waited too long also what is missing."""
    shown = pl.col("chain_id").str.slice(0, CHAIN_ID_SHOWN)
    late = (
        coded.filter(pl.col("reject_code") == "CSS702W")
        .group_by("call_index")
        .agg(pl.col("part_number"), has_last=pl.col("is_last_part").fill_null(value=False).any())
    )
    words = [missing_words(numbers, has_last=has_last) for _, numbers, has_last in late.iter_rows()]
    lacks = late.select("call_index").with_columns(pl.Series("_lacks", words, dtype=pl.String))
    named = coded.join(lacks, on="call_index", how="left", maintain_order="left")
    return named.with_columns(_name=pl.when(pl.col("_lacks").is_null()).then(shown).otherwise(pl.format("'{}' lacks {}", shown, "_lacks")))


__all__ = ["CHAIN_DAYS", "CONTRADICTIONS", "JOIN_SECONDS", "PART_COLUMNS", "WHOLE", "joined_calls", "judge_parts", "missing_words"]
