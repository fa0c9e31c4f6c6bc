"""What products give off the calls: inclusive minutes, discounts, friends' numbers; and what was used of them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from billing.words import BenefitKind, BenefitScope
from css.core.money import Money, Percent
from css.db.base import Base, Id, Ref, SmallNumber, choice


class Benefit(Base):
    """What a product takes off the calls of whoever has a service of it. Never edited: one ends, another begins."""

    __tablename__ = "benefit"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="ends_after_start"),
        CheckConstraint("(ends_on IS NULL) = (end_recorded_on IS NULL)", name="end_is_recorded"),
        CheckConstraint("(kind = 'allowance') = (allowance_seconds IS NOT NULL)", name="allowance_has_seconds"),
        CheckConstraint("(kind IN ('friends', 'option')) = (percent IS NOT NULL)", name="discount_has_percent"),
        CheckConstraint("(kind = 'friends') = (numbers_max IS NOT NULL)", name="friends_are_counted"),
        CheckConstraint("scope <> 'group' OR kind = 'volume'", name="group_is_for_volume"),
        CheckConstraint("allowance_seconds > 0 AND unit_seconds > 0 AND rollover_months BETWEEN 0 AND 12", name="seconds_count"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    code: Mapped[str]
    """What people call it: ``MINUTES-500``."""
    product_id: Mapped[Ref] = mapped_column(ForeignKey("css.product.id"))
    """A service of this product gives it, on each of its days."""
    kind: Mapped[BenefitKind] = mapped_column(choice(BenefitKind, "kind"))
    scope: Mapped[BenefitScope] = mapped_column(choice(BenefitScope, "scope"))
    words: Mapped[str]
    """What the bill calls it: "500 inclusive minutes"."""
    starts_on: Mapped[date]
    """The first day of calls it is for."""
    ends_on: Mapped[date | None]
    """The first day it is not for any more."""
    recorded_on: Mapped[date | None]
    """The business date from whose cut on it counts; none for what was there from the beginning."""
    end_recorded_on: Mapped[date | None]
    """The business date on which the end was recorded."""
    charge_classes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The classes of calls it is for."""
    bands: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """day, evening, weekend: those it is for; none for all of them."""
    allowance_seconds: Mapped[SmallNumber | None] = mapped_column(Integer)
    """Of inclusive minutes: how many seconds for a whole month."""
    unit_seconds: Mapped[SmallNumber] = mapped_column(Integer, server_default="60")
    """A call uses the allowance up in whole units of so many seconds."""
    rollover_months: Mapped[SmallNumber] = mapped_column(SmallInteger, server_default="0")
    """For how many further months what was not used may be."""
    is_prorated: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    """A part of a month gives that part of the allowance, in whole seconds."""
    percent: Mapped[Percent | None]
    """Of friends and of an option: what is taken off."""
    best_percent: Mapped[Percent | None]
    """Of friends: what is taken off for the one number marked as best."""
    numbers_max: Mapped[SmallNumber | None] = mapped_column(SmallInteger)
    """Of friends: how many numbers may be named."""
    is_graduated: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Of volume: each part of the spend has the percentage of its own step, not all of it that of the last step reached."""
    rank: Mapped[SmallNumber] = mapped_column(SmallInteger, server_default="100")
    """Among benefits of one kind and scope the lower goes first."""


class BenefitStep(Base):
    """From which spend of a month on a volume discount takes off how much."""

    __tablename__ = "benefit_step"
    __table_args__ = ({"schema": "billing"},)

    benefit_id: Mapped[Ref] = mapped_column(ForeignKey("billing.benefit.id"), primary_key=True)
    from_amount: Mapped[Money] = mapped_column(primary_key=True)
    """Spend on calls in a calendar month, before VAT and before anything is taken off."""
    percent: Mapped[Percent]
    """What is taken off."""


class FriendNumber(Base):
    """A number that the customer has named for a friends discount, from a date to a date."""

    __tablename__ = "friend_number"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("(ends_on IS NULL) = (end_recorded_on IS NULL)", name="end_is_recorded"),
        ExcludeConstraint(
            ("service_id", "="), ("number", "="), (text("daterange(starts_on, ends_on)"), "&&"), name="ex_friend_number_twice", using="gist"
        ),
        Index("ix_friend_number_service_id", "service_id"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    service_id: Mapped[Ref] = mapped_column(ForeignKey("css.service.id"))
    """The service of the product that gives the discount."""
    number: Mapped[str]
    """E.164 digits."""
    is_best: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The one with the larger discount."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    start_recorded_on: Mapped[date]
    """The business date on which it was named."""
    end_recorded_on: Mapped[date | None]
    """The business date on which its end was recorded."""


class AllowanceMonth(Base):
    """What a bill has reckoned of an allowance in one month. Added with the bill, never edited: the last bill's row is what holds.

    The month after it starts from what this one left.
    """

    __tablename__ = "allowance_month"
    __table_args__ = (
        UniqueConstraint("bill_id", "benefit_id", "service_id", "month_starts_on"),
        Index("ix_allowance_month_account_id", "account_id", "benefit_id", "service_id", "month_starts_on"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    bill_id: Mapped[Ref] = mapped_column(ForeignKey("billing.bill.id"))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("css.account.id"))
    benefit_id: Mapped[Ref] = mapped_column(ForeignKey("billing.benefit.id"))
    service_id: Mapped[Ref] = mapped_column(ForeignKey("css.service.id"))
    """The service that gives it."""
    month_starts_on: Mapped[date]
    """A month of the account's cycle, also where bills come less often."""
    month_ends_on: Mapped[date]
    """The first day after it."""
    granted_seconds: Mapped[SmallNumber] = mapped_column(Integer)
    """For the days of the month on which the service worked."""
    rolled_in_seconds: Mapped[SmallNumber] = mapped_column(Integer)
    """Left over from the months before."""
    used_seconds: Mapped[SmallNumber] = mapped_column(Integer)
    """What the calls of the month have used up."""
    left_seconds: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    """What is left and may still be used, of this month first, then of the one before and so on, as many as roll over."""
