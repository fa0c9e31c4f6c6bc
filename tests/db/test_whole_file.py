"""A file is whole or not there, whatever is full, killed, linked or frozen."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from css.whole_file import cannot_write, disk_is_full, make_folder, part_of, put_files, put_whole, whole

ROOT = Path(__file__).parents[2]


def test_a_file_has_its_bytes_and_is_for_the_group_to_read(tmp_path: Path) -> None:
    put_whole(tmp_path / "bill.pdf", b"whole")
    assert (tmp_path / "bill.pdf").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "bill.pdf").stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["bill.pdf"]


def test_a_file_that_has_its_bytes_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bill.pdf"
    put_whole(path, b"whole")
    before = path.stat().st_ino
    put_whole(path, b"whole")
    assert path.stat().st_ino == before
    put_whole(path, b"other")
    assert path.read_bytes() == b"other"


def test_what_goes_wrong_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "bill.pdf"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), whole(path) as out:
        out.write(b"new, but")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert not part_of(path).exists()


def test_what_a_killed_one_left_makes_way(tmp_path: Path) -> None:
    part_of(tmp_path / "bill.pdf").write_bytes(b"half of something much longer")
    put_whole(tmp_path / "bill.pdf", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["bill.pdf"]
    assert (tmp_path / "bill.pdf").read_bytes() == b"whole"


def test_one_that_was_frozen_in_the_middle_publishes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bill.pdf"
    with pytest.raises(OSError, match="somebody else"), whole(path) as frozen:
        frozen.write(b"of the frozen")
        with whole(path) as successor:
            successor.write(b"of the successor")
            # Both are at it: the one that began last has the name.
            frozen.write(b", more of it")
    assert path.read_bytes() == b"of the successor"
    assert [each.name for each in tmp_path.iterdir()] == ["bill.pdf"]


def test_one_that_wakes_up_while_another_writes_takes_nothing_away_from_it(tmp_path: Path) -> None:
    path = tmp_path / "bill.pdf"
    with whole(path) as successor:
        part_of(path).rename(tmp_path / "aside")
        with pytest.raises(OSError, match="somebody else"), whole(path) as frozen:
            frozen.write(b"of the frozen")
            (tmp_path / "aside").replace(part_of(path))
        successor.write(b"of the successor")
    assert path.read_bytes() == b"of the successor"


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"whole")
    below = tmp_path / "spool"
    below.mkdir()
    (below / "bill.pdf").symlink_to(elsewhere)
    part_of(below / "bill.pdf").symlink_to(elsewhere)
    put_whole(below / "bill.pdf", b"whole")
    assert not (below / "bill.pdf").is_symlink()
    put_whole(below / "bill.pdf", b"other")
    assert elsewhere.read_bytes() == b"whole"


def test_many_files_come_with_their_folders(tmp_path: Path) -> None:
    files = {tmp_path / "a" / "b" / f"{number}.xml": b"%d" % number for number in range(40)}
    put_files(files)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.xml")} == files


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OSError, match="exists"):
        make_folder(tmp_path / "a" / "b")


CHILD = """
import sys
from pathlib import Path
from css.core.errors import CssError
from billing.actions.spool import put_files
below = Path(sys.argv[1])
try:
    put_files(below, {below / f"{n}.pdf": bytes([n]) * size for n, size in enumerate((1000, 2000, 90_000, 3000))})
except CssError as error:
    print(error.text)
"""


def test_where_there_is_no_room_whole_files_stand_and_no_halves(tmp_path: Path) -> None:
    """The kernel refuses the child any file of more than 50,000 bytes, as a full disk does in the middle of a write."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert done.stdout == f"CSS968E There is no room left to write below {tmp_path}; nothing half written was left there.\n"
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {"0.pdf": 1000, "1.pdf": 2000, "3.pdf": 3000}


def test_a_full_disk_and_a_forbidden_one_are_told_apart() -> None:
    full = cannot_write(OSError(28, os.strerror(28)), Path("spool"))
    assert full.code == "CSS968E"
    forbidden = cannot_write(OSError(13, os.strerror(13)), Path("spool"))
    assert forbidden.text == "CSS969E spool cannot be written: Permission denied."
    assert disk_is_full(OSError(13, os.strerror(13)), Path("spool")) is None
