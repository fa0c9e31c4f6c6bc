"""The samples show every branch of every message, and what breaks every rule: the conformance pack of a partner."""

from __future__ import annotations

from collections import defaultdict

import pytest

import schemas
from css.xml import check, schema_for, validate
from css.xml.lint import rules
from tests.partners import invalid_values
from tests.partners.invalid_values import Case
from tests.partners.samples import EXPECTED, INVALID, VALID, XSD, complex_types, parsed, simple_types, typed

ALWAYS_THERE = {("{urn:css:delivery:1}Delivered", "Extension"): "It holds the document; optional only because every Extension is."}
"""Optional in the schema and never absent all the same."""

REFUSED = {
    "X101": ["unknown-family.xml"],
    "X102": ["unknown-version.xml"],
    "X103": ["no-namespace.xml", "wrong-namespace.xml"],
    "X106": ["unknown-message.xml"],
    "X107": ["attribute.xml"],
    "X201": ["elements-out-of-order.xml", "unknown-element.xml", "2-quantity-before-change.xml"],
    "X203": ["text-among-elements.xml", "element-in-a-value.xml"],
    "X204": ["extension-of-ours.xml"],
    "X301": ["nil.xml", "2-update-nil-appointment.xml"],
    "X302": ["element-missing-at-the-end.xml", "contact-without-telephone.xml"],
    "X303": ["empty-element.xml", "blank-element.xml", "extension-empty.xml"],
    "X401": ["empty-container.xml"],
    "X402": ["features-past-the-limit.xml"],
    "X501": ["flag-as-number.xml", "money-not-a-number.xml"],
    "X502": ["reference-too-long.xml", "sequence-number-huge.xml", "sequence-number-zero.xml", "2-amendment-notes-empty.xml"],
    "X503": ["money-with-three-decimals.xml", "tariff-amount-of-seven-decimals.xml"],
    "X504": ["message-id-not-a-uuid.xml", "2-appointment-number-of-an-order.xml"],
    "X601": ["date-with-zone.xml", "date-impossible.xml"],
    "X602": ["instant-without-zone.xml", "instant-at-24-hours.xml"],
    "X701": ["type-substituted.xml"],
    "X702": ["extension-not-last.xml"],
}
"""For each rule of the house samples of what a message could do if schemas did not keep it."""
OF_SCHEMAS_ALONE = {"X104", "X105", "X108", "X109", "X202", "X205", "X206", "X207", "X208", "X505", "X603", "X801", "X802", "X901"}
"""How a schema is written; no message can go against them."""


def test_every_optional_part_is_there_in_a_valid_sample_and_left_out_in_another() -> None:
    seen: defaultdict[tuple[str, str], set[bool]] = defaultdict(set)
    for sample in VALID:
        for node in typed(parsed(sample)):
            if node.type in complex_types():
                has = {str(child.tag).rpartition("}")[2] for child in node.element}
                for part in complex_types()[node.type].iterfind(f"{XSD}sequence/{XSD}element[@minOccurs='0']"):
                    seen[node.type, str(part.get("name"))].add(part.get("name") in has)
    optional = {
        (name, str(part.get("name")))
        for name, kind in complex_types().items()
        for part in kind.iterfind(f"{XSD}sequence/{XSD}element[@minOccurs='0']")
    }
    assert {where: seen[where] for where in sorted(optional - set(ALWAYS_THERE)) if seen[where] != {True, False}} == {}


def test_every_message_has_a_valid_sample() -> None:
    shown = {(schema_for(root, schemas.names()), str(root.tag).rpartition("}")[2]) for root in map(parsed, VALID)}
    assert shown == {(name, message) for name in schemas.names() for message in schemas.roots(name)}


def test_every_bound_of_every_value_is_broken_by_an_invalid_one() -> None:
    assert simple_types()
    assert {case["breaks"] for case in invalid_values.load()} == invalid_values.bounds()


@pytest.mark.parametrize("case", invalid_values.load(), ids=lambda case: case["breaks"].replace(" ", "-"))
def test_an_invalid_value_is_refused_where_it_stands_and_with_its_code(case: Case) -> None:
    root = invalid_values.broken(case)
    faults = validate(root, schema_for(root, schemas.names()))
    assert [(fault.code, fault.path) for fault in faults] == [(case["code"], case["path"])]


def test_an_invalid_value_is_all_that_is_wrong_with_its_message() -> None:
    for name in sorted({case["sample"] for case in invalid_values.load()}):
        root = parsed(schemas.SAMPLES / "valid" / name)
        if schema_for(root, schemas.names()) in schemas.messages():
            check(root)


def test_every_rule_that_a_message_could_break_has_an_invalid_sample() -> None:
    assert {rule.code for rule in rules()} == set(REFUSED) | OF_SCHEMAS_ALONE
    assert not set(REFUSED) & OF_SCHEMAS_ALONE
    assert {name for names in REFUSED.values() for name in names} <= {path.name for path in INVALID} & set(EXPECTED)
