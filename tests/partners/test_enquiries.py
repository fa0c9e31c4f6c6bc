"""Questions of a partner about its orders and lines, and about plant: asked in both ways, and nothing of anybody else's told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Engine, select, update

from css.core.actor import Actor
from css.core.ids import IdKind, make_id
from css.core.words import AddressMatch, LineState, PairState
from css.db.engine import transaction
from css.master.lines import Line, LineBar
from css.master.plant import Pair
from css.master.reference import PARTNER
from css.master.services import ServiceNumber
from css.master.sites import Site
from css.xml import children, find, read_text
from orders.queries.cards import order_card
from orders.queries.reconciling import order_by_reference
from tests import builders
from tests.conftest import QueryCount
from tests.partners.asking import answer_of, ask, codes_of, enquiry
from tests.partners.speaking import (
    AT,
    RIVAL,
    RIVAL_CODE,
    Parts,
    Scene,
    answers_to,
    header,
    opened,
    orders_of,
    outbox,
    result,
    said,
    send,
    stored,
    submit_order,
    takeover,
)


@pytest.fixture
def order(engine: Engine, district: Scene, site: Callable[[], str]) -> str:
    """The number of an order of Brackwater's, placed by the first version."""
    head = header()
    send(engine, submit_order(district.account, site(), head=head))
    (number,) = orders_of(engine, head.message_id)
    return number


def line_of(engine: Engine, district: Scene, address_key: str, *, rival: bool = False, **others: object) -> builders.BuiltLine:
    """A working line of Brackwater's, or of the rival's."""
    with transaction(engine) as session:
        account = builders.built_account(session, district.rival_account if rival else district.account, "")
        where = next(each for each in district.district.gold if each.address_key == address_key)
        return builders.working_line(session, district.district, account, site=where, **others)  # type: ignore[arg-type]


# An order.


def test_an_order_is_told_in_full_with_its_events(engine: Engine, order: str) -> None:
    answer = answer_of(ask(engine, enquiry("QueryOrder", OrderNumber=order)))

    assert said(answer, "Order/OrderNumber") == order
    assert (said(answer, "Order/Kind"), said(answer, "Order/State")) == ("PROVIDE", "COMMITTED")
    assert [read_text(event, "Kind") for event in children(answer, "Events/Event")] == ["ACKNOWLEDGED", "COMMITTED"]
    assert said(answer, "AnsweredAt") == "2026-03-02T10:00:00Z"


def test_an_order_is_told_without_its_events_where_they_are_not_wanted(engine: Engine, order: str) -> None:
    answer = answer_of(ask(engine, enquiry("QueryOrder", OrderNumber=order, WithEvents="false")))
    assert [part.tag.rpartition("}")[2] for part in answer] == ["AnsweredAt", "Order"]
    assert said(answer, "Order/OrderNumber") == order


