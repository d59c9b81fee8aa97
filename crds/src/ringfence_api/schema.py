"""Base model of the API types: camelCase outside, and rules that hold both in the API server and in Python."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel


@dataclass(frozen=True)
class Rule:
    """One rule said twice, because the laptop has no API server to evaluate CEL.

    `cel` goes into the CRD; `holds` is the same rule in Python; `message` tells what to write instead.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool]


class ApiModel(BaseModel):
    """A group of fields of a Tenant. Unknown fields are errors, as they are for `kubectl apply`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        for rule in self.rules:
            if not rule.holds(self):
                raise ValueError(rule.message)
        return self
