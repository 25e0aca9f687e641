"""Several teachers in one database: each has a schema, and an account of the same name sees no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from classroom_monitor.clock import SteppedClock
from classroom_monitor.errors import StoreError
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from classroom_monitor.store.teachers import Teachers
from dashboard.made_up import START, store_lecture

SETTINGS = load_settings().store


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def opened(teachers: Teachers, clock: SteppedClock) -> Iterator[Callable[[str], Store]]:
    """Opens a teacher's store, until the end of the test."""
    with ExitStack() as held:
        yield lambda name: held.enter_context(closing(teachers.open(name, clock, SETTINGS)))


Opened = Callable[[str], Store]


def test_each_teacher_has_a_store_of_their_own(
    teachers: Teachers, opened: Opened, clock: SteppedClock
) -> None:
    for name in ("ana", "bo"):
        teachers.add(name, f"digest of {name}", clock, SETTINGS)
    assert teachers.tokens() == {"digest of ana": "ana", "digest of bo": "bo"}
    store_lecture(opened("ana"), clock, minutes=1)
    assert [each.id for each in opened("ana").sessions()] == ["lecture"]
    assert not opened("bo").sessions()


def test_an_account_of_the_teachers_name_writes_there_and_nowhere_else(
    postgres: str, teachers: Teachers, opened: Opened, clock: SteppedClock
) -> None:
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE ana LOGIN; CREATE ROLE bo LOGIN"))
    engine.dispose()
    teachers.add("ana", "a", clock, SETTINGS)
    teachers.add("bo", "b", clock, SETTINGS)
    own = make_url(postgres).set(username="ana")
    with closing(open_store(own.render_as_string(), clock, SETTINGS)) as store:
        store_lecture(store, clock, minutes=1)
    assert [each.id for each in opened("ana").sessions()] == ["lecture"]
    assert not opened("bo").sessions()
    others = own.update_query_dict({"options": "-csearch_path=bo"}).render_as_string()
    with pytest.raises(StoreError, match="no schema has been selected"):
        open_store(others, clock, SETTINGS)
    with pytest.raises(StoreError, match="permission denied"):
        Teachers(own.render_as_string())


def test_a_new_token_takes_the_place_of_the_old_one(
    teachers: Teachers, opened: Opened, clock: SteppedClock
) -> None:
    teachers.add("ana", "first", clock, SETTINGS)
    store_lecture(opened("ana"), clock, minutes=1)
    teachers.add("ana", "second", clock, SETTINGS)
    assert teachers.tokens() == {"second": "ana"}
    assert len(opened("ana").sessions()) == 1


def test_who_is_removed_has_no_token_and_keeps_the_sessions(
    teachers: Teachers, opened: Opened, clock: SteppedClock
) -> None:
    teachers.add("ana", "a", clock, SETTINGS)
    store_lecture(opened("ana"), clock, minutes=1)
    teachers.remove("ana")
    assert teachers.tokens() == {}
    with pytest.raises(StoreError, match="ana: no such teacher; there are: none"):
        teachers.remove("ana")
    teachers.add("ana", "b", clock, SETTINGS)
    assert len(opened("ana").sessions()) == 1


@pytest.mark.parametrize(
    "name", ["", "Ana", "1a", "a-b", "a;b", 'a"b', "public", "pg_x", "classroom_monitor", "a" * 41]
)
def test_a_name_that_would_be_no_plain_schema_is_refused(
    teachers: Teachers, clock: SteppedClock, name: str
) -> None:
    with pytest.raises(StoreError, match="cannot be a teacher's name"):
        teachers.add(name, "a", clock, SETTINGS)


@pytest.mark.parametrize("url", [None, "", "sqlite:///x.sqlite", "nonsense"])
def test_only_postgresql_will_do(url: str | None) -> None:
    with pytest.raises(StoreError, match="several teachers need one PostgreSQL database"):
        Teachers(url)


def test_a_database_that_does_not_answer_is_one_line(clock: SteppedClock) -> None:
    with pytest.raises(StoreError, match="the database of the teachers cannot be used") as problem:
        Teachers("postgresql+psycopg://ana:geheim@127.0.0.1:1/none")
    assert "\n" not in str(problem.value)
    assert "geheim" not in str(problem.value)
