"""Why a call record was set aside: one code and one sentence a reason, for every stage from reading to pricing.

A rule over a frame never raises for a bad row. It gives the row a ``reject_code`` and a ``reject_text`` (null on a good
row); the step stores the rejected rows with their raw text and checks that read = written + rejected. Where a record has
several faults the first of the list below is the one named.
"""

from __future__ import annotations

from typing import Final

import polars as pl

REJECTS: Final = {
    "CSS400E": "The record is not 42 comma-separated fields on one line.",
    "CSS401E": "The record is longer than {value} bytes.",
    "CSS402E": "The record holds bytes that are not UTF-8 text.",
    "CSS403E": "The number charged '{value}' cannot be read as a telephone number.",
    "CSS404E": "The other number '{value}' cannot be read as a telephone number.",
    "CSS405E": "The call date and time '{value}' are not DD/MM/YYYY and HH:MM:SS.",
    "CSS407E": "The duration '{value}' is not a whole number of seconds, nought or more.",
    "CSS408E": "The duration '{value}' is longer than a call can be.",
    "CSS409E": "The call type '{value}' is not one that is rated here.",
    "CSS410E": "The call starts at '{value}', later than the file was made.",
    "CSS411E": "The call starts at '{value}', too long before the file was received.",
    "CSS412E": "The number charged '{value}' belongs to no service.",
    "CSS413E": "The number charged '{value}' was not in service when the call started.",
    "CSS414E": "No version of tariff '{value}' is in force on the day of the call.",
    "CSS416E": "No destination of the tariff begins the number '{value}'.",
    "CSS417E": "No VAT rate is on file for the day of the call, '{value}'.",
    "CSS418E": "A call of '{value}' seconds is longer, or dearer, than any that this system prices.",
    "CSS450E": "No service charge is on file for the number '{value}' on the day of the call.",
    "CSS460W": "The call began at '{value}', more than 90 days before the night; it waits for approval.",
    "CSS654E": "The record does not have a field for each column that the file's first line names.",
    "CSS655E": "A spreadsheet has turned digits into the figure '{value}'; they are lost.",
    "CSS656E": "The number '{value}' has lost its plus or its leading nought, as a spreadsheet does it.",
    "CSS657E": "A spreadsheet has changed the form of the date and time '{value}'.",
    "CSS658E": "The leg '{value}' is not outgoing, diverted or reverse.",
    "CSS659E": "The part of a long call '{value}' lacks its chain, its number, or whether it is the last.",
    "CSS661E": "The start '{value}' is not an instant with its offset from UTC.",
    "CSS700W": "This part of the long call '{value}' waits for the others.",
    "CSS701E": "One part of the long call '{value}' came twice and differs.",
    "CSS702W": "Parts of a long call are missing too long: {value}.",
    "CSS703E": "Parts of the long call '{value}' name different numbers or legs.",
    "CSS704E": "Parts of the long call '{value}' are not numbered from 1 to one last part.",
    "CSS705E": "Parts of the long call '{value}' overlap.",
    "CSS706E": "A part of the long call '{value}' starts later than the one before it ended.",
    "CSS707E": "The long call '{value}' was priced before this part of it came.",
}
"""Reason by code; ``{value}`` stands for the offending text, shortened."""

VALUE_CHARACTERS_MAX: Final = 60


def reject_text(value: pl.Expr) -> pl.Expr:
    """The sentence for the ``reject_code`` of the row, null where that is null; ``value`` gives the offending text."""
    parts = {code: sentence.partition("{value}") for code, sentence in REJECTS.items()}
    code = pl.col("reject_code")
    names_value = code.is_in([code for code, (_, gap, _) in parts.items() if gap])
    return pl.concat_str(
        code.replace_strict({code: before for code, (before, _, _) in parts.items()}, default=None, return_dtype=pl.String),
        pl.when(names_value).then(value.str.slice(0, VALUE_CHARACTERS_MAX)).fill_null(""),
        code.replace_strict({code: after for code, (_, _, after) in parts.items()}, default=None, return_dtype=pl.String),
    ).alias("reject_text")


def first_reject(*faults: tuple[str, pl.Expr]) -> pl.Expr:
    """``reject_code``: that of the first fault whose test holds for the row, null for none. A test that is null counts as not met."""
    return pl.coalesce(*(pl.when(test).then(pl.lit(code)) for code, test in faults)).alias("reject_code")


def accepted(frame: pl.DataFrame) -> pl.DataFrame:
    """The good rows, without the two reject columns."""
    return frame.filter(pl.col("reject_code").is_null()).drop("reject_code", "reject_text")


def rejected(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows set aside."""
    return frame.filter(pl.col("reject_code").is_not_null())
