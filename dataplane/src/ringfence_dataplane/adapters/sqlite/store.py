"""`ports.DocumentStore` on SQLite: one file per tenant, every change one transaction."""

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from ringfence_api.binding import SqliteBinding
from ringfence_dataplane.adapters.content_hash import content_hash
from ringfence_dataplane.adapters.ownership import check_owner
from ringfence_dataplane.adapters.sqlite.connection import Connection
from ringfence_dataplane.adapters.sqlite.matching import match_expression
from ringfence_dataplane.adapters.sqlite.schema import SCHEMA
from ringfence_dataplane.documents import Chunk, Document, Hit
from ringfence_dataplane.ports import PutResult, StoredChunk
from ringfence_dataplane.tenancy import BoundTenant

READ_SECONDS = 2.0
WRITE_SECONDS = 30.0
PAGE = 500
TITLE_WEIGHT, CONTENT_WEIGHT = 0.5, 1.0


class SqliteStore:
    """Reads and writes have a connection each, so that a search never waits behind an ingest."""

    def __init__(self, path: Path) -> None:
        self._writer = Connection(path)
        self._reader = Connection(path)
        self._ready = False

    @classmethod
    def from_binding(cls, binding: SqliteBinding) -> Self:
        """Store in the Binding's file, made at the first call."""
        return cls(Path(binding.path))

    async def search(self, tenant: BoundTenant, query: str, limit: int) -> list[Hit]:
        """BM25, best first; scores > 0."""
        expression = match_expression(query)
        if expression is None:
            return []

        def work(db: sqlite3.Connection) -> list[Hit]:
            # bm25() is the negated score
            rows = db.execute(
                "SELECT chunks.*, -bm25(chunks_fts, ?, ?) AS score FROM chunks_fts "
                "JOIN chunks ON chunks.number = chunks_fts.rowid "
                "WHERE chunks_fts MATCH ? AND tenant_id = ? ORDER BY score DESC, chunks.id LIMIT ?",
                (TITLE_WEIGHT, CONTENT_WEIGHT, expression, tenant.tenant_id, limit),
            )
            return [Hit(_chunk(row), row["score"]) for row in rows]

        await self._prepare()
        return await self._reader.run(work, READ_SECONDS)

    async def put(self, tenant: BoundTenant, document: Document, chunks: Sequence[StoredChunk]) -> PutResult:
        """Store a document and its chunks in place of its former version, all or nothing."""
        check_owner(tenant, document, chunks)
        digest = content_hash(document, [stored.chunk.id for stored in chunks])

        def work(db: sqlite3.Connection) -> PutResult:
            db.execute("BEGIN IMMEDIATE")  # the version is read and written by one writer at a time
            row = db.execute(
                "SELECT version, content_hash FROM documents WHERE tenant_id = ? AND id = ?",
                (tenant.tenant_id, document.id),
            ).fetchone()
            if row is not None and row["content_hash"] == digest:
                return PutResult(document.id, "unchanged", row["version"])
            version = 1 if row is None else row["version"] + 1
            _remove(db, tenant, document.id)
            _insert(db, replace(document, version=version), digest, chunks)
            return PutResult(document.id, "created" if row is None else "updated", version)

        await self._prepare()
        return await self._writer.run(work, WRITE_SECONDS)

    async def get(self, tenant: BoundTenant, document_id: str) -> Document | None:
        """The current version of a document."""

        def work(db: sqlite3.Connection) -> Document | None:
            row = db.execute(
                "SELECT * FROM documents WHERE tenant_id = ? AND id = ?", (tenant.tenant_id, document_id)
            ).fetchone()
            if row is None:
                return None
            return Document(
                row["id"], row["tenant_id"], row["doc_type"], row["title"], row["content"], row["version"],
                json.loads(row["metadata"]),
            )  # fmt: skip

        await self._prepare()
        return await self._reader.run(work, READ_SECONDS)

    async def delete(self, tenant: BoundTenant, document_id: str) -> list[str]:
        """Remove a document; returns the ids of its chunks."""
        await self._prepare()
        return await self._writer.run(lambda db: _remove(db, tenant, document_id), WRITE_SECONDS)

    async def chunks(self, tenant: BoundTenant, ids: Sequence[str]) -> list[Chunk]:
        """The chunks that exist among `ids`, in their order."""

        def work(db: sqlite3.Connection) -> list[Chunk]:
            rows = db.execute(
                "SELECT * FROM chunks WHERE tenant_id = ? AND id IN (SELECT value FROM json_each(?))",
                (tenant.tenant_id, json.dumps(list(ids))),
            )
            found = {row["id"]: _chunk(row) for row in rows}
            return [found[chunk_id] for chunk_id in ids if chunk_id in found]

        await self._prepare()
        return await self._reader.run(work, READ_SECONDS)

    async def chunk_ids(self, tenant: BoundTenant, document_id: str) -> list[str]:
        """Ids of a document's chunks."""
        await self._prepare()
        return await self._reader.run(lambda db: _ids(db, tenant, document_id), READ_SECONDS)

    async def stored(self, tenant: BoundTenant) -> AsyncIterator[StoredChunk]:
        """Every chunk with its vector, read in pages."""
        after = 0

        def work(db: sqlite3.Connection) -> list[sqlite3.Row]:
            return db.execute(
                "SELECT * FROM chunks WHERE tenant_id = ? AND number > ? ORDER BY number LIMIT ?",
                (tenant.tenant_id, after, PAGE),
            ).fetchall()

        await self._prepare()
        while page := await self._reader.run(work, READ_SECONDS):
            for row in page:
                yield StoredChunk(_chunk(row), tuple(np.frombuffer(row["vector"], "<f4").tolist()))
            after = page[-1]["number"]

    async def count(self, tenant: BoundTenant) -> int:
        """Number of documents."""

        def work(db: sqlite3.Connection) -> int:
            row = db.execute("SELECT count(*) FROM documents WHERE tenant_id = ?", (tenant.tenant_id,)).fetchone()
            return int(row[0])

        await self._prepare()
        return await self._reader.run(work, READ_SECONDS)

    async def ping(self, tenant: BoundTenant) -> None:
        """Return if the file can be read."""
        await self.count(tenant)

    async def close(self) -> None:
        """Close both connections."""
        await self._reader.close()
        await self._writer.close()

    async def _prepare(self) -> None:
        if not self._ready:
            await self._writer.run(lambda db: db.executescript(SCHEMA), WRITE_SECONDS)
            self._ready = True


