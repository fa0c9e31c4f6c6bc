"""``css schemas lint``: every house rule is broken once and found, at its line; ours keep them all."""

# ruff: noqa: E501, Q003 - parts of schemas are quoted as they stand, a case a line

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import schemas
from css.cli import main
from css.core.errors import BadMessage
from css.xml import lint as house
from css.xml.lint_content import ABBREVIATIONS

ORDER = (schemas.DIRECTORY / "order-1.xsd").read_text(encoding="utf-8")
COMMON = (schemas.DIRECTORY / "common-1.xsd").read_text(encoding="utf-8")
DAY = '<xs:element name="Date" type="c:Day"/>'
EXTENSION = '<xs:element name="Extension" type="c:Extension" minOccurs="0"/>'
FEATURES = '<xs:element name="Feature" type="Feature" maxOccurs="30"/>'
REQUEST = '  <xs:complexType name="OrderRequest">'
ACTION = '<xs:element name="Action" type="OrderAction"/>'

BROKEN: list[tuple[str, str, str, str]] = [
    # rule, what stands in order-1, what is put there, what is said of it
    ("X101", 'targetNamespace="urn:css:order:1"', 'targetNamespace="urn:css:order"', "urn:css:order is not urn:css:FAMILY:MAJOR"),
    ("X101", 'targetNamespace="urn:css:order:1"', 'targetNamespace="urn:css:order:2"', "different families or majors"),
    ("X102", 'version="1.0" elementFormDefault', 'version="2.0" elementFormDefault', "The version 2.0 is not one of the major"),
    ("X103", 'elementFormDefault="qualified"', "", "elementFormDefault"),
    ("X103", 'attributeFormDefault="unqualified"', 'attributeFormDefault="qualified"', "attributeFormDefault"),
    ("X103", DAY, '<xs:element name="Date" type="c:Day" form="unqualified"/>', "form of its own"),
    ("X104", 'schemaLocation="common-1.xsd"', 'schemaLocation="http://example.com/common-1.xsd"', "no file beside this one"),
    ("X104", 'schemaLocation="common-1.xsd"', 'schemaLocation="../schemas/common-1.xsd"', "no file beside this one"),
    ("X104", 'schemaLocation="common-1.xsd"', 'schemaLocation="common-2.xsd"', "another namespace"),
    ("X105", DAY, '<xs:element name="Date"><xs:simpleType><xs:restriction base="c:Day"/></xs:simpleType></xs:element>', "without a name"),
    ("X105", DAY, '<xs:element name="Date" type="xs:date"/>', "neither a name of ours nor bounds"),
    ("X105", DAY, '<xs:element name="Date"/>', "Date has no type"),
    ("X105", DAY, '<xs:element ref="SubmitOrder"/>', "taken from elsewhere"),
    ("X106", REQUEST, f'  <xs:element name="Feature" type="Feature"/>\n{REQUEST}', "Feature is global and no message"),
    ("X106", REQUEST, f'  <xs:attribute name="Colour" type="OrderAction"/>\n{REQUEST}', "Colour is a global attribute"),
    (
        "X107",
        f"{DAY}\n      <xs:element name=\"Slot\" type=\"AppointmentSlot\"/>\n    </xs:sequence>",
        f"{DAY}</xs:sequence>\n<xs:attribute name=\"Kind\" type=\"OrderAction\"/>\n<xs:attribute name=\"Colour\" type=\"OrderAction\"/>",
        "Appointment has more than 1 attribute",
    ),
    ("X108", REQUEST, f'  <xs:defaultOpenContent><xs:any namespace="##other"/></xs:defaultOpenContent>\n{REQUEST}', "defaultOpenContent is nothing"),
    ("X108", REQUEST, f'  <xs:notation name="Picture" public="image/png"/>\n{REQUEST}', "notation is nothing"),
    ("X109", 'type="OrderRequest"/>', 'type="OrderRequested"/>', "OrderRequested"),
    ("X109", 'schemaLocation="common-1.xsd"', 'schemaLocation="common-9.xsd"', "common"),
    ("X201", f"<xs:sequence>{FEATURES}</xs:sequence>", f"<xs:choice>{FEATURES}</xs:choice>", "Features has a choice"),
    ("X201", f"<xs:sequence>{FEATURES}</xs:sequence>", f"<xs:all>{FEATURES}</xs:all>", "Features has a all"),
    ("X201", DAY, f"<xs:sequence>{DAY}</xs:sequence>", "a sequence in a sequence"),
    ("X201", f"<xs:sequence>\n      {DAY}", f'<xs:sequence minOccurs="0">\n      {DAY}', "may be absent or come again"),
    ("X202", '<xs:element name="OrderUpdate" type="OrderUpdate"/>', '<xs:element name="OrderUpdate" type="OrderUpdate" abstract="true"/>', "has abstract"),
    ("X202", '<xs:element name="OrderUpdate" type="OrderUpdate"/>', '<xs:element name="OrderUpdate" type="OrderUpdate" substitutionGroup="SubmitOrder"/>', "has substitutionGroup"),
    ("X203", '<xs:complexType name="OrderRequest">', '<xs:complexType name="OrderRequest" mixed="true">', "OrderRequest is mixed"),
    ("X204", ACTION, f'{ACTION}<xs:any namespace="##other" processContents="lax"/>', "OrderRequest takes anything"),
    ("X204", "    </xs:sequence>\n  </xs:complexType>\n\n  <xs:complexType name=\"SubmitOrder\">", "    </xs:sequence>\n<xs:anyAttribute/>\n  </xs:complexType>\n\n  <xs:complexType name=\"SubmitOrder\">", "any attribute"),
    ("X205", '<xs:import namespace="urn:css:common:1" schemaLocation="common-1.xsd"/>', '<xs:import namespace="urn:css:common:1" schemaLocation="common-1.xsd"/><xs:include schemaLocation="order-1.xsd"/>', "no include"),
    ("X205", REQUEST, f'<xs:simpleType name="Wide"><xs:annotation><xs:documentation>wide</xs:documentation></xs:annotation><xs:union memberTypes="OrderAction c:Day"/></xs:simpleType>\n{REQUEST}', "no union"),
    ("X205", REQUEST, f'<xs:simpleType name="Wide"><xs:annotation><xs:documentation>wide</xs:documentation></xs:annotation><xs:list itemType="OrderAction"/></xs:simpleType>\n{REQUEST}', "no list"),
    ("X206", REQUEST, f'<xs:complexType name="Wide"><xs:complexContent><xs:extension base="Feature"/></xs:complexContent></xs:complexType>\n{REQUEST}', "Wide is derived"),
    ("X207", DAY, '<xs:element name="Date" type="c:Day" default="2026-01-01"/>', "Date has a default value"),
    ("X207", DAY, '<xs:element name="Date" type="c:Day" fixed="2026-01-01"/>', "Date has a fixed value"),
    ("X208", '<xs:element name="OrderUpdate" type="OrderUpdate"/>', '<xs:element name="OrderUpdate" type="OrderUpdate"><xs:key name="Only"><xs:selector xpath="*"/><xs:field xpath="*"/></xs:key></xs:element>', "Only is a key"),
    ("X301", DAY, '<xs:element name="Date" type="c:Day" nillable="true"/>', "Date has nillable"),
    ("X302", DAY, '<xs:element name="Date" type="c:Day" minOccurs="1"/>', "Date is neither needed once nor optional"),
    ("X303", '<xs:element name="ProductCode" type="c:ProductCode"/>', '<xs:element name="ProductCode" type="c:ProductCode" minOccurs="0"/>', "Feature may be empty"),
    ("X401", DAY, '<xs:element name="Date" type="c:Day" maxOccurs="3"/>', "Date repeats beside others"),
    ("X402", 'maxOccurs="30"', 'maxOccurs="unbounded"', "Feature repeats without a limit"),
    ("X402", 'maxOccurs="30"', 'minOccurs="0" maxOccurs="30"', "Feature may come no times"),
    ("X501", 'name="HazardNotes">\n    <xs:annotation><xs:documentation>hazard notes of 1 to 50 characters</xs:documentation></xs:annotation>\n    <xs:restriction base="xs:token">', 'name="HazardNotes">\n    <xs:annotation><xs:documentation>hazard notes of 1 to 50 characters</xs:documentation></xs:annotation>\n    <xs:restriction base="xs:normalizedString">', "HazardNotes restricts xs:normalizedString"),
    ("X501", '<xs:maxLength value="50"/>', '<xs:maxLength value="50"/><xs:whiteSpace value="collapse"/>', "the facet whiteSpace"),
    ("X502", '<xs:maxLength value="50"/>', "", "CustomerReference has no bounds"),
    ("X502", '<xs:minLength value="1"/><xs:maxLength value="50"/>', '<xs:minLength value="0"/><xs:maxLength value="50"/>', "CustomerReference may be empty"),
    ("X504", '<xs:minLength value="11"/><xs:maxLength value="11"/><xs:pattern value="[A-Z]{2}O[0-9]{8}"/>', '<xs:minLength value="11"/><xs:maxLength value="11"/>', "OrderNumber has a form by its name"),
    ("X505", "<xs:documentation>hazard notes of 1 to 50 characters</xs:documentation>", "", "HazardNotes does not say"),
    ("X505", "<xs:documentation>hazard notes of 1 to 50 characters</xs:documentation>", "<xs:documentation>Must be short.</xs:documentation>", "does not go on after"),
    ("X603", DAY, '<xs:element name="Date" type="xs:time"/>', "Date is an xs:time"),
    ("X701", 'blockDefault="#all"', "", "blockDefault is not #all"),
    ("X701", REQUEST, '  <xs:complexType name="OrderRequest" block="">', "OrderRequest has a block"),
    ("X702", f"{ACTION}\n", f"{EXTENSION}{ACTION}\n", "The Extension of OrderRequest is not optional and last"),
    ("X702", DAY, '<xs:element name="More" type="c:Extension" minOccurs="0"/>', "More is an Extension by name or by type"),
    ("X801", 'name="HazardNotes" type', 'name="hazard_notes" type', "hazard_notes is no name"),
    ("X801", 'name="HazardNotes" type', 'name="NotesAboutEveryPossibleHazardOfTheSite" type', "at most 32"),
    ("X802", 'name="HazardNotes" type', 'name="HzdNotes" type', "Hzd in HzdNotes"),
    ("X802", 'name="HazardNotes" type', 'name="CustRef" type', "Cust in CustRef"),
    ("X802", 'name="HazardNotes" type', 'name="NTENotes" type', "N in NTENotes"),
]  # fmt: skip

