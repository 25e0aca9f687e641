"""What stands around every page, as the browser is sent it."""

from __future__ import annotations

import plotly
import pytest
from flask.testing import FlaskClient

from dashboard import app

from .conftest import TOKEN, Lecture

HOST = "http://127.0.0.1:8050"


@pytest.fixture
def client(lecture: Lecture) -> FlaskClient:
    found: FlaskClient = app.create_app(lecture.store, lecture.settings, TOKEN).server.test_client()
    found.get(f"/?token={TOKEN}", base_url=HOST)
    return found


def test_the_library_that_draws_is_compiled_while_it_loads_and_kept(client: FlaskClient) -> None:
    first = client.get(app.PLOTLY, base_url=HOST)
    words, library = first.data.split(b"\n", 1)
    assert words == b"//# allFunctionsCalledOnLoad"
    assert f"plotly.js v{plotly.offline.get_plotlyjs_version()}".encode() in library[:300]
    again = client.get(app.PLOTLY, base_url=HOST, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
