"""The operator's settings, read once from the environment. Every one is set by the Helm chart."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, cast
from urllib.parse import urlsplit

from ringfence_operator.desired.endpoints import platform_endpoints
from ringfence_operator.desired.platform import Platform

LogFormat = Literal["json", "console"]


class InvalidSettings(ValueError):
    """The environment lacks or garbles a setting; the message names all of them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the operator is told about its surroundings."""

    platform: Platform
    opensearch_ca_file: str
    opensearch_certificate_file: str
    opensearch_key_file: str
    redis_ca_file: str
    redis_username: str = field(repr=False)
    redis_password: str = field(repr=False)
    pod_name: str
    log_format: LogFormat
    metrics_port: int
    health_port: int
    workers: int
    """Tenants that are worked on at the same time."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read `RINGFENCE_…` variables and the files that they name.

        Raises:
            InvalidSettings: with one line for each variable that is wrong.
        """
        reader = _Reader(environment)
        opensearch = Path(reader.text("OPENSEARCH_SECRET_DIR"))
        redis = Path(reader.text("REDIS_SECRET_DIR"))
        settings = cls(
            platform=Platform(
                operator_namespace=reader.text("NAMESPACE"),
                opensearch_url=reader.url("OPENSEARCH_URL", "https"),
                opensearch_ca=reader.file(opensearch / "ca.crt"),
                opensearch_replicas=reader.number("OPENSEARCH_REPLICAS", 0, 10),
                redis_nodes=reader.urls("REDIS_NODES", "rediss"),
                redis_ca=reader.file(redis / "ca.crt"),
                dataplane_image=reader.text("DATAPLANE_IMAGE"),
                image_pull_policy=reader.choice("IMAGE_PULL_POLICY", ("Always", "IfNotPresent", "Never")),
                external_cidrs=reader.networks("EXTERNAL_CIDRS"),
            ),
            opensearch_ca_file=str(opensearch / "ca.crt"),
            opensearch_certificate_file=reader.path(opensearch / "tls.crt"),
            opensearch_key_file=reader.path(opensearch / "tls.key"),
            redis_ca_file=str(redis / "ca.crt"),
            redis_username=reader.file(redis / "username").strip(),
            redis_password=reader.file(redis / "password").strip(),
            pod_name=reader.text("POD_NAME"),
            log_format=cast(LogFormat, reader.choice("LOG_FORMAT", ("json", "console"))),
            metrics_port=reader.number("METRICS_PORT", 1, 65535),
            health_port=reader.number("HEALTH_PORT", 1, 65535),
            workers=reader.number("WORKERS", 1, 500),
        )
        reader.finish()
        _check_reachable(settings.platform)
        return settings


def _check_reachable(platform: Platform) -> None:
    """A network policy cannot name hosts: what is outside the cluster has to be given as networks."""
    outside = [end.host for end in platform_endpoints(platform) if not end.namespace and not end.address]
    if outside and not platform.external_cidrs:
        raise InvalidSettings(
            f"RINGFENCE_EXTERNAL_CIDRS: {', '.join(outside)} is outside the cluster; name the networks it is in "
            "(chart value `externalCidrs`), or no tenant will be allowed to reach it"
        )


class _Reader:
    """Collects what is wrong, so that one look at the log shows all of it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._problems: list[str] = []

    def finish(self) -> None:
        if self._problems:
            raise InvalidSettings("\n".join(self._problems))

    def text(self, name: str) -> str:
        value = self._environment.get(f"RINGFENCE_{name}", "")
        if not value:
            self._wrong(name, "is not set")
        return value

    def file(self, path: Path) -> str:
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self._problems.append(f"{path}: cannot be read ({type(error).__name__})")
            return ""
        if not content.strip():
            self._problems.append(f"{path}: is empty")
        return content

    def path(self, path: Path) -> str:
        """Path of a file that a client library reads by itself."""
        self.file(path)
        return str(path)

    def number(self, name: str, least: int, most: int) -> int:
        value = self.text(name)
        if value.isdigit() and least <= int(value) <= most:
            return int(value)
        self._wrong(name, f"has to be a whole number from {least} to {most}")
        return least

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in allowed:
            self._wrong(name, f"has to be one of {', '.join(allowed)}")
        return value

    def url(self, name: str, scheme: str) -> str:
        return self._checked_url(name, self.text(name), scheme)

    def urls(self, name: str, scheme: str) -> tuple[str, ...]:
        parts = [part.strip() for part in self.text(name).split(",")]
        return tuple(self._checked_url(name, part, scheme) for part in parts)

    def networks(self, name: str) -> tuple[str, ...]:
        value = self._environment.get(f"RINGFENCE_{name}", "")
        try:
            return tuple(str(ipaddress.ip_network(part.strip())) for part in value.split(",") if part.strip())
        except ValueError:
            self._wrong(name, "has to be a list of networks such as 10.20.0.0/16, parted by commas")
            return ()

    def _checked_url(self, name: str, value: str, scheme: str) -> str:
        try:
            parts = urlsplit(value)
            sound = parts.scheme == scheme and parts.hostname and parts.port and not (parts.username or parts.password)
        except ValueError:
            sound = False
        if not sound:
            # The value is not shown: a URL with a password in it is the likeliest mistake.
            self._wrong(name, f"has to be of the form {scheme}://host:port, without user and password")
            return f"{scheme}://unset.svc:1"
        return value

    def _wrong(self, name: str, what: str) -> None:
        self._problems.append(f"RINGFENCE_{name} {what}")