BROKEN_COMMON: list[tuple[str, str, str, str]] = [
    ("X502", '<xs:minInclusive value="1"/><xs:maxInclusive value="999999999"/>', '<xs:minInclusive value="1"/>', "SequenceNo has no bounds"),
    ("X502", '<xs:pattern value="true|false"/>', '<xs:pattern value="true|false|1|0"/>', "Flag is not true or false in words"),
    ("X502", '<xs:totalDigits value="15"/><xs:fractionDigits value="2"/>', '<xs:fractionDigits value="2"/>', "Money has no bounds"),
    ("X503", '<xs:fractionDigits value="6"/>', '<xs:fractionDigits value="5"/>', "Rate has neither 2 decimals"),
    ("X601", '<xs:pattern value="(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"/>', '<xs:pattern value="20.*"/>', "Day takes a day with a zone"),
    ("X602", r"(\.[0-9]{1,6})?(Z|[+\-][0-9]{2}:[0-9]{2})", r"(\.[0-9]{1,6})?(Z|[+\-][0-9]{2}:[0-9]{2})?", "Instant takes an instant without a zone"),
    ("X603", '<xs:restriction base="xs:dateTime">', '<xs:restriction base="xs:duration">', "Instant is an xs:duration"),
    ("X702", 'processContents="lax"', 'processContents="strict"', "Extension holds something else"),
]  # fmt: skip


