"""A partner's message takes over a working line: who loses it is told, may stop it until the point of no return, and no longer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import aliased

from css.db.engine import transaction
from css.master.lines import Line
from css.master.providers import Provider
from css.master.reference import PARTNER
from css.xml import Element, MessageHeader, read_header
from orders.actions import place_order
from orders.model import CustomerOrder
from orders.queries.cards import order_card
from orders.words import KciKind, OrderKind
from tests import builders
from tests.builders import BuiltAccount, BuiltLine
from tests.partners.speaking import (
    AT,
    BRACKWATER,
    RIVAL,
    RIVAL_CODE,
    Parts,
    Scene,
    amendment,
    cancellation,
    codes,
    header,
    message_2,
    outbox,
    said,
    scene,
    send,
    submit_order,
    takeover,
)
from tests.records.ordering import a_provide, complete, stream

TAKEN = date(2026, 3, 9)
NO_RETURN = datetime(2026, 3, 6, 16, tzinfo=UTC)
"""Two working days before the day of the takeover, at 16:00 in London, which in March is 16:00."""
JUST_BEFORE = NO_RETURN - timedelta(microseconds=1)
STOPPED: Parts = [("CancelOtherReason", "NOT_MOVING"), ("Reason", "She stays.")]


@dataclass(frozen=True)
class Stage:
    """A working line of somebody's, and a partner who orders at it."""

    engine: Engine
    where: Scene
    line: BuiltLine
    leaver: BuiltAccount
    mover: str

    def takes_over(self, *, head: MessageHeader | None = None, required_on: str = "2026-03-09") -> str:
        """The partner's order takes the line; its number."""
        data = takeover(self.mover, self.line.site.address_key, number=self.line.number, head=head, required_on=required_on)
        assert send(self.engine, data).status == 202
        return said(outbox(self.engine)[-1], "Update/Order/OrderNumber")

    def cease_of(self, order_number: str) -> str:
        with transaction(self.engine) as session:
            cause = aliased(CustomerOrder)
            statement = select(CustomerOrder.number).join(cause, cause.id == CustomerOrder.caused_by_id)
            return session.execute(statement.where(cause.number == order_number)).scalar_one()

    def kinds(self, order_number: str) -> list[KciKind]:
        with transaction(self.engine) as session:
            return stream(session, order_number)

    def done(self, order_number: str) -> None:
        with transaction(self.engine) as session:
            complete(session, order_number, TAKEN)

    def provider(self) -> str:
        """Whose the line is now."""
        with transaction(self.engine) as session:
            return session.execute(
                select(Provider.code).join(Line, Line.provider_id == Provider.id).where(Line.id == self.line.id)
            ).scalar_one()


def stage(engine: Engine, loser: str) -> Stage:
    with transaction(engine) as session:
        where = scene(session)
        leaver = builders.account(session, where.district, provider_code=loser)
        line = builders.working_line(session, where.district, leaver, features=("CALLER-DISPLAY",))
        return Stage(engine, where, line, leaver, where.account)


def told(engine: Engine, provider_code: str = PARTNER) -> list[tuple[str, str, str]]:
    """Kind, order and state of every document that was told."""
    return [
        (said(root, "Update/Kind"), said(root, "Update/Order/OrderNumber"), said(root, "Update/Order/State"))
        for root in outbox(engine, provider_code)
    ]


def namespace(root: Element) -> str:
    return str(root.tag)[1:].partition("}")[0]


def no_gap(engine: Engine, provider_code: str) -> bool:
    """Whether the events of every order that a partner was told of count from 1 without a gap, in update and header."""
    streams: dict[str, list[str]] = {}
    for root in outbox(engine, provider_code):
        number = said(root, "Update/SequenceNo")
        assert said(root, "Header/SequenceNo") == number
        if number and said(root, "Update/Kind") != "ORDER_REJECTED":
            streams.setdefault(said(root, "Update/Order/OrderNumber"), []).append(number)
    return all(numbers == [str(n) for n in range(1, len(numbers) + 1)] for numbers in streams.values())


def by_rival(data: bytes) -> bytes:
    """The same message from the other partner."""
    return data.replace(BRACKWATER.id.encode(), RIVAL.id.encode())


