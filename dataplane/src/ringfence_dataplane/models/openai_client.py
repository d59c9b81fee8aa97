"""What the OpenAI-compatible adapters share: one client, its errors, and retries inside a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import openai

from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.resilience.breaker import Breaker
from ringfence_dataplane.resilience.retry import REAL, Clock, Retry, by_status, retry

NO_KEY = "none"
"""Sent where the endpoint wants no key: the client insists on one."""
CONNECT_SECONDS = 5.0
T = TypeVar("T")


def client(base_url: str, api_key: str | None) -> openai.AsyncOpenAI:
    """A client that neither retries nor reads the environment's key, proxy or organisation; call `close` at the end."""
    http = openai.DefaultAsyncHttpxClient(
        trust_env=False,
        follow_redirects=False,  # a redirect could lead anywhere, with the key
        timeout=openai.Timeout(120.0, connect=CONNECT_SECONDS),
    )
    return openai.AsyncOpenAI(
        base_url=base_url, api_key=api_key or NO_KEY, organization="", project="", max_retries=0, http_client=http
    )


def classify(error: Exception) -> Retry | None:
    """Network errors, 429 and passing server errors are worth another try."""
    if isinstance(error, openai.APIStatusError):
        return by_status(error.status_code, error.response.headers.get("retry-after"))
    return Retry() if isinstance(error, openai.APIConnectionError) else None


def is_down(error: Exception) -> bool:
    """Errors that say the service is ill, rather than that it dislikes a request."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code >= 500
    return isinstance(error, openai.APIConnectionError | TimeoutError)


async def ask(
    service: str, breaker: Breaker, seconds: float, call: Callable[[float], Awaitable[T]], clock: Clock = REAL
) -> T:
    """Run `call(seconds left)` through breaker and retries before `seconds` have passed.

    Raises:
        Unavailable: no good answer came in time. The message has the kind of error only: a provider's text may
            quote the key or the prompt.
    """
    started = time.monotonic()

    async def attempt() -> T:
        left = max(0.05, seconds - (time.monotonic() - started))
        async with breaker.guard(), asyncio.timeout(left):
            return await call(left)

    try:
        return await retry(attempt, classify, clock.now() + seconds, clock)
    except openai.APIStatusError as error:
        raise Unavailable(service, f"it answered {error.status_code}") from None
    except (openai.OpenAIError, TimeoutError, ValueError) as error:
        raise Unavailable(service, _kind(error)) from None


def _kind(error: Exception) -> str:
    return "no answer before the deadline" if isinstance(error, TimeoutError) else type(error).__name__
