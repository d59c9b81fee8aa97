"""What a data plane meets outside, on loopback: an identity provider, and an OpenAI-compatible endpoint."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

DIMENSIONS = 64
ISSUER = "https://login.example"


@dataclass
class Outside:
    """Both, with a switch to break the model."""

    port: int
    answer: str = "You get 27 days of paid holiday [1]."
    model_down: bool = False
    model_seconds: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def key(self) -> RSAKey:
        """The identity provider's key."""
        return RSAKey.generate_key(2048, {"kid": "one"})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, tenant: str = "acme", **claims: Any) -> str:
        """A token of the identity provider."""
        now = int(time.time())
        good = {
            "iss": ISSUER,
            "aud": "ringfence",
            "exp": now + 600,
            "tenant_id": tenant,
            "sub": "user-1",
            "permissions": ["documents:read", "documents:write"],
        }
        return jwt.encode({"alg": "RS256", "kid": "one"}, {**good, **claims}, self.key)

    def app(self) -> Starlette:
        """The ASGI app."""
        return Starlette(
            routes=[
                Route("/jwks", self._jwks),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/v1/embeddings", self._embed, methods=["POST"]),
            ]
        )

    def _jwks(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _complete(self, request: Request) -> Response:
        asked = await request.json()
        self.asked.append(asked)
        await asyncio.sleep(self.model_seconds)
        if self.model_down:
            return JSONResponse({"error": {"message": "bad key"}}, 401)
        message = {"role": "assistant", "content": self.answer}
        return JSONResponse(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "stand-in",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }
        )

    async def _embed(self, request: Request) -> Response:
        asked = await request.json()
        texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        data = [{"object": "embedding", "index": place, "embedding": _vector(text)} for place, text in enumerate(texts)]
        usage = {"prompt_tokens": 5 * len(texts), "total_tokens": 5 * len(texts)}
        return JSONResponse({"object": "list", "model": "stand-in", "data": data, "usage": usage})


def _vector(text: str) -> list[float]:
    """A bag of words, hashed: texts that share words are near."""
    row = np.full(DIMENSIONS, 0.01)
    for word in text.lower().split():
        row[sum(word.strip(".,?!").encode()) % DIMENSIONS] += 1
    return [float(value) for value in row / np.linalg.norm(row)]


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running() -> Iterator[Outside]:
    """Serve in a thread."""
    outside = Outside(free_port())
    server = uvicorn.Server(
        uvicorn.Config(outside.app(), host="127.0.0.1", port=outside.port, log_config=None, lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    yield outside
    server.should_exit = True
    thread.join(10)


def lines(text: str) -> list[dict[str, Any]]:
    """JSON lines; every line must be one."""
    return [json.loads(line) for line in text.splitlines()]
