"""The cluster's addresses: on an interface of its own, so that nothing listens on the machine's real network."""

NODE_NAME = "ringfence"
NODE_INTERFACE = "ringfence0"
NODE_INTERFACE_PEER = "ringfence1"
NODE_ADDRESS = "10.97.0.1"

POD_NETWORK = "10.244.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_SERVICE_ADDRESS = "10.96.0.10"
CLUSTER_DOMAIN = "cluster.local"

API_PORT = 6443
KUBELET_PORT = 10250
METRICS_PORT = 4443

API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"
ETCD_URL = "https://127.0.0.1:2379"
ETCD_PEER_URL = "https://127.0.0.1:2380"
