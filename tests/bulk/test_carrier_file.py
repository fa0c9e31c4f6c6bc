"""Reading a carrier's file in blocks: every line once and in order, whatever it is, in memory that no file can exceed."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import carrier_file as reading
from billing.carrier_file import CarrierFile, content_sha256, file_control
from billing.rules.usage_control import cut_control
from billing.rules.usage_layouts import CSS_CSV, UK_STANDARD_CDR
from billing.rules.usage_lines import LINE_BYTES_MAX, lines_of
from css.core.errors import BadMessage
from tests.bulk.carrier import carrier_file, closed
from tests.bulk.carrier import given as put

MADE_AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
CALLS = [("441632960123", "442079460123", datetime(2026, 3, 2, 12, tzinfo=UTC), seconds) for seconds in range(300)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes at which a few thousand bytes are a large file."""
    monkeypatch.setattr(reading, "BLOCK_LINES", 5)
    monkeypatch.setattr(reading, "BLOCK_BYTES_MIN", 64)
    monkeypatch.setattr(reading, "BLOCK_BYTES_MAX", 4_000)
    monkeypatch.setattr(reading, "READ_BYTES", 100)
    monkeypatch.setattr(reading, "HELD_BYTES_MAX", 600)
    monkeypatch.setattr(reading, "LINE_BYTES_MAX", 50)


