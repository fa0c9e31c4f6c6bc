"""Handling what is stored: in order, once, whatever fails, whoever is in the way, wherever the process is killed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import Refused
from css.core.ids import IdKind, make_id
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.intake import handling, inbox
from css.partners.intake.handling import Drained, drain
from css.partners.messages import orders
from css.partners.model import InboxMessage, InboxState
from css.xml import MessageHeader, read_header
from orders.actions import place_order
from orders.commands.orders import OrderPlaced, PlaceOrder
from orders.model import CustomerOrder, KciEvent
from tests.batch.killing import run_child
from tests.partners.speaking import (
    CLOCK,
    RIVAL_CODE,
    Scene,
    answers_to,
    codes,
    header,
    opened,
    orders_of,
    outbox,
    said,
    scene,
    send,
    stored,
    submit_order,
    told,
)


def test_a_refusal_by_rule_is_told_with_every_reason_and_leaves_no_order(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head, where = header(), site()
    data = submit_order(
        district.account, where, head=head, Feature="CALLER-DISPLAY NO-SUCH", NumberChoice="+441632200001", RequiredDate="2026-03-03"
    )

    assert send(engine, data).status == 202

    (body,) = answers_to(engine, head.conversation_id)
    refusal = opened(body)
    assert said(refusal, "Update/Kind") == "ORDER_REJECTED"
    assert read_header(refusal).ref_to_message_id == head.message_id
    assert (said(refusal, "Update/Order/State"), said(refusal, "Update/Order/AddressKey")) == ("REJECTED", where)
    assert said(refusal, "Update/Order/OrderNumber") == ""
    found = codes(body)
    assert {path for _, path in found} == {
        "SubmitOrder/Order/Features/Feature[2]/ProductCode",
        "SubmitOrder/Order/NumberChoice",
        "SubmitOrder/Order/RequiredDate",
    }
    row = stored(engine, head.message_id)
    assert (row.state, row.outcome_code, row.handled_at) == (InboxState.REFUSED, found[0][0], CLOCK.now())
    assert orders_of(engine, head.message_id) == []
    assert send(engine, data).status == 200


@pytest.mark.parametrize("action", ["MODIFY", "MOVE"])
def test_what_is_not_offered_yet_is_refused_in_words(engine: Engine, district: Scene, site: Callable[[], str], action: str) -> None:
    head = header()
    assert send(engine, submit_order(district.account, site(), head=head, Action=action, TelephoneNumber="+441632960123")).status == 202
    (body,) = answers_to(engine, head.conversation_id)
    assert codes(body) == [("CSS239E", "SubmitOrder/Order/Action")]
    assert action in said(opened(body), "Update/Errors/Error/Text")
    assert stored(engine, head.message_id).state is InboxState.REFUSED


def test_a_line_is_provided_and_ceased_by_messages(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    """A cease of what is only planned is refused, as it would be at the desk."""
    provide, cease = header(), header()
    send(engine, submit_order(district.account, site(), head=provide))
    number = said(opened(answers_to(engine, provide.conversation_id)[-1]), "Update/Order/TelephoneNumber")
    send(
        engine,
        submit_order(district.account, "", head=cease, Action="CEASE", AddressKey=None, ProductCode=None, TelephoneNumber=number),
    )
    (body,) = answers_to(engine, cease.conversation_id)
    assert codes(body) == [("CSS230E", "SubmitOrder/Order/TelephoneNumber")]


def test_a_partners_account_is_to_another_as_if_it_were_not_there(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    where, absent = site(), make_id("ZZ", IdKind.ACCOUNT, 9_999_999)
    bodies = []
    for account in (district.rival_account, absent):
        head = header()
        send(engine, submit_order(account, where, head=head, CustomerReference="A"))
        (body,) = answers_to(engine, head.conversation_id)
        assert codes(body) == [("CSS200E", "SubmitOrder/Order/AccountNumber")]
        for own in (account, head.message_id, head.conversation_id, read_header(opened(body)).message_id):
            body = body.replace(own.encode(), b"...")
        bodies.append(body)
    assert bodies[0] == bodies[1]
    assert outbox(engine, RIVAL_CODE) == [], "and the other hears nothing of it"


def test_the_order_is_the_partners_deed(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    send(engine, submit_order(district.account, site(), head=head))
    (number,) = orders_of(engine, head.message_id)
    with engine.connect() as connection:
        event = connection.execute(text("SELECT * FROM css.audit_event WHERE subject_number = :n"), {"n": number}).one()
    assert (event.actor_kind, event.actor_name, event.provider_code, event.door) == ("partner", PARTNER, PARTNER, "XML")


def failing(_session: Session, _command: PlaceOrder, **_: object) -> OrderPlaced:
    msg = "a fault of ours"
    raise RuntimeError(msg)


def test_a_fault_of_ours_leaves_the_message_waiting_and_lets_the_next_one_pass(
    engine: Engine, district: Scene, site: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ill, well = header(), header()
    with monkeypatch.context() as broken:
        broken.setattr(orders, "place_order", failing)
        assert send(engine, submit_order(district.account, site(), head=ill)).status == 202
    row = stored(engine, ill.message_id)
    assert (row.state, row.outcome_code, row.handled_at) == (InboxState.RECEIVED, "CSS555E", None)

    send(engine, submit_order(district.account, site(), head=well))

    assert len(orders_of(engine, well.message_id)) == 1
    assert orders_of(engine, ill.message_id) == [], "a request does not try again what failed before"
    assert drain(engine, clock=CLOCK) == Drained(done=1)
    assert len(orders_of(engine, ill.message_id)) == 1
    row = stored(engine, ill.message_id)
    assert (row.state, row.outcome_code) == (InboxState.DONE, None)


def test_drain_counts_what_it_must_leave(engine: Engine, district: Scene, site: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(orders, "place_order", failing)
        send(engine, submit_order(district.account, site()))
        assert drain(engine, clock=CLOCK) == Drained(left=1)
        assert drain(engine, clock=CLOCK, provider_code=RIVAL_CODE) == Drained()
    assert drain(engine, clock=CLOCK, provider_code=PARTNER) == Drained(done=1)


def test_what_waits_is_done_in_the_order_it_came(
    engine: Engine, district: Scene, site: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = [header() for _ in range(3)]
    with monkeypatch.context() as stopped:
        stopped.setattr(inbox, "work_lane", lambda *_args, **_kwargs: None)
        for head in heads[:2]:
            send(engine, submit_order(district.account, site(), head=head))
    assert orders_of(engine, heads[0].message_id) == []

    send(engine, submit_order(district.account, site(), head=heads[2]))

    conversations = [read_header(root).conversation_id for root in outbox(engine)]
    assert conversations[-6:] == [head.conversation_id for head in heads for _ in range(2)]


def test_a_partner_whose_lane_is_held_is_answered_and_waits(
    engine: Engine, district: Scene, site: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "LANE_WAIT", "20ms")
    head = header()
    with engine.connect() as other, other.begin():
        other.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"partners.lane/{PARTNER}", 0))))
        assert send(engine, submit_order(district.account, site(), head=head)).status == 202
        row = stored(engine, head.message_id)
        assert (row.state, row.outcome_code) == (InboxState.RECEIVED, None)
    assert drain(engine, clock=CLOCK) == Drained(done=1)


def test_a_deadlock_is_begun_again_and_has_one_effect(
    engine: Engine, district: Scene, site: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    head = header()
    tries = []

    def unlucky(session: Session, command: PlaceOrder, *, by: Actor, at: datetime) -> OrderPlaced:
        answer = place_order(session, command, by=by, at=at)
        tries.append(answer)
        if len(tries) == 1:
            session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$"))
        return answer

    monkeypatch.setattr(orders, "place_order", unlucky)
    send(engine, submit_order(district.account, site(), head=head))

    assert len(tries) == 2
    assert len(orders_of(engine, head.message_id)) == 1
    assert len(answers_to(engine, head.conversation_id)) == 2


def test_what_a_refused_verb_wrote_is_taken_back(
    engine: Engine, district: Scene, site: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    head = header()

    def late_refusal(session: Session, command: PlaceOrder, *, by: Actor, at: datetime) -> OrderPlaced:
        place_order(session, command, by=by, at=at)
        raise Refused("CSS239E", "On second thoughts, no.", element="number")

    monkeypatch.setattr(orders, "place_order", late_refusal)
    send(engine, submit_order(district.account, site(), head=head))

    assert orders_of(engine, head.message_id) == []
    assert told(engine, head.conversation_id) == ["ORDER_REJECTED"]
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM css.command_answer WHERE token = :t"), {"t": head.message_id}).scalar() == 0


def test_killed_at_every_durable_point_nothing_is_lost_or_done_twice(fresh_engine: Engine, tmp_path: Path) -> None:
    with transaction(fresh_engine) as session:
        where = scene(session, sites=20)
    url = fresh_engine.url.render_as_string(hide_password=False)

    def child(number: int, kill_at: int) -> tuple[subprocess.CompletedProcess[str], MessageHeader, Path]:
        head = header()
        file = tmp_path / f"{number}.xml"
        file.write_bytes(submit_order(where.account, where.district.gold[number].address_key, head=head))
        return run_child("tests.partners.one_message", [url, str(file)], kill_at=kill_at), head, file

    undisturbed, head, _ = child(0, 0)
    assert undisturbed.returncode == 0, undisturbed.stderr
    status, points = undisturbed.stdout.split()
    assert status == "202"
    assert int(points) == 4, "before and after each of two commits: receipt, handling"

    for point in range(1, int(points) + 1):
        died, head, file = child(point, point)
        assert died.returncode == -9, died.stderr
        # The partner had no answer, so it sends the same bytes again; or it does not, and the next round finds it.
        if point % 2:
            again = send(fresh_engine, file.read_bytes())
            assert again.status in {200, 202}
        else:
            drain(fresh_engine, clock=CLOCK)
            if not orders_of(fresh_engine, head.message_id):
                assert send(fresh_engine, file.read_bytes()).status == 202, "nothing had been stored, so nothing was promised"
        assert len(orders_of(fresh_engine, head.message_id)) == 1
        assert told(fresh_engine, head.conversation_id) == ["ACKNOWLEDGED", "COMMITTED"]
        assert send(fresh_engine, file.read_bytes()).status == 200

    with transaction(fresh_engine) as session:
        assert session.execute(select(func.count()).select_from(CustomerOrder)).scalar() == int(points) + 1
        assert session.execute(select(func.count()).select_from(KciEvent)).scalar() == 2 * (int(points) + 1)
        assert session.execute(select(func.count()).where(InboxMessage.state != InboxState.DONE)).scalar() == 0
        sequences = session.execute(text("SELECT array_agg(sequence ORDER BY sequence) FROM css.outbox_message")).scalar_one()
        assert sequences == list(range(1, len(sequences) + 1)), "no number of the outbox is lost"
