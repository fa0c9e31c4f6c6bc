"""A replay of everything that waits in ZZ, run as a child process so that it can be killed: url."""

from __future__ import annotations

import sys

from billing.actions.suspense import replay_usage
from billing.suspense_commands import ReplayUsage
from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.db.engine import make_engine, transaction
from tests import builders
from tests.batch.killing import set_traps

if __name__ == "__main__":
    set_traps()
    engine = make_engine(sys.argv[1])
    with transaction(engine) as session:
        replay_usage(session, ReplayUsage(district_code="ZZ", reason="Mended."), by=builders.OPERATOR, at=builders.AT)
