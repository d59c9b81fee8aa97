"""Tenant files: what is read, and how precisely a mistake is named."""

from pathlib import Path

import pytest

from ringfence_operator.cli.tenant_files import BadTenantFile, load_tenants

VALID = """\
apiVersion: ringfence.dev/v1alpha1
kind: Tenant
metadata: {name: %s}
spec:
  auth: {issuer: https://login.example.com, algorithm: HS256, dev: true}
  search:
    docTypes: [handbook]
  llm:
    baseUrl: https://llm.example.com/v1
    model: small
"""


def written(folder: Path, text: str, name: str = "tenant.yaml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def names(*paths: Path) -> list[str]:
    return [tenant.name for tenant in load_tenants(paths)]


def test_a_file_a_file_of_several_documents_and_a_folder_are_read(tmp_path: Path) -> None:
    one = written(tmp_path, VALID % "acme", "b.yaml")
    two = written(tmp_path, VALID % "globex" + "---\n" + VALID % "initech" + "---\n", "a.yml")
    written(tmp_path, "not YAML: [", "notes.txt")

    assert names(one) == ["acme"]
    assert names(two) == ["globex", "initech"]
    assert names(tmp_path) == ["globex", "initech", "acme"]


MISTAKES = {
    "a typing error in a field's name": (
        VALID.replace("model: small", "modle: small"),
        [":10: spec.llm.modle: unknown field; did you mean `model`?", ":9: spec.llm.model: missing: add `model`"],
    ),
    "a field that nothing resembles": (VALID + "  image: evil\n", [":11: spec.image: unknown field; the fields here"]),
    "an address in place of a name": (
        VALID.replace("https://llm.example.com/v1", "http://169.254.169.254/v1"),
        [":9: spec.llm.baseUrl: expected http(s) URL of a host with a DNS name (an IP address is refused)"],
    ),
    "a rule between fields": (VALID.replace(", dev: true", ""), [":5: spec.auth: HS256 is for development: write"]),
    "an item of a list": (VALID.replace("[handbook]", "[handbook, A B]"), [":7: spec.search.docTypes[1]: expected"]),
    "a word for a number": (VALID + "    timeoutSeconds: soon\n", [":11: spec.llm.timeoutSeconds: input should be"]),
    "no spec": (
        VALID.split("spec:")[0],
        [":1: spec.auth: missing", ":1: spec.search: missing", ":1: spec.llm: missing"],
    ),
    "a name with an underscore": (
        VALID.replace("%s", "a_b"),
        [":1: metadata.name 'a_b': a Tenant's name is a DNS label"],
    ),
    "another kind": (VALID.replace("kind: Tenant", "kind: Pod"), [":1: expected `apiVersion: ringfence.dev/v1alpha1`"]),
    "a list": ("- acme\n", [":1: expected a Tenant, found list"]),
    "broken YAML": ("a: [1\nb: 2\n", [":2: no valid YAML: "]),
    "an unknown tag": ("a: !!python/object:os.system x\n", [":1: no valid YAML"]),
    "nothing": ("", ["no Tenant in "]),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_with_file_line_field_and_cure(tmp_path: Path, case: str) -> None:
    text, expected = MISTAKES[case]
    file = written(tmp_path, text.replace("%s", "acme"))

    with pytest.raises(BadTenantFile) as error:
        load_tenants([file])

    said = str(error.value)
    for part in expected:
        assert (str(file) + part if part.startswith(":") else part) in said, said


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, "a: [", "a.yaml")
    written(tmp_path, VALID % "9lives", "b.yaml")
    written(tmp_path, VALID % "acme", "c.yaml")

    with pytest.raises(BadTenantFile) as error:
        load_tenants([tmp_path])

    assert "a.yaml" in str(error.value)
    assert "b.yaml" in str(error.value)


def test_two_tenants_of_one_name_are_refused_with_both_places(tmp_path: Path) -> None:
    file = written(tmp_path, VALID % "acme" + "---\n" + VALID % "acme")

    with pytest.raises(BadTenantFile, match=r"tenant.yaml:12: Tenant `acme` is already in .*tenant.yaml:1"):
        load_tenants([file])


def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    file = written(
        tmp_path, (VALID % "acme").replace("[handbook]", "[hunter2-SECRET]") + "    apiKeySecret: HUNTER 2\n"
    )

    with pytest.raises(BadTenantFile) as error:
        load_tenants([file])

    assert "hunter2" not in str(error.value).lower().replace(str(file), "")


def test_a_missing_file_and_a_file_that_is_too_large_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadTenantFile, match=r"nowhere\.yaml: no such file"):
        load_tenants([tmp_path / "nowhere.yaml"])
    with pytest.raises(BadTenantFile, match="more than 1048576 bytes"):
        load_tenants([written(tmp_path, "# " + "x" * 1_048_576)])
    with pytest.raises(BadTenantFile, match="nested too deeply"):
        load_tenants([written(tmp_path, "[" * 1200)])
