"""PX04 and PX03: what partners sent, what was wrong with it, and what is done about it: tried again, taken in, sent once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from css.core.clock import FixedClock
from css.core.ids import IdKind, make_id
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.intake.inbox import receive
from tests import builders
from tests.conftest import clone
from tests.partners.speaking import US, cancellation, header, submit_order
from tests.web.conftest import AT, MovingClock, Seat, World, populate

AT_PARTNERS = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Talk:
    """What a partner has sent: keys as the lists show them."""

    account: str
    done: str
    refused: str
    rejected: str
    unreadable: str
    conversation: str


@pytest.fixture(scope="module")
def settled(server: str, template: str) -> Iterator[tuple[Engine, World]]:
    with clone(server, template) as engine:
        with transaction(engine) as session:
            world = populate(session, builders.DAY)
        yield engine, world


@pytest.fixture(scope="module")
def talk(settled: tuple[Engine, World]) -> Talk:
    engine, world = settled
    with transaction(engine) as session:
        account = builders.account(session, world.district, provider_code="BRACKWAT").number
    good, bad = header(), header(receiver=header().sender)
    say(engine, submit_order(account, world.district.gold[4].address_key, head=good))
    say(engine, cancellation(make_id("ZZ", IdKind.ORDER, 77), ("Reason", "Not wanted.")))
    say(engine, submit_order(account, world.district.gold[5].address_key, head=bad))
    say(engine, b"<SubmitOrder>")
    keys = dict(
        rows(
            engine,
            "SELECT state, 'in-' || id FROM partners.inbox_message UNION ALL SELECT code, 'rejected-' || id FROM partners.rejected_message",
        )
    )
    return Talk(account, keys["done"], keys["refused"], keys["CSS551E"], keys["CSS506E"], good.conversation_id)


def say(engine: Engine, letter: bytes, at: datetime = AT_PARTNERS) -> int:
    return receive(engine, PARTNER, letter, clock=FixedClock(at), own_party=US).status


def rows(engine: Engine, statement: str) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(statement))]


def listed(seat: Seat) -> list[str]:
    return re.findall(r'data-line="\d+" data-subject="([^"]*)"', seat.page)


def effect(seat: Seat) -> str:
    found = re.search(r'<section class="effect".*?</section>', seat.page, re.DOTALL)
    assert found, (seat.said, seat.title)
    return " ".join(re.sub(r"<[^>]+>", "", found[0]).split())


def link(seat: Seat, key: str) -> str:
    found = re.search(rf'href="([^"]*)" data-key="{key}"', seat.page)
    return found[1].replace("&amp;", "&") if found else ""


def test_what_went_wrong_stands_first_and_the_list_narrows(desk: Seat, talk: Talk) -> None:
    desk.open("/s/PX04")
    found = listed(desk)
    assert set(found[:3]) == {talk.refused, talk.rejected, talk.unreadable}
    assert talk.done in found[3:]
    assert any(key.startswith("out-") for key in found[3:])
    assert "2 rejected" in desk.page
    desk.press("Enter", partner="brackwat", state="refused")
    assert listed(desk) == [talk.refused]
    assert "CSS202E" in desk.page
    desk.press("Enter", state="", direction="out", message_type="orderupdate")
    assert listed(desk)
    assert all(key.startswith("out-") for key in listed(desk))
    desk.press("Enter", direction="", message_type="", reference=talk.conversation)
    assert talk.done in listed(desk)
    assert talk.refused not in listed(desk)
    desk.press("Enter", reference="", starts_on="3/3/26")
    assert listed(desk) == []
    desk.press("Enter", starts_on="tomorrow", state="LOST")
    assert {"CSS365E", "CSS364E"} <= set(desk.said)
    desk.press("Enter", starts_on="", state="", partner="NOBODY9")
    assert desk.answer is not None
    assert desk.answer.status_code == 404
    assert "CSS104E" in desk.said


def test_errors_stand_with_their_element_and_line_and_bytes_are_had_as_they_came(desk: Seat, talk: Talk) -> None:
    desk.open(f"/s/PX03/{talk.rejected}")
    assert "CSS551E" in desk.page
    assert "SubmitOrder / Header / Receiver" in desk.page
    assert "&lt;MessageType&gt;SubmitOrder" in desk.page or "MessageType&gt;SubmitOrder" in desk.page
    desk.open(f"/s/PX03/{talk.unreadable}")
    saved = desk.client.get(link(desk, "S-F2"))
    assert saved.data == b"<SubmitOrder>"
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert desk.open("/s/PX03/in-99999999").status_code == 404
    assert desk.open("/s/PX03/nonsense").status_code == 404
    assert desk.open(f"/s/PX03/{talk.done}/explode").status_code == 404


def test_a_conversation_is_read_back_from_its_stored_bytes_both_ways(desk: Seat, talk: Talk, engine: Engine) -> None:
    desk.open(f"/s/PX03/{talk.done}")
    desk.open(link(desk, "F11"))
    said = listed(desk)
    assert said[0] == talk.done
    assert all(key.startswith("out-") for key in said[1:])
    assert len(said) > 1
    assert desk.page.index("from BRACKWAT") < desk.page.index("to BRACKWAT")
    assert "OrderUpdate" in desk.page
    reads = rows(engine, "SELECT subject_kind, subject_number FROM css.audit_event WHERE verb = 'read' AND subject_kind = 'message'")
    assert reads, "who reads a partner's message is on the trail"


def test_what_was_refused_is_tried_again_and_the_check_says_what_comes_of_it(desk: Seat, talk: Talk, engine: Engine) -> None:
    before = rows(engine, "SELECT count(*)::text, '' FROM css.outbox_message")
    desk.open(f"/s/PX03/{talk.refused}")
    desk.open(link(desk, "S-F4"))
    desk.press("Enter")
    assert "CSS360E" in desk.said
    desk.press("Enter", reason="They say that the order is there.")
    assert "refused: CSS202E" in effect(desk)
    assert "BRACKWAT is told: OrderUpdate" in effect(desk)
    assert rows(engine, "SELECT count(*)::text, '' FROM css.outbox_message") == before, "Enter does nothing"
    desk.press("F6")
    assert "CSS594I" in desk.said
    assert "They say that the order is there." in desk.page
    assert re.search(r"<td>retried</td><td>\w+</td>", desk.page)
    assert rows(engine, "SELECT count(*)::text, '' FROM css.outbox_message") != before


def test_what_was_rejected_for_its_header_is_taken_in_by_hand_and_nothing_else_is(desk: Seat, talk: Talk) -> None:
    desk.open(f"/s/PX03/{talk.unreadable}/accept")
    desk.press("Enter", reason="At their word.")
    assert "CSS541E" in desk.said
    desk.open(f"/s/PX03/{talk.rejected}/accept")
    desk.press("Enter", reason="At their word.")
    assert effect(desk).startswith("Check what F6 will do It is done")
    desk.press("F6")
    assert "CSS594I" in desk.said
    assert desk.path.startswith("/s/PX03/"), desk.path
    desk.open(f"/s/PX03/{talk.rejected}")
    assert "ACCEPTED" in desk.page
    assert link(desk, "S-F6") == ""
    desk.open(f"/s/PX03/{talk.rejected}/accept")
    desk.press("Enter", reason="At their word.")
    assert "CSS541E" in desk.said


def test_two_at_one_message_do_it_once(desk: Seat, colleague: Seat, talk: Talk, engine: Engine) -> None:
    for seat in (desk, colleague):
        seat.open(f"/s/PX03/{talk.refused}/retry")
        seat.press("Enter", reason="Once more.")
        assert "refused" in effect(seat)
    desk.press("F6")
    assert "CSS594I" in desk.said
    colleague.press("F6")
    assert "CSS541E" in colleague.said
    assert colleague.answer is not None
    assert colleague.answer.status_code == 409
    assert len(rows(engine, "SELECT deed, words FROM partners.message_event WHERE words = 'Once more.'")) == 1


def test_a_document_is_sent_once_more_where_documents_are_brought(desk: Seat, talk: Talk, engine: Engine) -> None:
    desk.open("/s/PX04/BRACKWAT/out")
    ours = listed(desk)[0]
    desk.press("S-F5", row=talk.done)
    assert "CSS591E" in desk.said
    desk.press("S-F5", row=ours)
    assert desk.title.startswith("PX03")
    desk.press("Enter")
    assert "CSS577E" in desk.said, "who fetches its documents may have this one again by itself"
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO partners.partner_terms (provider_id, way, push_url, messages_a_minute, at_once, replay_days, gap_minutes,"
                " row_version, changed_at) SELECT id, 'push', 'https://example.com/in', 60, 8, 35, 60, 1, :at FROM css.provider"
                " WHERE code = 'BRACKWAT'"
            ),
            {"at": AT_PARTNERS},
        )
    desk.press("Enter")
    assert "It goes to BRACKWAT before the next in turn." in effect(desk)
    desk.press("F6")
    assert "CSS593I" in desk.said
    assert rows(engine, "SELECT resend_sequence::text, '' FROM partners.delivery")[0][0] != ""


def test_news_of_a_partner_reaches_the_list_by_itself(desk: Seat, talk: Talk, engine: Engine, clock: MovingClock) -> None:
    desk.open("/s/PX04")
    say(engine, b"<Nothing/>", AT + timedelta(hours=1))
    clock.at = max(clock.at, AT) if hasattr(clock, "at") else AT
    desk.press("F5")
    assert "CSS510E" in desk.page
    assert talk.unreadable in listed(desk)


@pytest.mark.parametrize(("operator", "status"), [("CLERK", 200), ("SUPERVIS", 200), ("REPAIR", 403), ("BILLING", 403)])
def test_whose_desk_it_is(app: object, engine: Engine, talk: Talk, operator: str, status: int) -> None:
    from tests.web.conftest import seated  # noqa: PLC0415 - beside its one use

    seat = seated(app, engine, operator, AT)  # type: ignore[arg-type]  # the application of the module
    assert seat.open("/s/PX04").status_code == status
    assert seat.open(f"/s/PX03/{talk.done}").status_code == status
