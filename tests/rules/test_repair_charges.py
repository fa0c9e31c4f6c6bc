"""What is charged for a repair: by band and by time on site, for visits in vain, for an expedite; worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.slots import SlotOf
from css.core.words import HalfDay
from repairs.rules.charges import BAND_HOURS, Attendance, Reckoned, Repair, VainSlot, charges_of, hours_begun
from repairs.rules.clear import CLEAR_CODES
from repairs.words import Location, ReturnReason

AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SLOT = SlotOf(date(2026, 3, 3), HalfDay.AM)


def _visit(minutes: int, reason: ReturnReason | None = None, visit_id: int = 1) -> Attendance:
    return Attendance(visit_id=visit_id, arrived_at=AT, ended_at=AT + timedelta(minutes=minutes), return_reason=reason)


def _vain(number: str = "ZZP00000016", came_at: datetime | None = None, *, was_mborc: bool = False) -> VainSlot:
    return VainSlot(appointment_number=number, slot=SLOT, came_at=came_at, was_mborc=was_mborc)


REPAIR = Repair(
    code=CLEAR_CODES["RWT"],
    charge_band=2,
    cleared_at=AT + timedelta(hours=3),
    was_late=False,
    expedited_at=None,
    attendances=(),
    vain=(),
)


def _reckoned(code: str, changed: dict[str, Any]) -> Reckoned:
    return charges_of(replace(REPAIR, code=CLEAR_CODES[code], **changed))


def _charged(code: str = "RWT", **changed: object) -> list[tuple[str, int]]:
    reckoned = _reckoned(code, changed)
    return [(charge.product_code, charge.quantity) for charge in reckoned.charges]


def _said(code: str = "RWT", **changed: object) -> str:
    return "; ".join(_reckoned(code, changed).reasons)


# The first hour and each further hour begun, within the band.


@pytest.mark.parametrize(
    ("band", "minutes", "first", "further"),
    [
        (0, 30, 0, 0),
        (1, 0, 1, 0),
        (1, 1, 1, 0),
        (1, 60, 1, 0),
        (1, 61, 1, 1),
        (1, 120, 1, 1),
        (1, 121, 1, 1),  # the third hour was not authorised
        (1, 600, 1, 1),
        (2, 121, 1, 2),
        (2, 240, 1, 3),
        (2, 300, 1, 3),
        (3, 300, 1, 4),
        (3, 360, 1, 5),
        (3, 1000, 1, 5),
        (4, 361, 1, 6),
        (4, 600, 1, 9),
    ],
)
def test_time_on_site_is_charged_by_hours_begun_within_the_band(band: int, minutes: int, first: int, further: int) -> None:
    wanted = [("TRC-FIRST-HOUR", first)] * bool(first) + [("TRC-HOUR", further)] * bool(further)
    for code in ("RWT", "CE", "CW"):
        assert _charged(code, charge_band=band, attendances=(_visit(minutes),)) == wanted


def test_who_authorised_nothing_is_charged_nothing_and_told_so() -> None:
    assert "no time-related charges were authorised" in _said(charge_band=0, attendances=(_visit(90),))


def test_what_goes_over_the_band_is_said() -> None:
    assert _said(charge_band=1, attendances=(_visit(200),)) == "4 hours were begun on site, 2 are authorised and charged"
    assert _said(charge_band=1, attendances=(_visit(120),)) == ""


def test_nobody_on_site_is_no_time() -> None:
    assert _charged() == []
    assert "nobody was on site" in _said()


def test_the_time_of_all_visits_counts_together_and_not_an_hour_each() -> None:
    assert _charged(attendances=(_visit(20), _visit(30, ReturnReason.END_OF_SHIFT))) == [("TRC-FIRST-HOUR", 1)]
    assert _charged(attendances=(_visit(40), _visit(30, ReturnReason.MORE_HANDS))) == [("TRC-FIRST-HOUR", 1), ("TRC-HOUR", 1)]


@pytest.mark.parametrize("reason", [ReturnReason.NO_ACCESS, ReturnReason.WRONG_CRAFT, ReturnReason.STORES, ReturnReason.HAZARD])
def test_a_visit_that_looked_for_nothing_takes_no_time(reason: ReturnReason) -> None:
    assert _charged(attendances=(_visit(300, reason),)) == []
    assert _charged(attendances=(_visit(300, reason), _visit(10))) == [("TRC-FIRST-HOUR", 1)]


@pytest.mark.parametrize("code", [code for code, clear in CLEAR_CODES.items() if not clear.chargeable])
def test_what_is_not_chargeable_is_free_however_long_it_took(code: str) -> None:
    assert charges_of(replace(REPAIR, code=CLEAR_CODES[code], charge_band=4, attendances=(_visit(600),))) == Reckoned((), ())


@given(band=st.sampled_from(sorted(BAND_HOURS)), minutes=st.lists(st.integers(0, 2_000), max_size=5))
def test_never_more_hours_than_were_begun_or_authorised_and_longer_never_costs_less(band: int, minutes: list[int]) -> None:
    def hours(lengths: list[int]) -> int:
        return sum(quantity for _, quantity in _charged(charge_band=band, attendances=tuple(_visit(each) for each in lengths)))

    charged, most = hours(minutes), BAND_HOURS[band]
    assert charged <= (hours_begun(timedelta(minutes=sum(minutes))) if minutes else 0)
    assert most is None or charged <= most
    assert hours([*minutes, 1]) >= charged
    # Whichever way the time is cut into visits, it costs the same.
    assert not minutes or hours([sum(minutes)]) == charged


# Visits in vain.


@pytest.mark.parametrize("code", ["NOA", "CE", "CW", "NTE", "RWT", "FNF"])
def test_a_slot_the_customer_missed_is_charged_where_somebody_had_to_be_in(code: str) -> None:
    assert _charged(code, vain=(_vain(), _vain("ZZP00000024"))) == [("VISIT", 1), ("VISIT", 1)]


@pytest.mark.parametrize("code", ["DW", "DP", "DS", "CAB", "ES", "MDF", "EX", "DAT", "TPD", "WEA"])
def test_a_fault_that_proves_off_site_excuses_who_was_not_in(code: str) -> None:
    assert _charged(code, vain=(_vain(),)) == []
    assert "off the customer's site" in _said(code, vain=(_vain(),))


@pytest.mark.parametrize(
    ("came_at", "is_late"), [(None, False), (SLOT.begins_at, False), (SLOT.ends_at - timedelta(seconds=1), False), (SLOT.ends_at, True)]
)
def test_an_engineer_who_was_late_excuses_who_was_not_in(came_at: datetime | None, is_late: bool) -> None:
    assert _charged("NOA", vain=(_vain(came_at=came_at),)) == ([] if is_late else [("VISIT", 1)])
    assert ("the engineer was late" in _said("NOA", vain=(_vain(came_at=came_at),))) is is_late


def test_matters_beyond_our_control_excuse_who_was_not_in() -> None:
    assert _charged("NOA", vain=(_vain(was_mborc=True),)) == []
    assert "beyond our control" in _said("NOA", vain=(_vain(was_mborc=True),))


def test_each_missed_slot_has_a_key_of_its_own() -> None:
    charges = charges_of(replace(REPAIR, code=CLEAR_CODES["NOA"], vain=(_vain(), _vain("ZZP00000024")))).charges
    assert [charge.mark for charge in charges] == ["-ZZP00000016", "-ZZP00000024"]
    assert {charge.occurs_on for charge in charges} == {date(2026, 3, 3)}


def test_no_access_without_a_promised_slot_is_one_visit_if_anybody_came() -> None:
    assert _charged("NOA", attendances=(_visit(10, ReturnReason.NO_ACCESS, 1), _visit(10, visit_id=2))) == [("VISIT", 1)]
    assert _charged("NOA") == []
    assert _charged("NOA", attendances=(_visit(10, ReturnReason.STORES),)) == []


# The expedite.


@pytest.mark.parametrize(
    ("code", "was_late", "charged"),
    [("EX", False, True), ("RWT", False, True), ("EX", True, False), ("DUP", False, False), ("REF", False, False)],
)
def test_an_expedite_is_charged_if_its_target_was_met(code: str, was_late: bool, charged: bool) -> None:
    found = _charged(code, expedited_at=AT, was_late=was_late)
    assert found == ([("FEE-EXPEDITE", 1)] if charged else [])
    assert bool(_said(code, expedited_at=AT, was_late=was_late)) is (not charged or code == "RWT")


# The clear codes.


def test_every_clear_code_says_what_follows_from_it() -> None:
    assert [code for code, clear in CLEAR_CODES.items() if clear.chargeable] == ["CE", "CW", "NOA", "RWT"]
    assert {code for code, clear in CLEAR_CODES.items() if not clear.counts_as_network_fault} == {
        "CE",
        "CW",
        "DUP",
        "NOA",
        "REF",
        "RWT",
        "FNF",
    }
    assert {code for code, clear in CLEAR_CODES.items() if clear.counts_as_network_fault and not clear.sla_applies} == {"TPD"}
    assert all(clear.counts_as_network_fault for clear in CLEAR_CODES.values() if clear.sla_applies)
    assert not any(clear.chargeable and clear.counts_as_network_fault for clear in CLEAR_CODES.values())


@pytest.mark.parametrize(
    ("code", "where"),
    [("CE", "CA"), ("CW", "CE"), ("NTE", "CE"), ("DW", "LN"), ("CAB", "CO"), ("MDF", "FU"), ("EX", "EX"), ("DAT", "CI"), ("RWT", "OK")],
)
def test_every_clear_code_says_where_it_was(code: str, where: str) -> None:
    assert CLEAR_CODES[code].fault_location is Location(where)
