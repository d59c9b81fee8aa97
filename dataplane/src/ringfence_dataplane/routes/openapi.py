"""The OpenAPI 3.1 document, made from the endpoints that serve it."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ringfence_dataplane.problems import MEDIA_TYPE
from ringfence_dataplane.routes.endpoint import Endpoint, PublicEndpoint, Reply
from ringfence_dataplane.routes.schemas import DOCUMENT_ID, ProblemResponse

_REF = "#/components/schemas/{model}"
_OF_EVERY_CALL = (401, 403, 408, 413, 415, 429, 500, 503)
_REQUEST_ID = {"X-Request-ID": {"description": "name of this request in the log", "schema": {"type": "string"}}}


def document(
    tenant_id: str, version: str, endpoints: Sequence[Endpoint], public: Sequence[PublicEndpoint]
) -> dict[str, Any]:
    """Everything a client needs to know."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    for page in public:
        paths.setdefault(page.path, {})["get"] = _public_operation(page)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Ringfence data plane of {tenant_id}",
            "version": version,
            "description": "Ask questions of this tenant's documents, and keep the documents. Every call needs a "
            "bearer token of this tenant and the header X-Tenant-ID. Errors are problem documents (RFC 9457).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(endpoints, public),
            "parameters": {
                "tenant": {
                    "name": "X-Tenant-ID",
                    "in": "header",
                    "required": True,
                    "description": "must be the token's tenant and this endpoint's",
                    "schema": {"type": "string", "const": tenant_id},
                },
                "document_id": {
                    "name": "document_id",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "pattern": DOCUMENT_ID},
                },
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "claims: tenant_id, user_id (or sub), permissions, exp, aud, iss",
                }
            },
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    parameters = [{"$ref": "#/components/parameters/tenant"}]
    if "{document_id}" in endpoint.path:
        parameters.append({"$ref": "#/components/parameters/document_id"})
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint.method, endpoint.path),
        "summary": endpoint.summary,
        "description": f"Needs the permission `{endpoint.permission}`.",
        "security": [{"token": []}],
        "parameters": parameters,
        "responses": _responses(endpoint.replies, sorted({*endpoint.problems, *_OF_EVERY_CALL})),
    }
    if endpoint.request is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(endpoint.request)}},
        }
    return operation


def _public_operation(page: PublicEndpoint) -> dict[str, Any]:
    return {
        "operationId": _operation_id("get", page.path),
        "summary": page.summary,
        "security": [],
        "responses": _responses(page.replies, page.problems),
    }


def _responses(replies: dict[int, Reply], problems: Sequence[int]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, reply in replies.items():
        responses[str(status)] = {"description": reply.meaning, "headers": _REQUEST_ID}
        if reply.model is not None:
            responses[str(status)]["content"] = {reply.media_type: {"schema": _ref(reply.model)}}
        elif reply.media_type != "application/json":
            responses[str(status)]["content"] = {reply.media_type: {"schema": {"type": "string"}}}
    for status in problems:
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "headers": _REQUEST_ID,
            "content": {MEDIA_TYPE: {"schema": _ref(ProblemResponse)}},
        }
    return responses


def _schemas(endpoints: Sequence[Endpoint], public: Sequence[PublicEndpoint]) -> dict[str, Any]:
    models: list[type[BaseModel]] = [ProblemResponse]
    for endpoint in endpoints:
        models += [model for model in (endpoint.request,) if model is not None]
    for replies in [endpoint.replies for endpoint in endpoints] + [page.replies for page in public]:
        models += [reply.model for reply in replies.values() if reply.model is not None]
    _, schema = models_json_schema([(model, "validation") for model in dict.fromkeys(models)], ref_template=_REF)
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _operation_id(method: str, path: str) -> str:
    return "_".join([method.lower(), *re.findall(r"[a-z_]+", path)])
