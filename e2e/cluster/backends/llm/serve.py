"""Serves the model as an OpenAI-compatible API on port 8080 until told to stop."""

from __future__ import annotations

import signal

import xllamacpp

MODEL = "/opt/model/model.gguf"
ALIAS = "smollm2-135m-instruct"
PORT = 8080
# Two answers at a time, each with all the context that the model was trained for.
SLOTS = 2
CONTEXT_TOKENS = 2048
# Two threads wait for each other at every layer. Where other work takes a core, they are five times slower than one.
THREADS = 1


def main() -> None:
    """Load the model, serve, and end at SIGTERM or SIGINT."""
    signals = {signal.SIGTERM, signal.SIGINT}
    # Before the server starts its threads, which inherit the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = MODEL
    parameters.model_alias = {ALIAS}
    parameters.hostnames = ["0.0.0.0"]
    parameters.port = PORT
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT_TOKENS
    parameters.cpuparams.n_threads = THREADS
    parameters.cpuparams_batch.n_threads = THREADS
    parameters.ui = False
    server = xllamacpp.Server(parameters)
    print(f"serving {ALIAS} at {server.listening_address}", flush=True)
    signal.sigwait(signals)
    del server


if __name__ == "__main__":
    main()
