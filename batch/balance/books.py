"""The books: a list of small checks, each with a name and what it proves; run after every net, and by hand (``css check books``).

Billing's and repairs' checks are their rooms' own; the night's look at the job repository and at what lies on the disk. Those
of the house are about no district.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

import batch
import billing.checks
import repairs.checks
from batch.model import DatasetGeneration, JobInstance
from batch.words import GenerationState
from css.core.errors import NotFound
from css.db.sql import block, blocks
from css.master.districts import District, no_district

SHOWN_MAX: Final = 50
"""Breaches told of one check: more of the same say no more."""
NIGHT: Final = ("counts_close", "blocks_done", "joints_balance", "rejects_counted", "attempts_ended", "nights_in_order")
HOUSE: Final = ("notices_in_order",)
"""Checks that are about no district."""
OF_HOUSE: Final = ""
"""The district of what is about none."""
MANIFEST: Final = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class BookCheck:
    """A check of the books, as it is listed."""

    name: str
    books_of: str
    """billing, repairs, the night, or the house."""
    proves: str


@dataclass(frozen=True, slots=True)
class BookBreach:
    """Something in the books that does not hold."""

    check: str
    district_code: str
    """Empty for what is about none."""
    words: str
    """With the ids of what it is about."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Where a check looks."""

    session: Session
    district_code: str
    home: Path | None
    """The installation's directory; without one nothing on the disk is looked at."""


@dataclass(frozen=True, slots=True)
class _Check:
    listed: BookCheck
    find: Callable[[Looking], Iterable[str]]
    is_of_house: bool = False
    """Looks at no district."""
    is_of_everything: bool = False
    """Looks at each district, and at the runs of the house too."""


def book_checks(_session: Session | None = None) -> tuple[BookCheck, ...]:
    """Every check of the books, in the order in which they are made."""
    return tuple(check.listed for check in _checks().values())


def books(session: Session, district_code: str = "", only: str = "") -> tuple[BookBreach, ...]:
    """What does not hold in the books of a district, or of every one and of the house; nothing when they balance.

    Raises:
        NotFound: CSS101E no such district, CSS643E no check of that name.
    """
    return find_breaches(session, district_code, only=(only,) if only else ())


def find_breaches(
    session: Session, district_code: str = "", *, only: Iterable[str] = (), home: Path | None = None
) -> tuple[BookBreach, ...]:
    """As ``books``, with what lies on the disk below ``home``, and of more checks than one."""
    chosen = _chosen(tuple(only))
    codes = session.execute(select(District.code).order_by(District.code)).scalars().all()
    if district_code and district_code not in codes:
        raise no_district(district_code)
    districts = (district_code,) if district_code else (*codes, OF_HOUSE)
    return tuple(
        BookBreach(check.listed.name, code, words)
        for code in districts
        for check in chosen
        if check.is_of_everything or check.is_of_house == (code == OF_HOUSE)
        for words in check.find(Looking(session, code, home))
    )


def _chosen(only: tuple[str, ...]) -> tuple[_Check, ...]:
    checks = _checks()
    if not only:
        return tuple(checks.values())
    names = [name.replace("_", "-") for name in only]
    for name in names:
        if name not in checks:
            raise NotFound("CSS643E", "There is no check {name!r} of the books; `css check books --list` names them.", name=name[:40])
    return tuple(check for name, check in checks.items() if name in names)


@cache
def _checks() -> Mapping[str, _Check]:
    """Every check by its name."""
    found = [
        *(_of_billing(name, find) for name, find in billing.checks.CHECKS.items()),
        *(_of_repairs(name, find) for name, find in repairs.checks.CHECKS.items()),
        *(_of_the_night(name) for name in NIGHT),
        _Check(_listed("outputs_on_disk", "the night", outputs_on_disk.__doc__), outputs_on_disk, is_of_everything=True),
        *(_Check(_listed(name, "the house", _remarks(batch, "books", name)), partial(_of_house, name), is_of_house=True) for name in HOUSE),
    ]
    return {check.listed.name: check for check in found}


def _of_billing(name: str, find: billing.checks.Check) -> _Check:
    proves = find.__doc__ if name not in billing.checks.BY_STATEMENT else _remarks(billing, "checks", name)

    def of_district(looking: Looking) -> Iterable[str]:
        return find(looking.session, billing.checks.open_books(looking.session, looking.district_code))

    return _Check(_listed(name, "billing", proves), of_district)


def _of_repairs(name: str, find: Callable[[Session, str], Iterable[str]]) -> _Check:
    proves = find.__doc__ if name not in repairs.checks.BY_STATEMENT else _remarks(repairs, "checks", name)
    return _Check(_listed(name, "repairs", proves), lambda looking: find(looking.session, looking.district_code))


def _of_the_night(name: str) -> _Check:
    return _Check(_listed(name, "the night", _remarks(batch, "books", name)), partial(_of_night, name), is_of_everything=True)


def _of_night(name: str, looking: Looking) -> Iterable[str]:
    known = {"district": looking.district_code or None, "limit": SHOWN_MAX}
    return looking.session.execute(block("batch", f"books.{name}"), known).scalars()


def _of_house(name: str, looking: Looking) -> Iterable[str]:
    return looking.session.execute(block("batch", f"books.{name}"), {"limit": SHOWN_MAX}).scalars()


def outputs_on_disk(looking: Looking) -> Iterator[str]:
    """The manifest of every catalogued output lies on the disk as it was catalogued; `css check spool` reads the files."""
    if looking.home is None:
        return
    district = looking.district_code or None
    rows = looking.session.execute(
        select(DatasetGeneration.dataset, DatasetGeneration.generation, DatasetGeneration.path, DatasetGeneration.sha256)
        .join(JobInstance, JobInstance.id == DatasetGeneration.job_instance_id)
        .where(DatasetGeneration.state == GenerationState.CATALOGUED, JobInstance.district_code.is_not_distinct_from(district))
        .order_by(DatasetGeneration.id)
    )
    for row in rows:
        manifest = looking.home / row.path / MANIFEST
        try:
            is_whole = hashlib.sha256(manifest.read_bytes()).hexdigest() == row.sha256
        except (FileNotFoundError, NotADirectoryError):
            yield f"Generation {row.generation} of {row.dataset} is catalogued, and {row.path}/{MANIFEST} is gone."
        except OSError as error:
            yield f"Generation {row.generation} of {row.dataset} is catalogued, and {row.path}/{MANIFEST} cannot be read: {error.strerror}."
        else:
            if not is_whole:
                yield f"Generation {row.generation} of {row.dataset}: {row.path}/{MANIFEST} is not what was catalogued."


def _listed(name: str, books_of: str, proves: str | None) -> BookCheck:
    return BookCheck(name.replace("_", "-"), books_of, _first_sentence(proves or ""))


def _remarks(package: object, file: str, name: str) -> str:
    """What a statement says of itself, without what is for the planner and for tests."""
    path = Path(str(getattr(package, "__file__", ""))).parent / "sql" / f"{file}.sql"
    lines = (line.strip().removeprefix("--").strip() for line in blocks(path)[name].remarks.splitlines())
    return " ".join(line for line in lines if not line.startswith("example:"))


def _first_sentence(words: str) -> str:
    return re.split(r"(?<=\.) (?=[A-Z(])", " ".join(words.split()))[0]
