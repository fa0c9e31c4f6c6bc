"""``css bills``: what products take off calls, friends' numbers, inclusive minutes used, and promotions."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from billing.queries.benefits import BenefitCard

ACCOUNT = typer.Argument(help="The account's number.")
NUMBER = typer.Argument(help="The line's own telephone number.")
FRIEND = typer.Argument(help="The number called.")
BY = typer.Option(help="Whose deed it is: an operator's code. The password is asked for, or read from standard input.")
FROM = typer.Option("--from", help="The first day, as 2026-04-05; the business date without it.")
UNTIL = typer.Option("--from", help="The first day without it, as 2026-04-05; the business date without it.")
REASON = typer.Option(help="Why; it is kept.")
ONE_DAY = timedelta(days=1)
"""People are shown the last day; what is stored is the first after it."""


def register(app: typer.Typer) -> None:
    """Add the commands to ``css bills``."""
    app.command("benefits")(benefits)
    app.command("benefit")(benefit)
    app.command("end-benefit")(end)
    app.command("friends")(friends)
    app.command("name-friend")(name_friend)
    app.command("drop-friend")(drop_friend)
    app.command("allowances")(allowances)
    app.command("promotions")(promotions)
    app.command("give-promotion")(give)
    app.command("end-promotion")(take_away)


def benefits() -> None:
    """List what products take off calls. `css do define-benefit` adds one."""
    from billing import queries  # noqa: F401, PLC0415 - after the words are understood
    from billing.queries.benefits import benefits as all_benefits  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: F401, PLC0415 - every room is loaded with it
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        found = all_benefits(session)
    for one in found:
        print(f"{one.code:<24} {one.kind.value:<10} {one.scope.value:<8} {one.words}{_ended(one)}")
    print(f"{len(found):,} shown.", file=sys.stderr)


def benefit(code: Annotated[str, typer.Argument(help="Its code, like MINUTES-500.")]) -> None:
    """Say all of one benefit."""
    from billing.queries.benefits import benefit_card  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: F401, PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        one = benefit_card(session, code)
    print(f"{one.code}: {one.words}, given by {one.product_code}{_ended(one)}")
    bands = ", ".join(one.bands) or "all bands"
    print(f"  {one.kind.value} of the {one.scope.value}, for {', '.join(one.charge_classes)} in {bands}; rank {one.rank}")
    if one.allowance_seconds is not None:
        part = "by the day" if one.is_prorated else "whole however few the days"
        print(f"  {_minutes(one.allowance_seconds)} a month, {part}, used in units of {one.unit_seconds} s")
        if one.rollover_months:
            print(f"  what is left may be used for {one.rollover_months} month{'s' if one.rollover_months > 1 else ''} more")
    if one.percent is not None:
        best = "" if one.best_percent is None else f", {one.best_percent}% off the best"
        numbers = "" if one.numbers_max is None else f" up to {one.numbers_max} numbers"
        print(f"  {one.percent}% off{numbers}{best}")
    for step in one.steps:
        print(f"  from {step.from_amount.sterling} a month {step.percent}%{' of that part' if one.is_graduated else ''}")


def end(
    code: Annotated[str, typer.Argument(help="Its code.")],
    ends_on: Annotated[str, typer.Argument(help="The first day of calls it is not for any more.")],
    reason: Annotated[str, REASON],
    by: Annotated[str, BY] = "",
) -> None:
    """Let a benefit end. It is not begun again: define another."""
    from billing.actions.benefits import end_benefit  # noqa: PLC0415
    from billing.benefit_commands import EndBenefit  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    day = _day(ends_on)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = end_benefit(session, EndBenefit(code=code, ends_on=day, reason=reason), by=actor, at=at)
    print(f"{answer.code} is for calls up to {answer.ends_on - ONE_DAY}. Bills from the cut of {answer.recorded_on} on know it.")


def friends(number: Annotated[str, NUMBER]) -> None:
    """List the numbers named for a line, now and before."""
    from billing.queries.benefits import friends as all_friends  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.core.phone import display_number  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        found = all_friends(session, number, by=the_asker())
    for one in found:
        until = "" if one.ends_on is None else f" until {one.ends_on - ONE_DAY}"
        print(f"{display_number(one.friend_number):<18} from {one.starts_on}{until}{'  best' if one.is_best else ''}")
    print(f"{len(found):,} shown.", file=sys.stderr)


def name_friend(
    number: Annotated[str, NUMBER],
    friend: Annotated[str, FRIEND],
    starts_on: Annotated[str, FROM] = "",
    by: Annotated[str, BY] = "",
    *,
    best: Annotated[bool, typer.Option("--best", help="It is the one best friend.")] = False,
) -> None:
    """Name a number for the friends' discount of a line."""
    from billing.actions.benefits import name_friend as name  # noqa: PLC0415
    from billing.benefit_commands import NameFriend  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = NameFriend(number=number, friend_number=friend, is_best=best, starts_on=_day(starts_on) if starts_on else None)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = name(session, command, by=actor, at=at)
    print(f"Named from {answer.starts_on} on: {answer.named} of {answer.numbers_max}.")


