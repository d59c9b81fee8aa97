"""Which events of the watch are news, and when the operator counts as dead."""

from __future__ import annotations

from time import monotonic
from typing import Any

from ringfence_operator.handlers import Watch, kopf_settings, registry


def meta(generation: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": "acme", "uid": "1", "generation": generation, **more}


def added(*events: tuple[str | None, dict[str, Any]]) -> int:
    names: list[str] = []
    watch = Watch(names.append)
    for kind, metadata in events:
        watch.changed(kind, metadata)
    return len(names)


def test_the_operators_own_status_writes_are_no_news() -> None:
    assert added((None, meta()), ("MODIFIED", meta()), ("MODIFIED", meta())) == 1


def test_a_changed_spec_a_deletion_and_a_new_object_of_the_name_are_news() -> None:
    assert added(("ADDED", meta()), ("MODIFIED", meta(2)), ("MODIFIED", meta(2, deletionTimestamp="now"))) == 3
    assert added(("ADDED", meta()), ("DELETED", meta()), ("ADDED", meta())) == 3
    assert added(("ADDED", meta()), ("ADDED", meta(uid="2"))) == 2


def test_a_list_after_a_broken_watch_costs_no_passes_for_what_is_unchanged() -> None:
    assert added((None, meta()), (None, meta())) == 1


def test_kopf_only_listens() -> None:
    handlers = registry(Watch(lambda _: None), monotonic)
    settings = kopf_settings()

    assert not settings.posting.enabled
    assert settings.peering.standalone
    assert settings.queueing.worker_limit == 500
    assert isinstance(settings.watching.server_timeout, int)  # the API server refuses `600.0`
    assert "zalando" not in settings.persistence.finalizer
    assert list(handlers._changing.get_all_handlers()) == []
    assert list(handlers._spawning.get_all_handlers()) == []
