# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import rhizome  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "tsan: also run under ThreadSanitizer")
    config.addinivalue_line("markers", "slow: minutes; not part of make test")
    if not rhizome.RHIZD.exists():
        raise pytest.UsageError(f"{rhizome.RHIZD} is not there: build first, or set RHIZ_BUILD")


@pytest.fixture
def rhizd(tmp_path):
    """Starts daemons; each is ended when the test is over, and must end well."""
    running = []

    def start(folder="rhizd", **options):
        server = rhizome.Rhizd(tmp_path / folder, **options)
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()
