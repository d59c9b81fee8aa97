"""Every client and backend, made in one place and closed in one place."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import load_kube_config
from kubernetes.aio.config.config_exception import ConfigException
from kubernetes.aio.config.incluster_config import load_incluster_config

from ringfence_operator.backends.credentials import CredentialStore
from ringfence_operator.backends.kubeclient import KubeClient
from ringfence_operator.backends.kubernetes import KubernetesBackend, judge_foundation, judge_workload
from ringfence_operator.backends.opensearch import OpenSearchBackend, opensearch_client
from ringfence_operator.backends.ownership import Ownership
from ringfence_operator.backends.protocol import Backend
from ringfence_operator.backends.redis import RedisBackend, redis_client
from ringfence_operator.backends.tenants import TenantObjects
from ringfence_operator.backends.volumes import VolumesBackend
from ringfence_operator.desired.manifests import FOUNDATION, WORKLOAD
from ringfence_operator.reconcile.tenant import Reconciler
from ringfence_operator.settings import Settings

_CONNECTIONS = 64
"""To the API server: a pass reads a dozen objects at once, and several passes run at a time."""


async def kubernetes_configuration() -> Configuration:
    """How to reach the API server: by the pod's service account, else by a kubeconfig file."""
    configuration = Configuration()
    configuration.connection_pool_maxsize = _CONNECTIONS
    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except ConfigException:
        await load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    return configuration


@asynccontextmanager
async def reconciler(settings: Settings, kubernetes: Configuration) -> AsyncIterator[Reconciler]:
    """A reconciler with all its clients, which are closed at the end."""
    async with AsyncExitStack() as stack:
        api = KubeClient(await stack.enter_async_context(ApiClient(kubernetes)))
        opensearch = opensearch_client(
            settings.platform.opensearch_url,
            settings.opensearch_ca_file,
            settings.opensearch_certificate_file,
            settings.opensearch_key_file,
        )
        stack.push_async_callback(opensearch.close)
        nodes: list[Backend] = []
        for url in settings.platform.redis_nodes:
            client = redis_client(url, settings.redis_ca_file, settings.redis_username, settings.redis_password)
            stack.push_async_callback(client.aclose)
            nodes.append(RedisBackend(client, url))
        home = settings.platform.operator_namespace
        yield Reconciler(
            tenants=TenantObjects(api, settings.pod_name),
            ownership=Ownership(api, home),
            credentials=CredentialStore(api, home),
            platform=settings.platform,
            # The order in which a tenant is made. Deletion goes the other way.
            foundation=[
                VolumesBackend("NamespaceReady", api),
                KubernetesBackend("NamespaceReady", api, FOUNDATION, judge_foundation),
            ],
            services=[
                OpenSearchBackend(opensearch, settings.platform.opensearch_url),
                *nodes,
                KubernetesBackend("DataPlaneReady", api, WORKLOAD, judge_workload),
            ],
        )
