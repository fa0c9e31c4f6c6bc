"""``css check``: the books, checked now."""

from __future__ import annotations

from typing import Annotated

import typer

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve

app = typer.Typer(add_completion=False)


@app.command()
def check(district: Annotated[str, typer.Argument(help="The district's two letters.")]) -> int:
    """Check the books of a district: exit status 0 when they balance, 1 with each difference on a line when not."""
    from billing.checks import check_books  # noqa: PLC0415 - after the words are understood
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.master.districts import District, no_district  # noqa: PLC0415
    from repairs.checks import check_faults  # noqa: PLC0415

    with transaction(database()) as session:
        if session.get(District, district) is None:
            raise no_district(district)
        differences = [*check_books(session, district), *check_faults(session, district)]
    for difference in differences:
        print(difference)
    if differences:
        print(f"{len(differences)} difference{'' if len(differences) == 1 else 's'}.")
        return 1
    print("The books balance.")
    return 0
