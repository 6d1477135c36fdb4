"""Debian's Chromium, for the tests of pages."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Skips without Chromium, unless REQUIRE_SHARED_DATA=1 (CI). Closed with the module: until then no other event loop runs."""
    if not Path(CHROMIUM).exists():
        message = f"found no {CHROMIUM}; `make setup` installs Debian's chromium, or set CHROMIUM=/path/to/it"
        if os.environ.get("REQUIRE_SHARED_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
