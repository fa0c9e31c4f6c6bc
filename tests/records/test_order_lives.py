"""Random lives of several orders on shared plant: whatever is tried, in whatever order, the records stay true."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.core.calendar import ONE_DAY
from css.core.errors import CssError
from css.master.districts import roll_business_date
from orders.actions import cancel_order, complete_order, delay_order, place_order, resume_order
from orders.commands import CancelOrder, CompleteOrder, DelayOrder, PlaceOrder, ResumeOrder
from orders.queries import account_orders, order_card
from orders.rules.lifecycle import MOVES
from orders.words import KciKind, OrderState
from tests import builders
from tests.builders import AT, CLERK, DAY, SYSTEM, BuiltAccount, BuiltDistrict
from tests.records.ordering import a_cease, a_provide

STATE_AFTER: Final = {KciKind.ACKNOWLEDGED: OrderState.ACKNOWLEDGED, KciKind.REAPPOINTED: OrderState.COMMITTED} | {
    moved.kci: moved.state for moves in MOVES.values() for moved in moves.values()
}
"""Where an order stands after each kind of event."""

BROKEN: Final = {
    "a pair in two living lines": """
        SELECT pair_id FROM css.line WHERE ends_on IS NULL AND pair_id IS NOT NULL GROUP BY pair_id HAVING count(*) > 1""",
    "a planned line without an open order": """
        SELECT l.id FROM css.line l WHERE l.state = 'planned'
           AND NOT EXISTS (SELECT FROM orders.open_order_v o WHERE o.line_id = l.id)""",
    "a number promised or used twice": """
        SELECT number FROM (SELECT number FROM css.service_number WHERE ends_at IS NULL
                             UNION ALL SELECT telephone_number FROM orders.open_order_v WHERE kind = 'provide') n
         WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1""",
    "a completed provide without its service": """
        SELECT o.id FROM orders.customer_order o WHERE o.kind = 'provide' AND o.state = 'completed'
           AND NOT EXISTS (SELECT FROM css.service s WHERE s.order_number = o.number AND s.starts_on = o.done_on)""",
    "a working line without a live service and a number, or the other way": """
        SELECT l.id FROM css.line l
         WHERE (l.state = 'working') <> EXISTS (SELECT FROM css.service s JOIN css.service_number n ON n.service_id = s.id
                                                 WHERE s.line_id = l.id AND s.ends_on IS NULL AND n.ends_at IS NULL)""",
    "a pair whose state is not its line's": """
        SELECT p.id, p.state, l.state FROM css.pair p LEFT JOIN css.line l ON l.pair_id = p.id AND l.ends_on IS NULL
         WHERE p.state <> CASE l.state WHEN 'working' THEN 'working' WHEN 'stopped' THEN 'stopped' ELSE 'spare' END""",
    "a hold that is not an open order's, or the other way": """
        SELECT reference FROM css.hold WHERE ends_at IS NULL
         EXCEPT SELECT number FROM orders.open_order_v
         UNION ALL (SELECT number FROM orders.open_order_v EXCEPT SELECT reference FROM css.hold WHERE ends_at IS NULL)""",
    "a completed provide not charged for once": """
        SELECT o.number FROM orders.customer_order o LEFT JOIN css.billable_item b ON b.reference = o.number
         WHERE o.kind = 'provide' GROUP BY o.id HAVING count(b.id) <> CASE o.state WHEN 'completed' THEN 1 ELSE 0 END""",
    "a listing on a line that does not work": """
        SELECT g.id FROM css.line_listing g JOIN css.line l ON l.id = g.line_id WHERE g.ends_on IS NULL AND l.state <> 'working'""",
    "an event that went to nobody": "SELECT id FROM orders.kci_event WHERE cardinality(told) = 0",
}
"""What must never be found."""


@dataclass
class Lives:
    """A district of two pairs and three sites, one account, and whatever has become of its orders."""

    session: Session
    zz: BuiltDistrict
    account: BuiltAccount
    today: date = DAY
    placed: list[str] = field(default_factory=list)
    refusals: int = 0

    @property
    def at(self) -> datetime:
        return datetime.combine(self.today, AT.timetz())

    def attempt(self, deed: str, which: int, days: int) -> None:
        """Try something; a refusal is an answer, not a failure."""
        try:
            with self.session.begin_nested():
                self._do(deed, which, days)
        except CssError:
            self.refusals += 1

    def _do(self, deed: str, which: int, days: int) -> None:
        order = self.placed[which % len(self.placed)] if self.placed else "ZZO00000015"
        soon = self.today + timedelta(days=days)
        match deed:
            case "provide":
                site = self.zz.gold[which % len(self.zz.gold)].address_key
                self._place(a_provide(self.zz, self.account, address_key=site, required_on=soon + timedelta(days=7)))
            case "cease":
                used = self.session.execute(text("SELECT number FROM css.service_number WHERE ends_at IS NULL ORDER BY id")).scalars()
                numbers = [*used, "441632960999"]
                self._place(a_cease(self.account, numbers[which % len(numbers)], required_on=soon))
            case "delay":
                code = "NETWORK_ISSUE" if which % 2 else "CAPACITY_ISSUE"
                delay_order(self.session, DelayOrder(order_number=order, problem_code=code, words="So it is."), by=CLERK, at=self.at)
            case "resume":
                target = soon if which % 2 else None
                resume_order(self.session, ResumeOrder(order_number=order, target_on=target), by=CLERK, at=self.at)
            case "complete":
                complete_order(self.session, CompleteOrder(order_number=order, done_on=self.today), by=SYSTEM, at=self.at)
            case "cancel":
                cancel_order(self.session, CancelOrder(order_number=order, reason="No more."), by=CLERK, at=self.at)
            case _:
                self.today = roll_business_date(self.session, "ZZ", to=self.today + ONE_DAY)

    def _place(self, command: PlaceOrder) -> None:
        self.placed.append(place_order(self.session, command, by=CLERK, at=self.at).order_number)

    def check(self) -> None:
        self.session.flush()
        found = {what: rows for what, question in BROKEN.items() if (rows := self.session.execute(text(question)).all())}
        assert found == {}
        for row in account_orders(self.session, self.account.number, by=CLERK):
            card = order_card(self.session, row.order_number, by=CLERK)
            assert [event.sequence for event in card.kci] == list(range(1, len(card.kci) + 1))
            assert card.state is STATE_AFTER[card.kci[-1].kind]
            copies = self.session.execute(
                text(
                    "SELECT k.order_copy->>'state' FROM orders.kci_event k JOIN orders.customer_order o ON o.id = k.order_id"
                    " WHERE o.number = :number ORDER BY k.sequence"
                ),
                {"number": row.order_number},
            ).scalars()
            assert list(copies) == [STATE_AFTER[event.kind].value for event in card.kci]


DEEDS = st.tuples(
    st.sampled_from(["provide", "provide", "cease", "delay", "resume", "complete", "complete", "cancel", "tomorrow"]),
    st.integers(0, 5),
    st.integers(0, 12),
)


# No shrinking: a hundred smaller lives take minutes, and the failing one is printed whole.
@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deeds=st.lists(DEEDS, min_size=8, max_size=18))
def test_any_sequence_of_deeds_leaves_the_records_true(engine: Engine, deeds: list[tuple[str, int, int]]) -> None:
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            zz = builders.district(session, pairs=2, sites=3)
            lives = Lives(session, zz, builders.account(session, zz))
            for deed, which, days in deeds:
                lives.attempt(deed, which, days)
            lives.check()
        outer.rollback()
