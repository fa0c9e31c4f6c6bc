"""House rules about values: bounds, decimals, forms, and how days and instants are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from css.xml.gateway import Element
from css.xml.lint_source import XSD, Flaw, Source, facets, takes

NEEDED: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "token": (frozenset({"minLength", "maxLength"}), frozenset({"enumeration"})),
    "string": (frozenset({"minLength", "maxLength"}), frozenset({"enumeration"})),
    "decimal": (frozenset({"totalDigits", "fractionDigits"}),),
    "integer": (frozenset({"minInclusive", "maxInclusive"}),),
    "boolean": (frozenset({"pattern"}),),
    "date": (frozenset({"pattern"}),),
    "dateTime": (frozenset({"pattern"}),),
}
"""What a type of ours may restrict, and which facets bound it: any of the sets."""
NEVER: Final = re.compile(r"time|duration|g(Year|Month|Day|YearMonth|MonthDay)|dateTimeStamp|(dayTime|yearMonth)Duration")
FACETS: Final = re.compile(r"(min|max)Length|pattern|enumeration|(total|fraction)Digits|(min|max)(In|Ex)clusive")
DECIMALS: Final = frozenset({"2", "6"})
FORMED: Final = ("Number", "Code", "Id", "Key", "Scheme", "Version", "Postcode")
"""A type whose name ends so has a form, and its pattern says it."""


def _restrictions(source: Source) -> Iterator[tuple[Element, Element]]:
    """Each named simple type with the restriction it is."""
    for kind in source.simple_types.values():
        restriction = kind.find(f"{XSD}restriction")
        if restriction is not None:
            yield kind, restriction


def _base(source: Source, restriction: Element) -> str:
    """The built-in type restricted; empty when it is another type of ours."""
    said = restriction.get("base") or ""
    return source.resolved(restriction, said)[1] if source.is_built_in(restriction, said) else ""


def leaf_base(source: Source) -> Iterator[Flaw]:
    for kind, restriction in _restrictions(source):
        base = _base(source, restriction)
        if base not in NEEDED and not NEVER.fullmatch(base):
            what = restriction.get("base") or "nothing"
            yield source.flaw(
                restriction, f"{kind.get('name')} restricts {what}; write it as one of {', '.join(f'xs:{name}' for name in NEEDED)}."
            )
    for node in source.all("restriction"):
        for facet in facets(node):
            if not FACETS.fullmatch(facet):
                yield source.flaw(node, f"{source.name_of(node)} has the facet {facet}, which other tools read differently or not at all.")


def bounds(source: Source) -> Iterator[Flaw]:
    for kind, restriction in _restrictions(source):
        base, has = _base(source, restriction), facets(restriction)
        if base not in NEEDED:
            continue
        if not any(needed <= set(has) for needed in NEEDED[base]):
            wanted = " or ".join(" and ".join(sorted(needed)) for needed in NEEDED[base])
            yield source.flaw(restriction, f"{kind.get('name')} has no bounds; give it {wanted}.")
        elif _valid(kind) and base in {"token", "string"} and takes(kind, ""):
            yield source.flaw(restriction, f"{kind.get('name')} may be empty; its minLength is at least 1.")
        elif _valid(kind) and base == "boolean" and not (takes(kind, "true") and takes(kind, "false") and not takes(kind, "1")):
            yield source.flaw(restriction, f"{kind.get('name')} is not true or false in words; its pattern is true|false.")


def decimals(source: Source) -> Iterator[Flaw]:
    for kind, restriction in _restrictions(source):
        if _base(source, restriction) == "decimal" and facets(restriction).get("fractionDigits", "2") not in DECIMALS:
            yield source.flaw(restriction, f"{kind.get('name')} has neither 2 decimals, as money has, nor 6, as rates have.")


def forms(source: Source) -> Iterator[Flaw]:
    for kind, restriction in _restrictions(source):
        name = kind.get("name") or ""
        if (
            _base(source, restriction) in {"token", "string"}
            and name.endswith(FORMED)
            and not {"pattern", "enumeration"} & set(facets(restriction))
        ):
            yield source.flaw(restriction, f"{name} has a form by its name and no pattern that says it.")


def says_what_it_must_be(source: Source) -> Iterator[Flaw]:
    for kind in source.simple_types.values():
        words = " ".join((kind.findtext(f"{XSD}annotation/{XSD}documentation") or "").split())
        if not words:
            yield source.flaw(kind, f"{kind.get('name')} does not say in its documentation what a value must be.")
        elif words.endswith(".") or words.startswith(("must ", "Must ", "must be", "be ")):
            yield source.flaw(kind, f'The documentation of {kind.get("name")} does not go on after "must be".')


def days(source: Source) -> Iterator[Flaw]:
    for kind, restriction in _restrictions(source):
        if _base(source, restriction) == "date" and _valid(kind) and (takes(kind, "2026-03-29Z") or takes(kind, "2026-03-29+01:00")):
            yield source.flaw(restriction, f"{kind.get('name')} takes a day with a zone; its pattern is to leave none in.")


def instants(source: Source) -> Iterator[Flaw]:
    for kind, restriction in _restrictions(source):
        if _base(source, restriction) == "dateTime" and _valid(kind) and takes(kind, "2026-03-29T09:30:00"):
            yield source.flaw(restriction, f"{kind.get('name')} takes an instant without a zone; its pattern is to require one.")


def no_times(source: Source) -> Iterator[Flaw]:
    for node in source.all("element", "attribute", "restriction", "extension"):
        said = node.get("type") or node.get("base") or ""
        if source.is_built_in(node, said) and NEVER.fullmatch(source.resolved(node, said)[1]):
            yield source.flaw(node, f"{source.name_of(node)} is an {said}; say a day, an instant, or seconds as a whole number.")


def _valid(kind: Element) -> bool:
    """Whether it can be tried at all; why not is for another rule to say."""
    try:
        takes(kind, "x")
    except etree.XMLSchemaParseError:
        return False
    return True


CHECKS: Final = {
    ("X501", "leaf-base", "A simple type restricts a built-in type that every tool reads alike, by facets that every tool has."): leaf_base,
    ("X502", "bounds", "Every simple type has bounds; no string may be empty."): bounds,
    ("X503", "decimals", "Money has 2 decimals, rates 6."): decimals,
    ("X504", "forms", "What has a form has a pattern: numbers people read out, codes, ids."): forms,
    ("X505", "says-what-it-must-be", 'The documentation of a simple type goes on after "must be".'): says_what_it_must_be,
    ("X601", "days", "A day is an xs:date without a zone."): days,
    ("X602", "instants", "An instant is an xs:dateTime that requires its zone."): instants,
    ("X603", "no-times", "No xs:time, no xs:duration and none of their kin."): no_times,
}
