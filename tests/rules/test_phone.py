"""Telephone numbers: read from anything, held one way, shown one way, sorted into classes."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css.core.errors import BadMessage, CssError
from css.core.phone import (
    E164_CLASS_PREFIXES,
    SHORT_CODE_CLASS_PREFIXES,
    SHORT_CODE_DIGITS_MAX,
    NumberClass,
    display_number,
    is_drama_number,
    is_sample_number,
    mask_number,
    number_class,
    parse_number,
)

# One of each range reserved for drama, with the way it is written.
DRAMA = {
    "441134960123": "0113 496 0123",
    "441144960123": "0114 496 0123",
    "441154960123": "0115 496 0123",
    "441164960123": "0116 496 0123",
    "441174960123": "0117 496 0123",
    "441184960123": "0118 496 0123",
    "441214960123": "0121 496 0123",
    "441314960123": "0131 496 0123",
    "441414960123": "0141 496 0123",
    "441514960123": "0151 496 0123",
    "441614960123": "0161 496 0123",
    "442079460123": "020 7946 0123",
    "441914980123": "0191 498 0123",
    "442890180123": "028 9018 0123",
    "442920180123": "029 2018 0123",
    "441632960123": "01632 960123",
    "447700900123": "07700 900123",
    "448081570123": "0808 157 0123",
    "449098790123": "0909 879 0123",
    "443069990123": "0306 999 0123",
}


@pytest.mark.parametrize(
    "text",
    [
        "01632 960123",
        "01632960123",
        "(01632) 960-123",
        "01632.960.123",
        "+44 1632 960123",
        "+44 (0)1632 960123",
        "+44(0)1632960123",
        "+4401632960123",
        "0044 1632 960123",
        "00 44 (0) 1632 960123",
        "441632960123",
        "44 1632 960123",
        "01632\u00a0960\u2013123",
    ],
)
def test_one_number_in_its_many_writings(text: str) -> None:
    assert parse_number(text) == "441632960123"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("016977 3123", "44169773123"),
        ("01204 52123", "44120452123"),
        ("0800 123456", "44800123456"),
        ("0500 123456", "44500123456"),
        ("0800 1111", "448001111"),
        ("0845 46 47", "448454647"),
        ("055 1234 5678", "445512345678"),
        ("999", "999"),
        ("112", "112"),
        ("118 500", "118500"),
        ("1471", "1471"),
        ("+1 212 555 0123", "12125550123"),
        ("00353 1 234 5678", "35312345678"),
        ("+290 12345", "29012345"),
    ],
)
def test_short_long_and_foreign_numbers_are_read(text: str, expected: str) -> None:
    assert parse_number(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "CSS080E"),
        ("   ", "CSS080E"),
        ("+", "CSS080E"),
        ("Mrs Jones", "CSS080E"),
        ("01632 96O123", "CSS080E"),
        ("01632 960123 x4", "CSS080E"),
        ("01632+960123", "CSS080E"),
        ("++441632960123", "CSS080E"),
        ("٠١٦٣٢٩٦٠١٢٣", "CSS080E"),
        ("01632²960123", "CSS080E"),
        ("0", "CSS081E"),
        ("01632 9601", "CSS081E"),
        ("01632 96012", "CSS081E"),
        ("01632 9601234", "CSS081E"),
        ("020 7946 012", "CSS081E"),
        ("07700 90012", "CSS081E"),
        ("04123 456789", "CSS081E"),
        ("06123 456789", "CSS081E"),
        ("0512 3456789", "CSS081E"),
        ("+44", "CSS081E"),
        ("+44 999", "CSS081E"),
        ("+999 1234567", "CSS082E"),
        ("+1 234", "CSS082E"),
        ("00", "CSS082E"),
        ("+1234567890123456", "CSS082E"),
        ("960123", "CSS083E"),
        ("1632 960123", "CSS083E"),
        ("7", "CSS083E"),
        ("1123456", "CSS083E"),
    ],
)
def test_junk_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(BadMessage) as refused:
        parse_number(text, element="called_number")
    assert (refused.value.code, refused.value.element) == (code, "called_number")


@pytest.mark.parametrize(("digits", "shown"), DRAMA.items())
def test_the_drama_ranges_are_read_and_shown_though_libraries_call_them_invalid(digits: str, shown: str) -> None:
    assert display_number(digits) == shown
    assert parse_number(shown) == digits
    assert is_drama_number(digits)
    assert is_sample_number(digits)


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("44169773123", "016977 3123"),
        ("441387360123", "013873 60123"),
        ("441387260123", "01387 260123"),
        ("44120452123", "01204 52123"),
        ("44800123456", "0800 123456"),
        ("448001111", "0800 1111"),
        ("118500", "118500"),
        ("999", "999"),
        ("12125550123", "+1 212-555-0123"),
        ("33123456789", "+33 1 23 45 67 89"),
        ("", ""),
    ],
)
def test_other_numbers_are_shown_as_people_write_them(digits: str, shown: str) -> None:
    assert display_number(digits) == shown


@pytest.mark.parametrize(
    ("dialled", "expected"),
    [
        ("01632 960123", NumberClass.GEOGRAPHIC),
        ("020 7946 0123", NumberClass.GEOGRAPHIC),
        ("0306 999 0123", NumberClass.UK_WIDE),
        ("055 1234 5678", NumberClass.CORPORATE),
        ("056 1234 5678", NumberClass.CORPORATE),
        ("070 1234 5678", NumberClass.PERSONAL),
        ("076 1234 5678", NumberClass.PERSONAL),
        ("07624 123456", NumberClass.MOBILE),
        ("07123 456789", NumberClass.MOBILE),
        ("07512 345678", NumberClass.MOBILE),
        ("07700 900123", NumberClass.MOBILE),
        ("07912 345678", NumberClass.MOBILE),
        ("0808 157 0123", NumberClass.FREEPHONE),
        ("0500 123456", NumberClass.FREEPHONE),
        ("116123", NumberClass.FREEPHONE),
        ("0845 123 4567", NumberClass.SERVICE_CHARGE),
        ("0871 123 4567", NumberClass.SERVICE_CHARGE),
        ("0909 879 0123", NumberClass.SERVICE_CHARGE),
        ("118500", NumberClass.SERVICE_CHARGE),
        ("999", NumberClass.EMERGENCY),
        ("112", NumberClass.EMERGENCY),
        ("1471", NumberClass.NETWORK),
        ("101", NumberClass.NETWORK),
        ("+1 212 555 0123", NumberClass.INTERNATIONAL),
    ],
)
def test_a_number_has_the_class_of_its_range(dialled: str, expected: NumberClass) -> None:
    assert number_class(parse_number(dialled)) is expected


@pytest.mark.parametrize("digits", ["444123456789", "446123456789", "445123456789", "440000000000", "", "5", "222222"])
def test_what_nobody_gives_out_is_unallocated(digits: str) -> None:
    assert number_class(digits) is NumberClass.UNALLOCATED


@given(st.text("0123456789", max_size=15) | st.builds("44{}".format, st.text("0123456789", max_size=10)))
def test_the_class_is_the_one_the_published_prefixes_give(digits: str) -> None:
    # The prefixes are what rules in columns use; both must say the same of every string of digits.
    if len(digits) <= SHORT_CODE_DIGITS_MAX:
        slow = next((kind for prefix, kind in SHORT_CODE_CLASS_PREFIXES if digits.startswith(prefix)), NumberClass.UNALLOCATED)
    elif digits.startswith("44"):
        slow = next((kind for prefix, kind in E164_CLASS_PREFIXES if digits.startswith(prefix)), NumberClass.UNALLOCATED)
    else:
        slow = NumberClass.INTERNATIONAL
    assert number_class(digits) is slow


@given(st.sampled_from(["1", "2", "3", "55", "56", "7", "80", "84", "87", "9"]), st.text("0123456789", min_size=9, max_size=9))
def test_a_uk_number_survives_being_shown(start: str, rest: str) -> None:
    digits = "44" + (start + rest)[:10]
    assert parse_number(display_number(digits)) == digits
    assert parse_number(digits) == digits


@given(st.text(max_size=25))
def test_anything_typed_is_read_or_refused_in_a_sentence(text: str) -> None:
    with suppress(CssError):
        digits = parse_number(text)
        assert re.fullmatch(r"[0-9]{3,15}", digits)


@pytest.mark.parametrize(("digits", "masked"), [("441632960123", "*********123"), ("118500", "***500"), ("999", "***999"), ("", "***")])
def test_a_log_sees_only_the_end_of_a_number(digits: str, masked: str) -> None:
    assert mask_number(digits) == masked


@pytest.mark.parametrize(
    ("digits", "drama", "sample"),
    [
        ("441632960000", True, True),
        ("441632960999", True, True),
        ("441632961000", False, True),
        ("441632200000", False, True),
        ("441632999999", False, True),
        ("441632199999", False, False),
        ("441633200000", False, False),
        ("442079461000", False, False),
        ("447700901000", False, False),
        ("4416329600001", False, False),
    ],
)
def test_sample_numbers_are_the_reserved_ones_only(digits: str, drama: bool, sample: bool) -> None:
    assert is_drama_number(digits) is drama
    assert is_sample_number(digits) is sample
