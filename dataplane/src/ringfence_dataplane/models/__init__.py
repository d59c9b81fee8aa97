"""Embedders and language models: built in, local, or behind an OpenAI-compatible endpoint."""

import os

# onnxruntime reports its use to its maker unless this is set before its import. A tenant's service calls nobody whom
# its Binding does not name.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
