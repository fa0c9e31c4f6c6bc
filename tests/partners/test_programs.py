"""The programs that partners use, with which tests speak to the gateway: without one its tests are skipped, but not in CI."""

from __future__ import annotations

import os
import shutil

import pytest

PROGRAMS = {"curl": "curl", "openssl": "openssl", "xmllint": "libxml2-utils"}
"""Each with the Debian package that has it; the set-up for tests installs them."""


@pytest.mark.parametrize("program", PROGRAMS)
def test_ci_has_what_the_tests_of_the_gateway_need(program: str) -> None:
    if shutil.which(program) is not None:
        return
    sentence = f"there is no {program} here; `make test` as root installs it, or apt-get install {PROGRAMS[program]}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)