def _insert(db: sqlite3.Connection, document: Document, digest: str, chunks: Sequence[StoredChunk]) -> None:
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.tenant_id, document.id, document.doc_type, document.version, document.title, document.content,
            json.dumps(document.metadata), digest,
        ),
    )  # fmt: skip
    db.executemany(
        "INSERT INTO chunks VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                chunk.tenant_id, chunk.id, document.id, document.doc_type, document.version, chunk.title,
                chunk.content, chunk.start, chunk.end, np.asarray(stored.vector, "<f4").tobytes(),
            )
            for stored in chunks
            for chunk in (stored.chunk,)
        ],
    )  # fmt: skip


def _remove(db: sqlite3.Connection, tenant: BoundTenant, document_id: str) -> list[str]:
    ids = _ids(db, tenant, document_id)
    for table, column in (("chunks", "document_id"), ("documents", "id")):
        db.execute(f"DELETE FROM {table} WHERE tenant_id = ? AND {column} = ?", (tenant.tenant_id, document_id))  # noqa: S608 - both names stand above
    return ids


def _ids(db: sqlite3.Connection, tenant: BoundTenant, document_id: str) -> list[str]:
    rows = db.execute(
        "SELECT id FROM chunks WHERE tenant_id = ? AND document_id = ? ORDER BY number",
        (tenant.tenant_id, document_id),
    )
    return [row["id"] for row in rows]


def _chunk(row: sqlite3.Row) -> Chunk:
    return Chunk(
        row["id"], row["tenant_id"], row["document_id"], row["doc_type"], row["version"], row["title"],
        row["content"], row["start"], row["end"],
    )  # fmt: skip