def test_a_line_of_the_own_retail_arm_passes_to_a_partner(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, "RETAIL")
    order = it.takes_over()
    cease = it.cease_of(order)
    assert it.kinds(cease) == [KciKind.CREATED]
    with transaction(fresh_engine) as session:
        assert {event.told for event in order_card(session, cease, by=builders.CLERK).kci} == {("contact",)}

    it.done(order)

    assert it.provider() == PARTNER
    assert it.kinds(cease) == [KciKind.CREATED, KciKind.COMPLETED]
    assert told(fresh_engine) == [
        ("ACKNOWLEDGED", order, "ACKNOWLEDGED"),
        ("COMMITTED", order, "COMMITTED"),
        ("COMPLETED", order, "COMPLETED"),
    ]
    last = outbox(fresh_engine)[-1]
    assert [said(last, f"Update/Order/{name}") for name in ("Kind", "TelephoneNumber", "DoneDate", "Consent/GivenBy")] == [
        "TAKEOVER",
        f"+{it.line.number}",
        "2026-03-09",
        "Ben Marlow",
    ]
    assert {namespace(root) for root in outbox(fresh_engine)} == {"urn:css:order:2"}
    assert no_gap(fresh_engine, PARTNER)


def test_another_partner_sees_the_unsolicited_cease_and_who_takes_the_line_is_not_in_it(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, RIVAL_CODE)
    head = header()
    order = it.takes_over(head=head)
    cease = it.cease_of(order)
    it.done(order)

    assert told(fresh_engine, RIVAL_CODE) == [("CREATED", cease, "COMMITTED"), ("COMPLETED", cease, "COMPLETED")]
    assert [kind for kind, _, _ in told(fresh_engine)] == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
    assert no_gap(fresh_engine, PARTNER)
    assert no_gap(fresh_engine, RIVAL_CODE)
    for root in outbox(fresh_engine, RIVAL_CODE):
        assert said(root, "Update/Order/AccountNumber") == it.leaver.number
        seen = " ".join(str(text) for text in root.itertext())
        for secret in (order, it.mover, PARTNER, BRACKWATER.id, "Marlow", head.conversation_id):
            assert secret not in seen


def test_just_before_the_point_of_no_return_the_loser_stops_both(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, RIVAL_CODE)
    order = it.takes_over()
    cease = it.cease_of(order)

    assert send(fresh_engine, by_rival(cancellation(cease, *STOPPED)), RIVAL_CODE, at=JUST_BEFORE).status == 202

    assert told(fresh_engine, RIVAL_CODE)[-1] == ("CANCELLED", cease, "CANCELLED")
    assert told(fresh_engine)[-1] == ("TERMINATED", order, "TERMINATED")
    assert said(outbox(fresh_engine)[-1], "Update/ProblemCode") == "NO_LONGER_REQUIRED"
    assert it.provider() == RIVAL_CODE
    assert no_gap(fresh_engine, PARTNER)
    assert no_gap(fresh_engine, RIVAL_CODE)


def test_from_the_point_of_no_return_it_goes_its_way(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, RIVAL_CODE)
    order = it.takes_over()
    cease = it.cease_of(order)
    head = header(sender=RIVAL)

    assert send(fresh_engine, cancellation(cease, *STOPPED, head=head), RIVAL_CODE, at=NO_RETURN).status == 202

    answer = outbox(fresh_engine, RIVAL_CODE)[-1]
    assert [said(answer, f"Update/{name}") for name in ("Kind", "Errors/Error/Code", "SequenceNo")] == [
        "CANCELLATION_REJECTED",
        "CSS206E",
        "",
    ]
    assert "Action too late to be performed" in said(answer, "Update/Errors/Error/Text")
    assert said(answer, "Update/Errors/Error/Path") == "CancelOrder/Cancellation/OrderNumber"
    assert [said(answer, f"Update/Order/{name}") for name in ("OrderNumber", "State", "Unsolicited", "CeaseReason", "NoReturnAt")] == [
        cease,
        "COMMITTED",
        "true",
        "LO",
        "2026-03-06T16:00:00Z",
    ]
    assert (read_header(answer).ref_to_message_id, read_header(answer).conversation_id) == (head.message_id, head.conversation_id)
    it.done(order)
    assert it.provider() == PARTNER
    assert it.kinds(cease) == [KciKind.CREATED, KciKind.COMPLETED]
    assert no_gap(fresh_engine, RIVAL_CODE), "a refusal takes no number of the stream"


