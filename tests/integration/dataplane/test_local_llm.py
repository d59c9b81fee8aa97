"""The local language model as a process, asked through the adapter that asks every other."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence_api.binding import LlmBinding
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.models.openai_chat import OpenAIChat


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "ringfence_dataplane.models.local_llm", "--port", "0", "--threads", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        said = re.search(r"http://127\.0\.0\.1:[0-9]+/v1", process.stdout.readline())
        assert said, "the server did not say where it listens"
        yield process, said[0]
        process.kill()


async def test_it_answers_a_short_question_and_stops_when_told(
    server: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, url = server
    binding = LlmBinding(
        base_url=url, model="smollm2-135m-instruct", input_price=0, output_price=0, max_output_tokens=24,
        timeout_seconds=60,
    )  # fmt: skip
    model = OpenAIChat.from_binding(binding, Credentials(tmp_path))
    prompt = "Source: Employees get 25 days of annual leave.\nQuestion: How many days of annual leave? Answer briefly."
    answer = await model.complete([{"role": "user", "content": prompt}], 60)
    await model.close()
    assert "25" in answer.text
    assert answer.model == "smollm2-135m-instruct"
    assert answer.prompt_tokens > 20
    assert 0 < answer.completion_tokens <= 24
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
