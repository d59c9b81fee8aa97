"""The laptop's document store."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringfence_dataplane.adapters.sqlite import SqliteStore
from ringfence_dataplane.adapters.sqlite.connection import Connection
from ringfence_dataplane.ports import DocumentStore, Unavailable
from tests.unit.dataplane.adapters.store_contract import ACME, StoreContract, document, put


class TestSqlite(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[DocumentStore]:
        store = SqliteStore(tmp_path / "tenant" / "documents.db")
        yield store
        await store.close()


async def test_documents_survive_a_restart(tmp_path: Path) -> None:
    for expected in ("created", "unchanged"):
        store = SqliteStore(tmp_path / "documents.db")
        status, _ = await put(store, document("a", "alpha beta"))
        assert status == expected
        await store.close()


async def test_concurrent_writers_of_one_document_leave_one_version_after_the_other(tmp_path: Path) -> None:
    stores = [SqliteStore(tmp_path / "documents.db") for _ in range(2)]
    puts = [put(stores[n % 2], document("a", f"text number {n}")) for n in range(10)]
    results = await asyncio.gather(*puts)
    assert sorted(version for _, version in results) == list(range(1, 11))
    assert await stores[0].count(ACME) == 1
    for store in stores:
        await store.close()


async def test_a_damaged_file_is_unavailable_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "documents.db").write_bytes(b"this is no database, but long enough to be read as one" * 100)
    store = SqliteStore(tmp_path / "documents.db")
    with pytest.raises(Unavailable, match="sqlite"):
        await store.search(ACME, "alpha", 5)
    await store.close()


async def test_a_statement_that_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    connection = Connection(tmp_path / "documents.db")
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

    def work(db: sqlite3.Connection) -> int:
        return int(db.execute(endless).fetchone()[0])

    await connection.run(lambda db: None, 5)
    with pytest.raises(Unavailable, match="no answer within"):
        await connection.run(work, 0.2)
    assert await connection.run(lambda db: db.execute("SELECT 1").fetchone()[0], 5) == 1
    await connection.close()