def written(directory: Path, name: str, text: str) -> Path:
    """A schema as if it were of ours, with the common types beside it."""
    if name != "common-1.xsd":
        shutil.copy(schemas.DIRECTORY / "common-1.xsd", directory)
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def line_where(before: str, after: str) -> set[int]:
    """The lines that differ; the next too, for a parser may name the one on which a start tag ends."""
    changed = next(number for number, pair in enumerate(zip(before.split("\n"), after.split("\n"), strict=False), 1) if pair[0] != pair[1])
    return set(range(changed - 4, changed + 4))


@pytest.mark.parametrize(
    ("name", "source", "case"),
    [("order-1.xsd", ORDER, case) for case in BROKEN] + [("common-1.xsd", COMMON, case) for case in BROKEN_COMMON],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_schema_that_breaks_a_rule_is_found_at_its_line(tmp_path: Path, name: str, source: str, case: tuple[str, str, str, str]) -> None:
    code, was, becomes, said = case
    assert was in source
    broken = source.replace(was, becomes, 1)

    findings = [finding for finding in house.lint(written(tmp_path, name, broken)) if finding.rule.code == code]

    there = [finding for finding in findings if said in finding.sentence]
    assert there, [finding.text for finding in house.lint(tmp_path / name)]
    assert there[0].line in line_where(source, broken) or code == "X109", there[0].text


def test_every_rule_is_broken_in_a_test() -> None:
    tried = {code for code, *_ in (*BROKEN, *BROKEN_COMMON)} | {"X901"}
    assert tried == {rule.code for rule in house.rules()}


@pytest.mark.parametrize("name", schemas.names())
def test_our_schemas_keep_the_rules(name: str) -> None:
    findings = house.lint(schemas.DIRECTORY / f"{name}.xsd")
    assert [finding.text for finding in findings if not finding.known] == []


def test_every_known_exception_is_still_one() -> None:
    met = {(path.stem, finding.rule.code) for path in schemas.DIRECTORY.glob("*.xsd") for finding in house.lint(path) if finding.known}
    assert met == {(name, code) for name, code, _ in house.EXCEPTIONS}
    assert all(reason.endswith(".") for reason in house.EXCEPTIONS.values())


def test_a_published_file_that_was_changed_is_found(tmp_path: Path) -> None:
    for name in ("order-1.xsd", "published.sha256"):
        shutil.copy(schemas.DIRECTORY / name, tmp_path)
    path = written(tmp_path, "order-1.xsd", ORDER.replace("hazard notes of 1", "notes of 1"))
    assert [finding.rule.code for finding in house.lint(path) if finding.rule.code == "X901"] == ["X901"]


def test_an_exception_of_ours_is_none_of_another_file_of_that_name(tmp_path: Path) -> None:
    (finding,) = house.lint(written(tmp_path, "order-1.xsd", ORDER))
    assert (finding.rule.code, finding.known) == ("X504", "")


def test_no_import_is_fetched_or_read_from_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "common-1.xsd"
    secret.parent.mkdir()
    secret.write_text("not to be read", encoding="utf-8")
    path = written(tmp_path, "order-1.xsd", ORDER.replace('"common-1.xsd"', f'"{secret}"'))
    findings = {finding.rule.code for finding in house.lint(path)}
    assert "X104" in findings
    assert "X109" not in findings  # what it was answered with is the file beside it


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<xs:schema", "not well-formed"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a/>', "document type"),
        ("<Order/>", "no xs:schema"),
    ],
)
def test_what_is_no_schema_is_named_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "order-9.xsd"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadMessage) as refusal:
        house.lint(path)
    assert refusal.value.code == "CSS570E"
    assert said in str(refusal.value)
    assert f"{path}:1" in str(refusal.value)


