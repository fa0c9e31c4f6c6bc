"""The limits of a district's bills."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from billing.model import BillControl
from billing.queries.control import bill_control
from billing.rules.permission import require_may
from billing.run_commands import BillControlSet, SetBillControl
from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Refusals, Refused
from css.core.money import ZERO, Money
from css.master.districts import District, no_district

MONEY_MAX: Final = Money(1_000_000_00)

_BOUNDS: Final = {
    # More than a person looks at before breakfast.
    "sample_count": (0, 500),
    "times_average_max": (1, 10_000),
    "lines_max": (1, 1_000_000),
    # A century of months, and of days: who wants more wants no limit.
    "periods_max": (1, 1_200),
    "days_back_max": (1, 36_525),
}
_LEAST_MONEY: Final = {"credit_max": ZERO, "average_floor": ZERO, "first_bill_max": Money(1)}


@audit.answered
def set_bill_control(session: Session, command: SetBillControl, *, by: Actor, at: datetime) -> BillControlSet:
    """Say what a district's bills must meet to go out by themselves; the next bill calculated meets it.

    Raises:
        NotFound: CSS101E, no such district.
        Refused: CSS443E the actor may not, CSS790E a limit makes no sense, or approval is wanted of no sample.
    """
    require_may(by, "set limits for bills")
    if session.get(District, command.district_code, with_for_update=True) is None:
        raise no_district(command.district_code)
    before = bill_control(session, command.district_code)
    given = {
        name: value
        for name, value in ((name, getattr(command, name)) for name in BillControlSet.__dataclass_fields__)
        if name != "district_code" and value is not None
    }
    values = {name: given.get(name, getattr(before, name)) for name in BillControlSet.__dataclass_fields__}
    _require_sense(values)
    session.execute(insert(BillControl).values(**values).on_conflict_do_update(index_elements=["district_code"], set_=values))
    session.expire_all()
    after = bill_control(session, command.district_code)
    audit.record(
        session,
        by=by,
        at=at,
        verb="set_bill_control",
        subject=("district", command.district_code),
        before={name: to_plain(getattr(before, name)) for name in given},
        after={name: to_plain(getattr(after, name)) for name in given},
    )
    return after


def _require_sense(values: dict[str, object]) -> None:
    wrong = Refusals()
    for name, (least, most) in _BOUNDS.items():
        value = values[name]
        if not isinstance(value, int) or not least <= value <= most:
            wrong.add(Refused("CSS790E", "{name} is from {least:,} to {most:,}.", name=name, least=least, most=most, element=name))
    for name, least_money in _LEAST_MONEY.items():
        amount = values[name]
        if not isinstance(amount, Money) or not least_money <= amount <= MONEY_MAX:
            sentence = "{name} is from {least} to {most}."
            wrong.add(Refused("CSS790E", sentence, name=name, least=least_money.sterling, most=MONEY_MAX.sterling, element=name))
    if values["is_approval_required"] and not values["sample_count"]:
        sentence = "Nobody can approve bills without a sample to look at: say how many are printed."
        wrong.add(Refused("CSS790E", sentence, element="sample_count"))
    wrong.tell()
