"""Upgrading: once whoever asks, all or nothing, never on a database of tomorrow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from css.core.errors import Unavailable
from css.db import migrate
from css.db.migrate import require_current, upgrade
from css.db.revision import SCRIPTS, database_revision, program_revision


def test_the_quick_look_at_the_scripts_agrees_with_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [program_revision()]


def test_an_empty_database_is_brought_to_this_revision(bare_engine: Engine) -> None:
    assert database_revision(bare_engine) is None
    upgrade(bare_engine)
    assert database_revision(bare_engine) == program_revision()
    require_current(bare_engine)
    upgrade(bare_engine)


def test_several_upgrades_at_once_make_one(bare_engine: Engine) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: upgrade(bare_engine), range(3)))
    require_current(bare_engine)


def test_an_upgrade_waits_for_another_only_so_long(bare_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "UPGRADE_WAIT_SECONDS", 1)
    with bare_engine.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": migrate.UPGRADE_LOCK})
        with pytest.raises(Unavailable) as caught:
            upgrade(bare_engine)
    assert caught.value.code == "CSS033E"
    assert database_revision(bare_engine) is None


def test_a_refused_upgrade_leaves_the_database_as_it_was(bare_engine: Engine) -> None:
    with bare_engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA billing; CREATE TABLE billing.bill (id int)"))
    with pytest.raises(Exception, match="already exists"):
        upgrade(bare_engine)
    with bare_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_namespace WHERE nspname IN ('css', 'orders')")).scalar() == 0


def test_a_database_of_a_newer_program_is_left_alone(fresh_engine: Engine) -> None:
    with fresh_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for deed in (upgrade, require_current):
        with pytest.raises(Unavailable) as caught:
            deed(fresh_engine)
        assert caught.value.code == "CSS023E"
