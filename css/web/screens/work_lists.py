"""What the work lists share: filters that stand in the address, so that a page of a narrowed list can be looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy.orm import Session

from css.master.queries import DistrictRow, districts
from css.web.page import Arguments
from css.web.rendering import address

NOT_SAID: Final = "-"
PAGE_ROWS: Final = 25


def place_of(session: Session, arguments: Arguments) -> tuple[tuple[DistrictRow, ...], str]:
    """Every district, and the code of the one that is asked for: the first where none is."""
    places = districts(session)
    said = arguments[0].upper() if arguments and arguments[0] != NOT_SAID else ""
    return places, said or (places[0].code if places else "")


def packed(values: Sequence[str]) -> str:
    """Filters as one part of an address: ``held,-,WREN``; empty for none at all."""
    said = [value.replace(",", " ").replace("/", " ").strip() or NOT_SAID for value in values]
    while said and said[-1] == NOT_SAID:
        said.pop()
    return ",".join(said)


def unpacked(arguments: Arguments, count: int) -> list[str]:
    """The filters of an address, as they were keyed; what is missing is empty."""
    said = arguments[1].split(",") if len(arguments) > 1 and arguments[1] != NOT_SAID else []
    return [value if value != NOT_SAID else "" for value in (*said, *[""] * count)][:count]


def after_of(arguments: Arguments) -> str:
    """From where in the list the page goes on; empty for the first."""
    said = arguments[2] if len(arguments) > 2 else ""  # noqa: PLR2004 - district, filters, place
    return "" if said == NOT_SAID else said


def page_links(code: str, district: str, filters: str, back: str | None, forward: str | None, *view: str) -> dict[str, str]:
    """Where F7 and F8 lead, as far as there is a page there. ``view`` is how the page is looked at, where that can be chosen."""
    wanted = {"F7": back, "F8": forward}
    return {
        key: address(
            code, district, (filters or NOT_SAID) if after or filters or view else None, after or (NOT_SAID if view else ""), *view
        )
        for key, after in wanted.items()
        if after is not None
    }


RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Leaf(Generic[RowT]):
    """One page of a list that is read whole. ``back`` and ``forward`` are what to give as the place; None without a page there."""

    rows: Sequence[RowT]
    total: int
    first_place: int
    back: str | None
    forward: str | None


def leaf(rows: Sequence[RowT], after: str, most: int = PAGE_ROWS) -> Leaf[RowT]:
    """The page that begins behind so many rows; the first for a place that is none."""
    start = int(after) if after.isascii() and after.isdigit() and int(after) < len(rows) else 0
    behind = start + most
    return Leaf(
        rows=rows[start:behind],
        total=len(rows),
        first_place=start + 1 if rows else 0,
        back=None if start == 0 else str(start - most) if start > most else "",
        forward=str(behind) if behind < len(rows) else None,
    )
