# SPDX-License-Identifier: Apache-2.0
import ctypes
import os
import threading

import pytest
from werkzeug.serving import make_server

from notes import create_app

PR_SET_NAME = 15


@pytest.fixture
def client(tmp_path):
    return create_app(str(tmp_path / "data")).test_client()


@pytest.fixture
def served(tmp_path):
    """Port of the application, which is really there: on that of production when the environment names one."""
    app = create_app(str(tmp_path / "data"))
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "0")), app, threaded=True)
    ctypes.CDLL(None).prctl(PR_SET_NAME, b"notes", 0, 0, 0)  # for those who look at processes
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
