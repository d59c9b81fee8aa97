"""Lexical and document store on a laptop: SQLite with FTS5."""

from ringfence_dataplane.adapters.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
