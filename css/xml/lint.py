"""The house rules for schemas, each with a code and a name, held against XSD files: which file, which line, what is wrong.

A rule looks at a schema as it is written, never at what a tool makes of it, so what it forbids is forbidden even where every
tool we know would agree. Files that were published before a rule was written down may break it for a reason: ``EXCEPTIONS``
names each, and whoever reads the findings is told of them too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

import schemas
from css.core.errors import BadMessage
from css.xml import lint_content, lint_types
from css.xml.gateway import line_of, read_message
from css.xml.lint_source import XSD, Flaw, Source

_SUMS: Final = "published.sha256"


@dataclass(frozen=True, slots=True)
class Rule:
    """One house rule."""

    code: str
    """``X`` and three digits, of which the first is the number of the rule's group in the guide."""
    name: str
    sentence: str
    """What the rule asks, in a sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a file breaks, at a line."""

    rule: Rule
    path: Path
    line: int
    sentence: str
    """What is wrong there."""
    known: str = ""
    """Why it may stand all the same; empty when it may not."""

    @property
    def text(self) -> str:
        """As a compiler writes it, so that an editor jumps there."""
        return f"{self.path}:{self.line}: {self.rule.code} {self.rule.name}: {self.sentence}"


Check = Callable[[Source], Iterable[Flaw]]

EXCEPTIONS: Final[dict[tuple[str, str, str], str]] = {
    ("tariff-1", "X106", "Tariff"): "A file that our own people load, no message: it has no sender, no receiver and so no header.",
    (
        "tariff-1",
        "X303",
        "Step",
    ): "A step from the first second with no charge of its own says that calls are free; it has no part it always needs.",
    ("order-1", "X504", "SupplierCode"): "The code is the supplier's own and has no form of ours.",
    ("order-2", "X504", "SupplierCode"): "The code is the supplier's own and has no form of ours.",
}
"""What stands in our own files against a rule: schema, code of the rule, name of the type or element; and why. A published
file never changes, so what it was published with stands here for good."""


def rules() -> tuple[Rule, ...]:
    """Every rule there is, in order of code."""
    return tuple(sorted((rule for rule, _ in _checks()), key=lambda rule: rule.code))


def lint(path: Path) -> tuple[Finding, ...]:
    """Everything a schema file does against the house rules, in order of line; the known exceptions among them.

    Raises:
        BadMessage: CSS570E, the file is not there or no XML; ``fields`` has the line.
    """
    try:
        data = path.read_bytes()
    except OSError as trouble:
        raise BadMessage("CSS570E", "{path}:1: {reason}.", path=path, reason=trouble.strerror or "cannot be read", line=1) from None
    try:
        root = read_message(data)
    except BadMessage as refusal:
        line = refusal.fields.get("line", 1)
        raise BadMessage("CSS570E", "{path}:{line}: no schema: {reason}", path=path, line=line, reason=str(refusal)) from None
    if root.tag != f"{XSD}schema":
        raise BadMessage("CSS570E", "{path}:{line}: no schema: its root element is no xs:schema.", path=path, line=line_of(root))
    source = Source(path, root)
    found = [
        Finding(rule, path, flaw.line, flaw.sentence, _known(source, rule, flaw)) for rule, check in _checks() for flaw in check(source)
    ]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.rule.code)))


def _known(source: Source, rule: Rule, flaw: Flaw) -> str:
    """Exceptions are for our own files and for no other that happens to have the name of one."""
    ours = source.path.resolve().parent == schemas.DIRECTORY.resolve()
    return EXCEPTIONS.get((source.path.stem, rule.code, flaw.name), "") if ours else ""


def _sums(directory: Path) -> dict[str, str]:
    """File name to checksum, of what is published in a directory."""
    listed = directory / _SUMS
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _checks() -> tuple[tuple[Rule, Check], ...]:
    own = ((Rule("X109", "loads", "A schema is valid XSD and all it imports is there."), _loads),)
    last = ((Rule("X901", "published-unchanged", "A published file never changes; a change is a new file."), _unchanged),)
    return (*own, *_named(lint_content.CHECKS), *_named(lint_types.CHECKS), *last)


def _named(checks: Mapping[tuple[str, str, str], Check]) -> Iterator[tuple[Rule, Check]]:
    for (code, name, sentence), check in checks.items():
        yield Rule(code, name, sentence), check


class _BesideOnly(etree.Resolver):
    """Answers an import with a file beside the one looked at, or of ours; with nothing from anywhere else."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    def resolve(self, system_url: str, public_id: str, context: object) -> object:  # type: ignore[override]  # noqa: ARG002 - as lxml calls it
        name = Path(system_url).name
        for directory in (self._directory, schemas.DIRECTORY):
            wanted = directory / name
            if schemas.FILE_FORM.match(name) and wanted.is_file():
                return self.resolve_string(wanted.read_bytes(), context, base_url=str(wanted))
        return self.resolve_string(b"<nothing/>", context, base_url=system_url)


def _loads(source: Source) -> Iterator[Flaw]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    parser.resolvers.add(_BesideOnly(source.path.parent))
    tree = etree.fromstring(source.path.read_bytes(), parser, base_url=str(source.path.absolute()))
    try:
        etree.XMLSchema(tree)
    except etree.XMLSchemaParseError as trouble:
        entry = next(iter(trouble.error_log), None)
        words = " ".join(str(entry.message if entry else trouble).split())
        yield Flaw("", entry.line if entry else 1, words)


def _unchanged(source: Source) -> Iterator[Flaw]:
    promised = _sums(source.path.parent).get(source.path.name)
    if promised is not None and promised != hashlib.sha256(source.path.read_bytes()).hexdigest():
        yield Flaw("", 1, f"{source.path.name} is published and is not as published; put the change in a new file.")


def summary(findings: Iterable[Finding]) -> tuple[int, int]:
    """How many must be mended, and how many are known exceptions."""
    known = [bool(finding.known) for finding in findings]
    return known.count(False), known.count(True)
