"""A PostgreSQL server of the tests' own: on a socket in a folder of its own, gone with them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

#: PostgreSQL refuses to run as root; Debian's package makes this account.
ACCOUNT = "postgres"


def programs() -> Path | None:
    """The folder of initdb and postgres, which Debian keeps out of PATH; of the newest version."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: float(file.parts[4]))
    return found[-1].parent if found else None


@contextmanager
def running(folder_of_programs: Path) -> Iterator[str]:
    """The address of an empty server while it runs, `postgresql+psycopg://…`; `admin` may do everything."""
    account = pwd.getpwnam(ACCOUNT) if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="classroom-postgres-") as name:
        folder = Path(name)
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        user = None if account is None else account.pw_uid
        data = folder / "data"
        initdb = [folder_of_programs / "initdb", "-D", data, "-A", "trust", "-U", "admin", "-E", "UTF8"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
        server = subprocess.Popen(
            [folder_of_programs / "postgres", "-D", data, "-k", folder, "-F", "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        try:
            ready = [folder_of_programs / "pg_isready", "-q", "-h", folder, "-d", "postgres"]
            while server.poll() is None and subprocess.run(ready, check=False).returncode != 0:
                time.sleep(0.1)
            yield f"postgresql+psycopg://admin@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": it does not wait for connections
            server.wait(timeout=30)


def empty(url: str) -> None:
    """Takes everything out of the server's database, and the accounts that a test made."""
    engine = create_engine(url)
    with engine.begin() as connection:
        schemas = connection.execute(
            text("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)'")
        ).scalars()
        for name in schemas:
            connection.execute(text(f'DROP SCHEMA "{name}" CASCADE'))
        connection.execute(text("CREATE SCHEMA public"))
        roles = connection.execute(
            text("SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|admin$)'")
        ).scalars()
        for name in roles:
            connection.execute(text(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"'))
    engine.dispose()
