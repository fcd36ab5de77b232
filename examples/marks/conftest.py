# SPDX-License-Identifier: Apache-2.0
"""Tells Galgo which test of pytest is running. Put it beside the tests, or its functions into the conftest.py that is there:

    galgo learn -o app.galgo.json -- pytest

A test is marked by making a file of its name in the directory that GALGO_MARKS names, which is set while Galgo learns and never when a model
is enforced: without it nothing is done here.
"""

import os

MAX_BYTES = 255


def _mark(name: bytes) -> None:
    directory = os.environ.get("GALGO_MARKS")
    if not directory:
        return
    try:
        path = os.path.join(os.fsencode(directory), name[:MAX_BYTES])
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        pass  # tests go on without their marks


def _encoded(name: str) -> bytes:
    """A name that a file can have: "/" stands as %2F. Node ids of pytest never begin with what has a meaning there."""
    return name.replace("%", "%25").replace("/", "%2F").encode("utf-8", "replace")


def pytest_runtest_logstart(nodeid, location):
    _mark(_encoded(nodeid))


def pytest_runtest_logfinish(nodeid, location):
    _mark(b"-")
