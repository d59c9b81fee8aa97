"""Reads a JSON body into a model, or says what is wrong with it."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from ringfence_dataplane.problems import Problem

M = TypeVar("M", bound=BaseModel)
MAX_ERRORS = 20


async def parse(request: Request, model: type[M]) -> M:
    """The body as `model`.

    Raises:
        Problem: 415 for another media type, 400 for what is no JSON, 422 for what does not fit the model.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "not-json", "The body must be JSON", "Send `Content-Type: application/json`.")
    try:
        return model.model_validate_json(await request.body())
    except ClientDisconnect:
        raise Problem(400, "disconnected", "The client is gone", "Send the whole body.") from None
    except ValidationError as error:
        raise _problem(error) from None


def invalid(field: str, message: str) -> Problem:
    """422 for one field."""
    return _invalid([{"field": field, "message": message}])


def _problem(error: ValidationError) -> Problem:
    # Without the input: what was sent is not repeated.
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(entry["type"] == "json_invalid" for entry in found):
        return Problem(400, "malformed-json", "The body is no JSON", "Send one JSON object, encoded in UTF-8.")
    return _invalid(
        [
            {"field": ".".join(str(part)[:100] for part in entry["loc"]), "message": entry["msg"]}
            for entry in found[:MAX_ERRORS]
        ]
    )


def _invalid(errors: list[dict[str, str]]) -> Problem:
    told = "; ".join(f"{error['field'] or 'body'}: {error['message']}" for error in errors)
    return Problem(422, "invalid", "The request is not valid", told, extra={"errors": errors})
