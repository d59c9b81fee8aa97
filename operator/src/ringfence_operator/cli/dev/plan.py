"""What one `ringfence dev` serves and shows."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ringfence_api.tenant import Tenant
from ringfence_operator.cli.dev.folder import DataFolder, models_folder
from ringfence_operator.cli.dev.pages import Page, Question, read_pages, read_questions
from ringfence_operator.cli.dev.programs import Programs


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before anything is started."""

    tenants: Sequence[Tenant]
    folder: DataFolder
    pages: Mapping[str, Sequence[Page]]
    questions: Mapping[str, Sequence[Question]]
    first_port: int
    once: bool
    models: Path = field(default_factory=models_folder)
    programs: Programs = field(default_factory=Programs)
    began: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Since the command was given."""
        return time.monotonic() - self.began

    def question(self, tenant: str) -> Question | None:
        """The question that the tour asks this tenant."""
        return next(iter(self.questions.get(tenant, ())), None)


def beside(files: Sequence[Path], name: str) -> Path | None:
    """`name` beside the folder that the first Tenant file lies in: examples/tenants/ → examples/handbooks."""
    first = files[0].resolve()
    folder = first if first.is_dir() else first.parent
    found = folder.parent / name
    return found if found.exists() else None


def all_pages(documents: Path | None, tenants: Sequence[Tenant]) -> dict[str, list[Page]]:
    """Pages by tenant: those in the subfolder of `documents` with the tenant's name.

    Raises:
        BadDocuments: a page cannot be used.
    """
    return {
        tenant.name: read_pages(documents / tenant.name, tenant.spec.search.doc_types)
        for tenant in tenants
        if documents is not None and (documents / tenant.name).is_dir()
    }


def all_questions(file: Path | None) -> dict[str, list[Question]]:
    """Questions by tenant; none without a file.

    Raises:
        BadDocuments: the file cannot be used.
    """
    return read_questions(file) if file is not None else {}
