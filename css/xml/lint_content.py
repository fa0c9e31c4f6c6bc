"""House rules about files, content models, repetition, extensions and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from css.xml.lint_source import FILE_FORM, XSD, Flaw, Source, is_xsd, local, parts

COMMON: Final = re.compile(r"urn:css:common:[1-9][0-9]*")
NAME_FORM: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,31}")
ATTRIBUTES_MAX: Final = 1

ABBREVIATIONS: Final = frozenset({"Id", "No", "Ref", "Sha256"})
"""Those that the glossary has, under "Abbreviations in schemas"."""
_WORD: Final = re.compile(r"[A-Z][a-z0-9]*")
_SHORT: Final = re.compile(
    r"Acct|Addr|Amt|App|Attr|Auth|Cat|Cd|Cfg|Curr|Cust|Dept|Desc|Dir|Doc|Dt|Eng|Err|Exch|Ext|Flg|Idx|Info|Init|Inv|Loc|Max|Min|Misc|Num|Obj"
    r"|Org|Param|Pos|Prev|Prod|Qty|Rej|Req|Resp|Seq|Spec|Stat|Sys|Tel|Temp|Val|Ver"
)
"""Abbreviations that have a vowel, so that they look like words."""
_VOWELS: Final = frozenset("aeiouyAEIOUY")

KNOWN_TAGS: Final = re.compile(
    r"schema|import|annotation|documentation|appinfo|element|simpleType|complexType|sequence|any|restriction|attribute|simpleContent|extension"
    r"|(min|max)?[lL]ength|pattern|enumeration|(total|fraction)Digits|(min|max)(In|Ex)clusive|whiteSpace"
    r"|all|choice|group|attributeGroup|anyAttribute|redefine|include|union|list|complexContent|key|keyref|unique|selector|field"
)
"""Of XSD 1.0: what we use, and what other rules speak of."""


def file_and_namespace(source: Source) -> Iterator[Flaw]:
    named = FILE_FORM.fullmatch(source.path.name)
    if named is None:
        yield Flaw("", 1, f"The file is called {source.path.name} and not FAMILY-MAJOR.xsd, like order-2.xsd.")
    form = re.fullmatch(r"urn:css:[a-z]+(-[a-z]+)*:[1-9][0-9]*", source.namespace)
    if form is None:
        yield source.flaw(source.root, f"The target namespace {source.namespace or '(none)'} is not urn:css:FAMILY:MAJOR.")
    elif named is not None and source.namespace != f"urn:css:{named['family']}:{named['major']}":
        yield source.flaw(
            source.root, f"The target namespace {source.namespace} and the name of the file are of different families or majors."
        )


def version(source: Source) -> Iterator[Flaw]:
    said = source.root.get("version") or ""
    if not re.fullmatch(rf"{source.namespace.rpartition(':')[2]}\.[0-9]+", said):
        yield source.flaw(source.root, f"The version {said or '(none)'} is not one of the major that the target namespace ends in.")


def qualified(source: Source) -> Iterator[Flaw]:
    if source.root.get("elementFormDefault") != "qualified":
        yield source.flaw(source.root, "elementFormDefault is not qualified.")
    if source.root.get("attributeFormDefault") not in {None, "unqualified"}:
        yield source.flaw(source.root, "attributeFormDefault is not unqualified.")
    for node in source.all("element", "attribute"):
        if node.get("form") is not None:
            yield source.flaw(node, f"{source.name_of(node)} has a form of its own.")


def relative_imports(source: Source) -> Iterator[Flaw]:
    for node in source.all("import"):
        where = node.get("schemaLocation") or ""
        named = FILE_FORM.fullmatch(where)
        if named is None:
            yield source.flaw(node, f"The import of {where or '(nowhere)'} is no file beside this one.")
        elif node.get("namespace") != f"urn:css:{named['family']}:{named['major']}":
            yield source.flaw(node, f"The import of {where} is of another namespace than that file has.")


def named_types(source: Source) -> Iterator[Flaw]:
    for node in source.all("simpleType", "complexType"):
        if not source.is_global(node):
            yield source.flaw(node, f"{source.name_of(node)} has a type without a name; types are global.")
    for node in source.all("element", "attribute"):
        if node.get("ref") is not None:
            yield source.flaw(node, f"{node.get('ref')} is taken from elsewhere; elements and attributes are local.")
            continue
        kind = node.get("type") or ""
        if not kind and not len(node.findall(f"{XSD}simpleType") + node.findall(f"{XSD}complexType")):
            yield source.flaw(node, f"{node.get('name')} has no type.")
        elif kind and source.is_built_in(node, kind):
            yield source.flaw(node, f"{node.get('name')} has the type {kind}, which has neither a name of ours nor bounds.")


def roots_only(source: Source) -> Iterator[Flaw]:
    for node in source.top("attribute", "group", "attributeGroup"):
        yield source.flaw(node, f"{node.get('name')} is a global {local(node)}; only messages are global.")
    for node in source.top("element"):
        kind = source.complex_types.get((node.get("type") or "").rpartition(":")[2])
        first = parts(kind)[0] if kind is not None and parts(kind) else None
        home, name = ("", "") if first is None else source.resolved(first, first.get("type") or "")
        if first is None or first.get("name") != "Header" or name != "Header" or not COMMON.fullmatch(home):
            yield source.flaw(node, f"{node.get('name')} is global and no message: it does not begin with the common Header.")


def attributes_rare(source: Source) -> Iterator[Flaw]:
    for kind in source.all("complexType"):
        found = list(kind.iter(f"{XSD}attribute"))
        for node in found[ATTRIBUTES_MAX:]:
            yield source.flaw(node, f"{source.name_of(kind)} has more than {ATTRIBUTES_MAX} attribute; make elements of them.")


def only_xsd_1_0(source: Source) -> Iterator[Flaw]:
    for node in source.root.iter("*"):
        if next(node.iterancestors(f"{XSD}documentation", f"{XSD}appinfo"), None) is not None:
            continue
        if not is_xsd(node) or not KNOWN_TAGS.fullmatch(local(node)):
            yield source.flaw(node, f"{local(node)} is nothing that XSD 1.0 has or that we use.")
        for name in node.attrib:
            if str(name).startswith("{http://www.w3.org/2007/XMLSchema-versioning}"):
                yield source.flaw(node, "What depends on the version of XSD is read by XSD 1.1 alone.")


def sequence_only(source: Source) -> Iterator[Flaw]:
    for node in source.all("all", "choice", "group"):
        if not (local(node) == "group" and source.is_global(node)):
            yield source.flaw(node, f"{source.name_of(node)} has a {local(node)}; content is one sequence.")
    for node in source.all("sequence"):
        above = node.getparent()
        if above is not None and local(above) == "sequence":
            yield source.flaw(node, f"{source.name_of(node)} has a sequence in a sequence.")
        if node.get("minOccurs") is not None or node.get("maxOccurs") is not None:
            yield source.flaw(node, f"{source.name_of(node)} has a sequence that may be absent or come again.")


def no_substitution(source: Source) -> Iterator[Flaw]:
    for node in source.all("element", "complexType"):
        for name in ("substitutionGroup", "abstract"):
            if node.get(name) is not None:
                yield source.flaw(node, f"{source.name_of(node)} has {name}; nothing stands for anything else.")


def no_mixed(source: Source) -> Iterator[Flaw]:
    for node in source.all("complexType", "complexContent"):
        if node.get("mixed") is not None:
            yield source.flaw(node, f"{source.name_of(node)} is mixed; some tools lose text that stands among elements.")


def any_in_extension(source: Source) -> Iterator[Flaw]:
    for node in source.all("anyAttribute"):
        yield source.flaw(node, f"{source.name_of(node)} takes any attribute.")
    for node in source.all("any"):
        kind = next(node.iterancestors(f"{XSD}complexType"), None)
        if kind is None or kind.get("name") != "Extension":
            yield source.flaw(node, f"{source.name_of(node)} takes anything; only Extension does.")


def whole_types(source: Source) -> Iterator[Flaw]:
    for node in source.all("redefine", "include", "union", "list"):
        yield source.flaw(node, f"There is no {local(node)}: a type is written whole, in one place, with one form.")


def no_derivation(source: Source) -> Iterator[Flaw]:
    for node in source.all("complexContent"):
        yield source.flaw(node, f"{source.name_of(node)} is derived from another; its sequence is to be read in one place.")


def no_defaults(source: Source) -> Iterator[Flaw]:
    for node in source.all("element", "attribute"):
        for name in ("default", "fixed"):
            if node.get(name) is not None:
                yield source.flaw(node, f"{node.get('name')} has a {name} value, which some tools fill in and others do not.")


def no_keys(source: Source) -> Iterator[Flaw]:
    for node in source.all("key", "keyref"):
        yield source.flaw(node, f"{node.get('name')} is a {local(node)}; what belongs together is a rule of the trade, told as one.")


def no_nillable(source: Source) -> Iterator[Flaw]:
    for node in source.all("element"):
        if node.get("nillable") is not None:
            yield source.flaw(node, f"{node.get('name')} has nillable; what is not there is left out.")


def optional(source: Source) -> Iterator[Flaw]:
    for node in source.all("element"):
        if node.get("minOccurs") not in {None, "0"} or node.get("maxOccurs") == "0":
            yield source.flaw(node, f"{node.get('name')} is neither needed once nor optional.")


def no_empty_element(source: Source) -> Iterator[Flaw]:
    for kind in source.complex_types.values():
        content = [node for node in kind if local(node) in {"simpleContent", "complexContent"}]
        if not content and all(node.get("minOccurs") == "0" for node in parts(kind)):
            yield source.flaw(kind, f"{kind.get('name')} may be empty: give it a part that it always needs, or do without it.")


def containers(source: Source) -> Iterator[Flaw]:
    for kind in source.complex_types.values():
        for node in parts(kind):
            if node.get("maxOccurs") not in {None, "1"} and len(parts(kind)) > 1:
                yield source.flaw(node, f"{node.get('name') or local(node)} repeats beside others; it needs a container of its own.")


def limits(source: Source) -> Iterator[Flaw]:
    for node in source.all("element", "any"):
        most = node.get("maxOccurs")
        if most is not None and not (most.isascii() and most.isdigit()):
            yield source.flaw(node, f"{source.name_of(node)} repeats without a limit.")
        elif most not in {None, "1"} and node.get("minOccurs") is not None:
            yield source.flaw(node, f"{source.name_of(node)} may come no times in its container; leave the container out instead.")


def block(source: Source) -> Iterator[Flaw]:
    if source.root.get("blockDefault") != "#all":
        yield source.flaw(source.root, "blockDefault is not #all, so a message may put one type in the place of another.")
    for node in source.all("element", "complexType"):
        if node.get("block") is not None:
            yield source.flaw(node, f"{source.name_of(node)} has a block of its own.")


def extension(source: Source) -> Iterator[Flaw]:
    for kind in source.complex_types.values():
        inside = parts(kind)
        for node in inside:
            is_one = source.resolved(node, node.get("type") or "")[1] == "Extension"
            if is_one != (node.get("name") == "Extension"):
                yield source.flaw(node, f"{node.get('name')} is an Extension by name or by type and not by both.")
            elif is_one and (node is not inside[-1] or node.get("minOccurs") != "0"):
                yield source.flaw(node, f"The Extension of {kind.get('name')} is not optional and last.")
        if kind.get("name") == "Extension":
            is_any = len(inside) == 1 and local(inside[0]) == "any"
            if not is_any or (inside[0].get("namespace"), inside[0].get("processContents")) != ("##other", "lax"):
                yield source.flaw(kind, "Extension holds something else than elements of other namespaces, unread (##other, lax).")


def names(source: Source) -> Iterator[Flaw]:
    for node in source.all("element", "attribute", "simpleType", "complexType"):
        name = node.get("name")
        if name is not None and not NAME_FORM.fullmatch(name):
            yield source.flaw(node, f"{name} is no name in UpperCamelCase of at most 32 letters and digits.")


def abbreviations(source: Source) -> Iterator[Flaw]:
    for node in source.all("element", "attribute", "simpleType", "complexType"):
        name = node.get("name") or ""
        for word in _words(name):
            if word not in ABBREVIATIONS and (_SHORT.fullmatch(word) or len(word) == 1 or not _VOWELS & set(word)):
                yield source.flaw(node, f"{word} in {name} is an abbreviation that the glossary does not have.")
                break


def _words(name: str) -> list[str]:
    """The words of a name; capitals in a row are one letter each."""
    return _WORD.findall(name) if NAME_FORM.fullmatch(name) else []


CHECKS: Final = {
    ("X101", "file-and-namespace", "One file a family; file and namespace urn:css:FAMILY:MAJOR end in the same major."): file_and_namespace,
    ("X102", "version", "The version of a schema is one of the major of its namespace."): version,
    ("X103", "qualified", "Elements are qualified, attributes unqualified."): qualified,
    ("X104", "relative-imports", "An import names a file beside this one, and its namespace."): relative_imports,
    ("X105", "named-types", "Types are named and global, elements local, and every element has a type of ours."): named_types,
    ("X106", "roots-only", "Only messages are global elements; they begin with the common Header."): roots_only,
    ("X107", "attributes-rare", "Attributes are rare: at most one a type."): attributes_rare,
    ("X108", "xsd-1.0", "Nothing that XSD 1.0 does not have."): only_xsd_1_0,
    ("X201", "sequence-only", "Content is one sequence: no all, no choice, no group."): sequence_only,
    ("X202", "no-substitution", "No substitution groups, no abstract types."): no_substitution,
    ("X203", "no-mixed", "No mixed content."): no_mixed,
    ("X204", "any-in-extension", "No xs:any but in Extension, and no xs:anyAttribute."): any_in_extension,
    ("X205", "whole-types", "No redefine, include, union or list."): whole_types,
    ("X206", "no-derivation", "No complex type is derived from another."): no_derivation,
    ("X207", "no-defaults", "No default or fixed values."): no_defaults,
    ("X208", "no-keys", "No key, no keyref."): no_keys,
    ("X301", "no-nillable", "No nillable."): no_nillable,
    ("X302", "optional", 'Optional is minOccurs="0", and nothing else is said with minOccurs.'): optional,
    ("X303", "no-empty-element", "An empty element is an error: every complex type has a part that it needs."): no_empty_element,
    ("X401", "containers", "What repeats stands in a container of its own."): containers,
    ("X402", "limits", "What repeats comes at least once and at most a number of times."): limits,
    ("X701", "block", 'blockDefault is "#all".'): block,
    ("X702", "extension", "One Extension, optional, last in its sequence, ##other and lax."): extension,
    ("X801", "names", "Names are UpperCamelCase, letters and digits, at most 32."): names,
    ("X802", "abbreviations", "No abbreviation that is not in the glossary."): abbreviations,
}
