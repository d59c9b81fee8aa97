"""Where converted models lie on this machine."""

import os
from pathlib import Path

MODELS_DIR = "RINGFENCE_MODELS_DIR"
"""Environment variable that overrides the folder; images set it."""


def models_dir() -> Path:
    """`$RINGFENCE_MODELS_DIR`, else `ringfence/models` in the user's cache folder."""
    if named := os.environ.get(MODELS_DIR):
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "ringfence" / "models"