def drawn(path: Path) -> tuple[CarrierFile, list[bytes]]:
    file = CarrierFile(path)
    return file, list(file.blocks())


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_blocks_together_are_the_records(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    content = carrier_file(CALLS, made_at=MADE_AT)
    file, blocks = drawn(put(tmp_path, pack(content)))
    records, control = cut_control(content)
    assert b"".join(blocks) == records
    assert len(blocks) > 30
    assert all(block.endswith(b"\n") for block in blocks)
    assert file.layout == UK_STANDARD_CDR
    whole = file.whole
    assert (whole.control, whole.records_sha256, whole.byte_count) == (control, control.sha256, len(content))
    assert whole.sha256 == hashlib.sha256(content).hexdigest() == content_sha256(tmp_path / "NTHTEL_20260303_000001.csv")


@pytest.mark.usefixtures("small")
def test_every_block_of_our_own_layout_begins_with_the_heading(tmp_path: Path) -> None:
    content = carrier_file(CALLS, made_at=MADE_AT, layout=CSS_CSV)
    file, blocks = drawn(put(tmp_path, b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n", 1)))
    heading, _, records = cut_control(content)[0].partition(b"\n")
    assert file.layout == CSS_CSV
    assert {block.partition(b"\n")[0] for block in blocks} == {heading}
    assert b"".join(block.partition(b"\n")[2] for block in blocks) == records


@pytest.mark.usefixtures("small")
@given(
    st.lists(st.binary(max_size=12) | st.sampled_from([b"", b"\r", b"x" * 49, b"y" * 90, b"z" * 3000]), max_size=40),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from([b"", b"\n", b"\r\n\r\n", b"\n" * 300]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_line_is_lost_doubled_or_moved(tmp_path: Path, lines: list[bytes], ending: bytes, tail: bytes) -> None:
    records = b"".join(line + ending for line in lines)
    content = closed(records, made_at=MADE_AT, count=1, seconds=0).rstrip(b"\n") + tail
    file, blocks = drawn(put(tmp_path, content))
    assert file.whole.records_sha256 == file.whole.control.sha256
    assert file.whole.sha256 == hashlib.sha256(content).hexdigest()
    # What is cut is longer than what a record may be; here for a test the reader's own measure is 50.
    found = [line[:51] for block in blocks for line in block.split(b"\n") if line.rstrip(b"\r")]
    assert found == [line[:51] for line in records.split(b"\n") if line.rstrip(b"\r")]
    assert all(len(block) <= 8_000 for block in blocks)


@pytest.mark.usefixtures("small")
def test_a_million_short_lines_after_long_ones_are_cut_into_blocks_of_few(tmp_path: Path) -> None:
    records = b"a" * 300 + b"\n" + b"b\n" * 2_000
    _, blocks = drawn(put(tmp_path, closed(records, made_at=MADE_AT, count=2_001, seconds=0)))
    assert b"".join(blocks) == records
    assert max(block.count(b"\n") for block in blocks) <= 10


@pytest.mark.parametrize("content", [b"", b"\n\n", b"x", b"x\n" * 10, b"x" * 200_000, b'"CONTROL","1"' + b"x" * 600])
def test_without_a_control_record_it_has_no_end(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path, content)
    file, _ = drawn(path)
    for ask in (lambda: file.whole, lambda: file_control(path)):
        with pytest.raises(BadMessage) as refused:
            ask()
        assert refused.value.code == "CSS420E"


# Compressed files.

CONTENT = carrier_file(CALLS, made_at=MADE_AT)


def refusal(path: Path) -> str:
    with pytest.raises(BadMessage) as refused:
        drawn(path)
    with pytest.raises(BadMessage) as same:
        file_control(path)
    assert same.value.code == refused.value.code
    return refused.value.code


def test_members_one_after_another_and_padding_are_one_file(tmp_path: Path) -> None:
    packed = gzip.compress(CONTENT[:1000]) + gzip.compress(b"") + gzip.compress(CONTENT[1000:]) + b"\0" * 700
    file, blocks = drawn(put(tmp_path, packed))
    assert b"".join(blocks) == cut_control(CONTENT)[0]
    assert file.whole.byte_count == len(CONTENT)


def test_cut_short_anywhere_it_is_seen(tmp_path: Path) -> None:
    packed = gzip.compress(CONTENT)
    codes = {refusal(put(tmp_path, packed[:length], f"{length}.gz")) for length in range(2, len(packed), 97)}
    assert codes == {"CSS650E"}


def test_a_bit_turned_over_is_seen(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(CONTENT))
    packed[len(packed) // 2] ^= 1
    assert refusal(put(tmp_path, bytes(packed))) in {"CSS650E", "CSS651E"}


def test_what_swells_beyond_measure_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "GZIP_SMALL_BYTES", 1 << 20)
    bomb = gzip.compress(b"\n" * (30 << 20))
    assert refusal(put(tmp_path, bomb)) == "CSS652E"
    monkeypatch.setattr(reading, "GZIP_RATIO_MAX", 10_000)
    monkeypatch.setattr(reading, "GZIP_BYTES_MAX", 2 << 20)
    assert refusal(put(tmp_path, bomb, "again.gz")) == "CSS406E"


def test_its_end_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, gzip.compress(CONTENT), "once.gz")
    control = file_control(path)
    monkeypatch.setattr(reading, "_inflated", None)
    assert file_control(path) == control
    put(tmp_path, gzip.compress(CONTENT + b" "), "once.gz")
    with pytest.raises(TypeError):
        file_control(path)


# Memory.

HOG = """
import gzip, hashlib, resource, sys
from pathlib import Path
from billing.carrier_file import CarrierFile
from billing.rules.usage_control import Control, write_control
from billing.rules.usage_layouts import parse_block
from datetime import UTC, datetime

path, megabytes, packed = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "packed"
line = b"x" * (1 << 20)
digest = hashlib.sha256()
with (gzip.open(path, "wb", 1) if packed else path.open("wb")) as stream:
    for _ in range(megabytes):
        digest.update(line)
        stream.write(line)
    digest.update(b"\\n")
    stream.write(b"\\n" + write_control(Control("NTHTEL", 1, datetime(2026, 3, 3, tzinfo=UTC), 1, 0, digest.hexdigest())))
parse_block("uk-standard-cdr", b"warm\\n", 1, None)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
file = CarrierFile(path)
codes = [code for block in file.blocks() for code in parse_block(file.layout, block, 1, None)["reject_code"]]
assert file.whole.records_sha256 == file.whole.control.sha256
print(*codes, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.parametrize("packed", ["plain", "packed"])
def test_a_line_without_end_is_not_held(tmp_path: Path, packed: str) -> None:
    """A quarter of a gigabyte on one line is one rejected record; the reader holds a block of it and no more."""
    ran = subprocess.run(
        [sys.executable, "-c", HOG, str(tmp_path / "one line"), "256", packed],
        capture_output=True,
        text=True,
        check=False,
    )
    if packed == "packed":
        # A line of one letter shrinks a thousandfold: nobody sends such a thing in good faith.
        assert "CSS652E" in ran.stderr or "swells" in ran.stderr
        return
    assert ran.returncode == 0, ran.stderr
    code, grown_mib = ran.stdout.split()
    assert (code, int(grown_mib) < 100) == ("CSS401E", True), ran.stdout


def test_what_is_kept_of_a_long_line_shows_that_it_is_too_long(tmp_path: Path) -> None:
    records = b"x" * 20_000_000 + b"\ngood\n"
    _, blocks = drawn(put(tmp_path, closed(records, made_at=MADE_AT, count=2, seconds=0)))
    lines = lines_of(b"".join(blocks)).frame["raw"]
    assert lines.str.len_bytes().to_list() == [LINE_BYTES_MAX + 1, 4]
