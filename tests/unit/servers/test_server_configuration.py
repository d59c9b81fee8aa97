import yaml

from tests.servers.opensearch_config import configuration, node_settings, security_files
from tests.servers.redis_config import redis_configuration


def settings(host: str = "127.0.0.1") -> dict[str, object]:
    return node_settings(host=host, http_port=0, data="/d", logs="/l", node_name="CN=opensearch", admin_name="CN=admin")


def test_no_user_owns_an_index_by_its_name() -> None:
    mapping = yaml.safe_load(security_files()["roles_mapping.yml"])

    assert set(mapping) == {"_meta"}


def test_opensearch_starts_without_users_and_without_anonymous_access() -> None:
    files = security_files()

    assert set(yaml.safe_load(files["internal_users.yml"])) == {"_meta"}
    dynamic = yaml.safe_load(files["config.yml"])["config"]["dynamic"]
    assert dynamic["http"]["anonymous_auth_enabled"] is False
    assert list(dynamic["authc"]) == ["basic_internal"]


def test_opensearch_speaks_tls_and_knows_one_admin() -> None:
    written = yaml.safe_load(configuration(settings())["opensearch.yml"])

    assert written["plugins.security.ssl.http.enabled"] is True
    assert written["plugins.security.authcz.admin_dn"] == ["CN=admin"]


def test_the_transport_port_stays_on_loopback_wherever_http_listens() -> None:
    assert settings("0.0.0.0")["network.host"] == "127.0.0.1"


def test_redis_has_no_plain_port_no_default_user_and_no_memory_of_users() -> None:
    lines = redis_configuration(bind="127.0.0.1", port=7, tls="/t", data="/d", password="word").splitlines()

    assert "port 0" in lines
    assert "tls-port 7" in lines
    assert "user default off" in lines
    assert not any(line.startswith("aclfile") for line in lines)
