"""Drop folders: the same messages and documents as files, whoever dies, lies or writes half of one."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session, SessionTransaction

from css.core.clock import FixedClock
from css.db.engine import transaction
from css.handover import outbox_last_sequence
from css.master.reference import PARTNER
from css.partners.bringing.folder_round import Exchanged
from css.partners.bringing.folders import exchange_forever, exchange_once
from css.partners.model import Channel, DeliveryWay, RejectedMessage
from css.partners.outgoing.redelivering import DeliverAfter, ResendDocument, deliver_after, delivery_attempts, resend_document
from css.xml import children, read_header, read_text
from tests.batch.killing import branch_off
from tests.builders import OPERATOR
from tests.partners.dropping import FOLDER, Drop, control
from tests.partners.one_round import child
from tests.partners.receiving import agree, leave
from tests.partners.speaking import (
    AT,
    RIVAL,
    RIVAL_CODE,
    Scene,
    codes,
    header,
    opened,
    orders_of,
    said,
    scene,
    stored,
    submit_order,
)
from tests.race import together

CLOCK = FixedClock(AT)


@pytest.fixture(scope="module")
def town(engine: Engine) -> Scene:
    with transaction(engine) as session:
        made = scene(session, sites=60)
    agree(engine, DeliveryWay.FOLDER, folder=FOLDER)
    agree(engine, DeliveryWay.PULL, RIVAL_CODE, folder="rival")
    return made


@pytest.fixture(scope="module")
def _sites(town: Scene) -> Iterator[str]:
    return iter([site.address_key for site in town.district.gold])


@pytest.fixture
def order(town: Scene, _sites: Iterator[str]) -> Callable[[], tuple[str, bytes]]:
    """Another order each time: its message id and its bytes."""

    def made() -> tuple[str, bytes]:
        head = header()
        return head.message_id, submit_order(town.account, next(_sites), head=head)

    return made


@pytest.fixture
def drop(town: Scene, tmp_path: Path) -> Drop:
    return Drop(tmp_path / "partners").ready()


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test cuts the power, and the disk of a busy machine takes most of their time."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


Order = Callable[[], tuple[str, bytes]]


def go_round(engine: Engine, drop: Drop) -> Exchanged:
    return exchange_once(engine, CLOCK, drop.directory, provider_code=PARTNER)


def result(drop: Drop, stem: str) -> str:
    return said(opened(drop.answer(stem)), "Receipt/Result")


# In.


def test_a_message_is_taken_answered_and_moved_away(engine: Engine, drop: Drop, order: Order) -> None:
    message_id, data = order()
    drop.send("order-0001", data)
    done = go_round(engine, drop)
    assert (done.taken, done.rejected, done.waiting) == (1, 0, 0)
    assert result(drop, "order-0001") == "RECEIVED"
    assert said(opened(drop.answer("order-0001")), "Header/RefToMessageId") == message_id
    assert (drop.names("in"), drop.names("done")) == ([], ["order-0001.ctl", "order-0001.xml"])
    assert stored(engine, message_id).channel is Channel.FOLDER
    assert len(orders_of(engine, message_id)) == 1
    assert go_round(engine, drop).taken == 0


def test_messages_are_taken_in_the_order_of_their_names(engine: Engine, drop: Drop, order: Order) -> None:
    sent = {stem: order() for stem in ("c", "a", "b")}
    for stem, (_, data) in sent.items():
        drop.send(stem, data)
    assert go_round(engine, drop).taken == 3
    numbers = [stored(engine, sent[stem][0]).id for stem in ("a", "b", "c")]
    assert numbers == sorted(numbers)


def test_what_is_not_finished_is_not_read(engine: Engine, drop: Drop, order: Order) -> None:
    """A temporary name; a file without its control; a control without its file; half of either, still being written."""
    _, data = order()
    drop.at("in", "a.xml.tmp").write_bytes(data[:100])
    drop.write("b.xml", data)
    drop.write("c.ctl", control("c.xml", data))
    drop.at("in", "d.xml").write_bytes(data[:100])
    drop.write("d.ctl", control("d.xml", data))
    drop.write("e.xml", data)
    drop.at("in", "e.ctl").write_bytes(control("e.xml", data)[:-20])
    before = drop.names("in")
    assert go_round(engine, drop) == Exchanged(waiting=4)
    assert drop.names("in") == before
    assert drop.names("answers") == []
    drop.at("in", "d.xml").write_bytes(data)
    drop.write("b.ctl", control("b.xml", data))
    done = go_round(engine, drop)
    assert done.taken == 2
    assert {result(drop, "b"), result(drop, "d")} == {"RECEIVED", "DUPLICATE"}


WRONG: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "length": (lambda data: control("x.xml", data, byte_count=len(data) - 1), "CSS582E"),
    "sum": (lambda data: control("x.xml", data, sha256="0" * 64), "CSS582E"),
    "another name": (lambda data: control("y.xml", data), "CSS582E"),
    "a path for a name": (lambda data: control("x.xml", data).replace(b"x.xml", b"../../x.xml"), "CSS513E"),
    "no control": (lambda data: data, "CSS582E"),
    "no XML": (lambda _: b"x.xml 1200\n", "CSS506E"),
    "not valid": (lambda data: control("x.xml", data).replace(b"ByteCount", b"Bytes"), "CSS511E"),
    "somebody else": (lambda data: control("x.xml", data, sender=RIVAL), "CSS550E"),
    "to somebody else": (lambda data: control("x.xml", data, receiver=RIVAL), "CSS551E"),
    "a bomb": (lambda _: b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>', "CSS504E"),
    "too long": (lambda _: b"<a>" + b" " * 70_000 + b"</a>", "CSS500E"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_control_file_that_does_not_fit_is_rejected_once_it_has_settled(engine: Engine, drop: Drop, order: Order, wrong: str) -> None:
    message_id, data = order()
    spoil, code = WRONG[wrong]
    drop.write("x.xml", data)
    drop.write("x.ctl", spoil(data))
    assert go_round(engine, drop) == Exchanged(waiting=1), "somebody may be at it"
    drop.settle()
    assert go_round(engine, drop) == Exchanged(rejected=1)
    assert result(drop, "x") == "REJECTED"
    assert codes(drop.answer("x"))[0][0] == code
    assert (drop.names("in"), drop.names("done")) == ([], ["x.ctl", "x.xml"])
    assert orders_of(engine, message_id) == []
    drop.send("x", data)
    assert go_round(engine, drop).taken == 1, "the name may be used again"
    assert result(drop, "x") == "RECEIVED"


def test_a_message_that_is_wrong_is_rejected_as_over_http_and_kept(engine: Engine, drop: Drop, order: Order) -> None:
    _, data = order()
    drop.send("wrong", data.replace(b"PROVIDE", b"PROVIDED"))
    assert go_round(engine, drop) == Exchanged(rejected=1)
    assert codes(drop.answer("wrong")) == [("CSS513E", "SubmitOrder/Order/Action")]
    with transaction(engine) as session:
        kept = session.execute(select(RejectedMessage).order_by(RejectedMessage.id.desc()).limit(1)).scalar_one()
    assert kept.channel is Channel.FOLDER


def test_the_same_file_twice_is_one_order_and_a_duplicate(engine: Engine, drop: Drop, order: Order) -> None:
    message_id, data = order()
    for stem in ("one", "two", "one"):
        drop.send(stem, data)
        go_round(engine, drop)
    assert (result(drop, "one"), result(drop, "two")) == ("DUPLICATE", "DUPLICATE")
    assert len(orders_of(engine, message_id)) == 1


NAMES = ["..ctl", ".hidden.ctl", "a b.ctl", "-rf.ctl", "x\n.ctl", "\N{LATIN SMALL LETTER E WITH ACUTE}.ctl", "x" * 200 + ".ctl"]


def test_names_that_are_tricks_are_left_alone(engine: Engine, drop: Drop, order: Order) -> None:
    _, data = order()
    for name in NAMES:
        drop.at("in", name).write_bytes(control("x.xml", data))
    os.mkdir(drop.at("in", "folder.ctl"))  # noqa: PTH102 - as a file's
    drop.settle()
    done = go_round(engine, drop)
    assert done == Exchanged(rejected=1), "the folder is moved away like a file that is none"
    assert drop.names("in") == sorted(NAMES)


@pytest.mark.parametrize("what", ["link to a file", "link to nothing", "hard link", "pipe", "folder", "link for a control"])
def test_nothing_but_a_plain_file_is_read(engine: Engine, drop: Drop, order: Order, what: str, tmp_path: Path) -> None:
    message_id, data = order()
    secret = tmp_path / "secret.xml"
    secret.write_bytes(data)
    place = drop.at("in", "x.ctl" if what == "link for a control" else "x.xml")
    if what == "link for a control":
        drop.write("x.xml", data)
        secret.write_bytes(control("x.xml", data))
    else:
        drop.write("x.ctl", control("x.xml", data))
    match what:
        case "link to nothing":
            place.symlink_to(tmp_path / "nothing")
        case "hard link":
            place.hardlink_to(secret)
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case _:
            place.symlink_to(secret)
    drop.settle()
    begun = time.monotonic()
    assert go_round(engine, drop) == Exchanged(rejected=1)
    assert time.monotonic() - begun < 5
    assert codes(drop.answer("x")) == [("CSS582E", "FileControl/Files/File")]
    assert orders_of(engine, message_id) == []
    assert secret.exists()


@pytest.mark.parametrize("linked", ["in", "answers", "done"])
def test_a_folder_that_became_a_link_is_not_used(engine: Engine, drop: Drop, order: Order, linked: str, tmp_path: Path) -> None:
    message_id, data = order()
    drop.send("x", data)
    elsewhere = tmp_path / "elsewhere"
    drop.at(linked).rename(elsewhere)
    drop.at(linked).symlink_to(elsewhere)
    assert go_round(engine, drop) == Exchanged(troubled=1)
    assert not list(elsewhere.glob("*.ack.xml"))
    assert orders_of(engine, message_id) == []


def test_an_answer_is_not_written_through_a_link(engine: Engine, drop: Drop, order: Order, tmp_path: Path) -> None:
    _, data = order()
    victim = tmp_path / "victim"
    victim.write_text("ours", encoding="ascii")
    drop.send("x", data)
    for name in ("x.ack.xml", "x.ack.xml.tmp"):
        drop.at("answers", name).symlink_to(victim)
    assert go_round(engine, drop).taken == 1
    assert victim.read_text(encoding="ascii") == "ours"
    assert result(drop, "x") == "RECEIVED"


def test_several_at_once_take_each_message_once(engine: Engine, drop: Drop, order: Order) -> None:
    sent = {f"order-{number}": order() for number in range(4)}
    for stem, (_, data) in sent.items():
        drop.send(stem, data)
    rounds = together(*[lambda: go_round(engine, drop)] * 4)
    assert not [one for one in rounds if isinstance(one, Exception)]
    go_round(engine, drop)
    assert drop.names("in") == []
    assert {result(drop, stem) for stem in sent} == {"RECEIVED"}, "none was taken twice"


def test_who_only_sends_files_gets_none(engine: Engine, drop: Drop) -> None:
    leave(engine, 1, RIVAL_CODE)
    assert exchange_once(engine, CLOCK, drop.directory, provider_code=RIVAL_CODE) == Exchanged()
    assert sorted(path.name for path in (drop.directory / "rival").iterdir()) == ["answers", "done", "in", "kept", "out"]


def test_nothing_of_a_message_is_logged(engine: Engine, drop: Drop, order: Order, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, data = order()
    drop.send("Marlow-07700900456", data.replace(b"PROVIDE", b"MARLOW"))
    drop.write("half.xml", b"MARLOW")
    drop.write("half.ctl", b"MARLOW")
    drop.settle()
    go_round(engine, drop)
    logged = caplog.text + repr([vars(record) for record in caplog.records])
    assert "file rejected" in logged
    assert not [word for word in ("MARLOW", "Marlow", "O'Neill", "0456") if word in logged]


# Out.


def files_of(drop: Drop, stem: str, folder: str = "out") -> list[tuple[str, int, str]]:
    root = opened(drop.at(folder, f"{stem}.ctl").read_bytes())
    return [(said(file, "FileName"), int(said(file, "ByteCount")), said(file, "Sha256")) for file in children(root, "Files/File")]


def test_documents_are_put_there_numbered_with_their_control_files(fresh_engine: Engine, tmp_path: Path) -> None:
    drop, bodies = with_documents(fresh_engine, tmp_path, 3)
    assert go_round(fresh_engine, drop) == Exchanged(brought=3)
    stems = [f"{number:08}-OrderUpdate" for number in (1, 2, 3)]
    assert drop.names("out") == sorted([f"{stem}.{ending}" for stem in stems for ending in ("xml", "ctl")])
    assert [drop.at("out", f"{stem}.xml").read_bytes() for stem in stems] == bodies
    root = opened(drop.at("out", f"{stems[1]}.ctl").read_bytes())
    assert (said(root, "Sequence"), read_text(root, "PossibleDuplicate")) == ("2", None)
    assert read_header(root).sender.id == "999900001"
    assert go_round(fresh_engine, drop) == Exchanged()


def with_documents(engine: Engine, tmp_path: Path, count: int) -> tuple[Drop, list[bytes]]:
    with transaction(engine) as session:
        scene(session, sites=1)
    agree(engine, DeliveryWay.FOLDER, folder=FOLDER)
    return Drop(tmp_path / "partners").ready(), leave(engine, count)


def test_what_the_partner_says_it_has_is_moved_away(fresh_engine: Engine, tmp_path: Path) -> None:
    drop, _ = with_documents(fresh_engine, tmp_path, 2)
    go_round(fresh_engine, drop)
    stem = "00000001-OrderUpdate"
    drop.at("out", f"{stem}.ack").touch()
    drop.at("out", "00000009-OrderUpdate.ack").touch()
    drop.at("out", "..ack").touch()
    assert go_round(fresh_engine, drop).kept == 2
    assert drop.names("kept") == [f"{stem}.ack", f"{stem}.ctl", f"{stem}.xml", "00000009-OrderUpdate.ack"]
    assert drop.names("out") == ["..ack", "00000002-OrderUpdate.ctl", "00000002-OrderUpdate.xml"]


def test_a_control_file_of_ours_that_was_tampered_with_moves_nothing_else(fresh_engine: Engine, tmp_path: Path) -> None:
    drop, _ = with_documents(fresh_engine, tmp_path, 1)
    go_round(fresh_engine, drop)
    stem, precious = "00000001-OrderUpdate", tmp_path / "precious"
    precious.touch()
    there = drop.at("out", f"{stem}.ctl")
    there.write_bytes(there.read_bytes().replace(f"{stem}.xml".encode(), b"../../../precious"))
    drop.at("out", f"{stem}.ack").touch()
    assert go_round(fresh_engine, drop).kept == 1
    assert precious.exists()
    assert drop.names("out") == []


def test_a_document_brought_again_says_so(fresh_engine: Engine, tmp_path: Path) -> None:
    drop, bodies = with_documents(fresh_engine, tmp_path, 2)
    go_round(fresh_engine, drop)
    for path in drop.at("out").iterdir():
        path.unlink()
    with transaction(fresh_engine) as session:
        resend_document(session, ResendDocument(provider_code=PARTNER, sequence=1), by=OPERATOR, at=AT)
    assert go_round(fresh_engine, drop) == Exchanged(brought=1)
    assert drop.at("out", "00000001-OrderUpdate.xml").read_bytes() == bodies[0]
    assert said(opened(drop.at("out", "00000001-OrderUpdate.ctl").read_bytes()), "PossibleDuplicate") == "true"
    with transaction(fresh_engine) as session:
        assert deliver_after(session, DeliverAfter(provider_code=PARTNER, after=0), by=OPERATOR, at=AT) == 2
    assert go_round(fresh_engine, drop) == Exchanged(brought=2)


def test_a_folder_that_cannot_be_written_is_tried_again(fresh_engine: Engine, tmp_path: Path) -> None:
    drop, _ = with_documents(fresh_engine, tmp_path, 1)
    drop.at("out", "00000001-OrderUpdate.xml").mkdir()
    (drop.at("out", "00000001-OrderUpdate.xml") / "something").touch()
    assert go_round(fresh_engine, drop) == Exchanged(troubled=1)
    (drop.at("out", "00000001-OrderUpdate.xml") / "something").unlink()
    drop.at("out", "00000001-OrderUpdate.xml").rmdir()
    assert go_round(fresh_engine, drop) == Exchanged(), "not before its time"
    with transaction(fresh_engine) as session:
        (failed,) = delivery_attempts(session, PARTNER)
        assert failed.words == "The folder could not be written."


def last_number(engine: Engine) -> int:
    with transaction(engine) as session:
        return outbox_last_sequence(session, PARTNER)


class Died(BaseException):
    """The end of a process, as far as the database and the disk can tell."""


@contextmanager
def dying_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """From now on whoever reaches the point of that number dies there; the points reached."""
    reached: list[str] = []

    def point(name: str) -> None:
        reached.append(name)
        if len(reached) == number:
            raise Died

    def rename(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as os.rename
        point("before rename")
        real(*args, **kwargs)
        point("after rename")

    def committing(_session: Session) -> None:
        point("before commit")

    def committed(_session: Session, ended: SessionTransaction) -> None:
        if ended.parent is None:
            point("after commit")

    real = os.rename
    with monkeypatch.context() as dying:
        dying.setattr(os, "rename", rename)
        event.listen(Session, "before_commit", committing)
        event.listen(Session, "after_transaction_end", committed)
        try:
            yield reached
        finally:
            event.remove(Session, "before_commit", committing)
            event.remove(Session, "after_transaction_end", committed)


def test_killed_at_any_rename_or_commit_nothing_is_lost_and_nothing_doubled(
    fresh_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message comes in and a document goes out, and the process ends at each of its points in turn, in a folder of its own.

    At some it is really killed: what the others pass over on their way out, a killed one does not.
    """
    with transaction(fresh_engine) as session:
        town = scene(session, sites=100)
    agree(fresh_engine, DeliveryWay.FOLDER, folder=FOLDER)
    url, reached = fresh_engine.url.render_as_string(hide_password=False), list[str]()
    for number in range(1, 100):
        drop = Drop(tmp_path / str(number)).ready()
        head = header()
        before = last_number(fresh_engine)
        drop.send("order", submit_order(town.account, town.district.gold[number].address_key, head=head))
        if number in {3, 11, 19}:
            status, _ = branch_off(child, url, str(drop.directory), number, home=tmp_path)
            assert status == -signal.SIGKILL
            reached = []
        else:
            with dying_at(number, monkeypatch) as reached, suppress(Died):
                go_round(fresh_engine, drop)
        there = {name: drop.at("out", name).read_bytes() for name in drop.names("out") if name.endswith(".ctl")}
        assert go_round(fresh_engine, drop).troubled == 0
        assert {name: drop.at("out", name).read_bytes() for name in there} == there, "what was there is not brought again, nor marked"
        assert drop.names("in") == []
        assert drop.names("answers") == ["order.ack.xml"]
        assert drop.names("done") == ["order.ctl", "order.xml"]
        assert result(drop, "order") in {"RECEIVED", "DUPLICATE"}
        assert len(orders_of(fresh_engine, head.message_id)) == 1
        stems = [f"{sequence:08}-OrderUpdate" for sequence in range(before + 1, last_number(fresh_engine) + 1)]
        assert len(stems) == 2
        assert drop.names("out") == sorted(f"{stem}.{ending}" for stem in stems for ending in ("xml", "ctl"))
        for stem in stems:
            name, length, _ = files_of(drop, stem)[0]
            assert len(drop.at("out", name).read_bytes()) == length
        if reached and len(reached) < number:
            break
    assert len(reached) > 20
    assert {"before rename", "after rename", "before commit", "after commit"} == set(reached)


def test_ten_thousand_files_are_listed_taken_and_answered(engine: Engine, drop: Drop, order: Order) -> None:
    """Most of them wait for their control files and are not read; those that are complete are taken."""
    _, data = order()
    for number in range(10_000):
        drop.at("in", f"waiting-{number:05}.xml").touch()
    for number in range(20):
        drop.send(f"zz-{number:02}", data)
    begun = time.monotonic()
    done = go_round(engine, drop)
    assert (done.taken, done.waiting) == (20, 10_000)
    assert time.monotonic() - begun < 10


def test_it_goes_on_until_it_is_stopped(engine: Engine, drop: Drop, order: Order) -> None:
    stop = threading.Event()
    working = threading.Thread(target=exchange_forever, args=(lambda: engine, CLOCK, drop.directory, stop), kwargs={"every_seconds": 0.05})
    working.start()
    _, data = order()
    drop.send("later", data)
    until = time.monotonic() + 10
    while drop.names("answers") != ["later.ack.xml"] or drop.names("in"):
        assert time.monotonic() < until
        time.sleep(0.02)
    stop.set()
    working.join(10)
    assert not working.is_alive()