def drop_friend(
    number: Annotated[str, NUMBER],
    friend: Annotated[str, FRIEND],
    ends_on: Annotated[str, UNTIL] = "",
    by: Annotated[str, BY] = "",
) -> None:
    """Take a number off the friends of a line."""
    from billing.actions.benefits import drop_friend as drop  # noqa: PLC0415
    from billing.benefit_commands import DropFriend  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = DropFriend(number=number, friend_number=friend, ends_on=_day(ends_on) if ends_on else None)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = drop(session, command, by=actor, at=at)
    print(f"No friend any more from {answer.ends_on} on: {answer.named} of {answer.numbers_max} are left.")


def allowances(account: Annotated[str, ACCOUNT]) -> None:
    """Show what an account had of inclusive minutes each month, and used of them, as its bills have reckoned."""
    from billing.queries.benefits import allowances as all_months  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        found = all_months(session, account, by=the_asker())
    for one in found:
        whose = "shared" if one.number is None else one.number
        print(
            f"{one.month_starts_on} to {one.month_ends_on - ONE_DAY}  {one.words} ({whose}): {_minutes(one.granted_seconds)} and"
            f" {_minutes(one.rolled_in_seconds)} rolled over, {_minutes(one.used_seconds)} used, {_minutes(one.left_seconds)} roll over"
        )
    print(f"{len(found):,} shown.", file=sys.stderr)


def promotions(account: Annotated[str, ACCOUNT]) -> None:
    """List the promotions an account was given."""
    from billing.queries.benefits import promotions as all_promotions  # noqa: PLC0415
    from css.cli.door import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    with transaction(database()) as session:
        found = all_promotions(session, account, by=the_asker())
    for one in found:
        early = "" if one.ended_on is None else f", taken away from {one.ended_on}"
        print(f"{one.promotion_id:>6}  {one.name}: {one.starts_on} to {one.ends_on - ONE_DAY}{early}  ({one.given_by}: {one.reason})")
    print(f"{len(found):,} shown.", file=sys.stderr)


def give(
    account: Annotated[str, ACCOUNT],
    product: Annotated[str, typer.Argument(help="The promotion's code, like HALF-PRICE.")],
    starts_on: Annotated[str, typer.Argument(help="The first day, as 2026-04-05.")],
    ends_on: Annotated[str, typer.Argument(help="The first day without it.")],
    reason: Annotated[str, REASON],
    number: Annotated[str, typer.Option(help="The line it is shown under.")] = "",
    by: Annotated[str, BY] = "",
) -> None:
    """Give an account a credit every month until a date."""
    from billing.actions.promotions import give_promotion  # noqa: PLC0415
    from billing.benefit_commands import GivePromotion  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = GivePromotion(
        account_number=account, product_code=product, starts_on=_day(starts_on), ends_on=_day(ends_on), number=number, reason=reason
    )
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = give_promotion(session, command, by=actor, at=at)
    print(f"Promotion {answer.promotion_id}: {answer.product_code} from {answer.starts_on} to {answer.ends_on - ONE_DAY}.")


def take_away(
    account: Annotated[str, ACCOUNT],
    promotion: Annotated[int, typer.Argument(min=1, help="Its number, as `css bills promotions` shows it.")],
    reason: Annotated[str, REASON],
    ends_on: Annotated[str, UNTIL] = "",
    by: Annotated[str, BY] = "",
) -> None:
    """Take a promotion away before its time."""
    from billing.actions.promotions import end_promotion  # noqa: PLC0415
    from billing.benefit_commands import EndPromotion  # noqa: PLC0415
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415

    command = EndPromotion(account_number=account, promotion_id=promotion, ends_on=_day(ends_on) if ends_on else None, reason=reason)
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = end_promotion(session, command, by=actor, at=at)
    print(f"Promotion {answer.promotion_id} is without effect from {answer.ends_on} on.")


def _day(word: str) -> date:
    from css.core.codec import from_plain  # noqa: PLC0415

    return from_plain(word, date, path="day")


def _ended(one: BenefitCard) -> str:
    return "" if one.ends_on is None else f", up to {one.ends_on - ONE_DAY}"


def _minutes(seconds: int) -> str:
    """Minutes, and seconds where there are any: ``500 min``, ``16 min 40 s``."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:,} min" + (f" {rest} s" if rest else "")
