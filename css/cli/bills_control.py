"""``css bills control``: what a district's bills must meet to go out by themselves, and whether somebody looks at a sample first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from css.cli.places import read_district

if TYPE_CHECKING:
    from billing.run_commands import BillControlSet
    from css.core.money import Money


def register(app: typer.Typer) -> None:
    """Add the command to ``css bills``."""
    app.command("control")(control)


def control(  # noqa: PLR0913 - a parameter for every limit
    district: Annotated[str, typer.Argument(help="The district's two letters.", callback=read_district)],
    *,
    sample: Annotated[int | None, typer.Option("--sample", help="How many bills of a run are printed to be looked at.")] = None,
    approval: Annotated[bool | None, typer.Option("--approval/--no-approval", help="Whether somebody must approve them.")] = None,
    credit: Annotated[str, typer.Option("--credit", help="A bill that gives back more pounds is held.")] = "",
    times: Annotated[int | None, typer.Option("--times", help="A bill so many times the average is held ...")] = None,
    floor: Annotated[str, typer.Option("--floor", help="... if it comes to more pounds than this.")] = "",
    lines: Annotated[int | None, typer.Option("--lines", help="A bill with more lines is held.")] = None,
    first: Annotated[str, typer.Option("--first", help="A first bill of more pounds is held.")] = "",
    periods: Annotated[int | None, typer.Option("--periods", help="A bill about more billing periods is held.")] = None,
    days_back: Annotated[int | None, typer.Option("--days-back", help="A bill that charges so far back before its period is held.")] = None,
    by: Annotated[str, typer.Option("--by", help="The operator who does it, and gives a password.")] = "",
) -> None:
    """Show a district's limits, or set those that are given; the next bill calculated meets them."""
    from billing.actions import set_bill_control  # noqa: PLC0415 - after the words are understood
    from billing.queries import bill_control  # noqa: PLC0415
    from billing.run_commands import SetBillControl  # noqa: PLC0415
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.cli.acting import acting  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.master.districts import District, no_district  # noqa: PLC0415

    command = SetBillControl(
        district_code=district,
        sample_count=sample,
        is_approval_required=approval,
        credit_max=_pounds(credit),
        times_average_max=times,
        average_floor=_pounds(floor),
        lines_max=lines,
        first_bill_max=_pounds(first),
        periods_max=periods,
        days_back_max=days_back,
    )
    if command == SetBillControl(district_code=district):
        with transaction(database()) as session:
            if session.get(District, district) is None:
                raise no_district(district)
            _say(bill_control(session, district))
        return
    actor, at = acting(by)
    with transaction(database()) as session:
        answer = set_bill_control(session, command, by=actor, at=at)
    _say(answer)


def _say(limits: BillControlSet) -> None:
    if limits.sample_count:
        waits = "; none gets its number before somebody has approved them" if limits.is_approval_required else ""
        print(f"Of every run {limits.sample_count:,} bills are printed to be looked at{waits}.")
    else:
        print("No bill is printed to be looked at.")
    print("A bill is held that")
    print(f"  has more than {limits.lines_max:,} lines,")
    print(f"  gives back more than {limits.credit_max.sterling}, and more than the account's bills come to,")
    print(f"  comes to more than {limits.times_average_max:,} times the average of the last, and than {limits.average_floor.sterling},")
    print(f"  is the first and comes to more than {limits.first_bill_max.sterling},")
    print(f"  is about more than {limits.periods_max:,} billing periods,")
    print(f"  charges for a day more than {limits.days_back_max:,} days before its period,")
    print("  comes to nothing though services work, charges the same twice, or contradicts itself in its dates.")


def _pounds(text: str) -> Money | None:
    from css.core.money import Money  # noqa: PLC0415 - with the rest

    return Money.parse(text) if text else None
