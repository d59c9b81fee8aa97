"""The OpenAI-compatible adapters against an endpoint that misbehaves, over HTTP on loopback."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from ringfence_dataplane.models import openai_client
from ringfence_dataplane.models.openai_chat import OpenAIChat
from ringfence_dataplane.models.openai_embeddings import OpenAIEmbeddings
from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.resilience.breaker import for_llm, for_vectors
from ringfence_dataplane.resilience.retry import Clock

KEY = "sk-not-to-be-shown"
ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "small-2024",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "25 days [1]"}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}


class Endpoint:
    """Gives the scripted replies, then the last of them again and again."""

    def __init__(self) -> None:
        self.replies: list[tuple[int, dict[str, str], dict[str, Any]]] = []
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.requests.append((self.path, self.headers["Authorization"], body))
                replies = endpoint.replies
                status, headers, answer = replies.pop(0) if len(replies) > 1 else replies[0]
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Waits(list[float]):
    """Sleeping takes no time and is written down."""

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: sum(self), sleep=self.sleep, chance=lambda: 0.0)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    yield server
    server.close()


def chat(endpoint: Endpoint, waits: Waits) -> OpenAIChat:
    breaker = for_llm(counts=openai_client.is_down)
    return OpenAIChat(openai_client.client(endpoint.url, KEY), "small", 64, breaker, waits.clock)


def embeddings(endpoint: Endpoint, waits: Waits) -> OpenAIEmbeddings:
    breaker = for_vectors(counts=openai_client.is_down)
    return OpenAIEmbeddings(openai_client.client(endpoint.url, KEY), "embed", 2, breaker, waits.clock)


def vectors(*values: tuple[int, list[float]]) -> dict[str, Any]:
    data = [{"object": "embedding", "index": index, "embedding": value} for index, value in values]
    return {"object": "list", "model": "embed", "data": data, "usage": {"prompt_tokens": 4, "total_tokens": 4}}


QUESTION = [{"role": "user", "content": "How many days?"}]


async def test_an_answer_comes_with_the_providers_model_and_token_counts(endpoint: Endpoint) -> None:
    endpoint.replies = [(200, {}, ANSWER)]
    model = chat(endpoint, Waits())
    answer = await model.complete(QUESTION, 10)
    assert (answer.text, answer.model, answer.prompt_tokens, answer.completion_tokens) == (
        "25 days [1]",
        "small-2024",
        7,
        3,
    )
    path, authorization, body = endpoint.requests[0]
    assert (path, authorization) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("small", 64, 0)
    await model.close()


async def test_a_busy_endpoint_is_asked_again_when_it_says(endpoint: Endpoint) -> None:
    waits = Waits()
    endpoint.replies = [(429, {"Retry-After": "3"}, {}), (503, {}, {}), (200, {}, ANSWER)]
    model = chat(endpoint, waits)
    assert (await model.complete(QUESTION, 30)).text == "25 days [1]"
    assert waits == [3, 1]
    await model.close()


async def test_a_refused_request_is_not_repeated_and_its_text_is_not_passed_on(endpoint: Endpoint) -> None:
    endpoint.replies = [(401, {}, {"error": {"message": f"bad key {KEY}"}})]
    model = chat(endpoint, Waits())
    with pytest.raises(Unavailable, match="llm is unavailable: it answered 401") as refused:
        await model.complete(QUESTION, 30)
    assert KEY not in str(refused.value)
    assert refused.value.__cause__ is None
    assert len(endpoint.requests) == 1
    await model.close()


async def test_after_five_failures_the_endpoint_is_left_alone(endpoint: Endpoint) -> None:
    endpoint.replies = [(500, {}, {})]
    model = chat(endpoint, Waits())
    with pytest.raises(Unavailable, match="it answered 500"):
        await model.complete(QUESTION, 60)
    with pytest.raises(Unavailable, match="failed 5 times"):
        await model.complete(QUESTION, 60)
    assert len(endpoint.requests) == 5
    await model.close()


async def test_vectors_are_put_in_order_and_normalised(endpoint: Endpoint) -> None:
    endpoint.replies = [(200, {}, vectors((1, [0.0, 2.0]), (0, [3.0, 4.0])))]
    model = embeddings(endpoint, Waits())
    embedded = await model.embed(["a", "b"])
    assert np.allclose(embedded.vectors, [[0.6, 0.8], [0.0, 1.0]])
    assert embedded.vectors.dtype == np.float32
    assert embedded.tokens == 4
    await model.close()


@pytest.mark.parametrize("answer", [vectors((0, [1.0, 0.0, 0.0])), vectors((0, [0.0, 0.0])), vectors()])
async def test_a_wrong_vector_is_no_vector(endpoint: Endpoint, answer: dict[str, Any]) -> None:
    endpoint.replies = [(200, {}, answer)]
    model = embeddings(endpoint, Waits())
    with pytest.raises(Unavailable, match="embedding"):
        await model.embed(["a"])
    await model.close()