def test_an_order_is_found_by_the_partners_own_reference(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    send(engine, submit_order(district.account, site(), head=head))
    answer = answer_of(ask(engine, enquiry("QueryOrder", CustomerReference=f"PO-{head.message_id}")))
    assert [said(answer, "Order/OrderNumber")] == orders_of(engine, head.message_id)


def test_a_question_sent_as_a_message_is_answered_in_the_outbox(engine: Engine, order: str) -> None:
    head = header()
    assert result(send(engine, enquiry("QueryOrder", OrderNumber=order, head=head))) == "RECEIVED"
    (body,) = answers_to(engine, head.conversation_id)
    root = opened(body)
    assert said(root, "Header/RefToMessageId") == head.message_id
    assert said(root, "Answer/Order/OrderNumber") == order
    assert stored(engine, head.message_id).state.value == "done"


def test_a_refused_question_is_answered_by_its_own_document(engine: Engine) -> None:
    head = header()
    assert result(send(engine, enquiry("QueryOrder", OrderNumber="ZZO99999990", head=head))) == "RECEIVED"
    (body,) = answers_to(engine, head.conversation_id)
    assert said(opened(body), "Header/MessageType") == "OrderSnapshot"
    assert codes_of(body) == [("CSS054E", "QueryOrder/Query/OrderNumber")]
    assert stored(engine, head.message_id).state.value == "refused"


@pytest.mark.parametrize("both", [False, True])
def test_an_order_is_named_in_one_way_and_one_alone(engine: Engine, both: bool) -> None:
    question = enquiry("QueryOrder", OrderNumber="ZZO00000018", CustomerReference="PO-1") if both else enquiry("QueryOrder")
    element = "CustomerReference" if both else "OrderNumber"
    assert codes_of(ask(engine, question)) == [("CSS529E", f"QueryOrder/Query/{element}")]


def test_an_unsolicited_cease_is_told_to_who_loses_and_not_who_gains(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    line = line_of(engine, district, site())
    head = header(sender=RIVAL)
    send(engine, takeover(district.rival_account, line.site.address_key, head=head), RIVAL_CODE)
    created = [root for root in outbox(engine) if said(root, "Update/Order/TelephoneNumber") == f"+{line.number}"]
    number = said(created[0], "Update/Order/OrderNumber")

    answer = answer_of(ask(engine, enquiry("QueryOrder", OrderNumber=number)))
    listed = answer_of(ask(engine, enquiry("ListMyOpenOrders", Limit="1000")))

    assert (said(answer, "Order/Kind"), said(answer, "Order/Unsolicited")) == ("CEASE", "true")
    (row,) = [row for row in children(listed, "OpenOrders/OpenOrder") if read_text(row, "OrderNumber") == number]
    assert read_text(row, "Unsolicited") == "true"
    (gaining,) = orders_of(engine, head.message_id)
    body = ask(engine, enquiry("QueryOrder", OrderNumber=number)).body + ask(engine, enquiry("ListMyOpenOrders", Limit="1000")).body
    assert gaining.encode() not in body
    assert district.rival_account.encode() not in body


@pytest.mark.parametrize("way", ["OrderNumber", "CustomerReference"])
def test_anothers_order_and_one_that_nobody_has_look_alike(
    engine: Engine, district: Scene, site: Callable[[], str], query_count: Callable[[], AbstractContextManager[QueryCount]], way: str
) -> None:
    head = header(sender=RIVAL)
    send(engine, submit_order(district.rival_account, site(), head=head), RIVAL_CODE)
    (number,) = orders_of(engine, head.message_id)
    theirs = {"OrderNumber": number, "CustomerReference": f"PO-{head.message_id}"}[way]
    nobodys = {"OrderNumber": make_id("ZZ", IdKind.ORDER, 9_999_999), "CustomerReference": f"PO-{header().message_id}"}[way]

    told, sent = [], []
    for name in (theirs, nobodys):
        with query_count() as counted:
            answer = ask(engine, enquiry("QueryOrder", None, head=None, **{way: name}))
        told.append((answer.status, codes_of(answer), said(answer_of(answer), "Errors/Error/Text").replace(name, "it")))
        sent.append(counted.statements)

    assert told[0] == told[1]
    assert told[0][:2] == (200, [("CSS202E", f"QueryOrder/Query/{way}")])
    assert sent[0] == sent[1]


def test_two_partners_may_call_their_orders_alike_and_each_finds_its_own(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    mine, theirs = header(), header(sender=RIVAL)
    send(engine, submit_order(district.account, site(), head=mine, CustomerReference="SAME-1"))
    send(engine, submit_order(district.rival_account, site(), head=theirs, CustomerReference="SAME-1"), RIVAL_CODE)
    # Without the wall: the query itself must know whose order it is.
    with transaction(engine) as session:
        numbers = {code: order_by_reference(session, "SAME-1", by=Actor("partner", code, code)) for code in (PARTNER, RIVAL_CODE)}
        accounts = {code: order_card(session, number, by=builders.OPERATOR).account_number for code, number in numbers.items()}
    assert accounts == {PARTNER: district.account, RIVAL_CODE: district.rival_account}


# Open orders, page by page.


def walk(engine: Engine, message_type: str, entry: str, number: str, provider_code: str = PARTNER, *, limit: int = 2) -> list[str]:
    """Every number of a list, a page at a time."""
    numbers: list[str] = []
    while True:
        after = {"AfterNumber": numbers[-1]} if numbers else {}
        head = header(sender=RIVAL) if provider_code == RIVAL_CODE else header()
        answer = answer_of(ask(engine, enquiry(message_type, None, head=head, **after, Limit=str(limit)), provider_code))
        page = [said(each, number) for each in children(answer, entry)]
        assert said(answer, "Count") == str(len(page))
        numbers += page
        if said(answer, "Last") == "true":
            return numbers
        assert len(page) == limit


def test_open_orders_are_walked_in_pages_complete_and_in_order(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    mine = []
    for _ in range(5):
        head = header()
        send(engine, submit_order(district.account, site(), head=head))
        mine += orders_of(engine, head.message_id)

    walked = walk(engine, "ListMyOpenOrders", "OpenOrders/OpenOrder", "OrderNumber")

    assert set(mine) <= set(walked)
    assert walked == sorted(set(walked))
    assert not set(walked) & set(walk(engine, "ListMyOpenOrders", "OpenOrders/OpenOrder", "OrderNumber", RIVAL_CODE))


def test_an_open_order_says_what_a_partners_books_are_compared_by(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head, where = header(), site()
    send(engine, submit_order(district.account, where, head=head))
    (number,) = orders_of(engine, head.message_id)
    answer = answer_of(ask(engine, enquiry("ListMyOpenOrders", Limit="1000", AccountNumber=district.account)))
    (row,) = [row for row in children(answer, "OpenOrders/OpenOrder") if read_text(row, "OrderNumber") == number]
    assert {part.tag.rpartition("}")[2]: part.text for part in row} == {
        "OrderNumber": number,
        "CustomerReference": f"PO-{head.message_id}",
        "ConversationId": head.conversation_id,
        "Kind": "PROVIDE",
        "State": "COMMITTED",
        "AccountNumber": district.account,
        "TelephoneNumber": read_text(row, "TelephoneNumber"),
        "AddressKey": where,
        "RequiredDate": "2026-03-23",
        "TargetDate": "2026-03-23",
        "CommittedDate": "2026-03-23",
        "PlacedAt": "2026-03-02T10:00:00Z",
        "LastSequenceNo": "2",
    }


# Lines, page by page.


def test_lines_are_walked_in_pages_complete_and_in_order(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    mine = [line_of(engine, district, site()).number for _ in range(5)]
    theirs = line_of(engine, district, site(), rival=True).number

    walked = walk(engine, "ListMyLines", "Lines/Line", "TelephoneNumber")

    assert {f"+{number}" for number in mine} <= set(walked)
    assert walked == sorted(set(walked))
    assert f"+{theirs}" not in walked
    assert f"+{theirs}" in walk(engine, "ListMyLines", "Lines/Line", "TelephoneNumber", RIVAL_CODE)


def test_a_line_says_what_works_on_it(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    line = line_of(engine, district, site(), features=("CALL-WAITING", "CARE-2.5"), care_level="2.5")
    with transaction(engine) as session:
        session.add(LineBar(line_id=line.id, kind="OCB", starts_at=AT, reference="ZZO00000018"))
    answer = answer_of(ask(engine, enquiry("ListMyLines", AfterNumber=f"+{int(line.number) - 1}", Limit="1")))
    (row,) = children(answer, "Lines/Line")
    told = {part.tag.rpartition("}")[2]: "".join(str(piece) for piece in part.itertext()).strip() for part in row}
    assert told == {
        "TelephoneNumber": f"+{line.number}",
        "AccountNumber": district.account,
        "AddressKey": line.site.address_key,
        "Postcode": line.site.postcode,
        "ProductCode": "LINE-WHO",
        "Features": "CALL-WAITING",
        "CareLevel": "2.5",
        "WorksFrom": "2026-03-02",
        "Bars": "OCB",
    }


def test_a_line_names_the_order_of_ones_own_that_is_open_on_it(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    line = line_of(engine, district, site())
    head = header()
    send(
        engine,
        submit_order(
            district.account, line.site.address_key, head=head, Action="CEASE", TelephoneNumber=f"+{line.number}", ProductCode=None
        ),
    )
    answer = answer_of(ask(engine, enquiry("ListMyLines", AfterNumber=f"+{int(line.number) - 1}", Limit="1")))
    assert [said(answer, "Lines/Line/OpenOrder")] == orders_of(engine, head.message_id)


def test_a_line_that_stopped_is_nobodys(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    line = line_of(engine, district, site())
    with transaction(engine) as session:
        session.execute(update(Line).where(Line.id == line.id).values(state=LineState.STOPPED))
    assert f"+{line.number}" not in walk(engine, "ListMyLines", "Lines/Line", "TelephoneNumber", limit=1000)


@pytest.mark.parametrize("message_type", ["ListMyLines", "ListMyOpenOrders"])
def test_the_account_of_another_is_no_account(engine: Engine, district: Scene, message_type: str) -> None:
    for number in (district.rival_account, make_id("ZZ", IdKind.ACCOUNT, 9_999_999)):
        answer = ask(engine, enquiry(message_type, AccountNumber=number))
        assert codes_of(answer) == [("CSS200E", f"{message_type}/Query/AccountNumber")]
        assert said(answer_of(answer), "Errors/Error/Text") == f"There is no account {number}."


# Plant.


def test_the_plant_at_an_address_counts_working_lines_and_names_stopped_ones(
    engine: Engine, district: Scene, site: Callable[[], str]
) -> None:
    where = site()
    theirs = line_of(engine, district, where, rival=True)
    with transaction(engine) as session:
        builders.stopped_line(session, district.district, site=theirs.site)

    answer = ask(engine, enquiry("LinePlantQuery", AddressKey=where))
    plant = answer_of(answer)

    assert (said(plant, "Plant/WorkingLineCount"), said(plant, "Plant/StoppedLineCount")) == ("1", "1")
    assert int(said(plant, "Plant/SparePairCount")) > 0
    assert (said(plant, "Plant/PlantOutcome"), said(plant, "Plant/SurveyedFirst")) == ("RESTART", "false")
    assert theirs.number.encode() not in answer.body
    assert RIVAL_CODE.encode() not in answer.body
    kinds = [read_text(each, "Kind") for each in children(plant, "Plant/FirstDates/FirstDate")]
    visits = {
        (kind, read_text(each, "VisitNeeded")) for kind, each in zip(kinds, children(plant, "Plant/FirstDates/FirstDate"), strict=True)
    }
    twice = {(kind, visit) for kind in ("PROVIDE", "MOVE", "PORT_IN") for visit in ("true", "false")}
    assert visits == twice | {("START", "false"), ("TAKEOVER", "false"), ("TRANSFER", "false")}
    assert len(kinds) == len(visits)
    products = [read_text(each, "ProductCode") for each in children(plant, "Plant/Orderables/Orderable")]
    assert "LINE-WHO" in products
    assert not {"LINE-RES", "LINE-BUS"} & set(products)


def test_a_stopped_line_is_told_with_the_number_it_had(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    where = site()
    line = line_of(engine, district, where, rival=True)
    with transaction(engine) as session:
        session.execute(update(ServiceNumber).where(ServiceNumber.service_id == line.service_id).values(ends_at=AT))
        session.execute(update(Pair).where(Pair.id == line.pair_id).values(state=PairState.STOPPED))
        session.execute(update(Line).where(Line.id == line.id).values(state=LineState.STOPPED, account_id=None))
    plant = answer_of(ask(engine, enquiry("LinePlantQuery", AddressKey=where)))
    assert said(plant, "Plant/StoppedLines/StoppedLine/TelephoneNumber") == f"+{line.number}"
    assert said(plant, "Plant/WorkingLineCount") == "0"


def test_dates_and_visits_are_told_for_the_products_asked_for(engine: Engine, site: Callable[[], str]) -> None:
    where = site()
    wanted: Parts = [("Products", [("ProductCode", "LINE-WHO")]), ("RequiredDate", "2026-04-05")]
    plant = answer_of(ask(engine, enquiry("LinePlantQuery", wanted, AddressKey=where)))
    # A Sunday: promised for the Tuesday after Easter.
    assert said(plant, "Plant/PromisedDate") == "2026-04-07"
    assert said(plant, "Plant/VisitNeeded") == "true"
    assert said(plant, "Plant/EarliestDate") < "2026-03-20"


def test_what_can_be_ordered_is_left_out_where_it_is_not_wanted(engine: Engine, site: Callable[[], str]) -> None:
    where = site()
    long, short = (answer_of(ask(engine, enquiry("LinePlantQuery", AddressKey=where, WithOrderables=each))) for each in ("true", "false"))
    assert find(long, "Plant/Orderables/Orderable") is not None
    assert said(short, "Plant/AddressKey") == where
    assert find(short, "Plant/Orderables") is None
    wanted: Parts = [("Products", [("ProductCode", "NO-SUCH")]), ("WithOrderables", "false")]
    assert codes_of(ask(engine, enquiry("LinePlantQuery", wanted, AddressKey=where)))[0][0] == "CSS531E"


def test_every_product_that_cannot_be_ordered_is_named(engine: Engine, site: Callable[[], str]) -> None:
    wanted: Parts = [("Products", [("ProductCode", code) for code in ("LINE-RES", "LINE-WHO", "NO-SUCH")])]
    answer = ask(engine, enquiry("LinePlantQuery", wanted, AddressKey=site()))
    path = "LinePlantQuery/Query/Products/ProductCode"
    assert codes_of(answer) == [("CSS531E", f"{path}[1]"), ("CSS531E", f"{path}[3]")]


def test_an_address_is_found_by_its_postcode_and_door(engine: Engine, district: Scene) -> None:
    first = district.district.gold[0]
    street = answer_of(ask(engine, enquiry("LinePlantQuery", Postcode=first.postcode)))
    door = answer_of(ask(engine, enquiry("LinePlantQuery", Postcode=first.postcode, Premises="1")))
    assert first.address_key in [read_text(each, "AddressKey") for each in children(street, "AddressesFound/AddressFound")]
    assert said(street, "Plant") == ""
    assert said(door, "Plant/AddressKey") == first.address_key


def test_premises_known_to_the_post_and_to_the_network_are_the_networks(engine: Engine, district: Scene) -> None:
    gold = district.district.gold[2]
    with transaction(engine) as session:
        known = session.execute(select(Site).where(Site.id == gold.id)).scalar_one()
        told = {name: getattr(known, name) for name in ("district_code", "premises", "street", "town", "postcode", "exchange_id")}
        session.add(Site(address_key="S77700000001", match=AddressMatch.SILVER, **told))
    answer = answer_of(ask(engine, enquiry("LinePlantQuery", Postcode=gold.postcode, Premises=known.premises)))
    assert (said(answer, "Plant/AddressKey"), said(answer, "Plant/Match")) == (gold.address_key, "GOLD")
    by_key = answer_of(ask(engine, enquiry("LinePlantQuery", AddressKey="S77700000001")))
    assert (said(by_key, "Plant/Match"), said(by_key, "Plant/SurveyedFirst"), said(by_key, "Plant/SparePairCount")) == (
        "SILVER",
        "true",
        "0",
    )


def test_a_line_of_ones_own_names_its_address_and_another_does_not(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    mine, theirs = line_of(engine, district, site()), line_of(engine, district, site(), rival=True)
    assert (
        said(answer_of(ask(engine, enquiry("LinePlantQuery", TelephoneNumber=f"+{mine.number}"))), "Plant/AddressKey")
        == mine.site.address_key
    )
    path = "LinePlantQuery/Query/TelephoneNumber"
    assert codes_of(ask(engine, enquiry("LinePlantQuery", TelephoneNumber=f"+{theirs.number}"))) == [("CSS106E", path)]
    assert codes_of(ask(engine, enquiry("LinePlantQuery", TelephoneNumber="+441632960999"))) == [("CSS106E", path)]


@pytest.mark.parametrize(
    ("elements", "code", "element"),
    [
        ({}, "CSS529E", "AddressKey"),
        ({"AddressKey": "A99999999999"}, "CSS209E", "AddressKey"),
        ({"AddressKey": "A99999999999", "Postcode": "ZZ1 4AB"}, "CSS529E", "Postcode"),
        ({"AddressKey": "A99999999999", "Premises": "1"}, "CSS529E", "Premises"),
        ({"Postcode": "ZZ99 9ZZ"}, "CSS530E", "Postcode"),
        ({"Postcode": "ZZ99 9ZZ", "Premises": "1"}, "CSS530E", "Premises"),
    ],
)
def test_an_address_nobody_has_is_told_by_what_named_it(engine: Engine, elements: dict[str, str], code: str, element: str) -> None:
    assert codes_of(ask(engine, enquiry("LinePlantQuery", None, head=None, **elements))) == [(code, f"LinePlantQuery/Query/{element}")]
