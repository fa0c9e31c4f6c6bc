"""The gate: hostile, broken and odd messages, each with its only acceptable outcome."""

from __future__ import annotations

import gzip
import io
import os
import re
import socket
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import schemas
from css.core.errors import BadMessage
from css.xml import (
    MessageError,
    add_errors,
    check,
    document,
    read_errors,
    read_message,
    schema_for,
    to_bytes,
    validate,
)

SECRET = b"s3cr3t-words"
PROVIDE = (schemas.SAMPLES / "valid" / "submit-order-provide.xml").read_bytes()
MEMORY_GROWTH_MAX_KB = 50_000


def zipped(data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("order.xml", data)
    return held.getvalue()


def laughs(levels: int) -> bytes:
    lines = [b'<!ENTITY e0 "ha">', *(b'<!ENTITY e%d "%s">' % (level, b"&e%d;" % (level - 1) * 10) for level in range(1, levels))]
    return b"<!DOCTYPE a [" + b"".join(lines) + b"]><a>&e%d;</a>" % (levels - 1)


def external(system: bytes) -> bytes:
    return b'<!DOCTYPE a [<!ENTITY x SYSTEM "' + system + b'">]><a>&x;</a>'


HOSTILE: list[tuple[str, bytes, str]] = [
    # Entities and document types: every way in.
    ("entity from a file", external(b"file:///etc/hostname"), "CSS504E"),
    ("entity from a url", external(b"http://127.0.0.1:9/x"), "CSS504E"),
    ("parameter entity", b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]><a/>', "CSS504E"),
    ("external document type", b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "CSS504E"),
    ("entity in an attribute", b'<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>', "CSS504E"),
    ("document type after a mark", b"\xef\xbb\xbf<!DOCTYPE a><a/>", "CSS504E"),
    ("document type after 60 kB of comment", b"<!--" + b"x" * 60_000 + b"--><!DOCTYPE a><a/>", "CSS504E"),
    ("billion laughs", laughs(10), "CSS504E"),
    ("few laughs", laughs(4), "CSS504E"),
    ("laughs in an attribute", laughs(10).replace(b"<a>&e9;</a>", b'<a b="&e9;"/>'), "CSS504E"),
    ("quadratic", b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]><a>' + b"&x;" * 50_000 + b"</a>", "CSS504E"),
    ("document type in small letters", b"<!doctype a><a/>", "CSS506E"),
    ("entity nobody declared", b"<a>&" + SECRET + b";</a>", "CSS506E"),
    # Size and shape.
    ("too large", b"<a>" + b"x" * 5_000_000 + b"</a>", "CSS500E"),
    ("a million elements", b"<a>" + b"<a/>" * 1_000_000 + b"</a>", "CSS505E"),
    ("a million unclosed elements", b"<a>" * 1_000_000, "CSS505E"),
    ("comments without number", b"<a>" + b"<!---->" * 600_000 + b"</a>", "CSS505E"),
    ("attributes without number", b"<a " + b" ".join(b'a%d="1"' % number for number in range(300_000)) + b"/>", "CSS505E"),
    ("namespaces without number", b"<a " + b" ".join(b'xmlns:a%d="u"' % number for number in range(150_000)) + b"/>", "CSS505E"),
    ("instructions without number", b"<?a?>" * 430_000 + b"<a/>", "CSS507E"),
    ("depth 257", b"<a>" * 257 + b"</a>" * 257, "CSS509E"),
    ("depth 2,000", b"<a>" * 2_000 + b"</a>" * 2_000, "CSS509E"),
    ("depth 100,000", b"<a>" * 100_000 + b"</a>" * 100_000, "CSS505E"),
    ("name of 60,000", b"<" + b"a" * 60_000 + b"/>", "CSS509E"),
    ("depth under a doubtful namespace", (b"<a xmlns='" + SECRET + b"'>") * 257 + b"</a>" * 257, "CSS509E"),
    ("attribute's name of 60,000", b"<a " + b"a" * 60_000 + b"='1'/>", "CSS509E"),
    ("tags crossed at depth 256", b"<a>" * 256 + b"</b>" + b"</a>" * 255, "CSS506E"),
    # Encodings.
    ("utf-16", "<!DOCTYPE a><a/>".encode("utf-16"), "CSS502E"),
    ("utf-16 without mark", "<a/>".encode("utf-16-le"), "CSS502E"),
    ("utf-32", "<a/>".encode("utf-32"), "CSS502E"),
    ("utf-7 declared", b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-</a>', "CSS503E"),
    ("utf-7 undeclared", b"+ADwAYQ-/+AD4-", "CSS506E"),
    ("ebcdic", '<?xml version="1.0" encoding="cp037"?><a/>'.encode("cp037"), "CSS502E"),
    ("latin-1 bytes", '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), "CSS502E"),
    ("latin-1 declared", b"<?xml version='1.0' encoding='iso-8859-1'?><a/>", "CSS503E"),
    ("unknown encoding", b'<?xml version="1.0" encoding="x-none"?><a/>', "CSS503E"),
    ("declaration that hides", b'<?xml version="1.0"' + b" " * 300 + b'encoding="UTF-16"?><a/>', "CSS506E"),
    ("declaration malformed", b'<?xml version="1.0" encoding=latin-1?><a/>', "CSS506E"),
    ("xml 1.1", b'<?xml version="1.1"?><a/>', "CSS506E"),
    ("invalid utf-8", b"<a>\xff</a>", "CSS502E"),
    ("overlong utf-8", b"<a>\xc0\xbca\xc0\xbe</a>", "CSS502E"),
    ("surrogate", b"<a>\xed\xa0\x80</a>", "CSS502E"),
    ("nul", b"<a>\x00</a>", "CSS502E"),
    ("two marks", b"\xef\xbb\xbf\xef\xbb\xbf<a/>", "CSS502E"),
    ("control character", b"<a>\x01</a>", "CSS506E"),
    ("control reference", b"<a>&#1;</a>", "CSS506E"),
    ("nul reference", b"<a>&#0;</a>", "CSS506E"),
    ("surrogate reference", b"<a>&#xD800;</a>", "CSS506E"),
    ("non-character", "<a>\uffff</a>".encode(), "CSS506E"),
    # Things that do something.
    ("xinclude", b'<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="/etc/hostname"/></a>', "CSS508E"),
    ("xinclude at the root", b'<include xmlns="http://www.w3.org/2001/XInclude" href="/etc/hostname"/>', "CSS508E"),
    ("instruction before", b'<?xml-stylesheet href="x.xsl"?><a/>', "CSS507E"),
    ("instruction inside", b"<a>1<?x " + SECRET + b"?>2</a>", "CSS507E"),
    ("instruction after", b"<a/><?x y?>", "CSS507E"),
    # Compressed.
    ("gzip", gzip.compress(PROVIDE), "CSS501E"),
    ("zip", zipped(PROVIDE), "CSS501E"),
    ("bzip2", b"BZh91AY&SY", "CSS501E"),
    ("xz", b"\xfd7zXZ\x00\x00", "CSS501E"),
    # Not one document.
    ("nothing", b"", "CSS506E"),
    ("a mark alone", b"\xef\xbb\xbf", "CSS506E"),
    ("blanks", b" \n ", "CSS506E"),
    ("truncated", PROVIDE[:1000], "CSS506E"),
    ("two roots", b"<a/><b/>", "CSS506E"),
    ("trailing words", b"<a/>" + SECRET, "CSS506E"),
    ("attribute twice", b'<a b="1" b="2"/>', "CSS506E"),
    ("tags crossed", b"<a><" + SECRET.replace(b" ", b"") + b"></a>", "CSS506E"),
    ("no prefix declared", b"<x:a/>", "CSS506E"),
    ("json", b'{"order": "' + SECRET + b'"}', "CSS506E"),
    ("blank before the declaration", b' <?xml version="1.0"?><a/>', "CSS506E"),
]


def refusal_of(data: bytes) -> BadMessage:
    with pytest.raises(BadMessage) as refused:
        read_message(data)
    return refused.value


@pytest.mark.parametrize(("data", "code"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_hostile_messages_are_refused_quickly_and_without_an_echo(data: bytes, code: str) -> None:
    refusal = refusal_of(data)
    assert refusal.code == code
    said = f"{refusal.text} {refusal.fields} {refusal.args}"
    assert SECRET.decode() not in said
    assert refusal.__cause__ is None
    assert refusal.__context__ is None or refusal.__suppress_context__
    spent = min(cpu_seconds(data) for _ in range(3))
    assert spent < 0.050


def cpu_seconds(data: bytes) -> float:
    begun = time.thread_time()
    refusal_of(data)
    return time.thread_time() - begun


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory can be read on Linux only")
def test_the_whole_hostile_corpus_takes_little_memory() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = memory_peak_kb()
    for _, data, _ in HOSTILE:
        refusal_of(data)
    assert memory_peak_kb() - before < MEMORY_GROWTH_MAX_KB
    assert check(read_message(PROVIDE)) is None  # type: ignore[func-returns-value]


def memory_peak_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A pipe that would hang whoever opened it for reading, and a port that remembers who called."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(pipe), f"http://127.0.0.1:{server.getsockname()[1]}/x"
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.timeout(10)
def test_a_message_makes_nobody_open_a_file_or_call_a_host(bait: tuple[str, str]) -> None:
    for address in bait:
        refusal_of(external(address.encode()))
        refusal_of(b'<!DOCTYPE SubmitOrder SYSTEM "' + address.encode() + b'">' + PROVIDE[39:])
        hint = f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:css:order:1 {address}" xml:base="{address}"'
        root = read_message(PROVIDE.replace(b" xmlns:c=", hint.encode() + b" xmlns:c="))
        assert {fault.code for fault in validate(root, schema_for(root))} <= {"CSS516E"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbf<a>1</a>", "1"),
        (b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<a>1</a>', "1"),
        (b"<?xml version='1.0' encoding='us-ascii'?><a>1</a>", "1"),
        (b"<!-- before --><a>AC1<!--x-->2345</a><!-- after -->", "AC12345"),
        (b"<a>10<!-- -->0</a>", "100"),
        (b"<a><![CDATA[<b> & ]]>more</a>", "<b> & more"),
        (b"<a>&lt;&amp;&#233;</a>", "<&é"),
        ("<a>Siân \u202eO’Neill</a>".encode(), "Siân \u202eO’Neill"),
        (b"<a>' or '1'='1</a>", "' or '1'='1"),
    ],
)
def test_odd_but_honest_messages_are_read_whole(data: bytes, text: str) -> None:
    assert read_message(data).text == text


def test_a_caller_may_allow_less() -> None:
    assert read_message(b"<a/>", limit_bytes=4).tag == "a"
    with pytest.raises(BadMessage, match="larger than 3 bytes"):
        read_message(b"<a/>", limit_bytes=3)
    with pytest.raises(BadMessage, match="more than 2 elements"):
        read_message(b"<a><b/><b/></a>", limit_elements=2)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<a>" * 257 + b"</a>" * 257, "The message nests elements deeper than 256."),
        (b"<a>\n<" + b"a" * 50_001 + b"/></a>", "The message has a name longer than 50000 bytes (line 2)."),
        (b"<a>\x00</a>", "The message is not UTF-8 text, or holds a NUL byte."),
        (b"<a>\xff</a>", "The message is not UTF-8 text, or holds a NUL byte."),
    ],
)
def test_a_limit_is_told_as_what_it_is(data: bytes, text: str) -> None:
    assert refusal_of(data).text.partition(" ")[2] == text


def test_up_to_its_limits_a_message_is_read() -> None:
    assert read_message(b"<a>" * 256 + b"</a>" * 256).tag == "a"
    assert read_message(b"<" + b"a" * 50_000 + b"/>").tag == "a" * 50_000


@pytest.mark.parametrize("begins_ends", [("", ""), ("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?x ", "?>"), ("<b c='", "'/>")])
def test_what_is_too_long_for_the_parser_is_not_called_malformed(begins_ends: tuple[str, str]) -> None:
    begins, ends = (each.encode() for each in begins_ends)
    with pytest.raises(BadMessage, match="larger in one place than the parser takes") as refused:
        read_message(b"<a>" + begins + b"x" * 10_100_000 + ends + b"</a>", limit_bytes=20_000_000)
    assert refused.value.code == "CSS509E"
    malformed = refusal_of(b"<a>" + (begins or b"<") + b" too big found")
    assert malformed.code == "CSS506E"


def test_a_syntax_error_tells_its_line() -> None:
    assert refusal_of(b"<a>\n<b>\n</a>").fields["line"] == 3


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(PROVIDE) - 1), st.binary(max_size=6), st.integers(0, 40))
def test_a_mangled_message_is_read_or_refused_never_worse(place: int, instead: bytes, length: int) -> None:
    try:
        root = read_message(PROVIDE[:place] + instead + PROVIDE[place + length :])
        for fault in validate(root, schema_for(root)):
            assert fault.code.startswith("CSS51")
            assert fault.line >= 1
    except BadMessage as refusal:
        assert refusal.code.startswith("CSS5")  # noqa: PT017 - either outcome is right


def test_every_fault_is_told_at_once_and_no_value_is_quoted() -> None:
    mangled = PROVIDE.replace(b"LINE-RES", SECRET).replace(b">AM<", b">" + SECRET + b"<").replace(b"2026-03-16", SECRET)
    root = read_message(mangled)
    faults = validate(root, "order-1")
    assert [fault.path.rpartition("/")[2] for fault in faults] == ["RequiredDate", "ProductCode", "Date", "Slot"]
    assert SECRET.decode() not in str(faults)
    with pytest.raises(BadMessage, match=r"CSS513E|RequiredDate must be a date") as refused:
        check(root)
    assert refused.value.element == "SubmitOrder/Order/RequiredDate"


def test_a_fault_is_found_under_any_prefixes() -> None:
    plain = read_message(PROVIDE)
    root = etree.Element(plain.tag, nsmap={"o": "urn:css:order:1", "common": "urn:css:common:1"})
    root.extend(list(plain))
    etree.cleanup_namespaces(root)
    prefixed = to_bytes(root)
    assert b"<o:ProductCode>" in prefixed
    assert validate(read_message(prefixed), "order-1") == ()
    broken = read_message(prefixed.replace(b"CALL-WAITING", b"call waiting"))
    assert [fault.path for fault in validate(broken, "order-1")] == ["SubmitOrder/Order/Features/Feature[2]/ProductCode"]


def test_no_more_faults_are_told_than_an_acknowledgement_holds() -> None:
    sample = (schemas.SAMPLES / "valid" / "acknowledgement-unreadable.xml").read_bytes()
    begins, ends = sample.index(b"      <c:Error>"), sample.index(b"    </Errors>")
    error = sample[begins:ends].replace(b"ERROR", b"BAD").replace(b"CSS501E", b"501")
    faults = validate(read_message(sample[:begins] + error * 90 + sample[ends:]), "acknowledgement-1")
    assert len(faults) == 100
    assert faults[-1].code == "CSS518E"
    root = document("{urn:css:acknowledgement:1}Receipt")
    add_errors(root, tuple(MessageError.of_fault(fault) for fault in faults))
    assert len(read_errors(root)) == 100


@pytest.mark.parametrize(
    ("sample", "text"),
    [
        ("features-past-the-limit", "There are more Feature elements than allowed."),
        ("wrong-namespace", "AccountNumber is in the wrong namespace."),
        ("elements-out-of-order", "AccountNumber is not expected here; expected Action."),
        ("empty-container", "Features is not complete; expected Feature."),
        ("empty-element", "HazardNotes is empty; give it a value or leave it out."),
        ("code-not-in-list", "Action must be one of PROVIDE, MODIFY, CEASE, MOVE."),
    ],
)
def test_a_fault_is_told_in_words_that_help(sample: str, text: str) -> None:
    (fault,) = validate(read_message((schemas.SAMPLES / "invalid" / f"{sample}.xml").read_bytes()), "order-1")
    assert fault.text == text


@pytest.mark.parametrize(
    ("sample", "left_out", "text"),
    [
        ("query-order", r"<WithEvents>.*</WithEvents>", "Query is not complete; expected WithEvents."),
        # Fourteen that may come stand before the one that must, more than the parser lists.
        ("submit-order-2-provide", r"(?<=</RequiredDate>).*(?=</Order>)", "Order is not complete; expected Contact."),
        ("submit-order-2-provide", r"(?<=</Kind>).*(?=</Order>)", "Order is not complete; expected AccountNumber."),
    ],
)
def test_of_what_may_come_only_what_must_is_named(sample: str, left_out: str, text: str) -> None:
    whole = (schemas.SAMPLES / "valid" / f"{sample}.xml").read_text(encoding="utf-8")
    root = read_message(re.sub(left_out, "", whole, count=1, flags=re.DOTALL).encode())
    (fault,) = validate(root, schema_for(root))
    assert (fault.code, fault.text) == ("CSS512E", text)


def test_a_very_long_name_is_cut_in_what_we_say() -> None:
    name = b"A" * 3000
    root = read_message(PROVIDE.replace(b"<Action>PROVIDE</Action>", b"<" + name + b"/>"))
    (fault,) = validate(root, "order-1")
    assert len(fault.path) < 1000
    assert len(fault.text) < 200
