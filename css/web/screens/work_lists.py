"""What the work lists share: filters that stand in the address, so that a page of a narrowed list can be looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from css.master.queries import DistrictRow, districts
from css.web.page import Arguments
from css.web.rendering import address

NOT_SAID: Final = "-"


def place_of(session: Session, arguments: Arguments) -> tuple[tuple[DistrictRow, ...], str]:
    """Every district, and the code of the one that is asked for: the first where none is."""
    places = districts(session)
    return places, arguments[0].upper() if arguments else places[0].code if places else ""


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
    return arguments[2] if len(arguments) > 2 else ""  # noqa: PLR2004 - district, filters, place


def page_links(code: str, district: str, filters: str, back: str | None, forward: str | None) -> dict[str, str]:
    """Where F7 and F8 lead, as far as there is a page there."""
    wanted = {"F7": back, "F8": forward}
    return {
        key: address(code, district, (filters or NOT_SAID) if after or filters else None, after)
        for key, after in wanted.items()
        if after is not None
    }
