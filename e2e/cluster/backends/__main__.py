"""`python -m e2e.cluster.backends`: a cluster with everything that Ringfence needs, and how to go on from there."""

import sys

from e2e.cluster import backends, cluster, images
from e2e.cluster.errors import HarnessError


def main() -> int:
    """Make the cluster, load every image, start the backends; the status is 0 when all of it runs."""
    try:
        running = cluster.up()
        for archive in images.build():
            running.load_image(archive)
        backends.apply(running)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("OpenSearch, Redis and a language model answer. To go on from here:")
    print(f"  export KUBECONFIG={running.kubeconfig} PATH={running.kubectl.parent}:{running.helm.parent}:$PATH")
    print("  helm install ringfence charts/ringfence --namespace ringfence-system --wait")
    print("  kubectl apply -f examples/tenants/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
