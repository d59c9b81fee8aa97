"""The Tenant resource: metadata that matters to us, spec, status."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ringfence_api.labels import API_VERSION, KIND
from ringfence_api.schema import ApiModel
from ringfence_api.spec import TenantSpec

NAME_MAX_LENGTH = 40
NAME_PATTERN = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"
NAME_MESSAGE = (
    "a Tenant's name is a DNS label of at most 40 characters that starts with a letter, for example `acme` or `acme-eu`"
)

TenantName = Annotated[str, Field(max_length=NAME_MAX_LENGTH, pattern=NAME_PATTERN)]


class InvalidTenant(ValueError):
    """A Tenant that breaks the schema; the message lists every field and what to write instead."""


class Condition(ApiModel):
    """A Kubernetes condition; `message` is a sentence for a person."""

    type: str = Field(max_length=64)
    status: Literal["True", "False", "Unknown"]
    reason: str = Field(max_length=64)
    message: str = Field(max_length=2048)
    last_transition_time: str = Field(max_length=32, json_schema_extra={"format": "date-time"})
    observed_generation: int = Field(ge=0)


class TenantStatus(ApiModel):
    """What the operator found."""

    observed_generation: int | None = Field(None, ge=0, description="generation that the conditions speak of")
    conditions: list[Condition] = Field(
        default_factory=list,
        max_length=16,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    endpoint: str | None = Field(None, max_length=256, description="URL of the data plane inside the cluster")
    namespace: str | None = Field(None, max_length=63)
    indices: list[str] = Field(default_factory=list, max_length=10, description="OpenSearch indices")


class Metadata(BaseModel):
    """The part of ObjectMeta that Ringfence reads."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    name: TenantName
    uid: str = ""
    creation_timestamp: str = Field("", alias="creationTimestamp")
    generation: int = 0
    annotations: dict[str, str] = Field(default_factory=dict)


class Tenant(BaseModel):
    """A cluster-scoped Tenant. `status` stays a plain mapping: the operator writes it, nothing is decided by it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    metadata: Metadata
    spec: TenantSpec

    @property
    def name(self) -> str:
        """The tenant's name: the only input of `ringfence_api.names`."""
        return self.metadata.name

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a Tenant from an API object or a file.

        Raises:
            InvalidTenant: the object is no Tenant of this version or breaks its schema.
        """
        if body.get("apiVersion") != API_VERSION or body.get("kind") != KIND:
            raise InvalidTenant(
                f"expected `apiVersion: {API_VERSION}` and `kind: {KIND}`, "
                f"found {body.get('apiVersion')!r} and {body.get('kind')!r}"
            )
        name = (body.get("metadata") or {}).get("name", "")
        if not isinstance(name, str) or len(name) > NAME_MAX_LENGTH or not re.fullmatch(NAME_PATTERN[1:-1], name):
            raise InvalidTenant(f"metadata.name {name!r}: {NAME_MESSAGE}")
        try:
            return cls.model_validate({"metadata": body["metadata"], "spec": body.get("spec") or {}})
        except ValidationError as error:
            raise InvalidTenant(_readable(error)) from error


def _readable(error: ValidationError) -> str:
    """One sentence per broken field, without the values (a value might be a secret in the wrong place)."""
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors(include_input=False, include_url=False)
    )
