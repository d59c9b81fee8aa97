"""Where reconciliation is heading: a tenant that is served, or one that is gone."""

from dataclasses import dataclass, field

from ringfence_api import names
from ringfence_api.tenant import Tenant
from ringfence_operator.desired.credentials import Credentials
from ringfence_operator.desired.platform import Platform


@dataclass(frozen=True, slots=True)
class Serve:
    """Everything that the desired state of a living tenant is computed from."""

    tenant: Tenant
    platform: Platform
    credentials: Credentials = field(repr=False)

    @property
    def name(self) -> str:
        """The tenant's name."""
        return self.tenant.name

    @property
    def namespace(self) -> str:
        """The tenant's namespace."""
        return names.namespace(self.name)


@dataclass(frozen=True, slots=True)
class Gone:
    """A deleted Tenant. Its spec is not needed, so one that no longer parses can still be deleted."""

    name: str
    retain: bool
    """Indices, volume and keys stay for a Tenant of the same name."""
    owns_namespace: bool = True
    """False: the namespace of that name is somebody else's and is left alone."""

    @property
    def namespace(self) -> str:
        """The tenant's namespace."""
        return names.namespace(self.name)


Goal = Serve | Gone
