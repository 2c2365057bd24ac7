"""The pods of the workers: hardened, probed, configured, and spread over nodes."""

import pytest
import trustme

from deploy.kubernetes import generate
from streams.cli.group import COMMANDS
from streams.config.load import SETTINGS, load
from streams.http.probes import probes_of
from streams.http.served_hosts import ServedHosts
from tests.support.compose_file import SERVICES
from tests.support.manifests import built, only


@pytest.fixture(params=["base", "overlays/example"])
def pod(request):
    return only("Deployment", request.param)["spec"]["template"]


def test_containers_are_hardened_as_in_compose(pod):
    [container] = pod["spec"]["containers"]
    user, group = map(int, SERVICES["worker"]["user"].split(":"))
    assert pod["spec"]["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": user, "runAsGroup": group, "fsGroup": group,
        "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert container["resources"]["limits"].keys() == {"memory", "ephemeral-storage"}
    assert container["resources"]["requests"].keys() == {"cpu", "memory", "ephemeral-storage"}
    assert all(mount.get("readOnly") or mount["name"] == "tmp" for mount in container["volumeMounts"])


def test_command_and_image_equal_those_of_compose(pod):
    [container] = pod["spec"]["containers"]
    assert container["args"] == SERVICES["worker"]["command"]
    assert container["args"][0] in COMMANDS["Run"]
    assert container["image"].endswith(SERVICES["worker"]["image"])
    assert SERVICES["worker"]["ports"][0].endswith(f":{container['ports'][0]['containerPort']}")


def test_probes_use_paths_that_a_worker_serves(pod):
    [container] = pod["spec"]["containers"]
    probes = ("startup", "liveness", "readiness")
    paths = [container[f"{probe}Probe"]["httpGet"]["path"] for probe in probes]
    assert paths == ["/live", "/live", "/ready"]
    assert set(paths) <= probes_of(None).keys()


def test_probes_use_the_port_that_a_busy_worker_answers(pod):
    [container] = pod["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    probes = [container[f"{probe}Probe"] for probe in ("startup", "liveness", "readiness")]
    assert [probe["httpGet"]["port"] for probe in probes] == ["probes"] * 3
    assert ports["probes"] == generate.settings().probe_port


def test_workers_without_a_token_refuse_customers():
    [token] = environment("base")
    assert token["name"] == SETTINGS["token"].variable
    assert token["valueFrom"]["secretKeyRef"]["optional"]
    maps = {each["metadata"]["name"]: each["data"] for each in built("base") if each["kind"] == "ConfigMap"}
    assert all(SETTINGS["open"].variable not in data for data in maps.values())


def test_workers_of_the_example_do_not_start_without_a_token():
    [token] = environment("overlays/example")
    assert token["valueFrom"]["secretKeyRef"] == {
        "name": "retention-token",
        "key": "token",
        "optional": False,
    }


def environment(name):
    [container] = only("Deployment", name)["spec"]["template"]["spec"]["containers"]
    return container["env"]


def test_names_of_the_service_are_served():
    settings = [each["data"] for each in built("base") if each["kind"] == "ConfigMap"]
    [names] = [data["RETENTION_HOSTS"] for data in settings if "RETENTION_HOSTS" in data]
    service = only("Service", "base")["metadata"]["name"]
    hosts = ServedHosts(names.split(","))
    assert all(
        name in hosts for name in (service, f"{service}.shop.svc", f"{service}.shop.svc.cluster.local")
    )


def test_service_variables_are_not_taken_for_settings(pod):
    """A service called `retention` would set RETENTION_PORT=tcp://…, and no worker would start."""
    assert pod["spec"]["enableServiceLinks"] is False


@pytest.fixture(scope="module")
def secrets():
    """What Strimzi makes: secret -> key -> content."""
    authority = trustme.CA()
    user = authority.issue_cert("retention")
    certificate = authority.cert_pem.bytes().decode()
    return {
        "my-cluster-cluster-ca-cert": {"ca.crt": certificate},
        "retention": {
            "ca.crt": certificate,
            "user.crt": user.cert_chain_pems[0].bytes().decode(),
            "user.key": user.private_key_pem.bytes().decode(),
        },
    }


@pytest.mark.parametrize("name", ["base", "overlays/example"])
def test_configuration_file_is_valid_and_mounted(name, secrets, tmp_path):
    maps = {each["metadata"]["name"]: each["data"] for each in built(name) if each["kind"] == "ConfigMap"}
    pod = only("Deployment", name)["spec"]["template"]["spec"]
    [container] = pod["containers"]
    environment = maps[container["envFrom"][0]["configMapRef"]["name"]]
    assert environment.keys() <= {setting.variable for setting in SETTINGS.values()}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    for volume in pod["volumes"]:
        directory = tmp_path / mounts[volume["name"]].lstrip("/")
        directory.mkdir(parents=True)
        for file, content in held(volume, maps, secrets).items():
            (directory / file).write_text(content)
    here = {key: f"{tmp_path}{value}" if value[0] == "/" else value for key, value in environment.items()}
    settings = load({}, here)
    assert (settings.partitions, settings.replication) == (16, 3)
    assert settings.create_topics is (name == "base")
    assert settings.definitions.base_currency == ("USD" if name == "base" else "EUR")


def held(volume, maps, secrets):
    """File -> content, of a volume."""
    if "configMap" in volume:
        return maps[volume["configMap"]["name"]]
    secret = volume.get("secret", {"items": []})
    return {item["path"]: secrets[secret["secretName"]][item["key"]] for item in secret["items"]}


def test_workers_spread_over_zones_and_nodes(pod):
    spread = pod["spec"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert {each["whenUnsatisfiable"] for each in spread} == {"ScheduleAnyway"}


def test_base_runs_two_workers():
    assert only("Deployment", "base")["spec"]["replicas"] == 2