def test_the_abbreviations_are_those_of_the_glossary() -> None:
    glossary = (schemas.DIRECTORY.parent / "docs" / "glossary.md").read_text(encoding="utf-8")
    (paragraph,) = [part for part in glossary.split("\n\n") if part.startswith("**Abbreviations in schemas.**")]
    assert {word for word in ABBREVIATIONS if f"`{word}`" in paragraph} == set(ABBREVIATIONS)


def test_the_command_is_quiet_about_ours_and_names_the_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "lint"]) == 0
    shown = capsys.readouterr()
    assert f"keep {len(house.rules())} rules" in shown.out
    assert "Known: The code is the supplier's own" in shown.err


def test_the_command_says_where_a_rule_is_broken_and_ends_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "order-1.xsd", ORDER.replace(DAY, '<xs:element name="Date" type="c:Day" nillable="true"/>'))
    line = 1 + ORDER[: ORDER.index(DAY)].count("\n")

    assert main(["schemas", "lint", str(path)]) == 2

    shown = capsys.readouterr()
    assert f"{path}:{line}: X301 no-nillable: Date has nillable; what is not there is left out.\n" in shown.out
    assert "CSS569E House rules are broken in 2 places." in shown.err


def test_the_command_names_every_file_that_is_no_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "order-9.xsd"
    assert main(["schemas", "lint", str(missing), str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert f"{missing}:1: No such file" in shown
    assert "Is a directory" in shown


def test_the_command_lists_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "lint", "--rules"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == [rule.code for rule in house.rules()]
