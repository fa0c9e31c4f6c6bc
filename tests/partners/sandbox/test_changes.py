"""What answers amendments and cancellations in a test area: the real rules, and what a scenario refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from css.xml import MessageHeader
from tests.partners.sandbox.at_area import Area, order
from tests.partners.speaking import Parts, amendment, cancellation, codes, header, opened, said

REASON = ("Reason", "no longer wanted")


def sent(area: Area) -> MessageHeader:
    return replace(header(), created_at=area.watch.at)


def test_an_amended_order_goes_on_as_amended(area: Area) -> None:
    number = area.placed(103)
    assert area.post(amendment(number, ("RequiredDate", "2026-04-01"), ("VisitNotes", "Ring twice"), head=sent(area))).status_code == 202
    (amended,) = area.documents()
    assert said(amended, "Update/Kind") == "AMENDED"
    assert said(amended, "Update/Order/TargetDate") == "2026-04-01"
    assert said(amended, "Update/Order/VisitNotes") == "Ring twice"
    area.later(60)
    last = area.documents()[-1]
    assert said(last, "Update/Kind") == "COMPLETED"
    assert said(last, "Update/Order/DoneDate") == "2026-04-07"  # two working days after 1 April, over Good Friday and Easter Monday


def test_what_a_message_brought_about_names_it_and_what_happens_by_itself_does_not(area: Area) -> None:
    head = sent(area)
    assert area.post(order(103, head=head)).status_code == 202
    taken, promised = area.documents()
    assert {said(root, "Header/RefToMessageId") for root in (taken, promised)} == {head.message_id}
    again = sent(area)
    number = said(taken, "Update/Order/OrderNumber")
    assert area.post(amendment(number, ("VisitNotes", "Ring twice"), head=again)).status_code == 202
    (amended,) = area.documents()
    assert said(amended, "Header/RefToMessageId") == again.message_id
    area.later(60)
    assert {said(root, "Header/RefToMessageId") for root in area.documents()} == {""}


def test_an_amendment_meets_the_real_rules_all_at_once(area: Area) -> None:
    number = area.placed(4)
    parts: Parts = [("RequiredDate", "2026-03-16"), ("Features", [("Feature", [("ProductCode", "NO-SUCH")])])]
    assert area.post(amendment(number, *parts, head=sent(area))).status_code == 202
    (answer,) = area.fetch()
    assert said(opened(answer.data), "Update/Kind") == "AMENDMENT_REJECTED"
    assert {code for code, _ in codes(answer.data)} == {"CSS295E", "CSS211E"}


def test_a_cancelled_order_is_heard_of_no_more(area: Area) -> None:
    number = area.placed(103)
    area.later(20)
    assert area.told() == ["DELAY"]
    assert area.post(cancellation(number, REASON, head=sent(area))).status_code == 202
    area.later(3600)
    assert area.told() == ["CANCELLED"]
    assert area.post(cancellation(number, REASON, head=sent(area))).status_code == 202
    (answer,) = area.fetch()
    assert codes(answer.data) == [("CSS205E", "CancelOrder/Cancellation/OrderNumber")]


@pytest.mark.parametrize(
    ("number", "amended", "cancelled"),
    [(601, "CSS295E", None), (602, None, "CSS206E"), (603, "CSS206E", "CSS206E"), (604, "CSS818E", None)],
)
def test_a_scenario_refuses_a_change_of_mind(area: Area, number: int, amended: str | None, cancelled: str | None) -> None:
    placed = area.placed(number)
    for message, code, kind, yes in (
        (amendment(placed, ("VisitNotes", "Ring twice"), head=sent(area)), amended, "AMENDMENT_REJECTED", "AMENDED"),
        (cancellation(placed, REASON, head=sent(area)), cancelled, "CANCELLATION_REJECTED", "CANCELLED"),
    ):
        assert area.post(message).status_code == 202
        (answer,) = area.fetch()
        assert said(opened(answer.data), "Update/Kind") == (kind if code else yes)
        assert [each for each, _ in codes(answer.data)] == ([code] if code else [])


def test_an_order_that_is_not_there_is_told_as_in_earnest(area: Area, rival: Area) -> None:
    theirs = area.placed(4)
    message = cancellation(theirs, REASON).replace(b"999900123", b"999900456")
    assert rival.post(message).status_code == 202
    (answer,) = rival.fetch()
    assert codes(answer.data) == [("CSS202E", "CancelOrder/Cancellation/OrderNumber")]
    assert said(opened(answer.data), "Update/Order/OrderNumber") == ""


def test_a_lost_line_is_kept_by_who_stops_it(area: Area) -> None:
    area.placed(652)
    area.later(10)
    (created,) = area.documents()
    lost = said(created, "Update/Order/OrderNumber")
    assert area.post(cancellation(lost, REASON, head=sent(area))).status_code == 202
    (answer,) = area.fetch()
    assert [code for code, _ in codes(answer.data)] == ["CSS255E"]
    assert area.post(cancellation(lost, ("CancelOtherReason", "SLAMMING"), head=sent(area))).status_code == 202
    area.later(3600)
    (stopped,) = area.documents()
    assert said(stopped, "Update/Kind") == "CANCELLED"


def test_what_nobody_was_told_of_is_not_there_yet(area: Area) -> None:
    own = area.placed(652)
    lost = f"{own[:9]}2"
    for last in range(10):
        assert area.post(cancellation(f"{lost}{last}"[:11], ("CancelOtherReason", "SLAMMING"), head=sent(area))).status_code == 202
    answered = {code for answer in area.fetch() for code, _ in codes(answer.data)}
    assert answered == {"CSS054E", "CSS202E"}


def test_the_rules_of_an_order_are_the_real_ones_and_all_at_once(area: Area) -> None:
    parts = [("ProductCode", "NO-SUCH"), ("RequiredDate", "2026-03-02"), ("CustomerReference", "-bad"), ("AccountNumber", "SXA00000001")]
    assert area.post(order(0, parts=parts)).status_code == 202  # type: ignore[arg-type]  # a list of texts
    (answer,) = area.fetch()
    assert {code for code, _ in codes(answer.data)} == {"CSS211E", "CSS213E", "CSS220E", "CSS054E"}
    assert ("CSS211E", "SubmitOrder/Order/ProductCode") in codes(answer.data)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([("AddressKey", "A00000012345")], "CSS209E"),
        ([("LinkedOrder", "SXO00000019")], "CSS280E"),
        ([("QuoteNumber", "ZZZ00001234")], "CSS830E"),
        ([("CareLevel", "9")], "CSS217E"),
        ([("Kind", "TAKEOVER")], "CSS250E"),
    ],
)
def test_what_is_not_of_a_test_area_is_not_there(area: Area, parts: list[tuple[str, str]], code: str) -> None:
    assert area.post(order(0, parts=list(parts))).status_code == 202
    (answer,) = area.fetch()
    assert code in [each for each, _ in codes(answer.data)]


def test_a_reference_is_used_once(area: Area) -> None:
    parts = [("CustomerReference", "PO-1")]
    area.placed(4, parts=list(parts))
    assert area.post(order(4, parts=list(parts))).status_code == 202
    (answer,) = area.fetch()
    assert codes(answer.data) == [("CSS208E", "SubmitOrder/Order/CustomerReference")]
    area.reset()
    area.placed(4, parts=list(parts))


def test_orders_may_be_linked(area: Area) -> None:
    first = area.placed(4)
    assert area.post(order(4, parts=[("LinkedOrder", first)])).status_code == 202
    (taken, _) = area.documents()
    assert said(taken, "Update/Order/LinkedOrder") == first


def test_messages_of_another_day_are_turned_away(area: Area) -> None:
    assert area.post(order(0, head=replace(header(), created_at=area.watch.at + timedelta(hours=1)))).status_code == 400
    assert area.post(order(0, head=replace(header(), created_at=area.watch.at - timedelta(days=40)))).status_code == 400
