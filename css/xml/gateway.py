"""The gate: bytes from outside become a tree here or are refused, in a fixed order, cheapest test first.

Each refusal is a ``BadMessage`` whose text never quotes the message: what a hostile sender wrote must not reach a log
or another reader through us. Everything that could make the parser read a file, call the network or swell is refused
before the parser sees a byte, because parser options alone let some of it through (a document type declaration with
``resolve_entities=False`` leaves silent holes in the text).
"""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from css.core.errors import BadMessage

Element = etree._Element  # noqa: SLF001 - lxml gives its element type no public name

MESSAGE_BYTES_MAX: Final = 5_000_000
ELEMENTS_MAX: Final = 20_000
"""Start tags in one message, a hundred times what an order has. Two hundred thousand wrong ones took six seconds to tell about, a
million empty ones 180 MB."""
COMMENTS_MAX: Final = 20_000
"""Comments and sections, beside every element opened and closed."""
INSTRUCTIONS_MAX: Final = 1_000
"""Processing instructions are refused in any case; so many are refused unparsed."""
DEPTH_MAX: Final = 256
"""Elements within each other, the outermost counted. It and the next are the parser's own limits, told here and not set."""
NAME_BYTES_MAX: Final = 50_000

_COMPRESSED: Final = (
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf\x27\x1c",
)
_MARK: Final = b"\xef\xbb\xbf"
_DECLARATION_BYTES: Final = 200
_DECLARATION: Final = re.compile(
    rb"<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*([\"'])(?P<version>[0-9.]+)\1"
    rb"(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*([\"'])(?P<encoding>[A-Za-z][A-Za-z0-9._\-]*)\3)?"
    rb"(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*([\"'])(?:yes|no)\5)?[ \t\r\n]*\?>"
)
_ENCODINGS: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""ASCII is UTF-8 already, and some tools declare it for no better reason."""
_UNFINISHED: Final = frozenset(
    {etree.ErrorTypes.ERR_CDATA_NOT_FINISHED, etree.ErrorTypes.ERR_COMMENT_NOT_FINISHED, etree.ErrorTypes.ERR_PI_NOT_FINISHED}
)
"""What the parser calls a section, comment or instruction without end, and also one that is too long for it."""
_XINCLUDE: Final = ("{http://www.w3.org/2001/XInclude}*", "{http://www.w3.org/2003/XInclude}*")


def read_message(data: bytes, *, limit_bytes: int = MESSAGE_BYTES_MAX, limit_elements: int = ELEMENTS_MAX) -> Element:
    """The root element of a message, its form not yet checked against any schema.

    Comments are gone and CDATA is plain text, so the text of a leaf is its whole value.

    Raises:
        BadMessage: CSS500E to CSS509E; ``fields`` holds ``line`` where the parser gave one, never any content.
    """
    if len(data) > limit_bytes:
        raise BadMessage("CSS500E", "The message is larger than {limit} bytes.", limit=limit_bytes)
    if data.startswith(_COMPRESSED):
        raise BadMessage("CSS501E", "The message is compressed; send plain XML.")
    body = data.removeprefix(_MARK)
    _refuse_bytes(body)
    _refuse_declaration(body)
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise BadMessage("CSS504E", "The message has a document type or entity declaration; send XML without one.")
    _refuse_too_many(body, limit_elements)
    root = _parse(body)
    _refuse_nodes(root)
    return root


def read_stored(data: bytes) -> Element:
    """A document of our own, read back: as safely as a message, but of any length, for nobody sends us these.

    Raises:
        BadMessage: CSS502E, CSS506E, it is no XML; CSS509E, it is past a limit of the parser.
    """
    _refuse_bytes(data)
    return _parse(data)


def _refuse_bytes(body: bytes) -> None:
    if b"\x00" in body or body.startswith(_MARK):
        raise BadMessage("CSS502E", "The message is not UTF-8 text, or holds a NUL byte.")
    try:
        body.decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        raise BadMessage("CSS502E", "The message is not UTF-8 text, or holds a NUL byte.") from None


def _refuse_declaration(body: bytes) -> None:
    """The parser is told UTF-8 and believes no declaration, so a false one must be found here."""
    if not re.match(rb"<\?xml[ \t\r\n]", body):
        return
    declaration = _DECLARATION.match(body[:_DECLARATION_BYTES])
    if declaration is None or declaration["version"] != b"1.0":
        raise BadMessage("CSS506E", "The message is not well-formed XML 1.0 (line {line}).", line=1)
    encoding = declaration["encoding"]
    if encoding is not None and encoding.decode("ascii").lower() not in _ENCODINGS:
        raise BadMessage("CSS503E", "The message declares an encoding other than UTF-8.")


def _refuse_too_many(body: bytes, limit_elements: int) -> None:
    """Count start tags before building any: ``<`` less those that close, comment or instruct.

    Inside comments and CDATA this may count too many, never too few.
    """
    instructions = body.count(b"<?")
    if instructions > INSTRUCTIONS_MAX:
        raise BadMessage("CSS507E", "The message has processing instructions; send it without.")
    # Equals signs, really, for each attribute has one; a hundred thousand wrong ones took a second and a half to tell about.
    if body.count(b"=") > limit_elements:
        raise BadMessage("CSS505E", "The message has more than {limit} attributes.", limit=limit_elements)
    markup = body.count(b"<")
    if markup <= limit_elements:
        return
    starts = markup - body.count(b"</") - body.count(b"<!") - instructions
    if starts > limit_elements or markup > 2 * limit_elements + COMMENTS_MAX:
        raise BadMessage("CSS505E", "The message has more than {limit} elements.", limit=limit_elements)


def _parse(body: bytes) -> Element:
    # A parser for each call: one shared between threads would mix their faults. collect_ids=False is never used: with
    # it libxml2 loads an external document type from disk even when told not to.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=False,
        strip_cdata=True,
    )
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        refusal = _refusal(error)
    # Raised outside the handler, so that the parser's own words, which quote the message, hang on no traceback.
    raise refusal


def _refusal(error: etree.XMLSyntaxError) -> BadMessage:
    """What the parser gave up at: a fault of the message, or a limit of the parser's, which a well-formed message may pass.

    It has one kind of fault for most of its limits, and only its own fixed words tell depth from the others.
    """
    line, kind = error.lineno or 1, error.code  # type: ignore[attr-defined]  # the stubs forget it
    if kind == etree.ErrorTypes.ERR_RESOURCE_LIMIT and error.msg.startswith("Excessive depth"):
        return BadMessage("CSS509E", "The message nests elements deeper than {limit}.", limit=DEPTH_MAX, line=line)
    if kind == etree.ErrorTypes.ERR_NAME_TOO_LONG:
        return BadMessage("CSS509E", "The message has a name longer than {limit} bytes (line {line}).", limit=NAME_BYTES_MAX, line=line)
    # A document type is refused before, so nothing but length is left. No door of messages lets as much through; a tariff's does.
    if kind == etree.ErrorTypes.ERR_RESOURCE_LIMIT or (kind in _UNFINISHED and " too big found" in error.msg):
        return BadMessage("CSS509E", "The message is larger in one place than the parser takes (line {line}).", line=line)
    return BadMessage("CSS506E", "The message is not well-formed XML 1.0 (line {line}).", line=line)


def _refuse_nodes(root: Element) -> None:
    tree = root.getroottree()
    declared: tuple[object, ...] = (tree.docinfo.internalDTD, tree.docinfo.externalDTD)
    if any(each is not None for each in declared):
        raise BadMessage("CSS504E", "The message has a document type or entity declaration; send XML without one.")
    entity = next(root.iter(etree.Entity), None)
    if entity is not None:
        raise BadMessage("CSS504E", "The message has a document type or entity declaration; send XML without one.")
    for node in (*root.itersiblings(preceding=True), *root.itersiblings(), *root.iter(etree.PI)):
        if isinstance(node, etree._ProcessingInstruction):  # noqa: SLF001
            raise BadMessage("CSS507E", "The message has a processing instruction (line {line}); send it without.", line=line_of(node))
    include = next(root.iter(*_XINCLUDE), None)
    if include is not None:
        raise BadMessage("CSS508E", "The message has an XInclude element (line {line}); send it whole.", line=line_of(include))


def line_of(node: Element) -> int:
    """The line of the message on which an element begins, 1 where the parser kept none."""
    line: object = node.sourceline
    return line if isinstance(line, int) else 1
