"""`ringfence token --cluster` reads one Tenant and one Secret, and says what is missing."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.unit.cli.samples import tenant
from tests.unit.cli.test_commands import ringfence

KEY = "c" * 64
TENANT = "/apis/ringfence.dev/v1alpha1/tenants/acme"
SECRET = "/api/v1/namespaces/tenant-acme/secrets/credentials"


def manifest(**auth: Any) -> dict[str, Any]:
    spec = tenant().spec.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {
        "apiVersion": "ringfence.dev/v1alpha1",
        "kind": "Tenant",
        "metadata": {"name": "acme", "uid": "1", "generation": 1},
        "spec": spec | {"auth": spec["auth"] | auth},
        "status": {"conditions": []},
    }


def secret(**data: str) -> dict[str, Any]:
    return {"kind": "Secret", "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}}


class ApiServer:
    """Answers with what stands in `objects`: a body, or a status to refuse with."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any] | int] = {TENANT: manifest(), SECRET: secret(**{"token-key": KEY})}
        objects = self.objects

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = objects.get(self.path, 404)
                status, body = (found, {"message": KEY}) if isinstance(found, int) else (200, found)
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """An API server that KUBECONFIG names."""
    api = ApiServer()
    kubeconfig = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "k", "cluster": {"server": f"http://127.0.0.1:{api.server.server_port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
    }  # fmt: skip
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    thread = threading.Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield api
    api.server.shutdown()
    thread.join()
    api.server.server_close()


def test_the_token_is_signed_with_the_tenants_own_key(api: ApiServer) -> None:
    done = ringfence("token", "acme", "--cluster")

    assert done.exit_code == 0, done.stderr
    claims = jwt.decode(done.stdout.strip(), OctKey.import_key(KEY.encode()), ["HS256"]).claims
    assert (claims["tenant_id"], claims["iss"]) == ("acme", "https://login.example.com")


@pytest.mark.parametrize(
    ("path", "found", "said"),
    [
        (TENANT, 404, "there is no Tenant `acme`: see `kubectl get tenants`"),
        (TENANT, 403, "your user may not read Tenant `acme`"),
        (TENANT, 500, "the API server answered 500"),
        (TENANT, manifest(algorithm="RS256", dev=False, jwksUri="https://login.example.com/keys"), "get one there"),
        (SECRET, 404, "the operator has made no key yet"),
        (SECRET, 403, "your user may not read Secret `credentials`"),
        (SECRET, secret(other="x"), "the operator has made no key yet"),
    ],
)
def test_what_is_missing_is_said_without_secrets(api: ApiServer, path: str, found: Any, said: str) -> None:
    api.objects[path] = found

    done = ringfence("token", "acme", "--cluster")

    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
    assert KEY not in done.stderr


def test_without_a_kubeconfig_the_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))

    done = ringfence("token", "acme", "--cluster")

    assert done.exit_code == 1
    assert "set KUBECONFIG" in done.stderr
