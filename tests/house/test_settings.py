"""The environment is read once, and a wrong value is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from css.core.errors import BadMessage
from css.settings import Settings, read


def test_an_empty_environment_gives_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = read({})
    assert found.home == tmp_path / "var"
    assert found.log_file == tmp_path / "var" / "log" / "css.log"
    assert (found.database_url, found.executor, found.log_level, found.durable, found.debug) == (None, "local", "INFO", True, False)
    assert read({"CSS_HOME": "  ", "CSS_DATABASE_URL": "", "OTHER": "x"}) == found


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somebody")
    given = {
        "CSS_HOME": "~/css/../css",
        "CSS_DATABASE_URL": " postgresql://h/d ",
        "CSS_EXECUTOR": "processes",
        "CSS_WORKERS": "7",
        "CSS_LANES": "3",
        "CSS_LOG_LEVEL": "DEBUG",
        "CSS_DEBUG": "Yes",
        "CSS_POSTGRES_BIN": "pg/bin",
        "CSS_DURABLE": "0",
        "CSS_SECRET_KEY": "s",
        "CSS_PUSH_NETWORKS": "10.20.0.0/16",
        "CSS_PUSH_CERTIFICATES": "ca.pem",
        "CSS_PARTNER_FOLDERS": "drop",
    }
    assert read(given) == Settings(
        home=Path("/somebody/css"),
        database_url="postgresql://h/d",
        executor="processes",
        workers=7,
        lanes=3,
        log_level="DEBUG",
        debug=True,
        postgres_bin=tmp_path / "pg" / "bin",
        durable=False,
        secret_key="s",
        push_networks="10.20.0.0/16",
        push_certificates=tmp_path / "ca.pem",
        folders=tmp_path / "drop",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXECUTOR", "cloud"),
        ("WORKERS", "0"),
        ("WORKERS", "-1"),
        ("LANES", "17"),
        ("WORKERS", "two"),
        ("WORKERS", "²"),
        ("WORKERS", "100000"),
        ("LOG_LEVEL", "loud"),
        ("DEBUG", "perhaps"),
        ("DURABLE", "2"),
        ("HOME", "a\nb"),
        ("HOME", "~nobody-of-this-name/x"),
    ],
)
def test_a_wrong_value_is_refused_by_the_variables_name(name: str, value: str) -> None:
    with pytest.raises(BadMessage, match=f"CSS_{name}") as caught:
        read({f"CSS_{name}": value})
    assert caught.value.code == "CSS001E"
    assert "\n" not in caught.value.text
