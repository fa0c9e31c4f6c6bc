"""Random lives of a handful of numbers: whatever is reserved, ordered, ported, cancelled and left to lapse, none is promised twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.master.districts import roll_business_date
from css.master.numbers import Quarantine
from orders.actions import cancel_order, complete_order
from orders.commands.orders import CancelOrder, CompleteOrder, PlaceOrder
from orders.queries.entry import free_numbers
from orders.queries.numbers import number_card, number_stock
from orders.rules.plant import NumberState
from tests import builders
from tests.builders import AT, CLERK, DAY, PARTNER_ACTOR, SYSTEM, BuiltAccount, BuiltDistrict
from tests.records.numbering import FOREIGN, a_new_line, a_port_in, a_port_out, a_renumber, release, reserve
from tests.records.ordering import a_cease, a_provide, place

REST_DAYS: Final = 3
NUMBERS: Final = [f"44163296000{n}" for n in range(4)]
BROKEN: Final = {
    "a number promised twice": """
        SELECT number FROM (SELECT number, 'use' AS what FROM css.service_number WHERE ends_at IS NULL
                             UNION ALL SELECT kept_number, 'order' FROM orders.customer_order
                                        WHERE kept_number IS NOT NULL AND state IN ('acknowledged', 'committed', 'held')
                             UNION ALL SELECT number, 'reservation' FROM css.number_reservation
                                        WHERE starts_at <= :at AND ends_at > :at) n
         GROUP BY number HAVING count(*) > 1""",
    "a number in use or promised that another network has": """
        SELECT p.number FROM css.ported_number p
         WHERE p.direction = 'out' AND p.ends_on IS NULL
           AND (EXISTS (SELECT FROM css.service_number n WHERE n.number = p.number AND n.ends_at IS NULL)
                OR EXISTS (SELECT FROM css.number_reservation r WHERE r.number = p.number AND r.starts_at <= :at AND r.ends_at > :at)
                OR EXISTS (SELECT FROM orders.customer_order o WHERE o.kept_number = p.number AND o.kind <> 'port-in'
                              AND o.state IN ('acknowledged', 'committed', 'held')))""",
    "a number of another network with nobody using it": """
        SELECT p.number FROM css.ported_number p
         WHERE p.direction = 'in' AND p.ends_on IS NULL
           AND NOT EXISTS (SELECT FROM css.service_number n WHERE n.number = p.number AND n.ends_at IS NULL)""",
    "a number of another network in use that was never ported": """
        SELECT n.number FROM css.service_number n
         WHERE n.ends_at IS NULL AND n.number NOT LIKE '44163296%'
           AND NOT EXISTS (SELECT FROM css.ported_number p WHERE p.number = n.number AND p.direction = 'in' AND p.ends_on IS NULL)""",
    "a number given to somebody else before it had rested": """
        SELECT n.number FROM css.service_number n
          JOIN css.service s ON s.id = n.service_id
          JOIN orders.customer_order o ON o.number = s.order_number OR o.line_id = s.line_id AND o.telephone_number = n.number
          JOIN css.service_number was ON was.number = n.number AND was.ends_at <= n.starts_at
          JOIN css.service whose ON whose.id = was.service_id AND whose.account_id <> s.account_id
         WHERE o.kind <> 'port-in' AND o.telephone_number = n.number AND o.placed_at < was.ends_at + make_interval(days => :rest)
           AND o.placed_at >= was.starts_at""",
    "a line that works and has not one number": """
        SELECT l.id FROM css.line l
         WHERE (l.state = 'working') <> (1 = (SELECT count(*) FROM css.service s JOIN css.service_number n ON n.service_id = s.id
                                               WHERE s.line_id = l.id AND n.ends_at IS NULL))""",
}
"""What must never be found."""


@dataclass
class Lives:
    """An exchange of four numbers, two accounts of the house, a partner who reserves, and whatever has become of them."""

    session: Session
    zz: BuiltDistrict
    accounts: tuple[BuiltAccount, BuiltAccount]
    today: date = DAY
    hours: int = 0
    placed: list[str] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        return datetime.combine(self.today, AT.timetz()) + timedelta(hours=self.hours)

    def attempt(self, deed: str, which: int, more: int) -> None:
        """Try something; a refusal is an answer, not a failure."""
        try:
            with self.session.begin_nested():
                self._do(deed, which, more)
        except CssError:
            pass

    def _do(self, deed: str, which: int, more: int) -> None:
        match deed:
            case "hours":
                self.hours = min(self.hours + more, 13)
            case "days":
                self.hours = 0
                self.today = roll_business_date(self.session, "ZZ", to=self.today + timedelta(days=1 + more % 3))
            case "complete" | "cancel" if self.placed:
                self._end(deed, self.placed[-1 - which % min(2, len(self.placed))])
            case _:
                self._ask(deed, which, more)

    def _end(self, deed: str, order: str) -> None:
        if deed == "cancel":
            cancel_order(self.session, CancelOrder(order_number=order, reason="No more."), by=CLERK, at=self.at)
        else:
            complete_order(self.session, CompleteOrder(order_number=order, done_on=self.today), by=SYSTEM, at=self.at)

    def _ask(self, deed: str, which: int, more: int) -> None:
        number, account = NUMBERS[which % 4], self.accounts[more % 2]
        by = PARTNER_ACTOR if more % 3 == 0 else CLERK
        soon = self.today + timedelta(days=14)
        match deed:
            case "reserve":
                reserve(self.session, self.zz, number if more % 4 else None, by=by, at=self.at)
            case "release":
                release(self.session, number, by=by, at=self.at)
            case "provide":
                site = self.zz.gold[more % len(self.zz.gold)].address_key
                self._place(a_provide(self.zz, account, address_key=site, number=number if which % 3 else None, required_on=soon))
            case "renumber":
                self._place(a_renumber(*self._used(which), NUMBERS[more % 4] if which % 2 else None, required_on=soon))
            case "cease":
                self._place(a_cease(*self._used(which), required_on=soon))
            case "port in":
                wanted = FOREIGN if which % 2 else number
                if more % 3 == 0:
                    account, number = self._used(which)
                    self._place(a_port_in(account, wanted, number=number, required_on=soon))
                else:
                    self._place(a_port_in(account, wanted, **a_new_line(self.zz, site=more % 3), required_on=soon))
            case "port out":
                self._place(a_port_out(*self._used(which), required_on=soon))
            case _:  # nothing was placed yet that could be completed or cancelled
                pass

    def _used(self, which: int) -> tuple[BuiltAccount, str]:
        """A number in use and whose it is; or one nobody has."""
        used = self.session.execute(
            text(
                "SELECT n.number, s.account_id FROM css.service_number n JOIN css.service s ON s.id = n.service_id"
                " WHERE n.ends_at IS NULL ORDER BY n.id"
            )
        ).all()
        if not used or which == 0:
            return self.accounts[0], "441632960999"
        row = used[which % len(used)]
        return next(account for account in self.accounts if account.id == row.account_id), row.number

    def _place(self, command: PlaceOrder) -> None:
        self.placed.append(place(self.session, command, at=self.at).order_number)

    def check(self) -> None:
        self.session.flush()
        told = {"at": self.at, "rest": REST_DAYS}
        found = {}
        for what, question in BROKEN.items():
            statement = text(question)
            rows = self.session.execute(statement, {name: told[name] for name in statement._bindparams}).all()
            if rows:
                found[what] = rows
        assert found == {}

    def check_offers(self) -> None:
        states = [number_card(self.session, number, by=CLERK, at=self.at).state for number in NUMBERS]
        free = [number for number, state in zip(NUMBERS, states, strict=True) if state is NumberState.FREE]
        assert list(free_numbers(self.session, self.zz.gold[0].address_key, at=self.at)) == free, "what is offered is what is free"
        (stock,) = number_stock(self.session, "ZZ", at=self.at)
        assert (stock.size, stock.free) == (4, len(free))


DEEDS = st.tuples(
    st.sampled_from(
        [
            *("reserve", "reserve", "release", "provide", "provide", "renumber", "cease", "port in", "port out"),
            *("complete", "complete", "complete", "complete", "complete", "cancel", "hours", "days", "days"),
        ]
    ),
    st.integers(0, 7),
    st.integers(0, 11),
)


# No shrinking: a hundred smaller lives take minutes, and the failing one is printed whole.
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(deeds=st.lists(DEEDS, min_size=14, max_size=26))
def test_no_number_is_ever_promised_twice(engine: Engine, deeds: list[tuple[str, int, int]]) -> None:
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            zz = builders.district(session, pairs=5, sites=3)
            session.execute(text("UPDATE css.number_block SET last_number = '441632960003'"))
            session.add(Quarantine(starts_on=DAY, days=REST_DAYS))
            lives = Lives(session, zz, (builders.account(session, zz), builders.account(session, zz)))
            for account, number in zip(lives.accounts, NUMBERS, strict=False):
                builders.working_line(session, zz, account, number=number)
            for deed, which, more in deeds:
                lives.attempt(deed, which, more)
                lives.check()
            lives.check_offers()
        outer.rollback()
