# SPDX-License-Identifier: Apache-2.0
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest


def test_pages(served):
    for _ in range(3):
        with urlopen(f"http://127.0.0.1:{served}/") as answer:
            assert b"Notes" in answer.read()
    with pytest.raises(HTTPError):
        urlopen(f"http://127.0.0.1:{served}/missing")
