"""Bea's desk: usage that waits is put right, and towards the end a price that was wrong is corrected and its calls rated again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from billing.actions.rerating import rerate_usage
from billing.actions.suspense import approve_late_usage, replay_usage
from billing.actions.tariffs import load_tariff, release_tariff
from billing.queries import bill_card, bills_of_night
from billing.queries.tariffs import tariff_book
from billing.reference import RESIDENTIAL_TARIFF, TARIFF_NAMES
from billing.rerating_commands import RerateUsage, UsageRerated
from billing.rules.tariff import Rate, TariffVersion, version_on
from billing.suspense_commands import ApproveLateUsage, ReplayUsage, UsageChosen
from billing.tariff_commands import LoadTariff, ReleaseTariff
from billing.tariff_xml import write_tariff
from css.core.actor import Actor
from css.core.calendar import Period, london_instant
from css.core.errors import Breach
from css.core.money import Price, to_money
from css.core.words import Role
from css.db.engine import transaction
from css.demo.plan import DemoPlan
from css.master.reference import RETAIL

APPROVAL_DAY: Final = 3
"""The day, counted from 0, on which the late call is let through."""
CORRECTED_FROM: Final = timedelta(days=9)
"""From this day of the demo on the price was wrong ..."""
NOTICED_DAY: Final = 24
"""... and on this one somebody noticed."""
MOBILE_OFF_PEAK: Final = Price.of("7.5")
"""What a minute to a mobile should have cost homes off peak."""

BEA = Actor("operator", "BEA", RETAIL, frozenset({Role.CLERK.value, Role.BILLING.value}), "command line")
SUE = Actor("operator", "SUE", RETAIL, frozenset(role.value for role in Role), "command line")


@dataclass(slots=True)
class UsageDesk:
    """What was done about usage."""

    plan: DemoPlan
    replayed: int = 0
    approved: int = 0
    rerated: UsageRerated | None = None
    corrected_bill: str = ""
    """The first bill on which a correction stands."""

    def work(self, engine: Engine, day: date, mended_number: str | None) -> None:
        """A morning at the desk; ``mended_number`` is one whose order was keyed late."""
        number = (day - self.plan.starts_on).days
        if mended_number is not None:
            self._replay(engine, day, mended_number)
        if number == APPROVAL_DAY:
            with transaction(engine) as session:
                command = ApproveLateUsage(district_code=self.plan.district, reason="The customer was told.")
                settled = approve_late_usage(session, command, by=BEA, at=_at(day, 9))
                self.approved += settled.rated + settled.zero_rated
        if number == NOTICED_DAY:
            self._correct(engine, day)

    def look_for_correction(self, session: Session, day: date) -> None:
        """Remember the first bill that has a correction on it."""
        if self.rerated is None or self.corrected_bill:
            return
        for bill in bills_of_night(session, self.plan.district, day):
            if bill.number and any(line.unit == "correction" for line in bill_card(session, bill.number, by=BEA).lines):
                self.corrected_bill = bill.number
                return

    def _replay(self, engine: Engine, day: date, number: str) -> None:
        with transaction(engine) as session:
            command = ReplayUsage(
                district_code=self.plan.district, chosen=UsageChosen(charged_number=number), reason="The order was keyed a day late."
            )
            settled = replay_usage(session, command, by=BEA, at=_at(day, 17))
            self.replayed += settled.rated + settled.zero_rated

    def _correct(self, engine: Engine, day: date) -> None:
        """Bea loads the corrected version, Sue releases it, and Bea has the calls since then rated again."""
        starts_on = self.plan.starts_on + CORRECTED_FROM
        with transaction(engine) as session:
            old = version_on(tariff_book(session), RESIDENTIAL_TARIFF, day)
            if old is None:
                msg = f"no version of {RESIDENTIAL_TARIFF} is in force on {day}"
                raise Breach(msg)
            document = write_tariff(TARIFF_NAMES[RESIDENTIAL_TARIFF], corrected(old, starts_on))
            loaded = load_tariff(session, LoadTariff(document=document), by=BEA, at=_at(day, 10))
        with transaction(engine) as session:
            release = ReleaseTariff(tariff_code=loaded.tariff_code, version=loaded.version)
            release_tariff(session, release, by=SUE, at=_at(day, 11))
        with transaction(engine) as session:
            command = RerateUsage(
                district_code=self.plan.district,
                tariff_code=RESIDENTIAL_TARIFF,
                from_on=starts_on,
                reason="Mobiles off peak were to cost 7.5p a minute.",
            )
            self.rerated = rerate_usage(session, command, by=BEA, at=_at(day, 12))

    @property
    def words(self) -> str:
        """What the demo says of it at its end."""
        said = f"Usage: {self.replayed + self.approved} calls that waited were settled"
        if self.rerated is None:
            return f"{said}."
        net = to_money(self.rerated.net)
        on_bill = f"; see bill {self.corrected_bill}" if self.corrected_bill else ""
        return f"{said}; a price was corrected, {self.rerated.changed_count:,} calls re-rated by {net.sterling}{on_bill}."


def corrected(old: TariffVersion, starts_on: date) -> TariffVersion:
    """The version as it should have been from a day on."""
    rates = tuple(_corrected_rate(rate) for rate in old.rates)
    return replace(old, version=old.version + 1, period=Period(starts_on), rates=rates)


def _corrected_rate(rate: Rate) -> Rate:
    if rate.charge_class != "MOB" or rate.band == "day":
        return rate
    return replace(rate, steps=tuple(replace(step, unit_price=MOBILE_OFF_PEAK) for step in rate.steps))


def _at(day: date, hour: int) -> datetime:
    return london_instant(day, time(hour))
