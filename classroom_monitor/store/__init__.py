"""The store: the numbers of every session, in SQLite on this computer, or in PostgreSQL by URL.

Numbers only: no picture, no feature of a face. Each table has one writer (`schema.py` says which).
"""

from classroom_monitor.store.store import Store, open_store

__all__ = ["Store", "open_store"]
