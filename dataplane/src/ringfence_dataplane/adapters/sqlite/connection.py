"""One SQLite connection in a thread of its own, with deadlines."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ringfence_dataplane.ports import Unavailable

SERVICE = "sqlite"
BUSY_SECONDS = 5.0
"""How long to wait for another process's write."""

T = TypeVar("T")


class Connection:
    """Runs functions of a `sqlite3.Connection` one after the other, off the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T], seconds: float) -> T:
        """Result of `work`, in one transaction: an error rolls it back.

        Raises:
            Unavailable: SQLite failed or was not done after `seconds`; a statement still running is interrupted.
        """
        try:
            future = self._executor.submit(self._in_thread, work)
        except RuntimeError as error:
            raise Unavailable(SERVICE, "it is closed") from error
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if future.running() and self._connection is not None:
                self._connection.interrupt()
            raise Unavailable(SERVICE, f"no answer within {seconds:g} s") from error
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(SERVICE, type(error).__name__) from error

    async def close(self) -> None:
        """Finish what runs, then close."""
        if self._connection is not None:
            self._executor.submit(self._connection.close)
        await asyncio.to_thread(self._executor.shutdown)

    def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._open()
        with self._connection:
            return work(self._connection)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        # Readers do not wait for writers; an acknowledged write survives a power cut.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection
