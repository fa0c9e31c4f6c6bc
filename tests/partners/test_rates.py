"""How many messages a minute: a burst, then a stream, counted once for all processes, and told with the time to wait."""

from __future__ import annotations

import os
from dataclasses import dataclass
from http import HTTPStatus

import pytest
from sqlalchemy import Engine

from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import IssuePartnerKey, issue_key
from css.partners.gateway import create_application
from css.partners.model import DeliveryWay
from css.partners.pages.rates import SLOTS, Rates
from tests.builders import OPERATOR
from tests.partners.hostile import PROVIDE, renewed
from tests.partners.receiving import agree
from tests.partners.speaking import AT, CLOCK, RIVAL, RIVAL_CODE, Scene, codes, header, submit_order


@dataclass
class Hand:
    """A clock that tests move."""

    seconds: float = 1_000

    def __call__(self) -> float:
        return self.seconds


def test_a_minutes_worth_at_once_and_then_a_stream() -> None:
    hand = Hand()
    rates = Rates(hand)
    assert [rates.wait_seconds(7, 60) for _ in range(61)] == [0] * 60 + [1]
    hand.seconds += 0.5
    assert rates.wait_seconds(7, 60) == 1
    hand.seconds += 0.5
    assert (rates.wait_seconds(7, 60), rates.wait_seconds(7, 60)) == (0, 1)
    hand.seconds += 3_600
    assert [rates.wait_seconds(7, 60) for _ in range(61)] == [0] * 60 + [1], "what was not used is no more than a minute's"
    assert rates.wait_seconds(7, 1) == 60, "agreed anew, in force at once"


def test_partners_do_not_use_up_each_others() -> None:
    rates = Rates(Hand())
    for provider_id in (1, 1 + SLOTS, 1 + 2 * SLOTS, 2):
        assert [rates.wait_seconds(provider_id, 2) for _ in range(3)] == [0, 0, 30]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_processes_count_together() -> None:
    rates = Rates(Hand(), is_shared=True)
    reading, writing = os.pipe()
    for _ in range(4):
        if os.fork() == 0:
            may = sum(rates.wait_seconds(7, 100) == 0 for _ in range(50))
            os.write(writing, bytes([may]))
            os._exit(0)
    taken = [os.read(reading, 1)[0] for _ in range(4)]
    for _ in range(4):
        os.wait()
    os.close(reading)
    os.close(writing)
    assert sum(taken) == 100


@pytest.fixture(scope="module")
def keys(engine: Engine, district: Scene) -> dict[str, str]:
    agree(engine, DeliveryWay.PULL, messages_a_minute=3)
    with transaction(engine) as session:
        wanted = [IssuePartnerKey(provider_code=code, words="rate") for code in (PARTNER, RIVAL_CODE)]
        return {each.provider_code: issue_key(session, each, by=OPERATOR, at=AT) for each in wanted}


def test_more_than_agreed_are_told_when_to_come_again(engine: Engine, keys: dict[str, str], district: Scene) -> None:
    client = create_application(engine, CLOCK, rates=Rates(Hand()), handles=False).test_client()

    def post(code: str, data: bytes) -> tuple[int, str | None, list[str]]:
        headers = {"Authorization": f"Bearer {keys[code]}", "Content-Type": "application/xml"}
        answer = client.post("/partner/v1/messages", data=data, headers=headers)
        return answer.status_code, answer.headers.get("Retry-After"), [code for code, _ in codes(answer.data)]

    assert [post(PARTNER, renewed(PROVIDE))[0] for _ in range(3)] == [202] * 3
    assert post(PARTNER, renewed(PROVIDE)) == (HTTPStatus.TOO_MANY_REQUESTS, "20", ["CSS564E"])
    order = submit_order(district.rival_account, district.district.gold[0].address_key, head=header(sender=RIVAL))
    assert post(RIVAL_CODE, order)[0] == 202
    outbox = client.get("/partner/v1/outbox?after=0", headers={"Authorization": f"Bearer {keys[PARTNER]}"})
    assert outbox.status_code in {200, 204}, "what it has to fetch it may fetch"
