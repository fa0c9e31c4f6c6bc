"""The command for outsiders: which faults there are, and what it says of one there is not."""

from __future__ import annotations

import pytest

from css.chaos.every import after_each_write, numbered
from css.chaos.run import FAULTS, again_words, named
from css.chaos.traps import is_lasting
from css.cli import main
from css.core.errors import BadMessage
from tests.house.commands import fault_of_command


def test_the_list_explains_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "night", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [fault.name for fault in FAULTS]
    assert all(len(line.split()) > 3 for line in lines)


def test_a_fault_there_is_not_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "night", "--faults", "kill,flood"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("CSS894E There is no fault flood; there are kill, kills,")


def test_faults_are_chosen_by_name_and_all_when_none_is_named() -> None:
    assert [fault.name for fault in named(["two", "kill"])] == ["two", "kill"]
    assert named([]) == FAULTS
    with pytest.raises(BadMessage) as refused:
        named(["flood"])
    assert refused.value.code == "CSS894E"


def test_the_same_harms_are_done_again_by_the_command_it_ends_with() -> None:
    chosen = again_words(77, 8, ["kill", "kills", "terminate"], every=True)
    assert chosen == "css chaos night --seed 77 --accounts 8 --faults kill,kills,terminate --every"
    assert again_words(3, 20, (), every=False) == "css chaos night --seed 3 --accounts 20"
    assert fault_of_command(chosen) is None


@pytest.mark.parametrize(
    ("name", "lasts"),
    [
        ("after commit", True),
        ("before commit", False),
        ("after replace of .ZZB00000012.pdf.part", True),
        ("before replace of .ZZB00000012.pdf.part", False),
        ("before fsync of .ZZB00000012.pdf.part", True),
        ("after fsync of .ZZB00000012.pdf.part", False),
        ("before fsync of folder 2026-03-03", False),
        ("after mkdir of folder bills", True),
    ],
)
def test_each_state_of_the_disk_is_tried_once(name: str, lasts: bool) -> None:
    assert is_lasting(name) is lasts


def test_of_files_half_written_one_of_each_ending_is_tried() -> None:
    names = ("before fsync of .A.pdf.part", "after replace of .A.pdf.part", "before fsync of .B.pdf.part", "after replace of .B.pdf.part")
    points = numbered((*names, "before fsync of .B.xml.part", "after commit", "after commit"))
    assert [str(place) for place in after_each_write(points)] == [
        "before fsync of .A.pdf.part",
        "after replace of .A.pdf.part",
        "after replace of .B.pdf.part",
        "before fsync of .B.xml.part",
        "after commit",
        "after commit (2)",
    ]