def test_the_gainer_cancels_its_own_until_the_point_of_no_return_and_the_cease_ends_with_it(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, RIVAL_CODE)
    order = it.takes_over()
    cease = it.cease_of(order)
    send(fresh_engine, cancellation(order, ("Reason", "Not moving after all.")), at=NO_RETURN)
    assert [said(outbox(fresh_engine)[-1], f"Update/{name}") for name in ("Kind", "Errors/Error/Code")] == [
        "CANCELLATION_REJECTED",
        "CSS206E",
    ]

    data = cancellation(order, ("Reason", "Not moving after all."))
    send(fresh_engine, data, at=JUST_BEFORE)

    assert told(fresh_engine)[-1] == ("CANCELLED", order, "CANCELLED")
    assert said(outbox(fresh_engine)[-1], "Update/Text") == "Not moving after all."
    assert told(fresh_engine, RIVAL_CODE) == [("CREATED", cease, "COMMITTED"), ("CANCELLED", cease, "CANCELLED")]
    assert it.provider() == RIVAL_CODE
    assert send(fresh_engine, data, at=JUST_BEFORE).status == 200, "and the same message again does nothing"
    assert no_gap(fresh_engine, PARTNER)


def test_a_later_day_by_amendment_moves_the_cease_too(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, RIVAL_CODE)
    order = it.takes_over()
    cease = it.cease_of(order)

    send(fresh_engine, amendment(order, ("RequiredDate", "2026-03-11"), ("HazardNotes", "Dog in the yard")))

    last = outbox(fresh_engine)[-1]
    assert told(fresh_engine)[-1] == ("AMENDED", order, "COMMITTED")
    assert [
        said(last, f"Update/Order/{name}") for name in ("RequiredDate", "TargetDate", "CommittedDate", "HazardNotes", "NoReturnAt")
    ] == [
        "2026-03-11",
        "2026-03-11",
        "2026-03-09",
        "Dog in the yard",
        "2026-03-10T16:00:00Z",
    ]
    assert told(fresh_engine, RIVAL_CODE)[-1] == ("REAPPOINTED", cease, "COMMITTED")
    assert said(outbox(fresh_engine, RIVAL_CODE)[-1], "Update/Order/TargetDate") == "2026-03-11"


def test_an_unsolicited_cease_is_stopped_by_a_reason_of_the_list_only(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, RIVAL_CODE)
    cease = it.cease_of(it.takes_over())
    tried: list[tuple[Parts, str, str]] = [
        ([("Reason", "We keep it.")], "CSS255E", "OrderNumber"),
        ([], "CSS864E", "Reason"),
        ([("CancelOtherReason", "NEVER")], "CSS865E", "CancelOtherReason"),
    ]
    for parts, code, element in tried:
        send(fresh_engine, by_rival(cancellation(cease, *parts)), RIVAL_CODE)
        answer = outbox(fresh_engine, RIVAL_CODE)[-1]
        assert [said(answer, f"Update/{name}") for name in ("Kind", "Errors/Error/Code", "Errors/Error/Path")] == [
            "CANCELLATION_REJECTED",
            code,
            f"CancelOrder/Cancellation/{element}",
        ]
        assert said(answer, "Update/Order/OrderNumber") == cease


def test_an_order_of_another_is_as_one_that_is_not_there(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, RIVAL_CODE)
    order = it.takes_over()
    told_before = told(fresh_engine)
    answers = []
    for number in (order, "ZZO99999996"):
        for data in (cancellation(number, *STOPPED), cancellation(number, ("Reason", "No.")), amendment(number, ("LineCount", "3"))):
            send(fresh_engine, by_rival(data), RIVAL_CODE)
            answer = outbox(fresh_engine, RIVAL_CODE)[-1]
            answers.append(
                (said(answer, "Update/Errors/Error/Code"), said(answer, "Update/Errors/Error/Path"), said(answer, "Update/Order/State"))
            )
    assert {state for _, _, state in answers} == {""}
    assert answers[:3] == [
        ("CSS202E", "CancelOrder/Cancellation/OrderNumber", ""),
        ("CSS202E", "CancelOrder/Cancellation/OrderNumber", ""),
        ("CSS202E", "AmendOrder/Amendment/OrderNumber", ""),
    ]
    assert told(fresh_engine) == told_before


