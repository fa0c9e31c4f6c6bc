"""Readable numbers are taken from sequences: each once, in its district's name."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from css.core.errors import Breach
from css.core.ids import IdKind, parse_id
from css.master.serials import SERIALS, next_number, next_numbers


@pytest.mark.parametrize("kind", SERIALS)
def test_every_kind_counts_up_in_the_districts_name(session: Session, kind: IdKind) -> None:
    first, second = parse_id(next_number(session, "ZZ", kind)), parse_id(next_number(session, "ZY", kind))
    assert (first.district, first.kind) == ("ZZ", kind)
    assert (second.district, second.serial) == ("ZY", first.serial + 1)


def test_many_at_once_are_all_different_and_in_order(session: Session) -> None:
    taken = [parse_id(number).serial for number in next_numbers(session, "ZZ", IdKind.CUSTOMER, 500)]
    assert taken == list(range(taken[0], taken[0] + 500))
    assert next_numbers(session, "ZZ", IdKind.CUSTOMER, 0) == ()


def test_bills_are_not_numbered_from_a_sequence(session: Session) -> None:
    with pytest.raises(Breach):
        next_number(session, "ZZ", IdKind.BILL)
