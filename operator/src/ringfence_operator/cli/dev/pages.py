"""Pages that the tour ingests, and questions that it asks of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

CONTENT_TYPES = {".md": "text/markdown", ".html": "text/html", ".htm": "text/html", ".txt": "text/plain"}

MAX_TITLE = 80
"""Characters of a first line that is a title and no paragraph."""


class BadDocuments(Exception):
    """The documents or questions cannot be used; the message names the file or folder and the cure."""


@dataclass(frozen=True)
class Page:
    """One file as a document of a tenant."""

    id: str
    doc_type: str
    content_type: str
    content: str

    def body(self) -> dict[str, Any]:
        """Body of `POST /api/documents`. The data plane finds headings itself; plain text has none, so its first
        line is the title."""
        body = {
            "id": self.id,
            "doc_type": self.doc_type,
            "content_type": self.content_type,
            "content": self.content,
        }
        first, _, rest = self.content.partition("\n")
        if self.content_type == "text/plain" and rest.startswith("\n") and len(first) <= MAX_TITLE:
            body["title"] = first.strip()
        return body


class Question(BaseModel):
    """A question, and what a right answer rests on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str = Field(min_length=1)
    document: str
    doc_type: str = Field(alias="docType")
    fact: str = Field(min_length=1)


def read_pages(folder: Path, doc_types: Sequence[str]) -> list[Page]:
    """The pages of one tenant: files in `folder` are of the first document type, files in a subfolder of the type
    that the subfolder is named after.

    Raises:
        BadDocuments: a file is no text, or a subfolder is no document type.
    """
    pages = []
    for file in sorted(folder.rglob("*")):
        content_type = CONTENT_TYPES.get(file.suffix.lower())
        if content_type is None or not file.is_file():
            continue
        below = file.relative_to(folder).parts
        doc_type = below[0] if len(below) > 1 else doc_types[0]
        if doc_type not in doc_types:
            raise BadDocuments(
                f"{file}: `{doc_type}` is no document type of this tenant ({', '.join(doc_types)}): "
                "rename the folder, or add the type to spec.search.docTypes"
            )
        try:
            pages.append(Page(file.stem, doc_type, content_type, file.read_text(encoding="utf-8")))
        except UnicodeDecodeError as error:
            raise BadDocuments(f"{file}: no UTF-8 text") from error
    return pages


def read_questions(file: Path) -> dict[str, list[Question]]:
    """Questions by tenant.

    Raises:
        BadDocuments: the file is missing or of another form.
    """
    try:
        return TypeAdapter(dict[str, list[Question]]).validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadDocuments(f"{file}: cannot be read ({error.__class__.__name__})") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadDocuments(f"{file}: {place}: {first['msg']}; see examples/questions.yaml for the form") from error