def test_an_order_is_told_of_in_the_version_it_came_by(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, "RETAIL")
    send(fresh_engine, submit_order(it.mover, it.where.district.gold[3].address_key))
    provided = said(outbox(fresh_engine)[-1], "Update/Order/OrderNumber")
    taken = it.takes_over()

    send(fresh_engine, amendment(provided, ("VisitNotes", "Ring twice.")))
    assert told(fresh_engine)[-1][:2] == ("AMENDED", provided)
    assert said(outbox(fresh_engine)[-1], "Update/Order/VisitNotes") == "Ring twice."
    it.done(taken)

    spoken = {(said(root, "Update/Order/OrderNumber"), namespace(root)) for root in outbox(fresh_engine)}
    assert spoken == {(provided, "urn:css:order:1"), (taken, "urn:css:order:2")}


def test_an_order_that_came_by_no_message_is_told_of_in_the_version_last_spoken(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, RIVAL_CODE)

    def lost(site: int) -> str:
        """The rival loses another line; in which version it is told."""
        with transaction(fresh_engine) as session:
            line = builders.working_line(session, it.where.district, it.leaver, site=it.where.district.gold[site])
        send(fresh_engine, takeover(it.mover, line.site.address_key))
        assert told(fresh_engine, RIVAL_CODE)[-1][0] == "CREATED"
        return namespace(outbox(fresh_engine, RIVAL_CODE)[-1])

    # It never said anything, so it is told in what everybody reads; then as it speaks.
    assert lost(2) == "urn:css:order:1"
    send(fresh_engine, by_rival(cancellation(it.cease_of(it.takes_over()), ("Reason", "We keep it."))), RIVAL_CODE)
    assert lost(3) == "urn:css:order:2"
    it.done(first_cause(fresh_engine))
    assert namespace(outbox(fresh_engine, RIVAL_CODE)[-1]) == "urn:css:order:1", "what was begun in the first version goes on in it"


def test_an_order_that_our_desk_placed_for_a_partner_is_told_of_as_the_partner_spoke_last(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, "RETAIL")
    it.takes_over()
    with transaction(fresh_engine) as session:
        account = builders.account(session, it.where.district, provider_code=PARTNER)
        placed = place_order(
            session, a_provide(it.where.district, account, address_key=it.where.district.gold[3].address_key), by=builders.CLERK, at=AT
        )
    last = outbox(fresh_engine)[-1]
    assert (said(last, "Update/Order/OrderNumber"), namespace(last)) == (placed.order_number, "urn:css:order:2")
    assert said(last, "Update/Order/Kind") == OrderKind.PROVIDE.value.upper()


def test_what_cannot_be_ordered_is_refused_where_it_stands(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, "RETAIL")
    tried: list[tuple[str, Parts, str, str]] = [
        ("TRANSFER", [("NewNumber", "+441632960124")], "CSS223E", "NewNumber"),
        ("BAR", [], "CSS253E", "Kind"),
        ("SWAP", [], "CSS861E", "Kind"),
        ("RENUMBER", [("KeepsNumber", "true")], "CSS862E", "KeepsNumber"),
    ]
    for kind, parts, code, element in tried:
        order: Parts = [
            ("CustomerReference", f"PO-{kind}"),
            ("Kind", kind),
            ("AccountNumber", it.mover),
            ("TelephoneNumber", f"+{it.line.number}"),
            ("RequiredDate", "2026-03-16"),
            *parts,
            ("Contact", [("c:Name", "Ben Marlow"), ("c:TelephoneNumber", "+447700900456")]),
        ]
        send(fresh_engine, message_2("SubmitOrder", [("Order", order)]))
        answer = outbox(fresh_engine)[-1]
        assert (said(answer, "Update/Kind"), said(answer, "Update/Order/Kind")) == ("ORDER_REJECTED", kind)
        errors = [(said(entry, "Code"), said(entry, "Path")) for entry in answer.iterfind("{*}Update/{*}Errors/{*}Error")]
        assert (code, f"SubmitOrder/Order/{element}") in errors


def test_the_schema_version_must_be_that_of_the_namespace(fresh_engine: Engine) -> None:
    it = stage(fresh_engine, "RETAIL")
    data = takeover(it.mover, it.line.site.address_key).replace(b">2.0<", b">1.0<")
    answer = send(fresh_engine, data)
    assert (answer.status, codes(answer.body)) == (400, [("CSS552E", "SubmitOrder/Header/SchemaVersion")])


def first_cause(engine: Engine) -> str:
    """The first order there is."""
    with transaction(engine) as session:
        return session.execute(select(CustomerOrder.number).order_by(CustomerOrder.id).limit(1)).scalar_one()
