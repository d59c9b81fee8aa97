"""Settings: all that is wrong is told at once, and nothing secret is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringfence_operator.settings import InvalidSettings, Settings


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    for folder, files in {"os": ("ca.crt", "tls.crt", "tls.key"), "redis": ("ca.crt", "username", "password")}.items():
        (tmp_path / folder).mkdir()
        for name in files:
            (tmp_path / folder / name).write_text(f"{folder}-{name}\n")
    return {
        "RINGFENCE_NAMESPACE": "ringfence-system",
        "RINGFENCE_POD_NAME": "operator-0",
        "RINGFENCE_DATAPLANE_IMAGE": "ringfence/dataplane:dev",
        "RINGFENCE_IMAGE_PULL_POLICY": "IfNotPresent",
        "RINGFENCE_OPENSEARCH_URL": "https://opensearch.search.svc:9200",
        "RINGFENCE_OPENSEARCH_REPLICAS": "1",
        "RINGFENCE_OPENSEARCH_SECRET_DIR": str(tmp_path / "os"),
        "RINGFENCE_REDIS_NODES": "rediss://a.cache.svc:6379, rediss://b.cache.svc:6379",
        "RINGFENCE_REDIS_SECRET_DIR": str(tmp_path / "redis"),
        "RINGFENCE_EXTERNAL_CIDRS": "",
        "RINGFENCE_WORKERS": "16",
        "RINGFENCE_LOG_FORMAT": "json",
        "RINGFENCE_HEALTH_PORT": "8080",
        "RINGFENCE_METRICS_PORT": "9090",
    }


def test_settings_are_read(environment: dict[str, str]) -> None:
    settings = Settings.from_environment(environment)

    assert settings.platform.redis_nodes == ("rediss://a.cache.svc:6379", "rediss://b.cache.svc:6379")
    assert settings.redis_password == "redis-password"
    assert "redis-password" not in repr(settings)


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(InvalidSettings) as error:
        Settings.from_environment({})

    for name in ("OPENSEARCH_URL", "REDIS_NODES", "DATAPLANE_IMAGE", "NAMESPACE"):
        assert f"RINGFENCE_{name} is not set" in str(error.value)


@pytest.mark.parametrize(
    "url", ["http://opensearch:9200", "https://admin:hunter2@opensearch:9200", "https://x", "nonsense"]
)
def test_an_address_without_tls_or_with_a_password_is_refused_without_repeating_it(
    environment: dict[str, str], url: str
) -> None:
    with pytest.raises(InvalidSettings, match="RINGFENCE_OPENSEARCH_URL") as error:
        Settings.from_environment(environment | {"RINGFENCE_OPENSEARCH_URL": url})

    assert "hunter2" not in str(error.value)


def test_a_backend_outside_the_cluster_needs_its_networks(environment: dict[str, str]) -> None:
    outside = environment | {"RINGFENCE_OPENSEARCH_URL": "https://search.example:9200"}

    with pytest.raises(InvalidSettings, match="externalCidrs"):
        Settings.from_environment(outside)
    with_networks = Settings.from_environment(outside | {"RINGFENCE_EXTERNAL_CIDRS": "10.9.0.0/16"})
    assert with_networks.platform.external_cidrs == ("10.9.0.0/16",)


@pytest.mark.parametrize("file", ["redis/username", "redis/password", "os/ca.crt", "os/tls.crt", "os/tls.key"])
def test_a_missing_or_empty_secret_file_is_named(environment: dict[str, str], tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("\n")
    with pytest.raises(InvalidSettings, match=f"{file}: is empty"):
        Settings.from_environment(environment)

    (tmp_path / file).unlink()
    with pytest.raises(InvalidSettings, match=f"{file}: cannot be read"):
        Settings.from_environment(environment)
