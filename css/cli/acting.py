"""Whose deed it is at the command line: the operating system's user, or an operator who gives a password.

Some deeds need two people. Whoever may run the program is one of them; another one gives an operator code with ``--by`` and
the password of the screens. A wrong password counts as one there too, and makes the code wait all the same.
"""

from __future__ import annotations

import getpass
import sys
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from css.core.errors import Refused

if TYPE_CHECKING:
    from css.core.actor import Actor

DOOR: Final = "command line"


def acting(operator_code: str) -> tuple[Actor, datetime]:
    """Who acts and when: the system's user for an empty code, else the operator, whose password is asked for.

    Where standard input is not a terminal its first line is the password.

    Raises:
        Refused: CSS691E, the code and the password do not belong together, or the code has to wait.
    """
    from css import tables as _tables  # noqa: F401, PLC0415 - every room's tables, so that keys across rooms resolve
    from css.cli.asker import the_asker  # noqa: PLC0415
    from css.db.engine import database, transaction  # noqa: PLC0415
    from css.master.clocks import house_clock  # noqa: PLC0415
    from css.web.session import end, sign_on  # noqa: PLC0415

    at = house_clock(database).now()
    if not operator_code:
        return the_asker(), at
    password = _password(operator_code)
    if not password:
        # Nobody typed one: a script without it must not make the code wait.
        raise _refusal(operator_code)
    with transaction(database()) as session:
        # A sign-on like any other, ended at once: wrong tries are counted in one place, and the trail shows this one too.
        opened = sign_on(session, operator_code, password, at=at)
        if opened is not None:
            end(session, opened.token, reason="command line", at=at)
    if opened is None:
        raise _refusal(operator_code)
    return replace(opened.on_duty.actor, door=DOOR), at


def _refusal(operator_code: str) -> Refused:
    return Refused("CSS691E", "Operator {code} and the password do not belong together.", code=operator_code[:8], element="by")


def _password(operator_code: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"Password of {operator_code}: ")
    return sys.stdin.readline().rstrip("\r\n")
