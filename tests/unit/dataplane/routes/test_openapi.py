"""The description of the API is complete and true."""

import re
from typing import Any

from starlette.routing import Route

from tests.unit.dataplane.support.service import Service


async def described() -> dict[str, Any]:
    async with Service().client() as client:
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


async def test_every_route_is_described_and_nothing_else() -> None:
    routes = {
        (route.path, method)
        for route in Service().app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    paths = (await described())["paths"]
    assert {(path, method.upper()) for path, item in paths.items() for method in item} == routes


async def test_every_reference_leads_somewhere() -> None:
    document = await described()
    for reference in re.findall(r"'\$ref': '#/([^']+)'", str(document)):
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
        assert found


async def test_calls_need_a_token_and_the_tenant_header_and_tell_their_problems() -> None:
    document = await described()
    assert document["openapi"].startswith("3.1")
    for path, item in document["paths"].items():
        for operation in item.values():
            if not path.startswith("/api/"):
                assert operation["security"] == []
                continue
            assert operation["security"] == [{"token": []}]
            assert {"$ref": "#/components/parameters/tenant"} in operation["parameters"]
            for status in ("401", "403", "429", "500"):
                content = operation["responses"][status]["content"]
                assert list(content) == ["application/problem+json"]
    assert len({op["operationId"] for item in document["paths"].values() for op in item.values()}) == sum(
        len(item) for item in document["paths"].values()
    )


async def test_a_real_answer_has_exactly_the_described_fields() -> None:
    document = await described()
    body = (await Service().ask()).json()
    schemas = document["components"]["schemas"]
    assert set(body) == set(schemas["QueryResponse"]["properties"])
    assert set(body["sources"][0]) == set(schemas["SourceBody"]["properties"])
    assert schemas["QueryRequest"]["additionalProperties"] is False


async def test_the_page_for_people_stands_alone() -> None:
    async with Service().client() as client:
        response = await client.get("/docs")
    page = response.text
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
    assert "default-src 'none'" in response.headers["content-security-policy"]
    for path in (await described())["paths"]:
        assert path in page
    assert "X-Tenant-ID: acme" in page
