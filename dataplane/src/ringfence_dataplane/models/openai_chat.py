"""Language model behind any OpenAI-compatible chat endpoint."""

from collections.abc import Sequence
from typing import Self, cast

import openai
from openai.types.chat import ChatCompletionMessageParam

from ringfence_api.binding import LLM_API_KEY, LlmBinding
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.models import openai_client
from ringfence_dataplane.ports import Completion
from ringfence_dataplane.resilience.breaker import Breaker, Listener, for_llm, ignore
from ringfence_dataplane.resilience.retry import REAL, Clock

SERVICE = "llm"


class OpenAIChat:
    """Implements `ports.LanguageModel`."""

    def __init__(
        self, client: openai.AsyncOpenAI, model: str, max_output_tokens: int, breaker: Breaker, clock: Clock = REAL
    ) -> None:
        self.model = model
        self._client = client
        self._max_tokens = max_output_tokens
        self._breaker = breaker
        self._clock = clock

    @classmethod
    def from_binding(cls, binding: LlmBinding, credentials: Credentials, on_event: Listener = ignore) -> Self:
        """Client of the tenant's endpoint; the key is optional, for endpoints inside the cluster."""
        key = credentials.text(LLM_API_KEY) if credentials.has(LLM_API_KEY) else None
        breaker = for_llm(on_event, counts=openai_client.is_down)
        return cls(openai_client.client(binding.base_url, key), binding.model, binding.max_output_tokens, breaker)

    async def complete(self, messages: Sequence[dict[str, str]], deadline_seconds: float) -> Completion:
        """Answer before `deadline_seconds` have passed, retries included.

        Raises:
            Unavailable: no answer in time, refused, an empty answer, or the circuit is open.
        """

        async def call(seconds: float) -> Completion:
            answer = await self._client.chat.completions.create(
                model=self.model,
                messages=cast("list[ChatCompletionMessageParam]", list(messages)),
                max_tokens=self._max_tokens,
                temperature=0,  # the same sources give the same answer
                timeout=seconds,
            )
            text = answer.choices[0].message.content if answer.choices else None
            if not text or answer.usage is None:
                raise ValueError("an answer without text or without token counts")
            return Completion(text, answer.model, answer.usage.prompt_tokens, answer.usage.completion_tokens)

        return await openai_client.ask(SERVICE, self._breaker, deadline_seconds, call, self._clock)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
