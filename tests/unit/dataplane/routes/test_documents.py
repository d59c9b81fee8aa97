"""The document routes."""

from typing import Any

import pytest

from ringfence_dataplane.documents import Document
from tests.unit.dataplane.support.service import Service

PAGE = {"doc_type": "handbook", "content_type": "text/markdown", "content": "# Parking\n\nDeck C."}


async def test_a_document_is_created_read_updated_and_removed() -> None:
    service = Service()
    async with service.client() as client:
        created = await client.post("/api/documents", json={"id": "parking", "title": "Parking", **PAGE})
        again = await client.post("/api/documents", json={"id": "parking", "title": "Parking", **PAGE})
        updated = await client.put("/api/documents/parking", json={**PAGE, "title": "Parking", "content": "Deck D."})
        read = await client.get("/api/documents/parking")
        removed = await client.delete("/api/documents/parking")
        gone = await client.get("/api/documents/parking")
        twice = await client.delete("/api/documents/parking")
    assert (created.status_code, created.json()) == (201, {"id": "parking", "status": "created", "version": 1})
    assert created.headers["location"] == "/api/documents/parking"
    assert (again.status_code, again.json()["status"]) == (200, "unchanged")
    assert (updated.status_code, updated.json()) == (200, {"id": "parking", "status": "updated", "version": 2})
    assert read.json() == {
        "id": "parking",
        "doc_type": "handbook",
        "title": "Parking",
        "content": "Deck D.",
        "version": 2,
        "metadata": {},
    }
    assert (removed.status_code, removed.content) == (204, b"")
    assert gone.status_code == twice.status_code == 404
    assert [event["action"] for event in service.events] == [
        "document_put",
        "document_put",
        "document_put",
        "document_read",
        "document_delete",
        "document_read",
        "document_delete",
    ]
    assert "Deck" not in "".join(service.lines)


async def test_a_document_without_an_id_gets_one() -> None:
    service = Service()
    async with service.client() as client:
        response = await client.post("/api/documents", json=PAGE)
    assert response.status_code == 201
    assert list(service.library.documents) == [response.json()["id"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tenant_id": "globex"}, "tenant_id"),
        ({"version": 7}, "version"),
        ({"doc_type": "unheard-of"}, "doc_type"),
        ({"doc_type": None}, "doc_type"),
        ({"content": ""}, "content"),
        ({"content": " \n"}, "content"),
        ({"content": "a\x00b"}, "content"),
        ({"content": 7}, "content"),
        ({"title": "\x00"}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"content_type": "application/pdf"}, "content_type"),
        ({"id": "../x"}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 129}, "id"),
    ],
)
async def test_what_does_not_fit_is_422_with_the_field(change: dict[str, Any], field: str) -> None:
    service = Service()
    async with service.client() as client:
        response = await client.post("/api/documents", json={**PAGE, **change})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert field in response.json()["detail"]
    assert not service.library.documents


async def test_an_unknown_document_type_is_told_the_known_ones() -> None:
    async with Service().client() as client:
        response = await client.post("/api/documents", json={**PAGE, "doc_type": "unheard-of"})
    assert "handbook, product" in response.json()["detail"]


async def test_an_unreadable_document_is_422_with_the_reason() -> None:
    service = Service()
    service.library.refusal = "the document has no text"
    async with service.client() as client:
        response = await client.post("/api/documents", json=PAGE)
    assert response.status_code == 422
    assert response.json()["detail"] == "the document has no text"


async def test_another_tenants_document_looks_like_one_that_is_not_there() -> None:
    service = Service()
    service.library.documents["secret"] = Document("secret", "globex", "handbook", "Secret", "A secret.")
    async with service.client() as client:
        foreign = await client.get("/api/documents/secret", headers={"X-Request-ID": "the-same-id"})
        absent = await client.get("/api/documents/absent", headers={"X-Request-ID": "the-same-id"})
    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content
    assert set(foreign.headers) == set(absent.headers)


@pytest.mark.parametrize("document_id", ["%2e%2e", "a%00b", "x" * 200, "a%20b", "%F0%9F%8D%8B"])
async def test_an_id_that_no_document_can_have_is_not_found(document_id: str) -> None:
    async with Service().client() as client:
        assert (await client.get(f"/api/documents/{document_id}")).status_code == 404
        assert (await client.delete(f"/api/documents/{document_id}")).status_code == 404
        assert (await client.put(f"/api/documents/{document_id}", json=PAGE)).status_code == 422
