# SPDX-License-Identifier: Apache-2.0
# A small web application: notes in a database, uploads in files, pages from templates.
import datetime
import hashlib
import json
import os
import sqlite3
import tempfile
import uuid

from flask import Flask, g, jsonify, render_template, request, session


def create_app(folder):
    """The application with its data below `folder`."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY=os.urandom(16), DATA=folder)
    os.makedirs(os.path.join(folder, "uploads"))
    os.makedirs(os.path.join(folder, "exports"))
    with sqlite3.connect(os.path.join(folder, "notes.sqlite")) as database:
        database.execute("create table notes (id text primary key, text text)")
    database.close()

    def database():
        if "database" not in g:
            g.database = sqlite3.connect(os.path.join(folder, "notes.sqlite"))
        return g.database

    @app.teardown_appcontext
    def close(_error):
        opened = g.pop("database", None)
        if opened is not None:
            opened.close()

    @app.get("/")
    def index():
        rows = database().execute("select id, text from notes order by text").fetchall()
        return render_template("index.html", notes=rows, user=session.get("user"))

    @app.post("/login")
    def login():
        session["user"] = request.get_data(as_text=True)
        return "welcome"

    @app.post("/notes")
    def add():
        name = str(uuid.uuid4())
        with database() as transaction:
            transaction.execute("insert into notes values (?, ?)", (name, request.get_data(as_text=True)))
        return name, 201

    @app.post("/uploads")
    def upload():
        content = request.get_data()
        digest = hashlib.sha256(content).hexdigest()
        with tempfile.NamedTemporaryFile(dir=os.path.join(folder, "uploads"), delete=False) as part:
            part.write(content)
        os.replace(part.name, os.path.join(folder, "uploads", digest + ".bin"))
        return digest, 201

    @app.get("/uploads/<digest>")
    def uploaded(digest):
        with open(os.path.join(folder, "uploads", digest + ".bin"), "rb") as stored:
            return stored.read()

    @app.post("/export")
    def export():
        rows = database().execute("select id, text from notes").fetchall()
        moment = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        path = os.path.join(folder, "exports", f"notes-{moment}-{os.getpid()}.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(rows, out)
        return jsonify(rows=len(rows))

    @app.post("/render")
    def render():
        # a place of injection: a template that may contain code
        scope = {}
        exec(request.get_data(as_text=True), scope)
        return str(scope.get("result"))

    return app
