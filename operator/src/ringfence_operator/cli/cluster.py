"""Reads what `ringfence token --cluster` needs from a cluster, with the rights of whoever runs the command."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from ringfence_api import labels, names
from ringfence_api.binding import TOKEN_KEY, AuthBinding
from ringfence_api.tenant import InvalidTenant, Tenant

REQUEST_SECONDS = 10
RETRIES = 1
NOT_FOUND = 404
REFUSED = (401, 403)


class ClusterError(Exception):
    """The cluster does not give what is needed; the message says what to do."""


def development_key(tenant: str) -> tuple[AuthBinding, str]:
    """What tokens of `tenant` must say, and the text of the key that signs them.

    Raises:
        ClusterError: there is no cluster, no such Tenant, no key yet, or the Tenant takes no development tokens.
    """
    api = _client()
    with _reading(f"Tenant `{tenant}`", "see `kubectl get tenants`"):
        body = client.CustomObjectsApi(api).get_cluster_custom_object(
            labels.GROUP, labels.VERSION, labels.PLURAL, tenant, _request_timeout=REQUEST_SECONDS
        )
    auth = _development_auth(tenant, body)
    not_yet = f"the operator has made no key yet: see `kubectl describe tenant {tenant}`"
    namespace = names.namespace(tenant)
    with _reading(f"Secret `{names.CREDENTIALS}` in namespace `{namespace}`", not_yet):
        secret = client.CoreV1Api(api).read_namespaced_secret(
            names.CREDENTIALS, namespace, _request_timeout=REQUEST_SECONDS
        )
    key = (secret.data or {}).get(TOKEN_KEY)
    if not key:
        raise ClusterError(not_yet)
    return auth, base64.b64decode(key).decode("ascii").strip()


def _client() -> client.ApiClient:
    try:
        settings = client.Configuration()
        settings.retries = RETRIES
        # The client reads KUBECONFIG when it is imported; here it is read when the command runs.
        config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=os.environ.get("KUBECONFIG"), client_configuration=settings
        )
    except (ConfigException, OSError) as error:
        raise ClusterError(f"no usable kubeconfig ({error}): set KUBECONFIG, or leave out --cluster") from error
    return client.ApiClient(settings)


def _development_auth(tenant: str, body: Any) -> AuthBinding:
    try:
        auth = Tenant.parse(body).spec.auth
    except InvalidTenant as error:
        raise ClusterError(f"Tenant `{tenant}` is of another version than this command: {error}") from error
    if auth.algorithm != "HS256" or not auth.dev:
        raise ClusterError(
            f"Tenant `{tenant}` accepts {auth.algorithm} tokens of {auth.issuer} only: get one there. "
            "Development tokens need `algorithm: HS256` and `dev: true` in spec.auth"
        )
    return AuthBinding(
        issuer=auth.issuer, audience=auth.audience, algorithm="HS256", leeway_seconds=auth.leeway_seconds
    )


@contextmanager
def _reading(what: str, where_missing: str) -> Iterator[None]:
    """Translate the client's errors. Bodies of answers are left out: they may hold what must not be shown."""
    try:
        yield
    except ApiException as error:
        if error.status == NOT_FOUND:
            raise ClusterError(f"there is no {what}: {where_missing}") from None
        if error.status in REFUSED:
            raise ClusterError(f"your user may not read {what}: ask the platform's administrator") from None
        raise ClusterError(f"{what} cannot be read: the API server answered {error.status} {error.reason}") from None
    except HTTPError as error:
        raise ClusterError(f"the API server does not answer ({error.__class__.__name__})") from None
