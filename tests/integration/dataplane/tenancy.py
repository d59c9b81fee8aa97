"""What a test needs to know about its tenant on OpenSearch."""

from dataclasses import dataclass

import httpx

from ringfence_api.binding import OpenSearchBinding
from ringfence_dataplane.adapters.opensearch import OpenSearchStore
from ringfence_dataplane.adapters.opensearch.client import Client
from ringfence_dataplane.credentials import Credentials
from tests.servers import OpenSearchServer


@dataclass
class Tenancy:
    """A tenant as the operator makes it."""

    server: OpenSearchServer
    admin: httpx.Client
    binding: OpenSearchBinding
    credentials: Credentials

    def store(self) -> OpenSearchStore:
        """Patient, for machines that are busy with other tests."""
        client = Client.from_binding(self.binding, self.credentials, read_seconds=30)
        return OpenSearchStore(client, self.binding.indices)
