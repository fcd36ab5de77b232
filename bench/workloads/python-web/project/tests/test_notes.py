# SPDX-License-Identifier: Apache-2.0
import os


def test_notes(client):
    assert b"nobody" in client.get("/").data
    for n in range(5):
        assert client.post("/notes", data=f"note {n}").status_code == 201
    page = client.get("/").data
    assert all(f"note {n}".encode() in page for n in range(5))


def test_sessions(client):
    assert client.post("/login", data="ada").data == b"welcome"
    assert b"ada" in client.get("/").data


def test_uploads(client):
    for _ in range(4):
        content = os.urandom(2000)
        digest = client.post("/uploads", data=content).get_data(as_text=True)
        assert client.get(f"/uploads/{digest}").data == content


def test_exports(client):
    client.post("/notes", data="one")
    assert client.post("/export").json == {"rows": 1}


def test_rendering(client):
    assert client.post("/render", data="result = 6 * 7").data == b"42"
    template = os.environ.get("TEMPLATE")
    if template is not None:
        print(client.post("/render", data=template).data)
