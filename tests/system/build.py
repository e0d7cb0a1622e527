# SPDX-License-Identifier: Apache-2.0
"""What build is under test: some tests need a build option, some bounds hold without sanitizers only."""
import json

import pytest

from rhizome import BUILD


def _options():
    path = BUILD / "meson-info" / "intro-buildoptions.json"
    return {o["name"]: o["value"] for o in json.loads(path.read_text())}


OPTIONS = _options()
SANITIZED = OPTIONS.get("b_sanitize", "none") not in ("none", [])
ASAN = "address" in OPTIONS.get("b_sanitize", "none")
RELEASE = not SANITIZED and OPTIONS.get("optimization") in ("2", "3", "s")
DELAY = OPTIONS.get("test_delay") is True

needs_delay = pytest.mark.skipif(not DELAY, reason="needs a build with -Dtest_delay=true")
needs_release = pytest.mark.skipif(not RELEASE, reason="a figure of the release build; make soak")
