"""deploy/kubernetes without a cluster: built by kubectl, held to published schemas and to our own rules."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
import trustme
import yaml
from jsonschema import Draft202012Validator

from deploy.kubernetes import generate
from streams.cli.group import COMMANDS
from streams.config.load import SETTINGS, load
from streams.http.probes import probes_of
from streams.http.served_hosts import ServedHosts
from streams.kafka import acls
from streams.operations.doctor.setup import render
from tests.deploy.test_compose import SERVICES

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
#: The oldest that is still looked after, and the newest that has published schemas.
VERSIONS = ("1.34", "1.37")


@cache
def built(name):
    """The resources of a kustomization."""
    command = [Path(sys.executable).parent / "kubectl", "kustomize", KUBERNETES / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def only(kind, name="overlays/example"):
    [found] = [resource for resource in built(name) if resource["kind"] == kind]
    return found


def named(kind):
    found = [resource for resource in built("overlays/example") if resource["kind"] == kind]
    return {resource["metadata"]["name"]: resource for resource in found}


@pytest.fixture(params=["base", "overlays/example"])
def pod(request):
    return only("Deployment", request.param)["spec"]["template"]


def copied(resources):
    return json.loads(json.dumps(list(resources.values())))


@cache
def published():
    """(apiVersion, kind) -> schema, of what is not Kubernetes' own."""
    found = {}
    for path in (ROOT / "tests" / "data" / "crds").glob("*.yaml"):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        for version in spec["versions"]:
            if version["served"]:
                api = f"{spec['group']}/{version['name']}"
                found[api, spec["names"]["kind"]] = strict(version["schema"]["openAPIV3Schema"])
    return found


def strict(schema):
    """The schema as `kubectl --validate=strict` takes it: what it does not name is an error."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    known = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        known.setdefault("additionalProperties", False)
    if known.pop("x-kubernetes-int-or-string", False):
        known.pop("type", None)
    return known


def problems(resource):
    schema = published().get((resource["apiVersion"], resource["kind"]))
    if schema is not None:
        schema = schema | {"properties": schema["properties"] | {"metadata": {"type": "object"}}}
        return [error.message for error in Draft202012Validator(schema).iter_errors(resource)]
    found = []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{version}: {error.message}")
    return found


@pytest.mark.parametrize("name", ["base", "overlays/example"])
def test_every_resource_is_valid_by_kubernetes_schemas(name):
    found = {
        f"{resource['kind']} {resource['metadata']['name']}": problems(resource) for resource in built(name)
    }
    assert {key: errors for key, errors in found.items() if errors} == {}


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("Deployment", lambda spec: spec["template"]["spec"].update(restartPolicie="Always")),
        ("PodDisruptionBudget", lambda spec: spec.update(maxUnavailable=[1])),
        ("ScaledObject", lambda spec: spec.update(maxReplicas=3)),
        ("ScaledObject", lambda spec: spec["triggers"][0]["metadata"].update(lagThreshold=5)),
        ("TriggerAuthentication", lambda spec: spec["secretTargetRef"][0].pop("name")),
        ("NetworkPolicy", lambda spec: spec["ingress"][0].update(form=[])),
        ("KafkaUser", lambda spec: spec["authorization"]["acls"][0].update(operations=["Reed"])),
        ("KafkaTopic", lambda spec: spec.update(partitions=0)),
        ("PodMonitor", lambda spec: spec["podMetricsEndpoints"][0].update(interval="often")),
        ("PrometheusRule", lambda spec: spec["groups"][0]["rules"][0].pop("expr")),
    ],
)  # fmt: skip
def test_invalid_resource_is_rejected_by_the_schemas(kind, spoil):
    resource = copied(named(kind))[0]
    spoil(resource["spec"])
    assert problems(resource)


def test_expected_resources_are_built():
    assert {resource["kind"] for resource in built("base")} == {
        "ServiceAccount", "ConfigMap", "Deployment", "Service", "PodDisruptionBudget",
    }  # fmt: skip
    assert {resource["kind"] for resource in built("overlays/example")} == {
        *(resource["kind"] for resource in built("base")),
        "KafkaTopic", "KafkaUser", "ScaledObject", "TriggerAuthentication", "PodMonitor", "PrometheusRule",
        "NetworkPolicy",
    }  # fmt: skip


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


def test_topics_and_users_equal_those_of_doctor():
    setup = json.loads(render(generate.settings(), "json"))
    specs = {each["spec"].pop("topicName"): each["spec"] for each in copied(named("KafkaTopic"))}
    assert specs == {
        each["name"]: {
            "partitions": each["partitions"],
            "replicas": each["replication"],
            "config": each["config"],
        }
        for each in setup["topics"]
    }
    worker = named("KafkaUser")["retention"]["spec"]["authorization"]["acls"]
    granted = {
        (acl["resource"]["type"], acl["resource"]["name"], operation.upper())
        for acl in worker
        for operation in acl["operations"]
    }
    assert granted == {
        (right.resource.replace("-id", "Id"), right.name, operation)
        for right in acls.worker_acls(generate.settings())
        for operation in right.operations
    }
    assert {acl["resource"]["patternType"] for acl in worker} == {"literal"}


def test_secret_names_equal_those_of_strimzi():
    assert "retention" in named("KafkaUser")
    clusters = {
        resource["metadata"]["labels"]["strimzi.io/cluster"]
        for kind in ("KafkaTopic", "KafkaUser")
        for resource in named(kind).values()
    }
    assert clusters == {"my-cluster"}
    references = only("TriggerAuthentication")["spec"]["secretTargetRef"]
    assert {each["parameter"]: (each["name"], each["key"]) for each in references} == {
        "ca": ("my-cluster-cluster-ca-cert", "ca.crt"),
        "cert": ("retention-scaler", "user.crt"),
        "key": ("retention-scaler", "user.key"),
    }


def test_autoscaler_s_user_can_only_describe():
    granted = named("KafkaUser")["retention-scaler"]["spec"]["authorization"]["acls"]
    assert {operation for acl in granted for operation in acl["operations"]} == {"Describe"}
    [group] = [acl["resource"]["name"] for acl in granted if acl["resource"]["type"] == "group"]
    assert group == only("ScaledObject")["spec"]["triggers"][0]["metadata"]["consumerGroup"]


def test_all_selectors_match_the_worker_pods():
    deployment, service = only("Deployment"), only("Service")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        only("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        only("PodMonitor")["spec"]["selector"]["matchLabels"],
        only("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        service["spec"]["selector"],
        *(
            constraint["labelSelector"]["matchLabels"]
            for constraint in deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        ),
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    port, _ = deployment["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert port["name"] == service["spec"]["ports"][0]["targetPort"]
    [endpoint] = only("PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == port["name"]
    # The dashboards' and the rules' job.
    assert labels[only("PodMonitor")["spec"]["jobLabel"]] == "retention"


def test_replicas_never_exceed_the_number_of_tasks():
    scaled = only("ScaledObject")["spec"]
    assert scaled["scaleTargetRef"]["name"] == only("Deployment")["metadata"]["name"]
    settings = generate.settings()
    assert 1 < scaled["minReplicaCount"] < scaled["maxReplicaCount"] <= settings.partitions
    assert "replicas" not in only("Deployment")["spec"]  # `kubectl apply` would set it back
    assert scaled["fallback"]["behavior"] == "currentReplicas"
    [trigger] = scaled["triggers"]
    assert trigger["metadata"]["consumerGroup"] == settings.group
    assert trigger["authenticationRef"]["name"] == only("TriggerAuthentication")["metadata"]["name"]


def test_workers_spread_over_zones_and_nodes(pod):
    spread = pod["spec"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert {each["whenUnsatisfiable"] for each in spread} == {"ScheduleAnyway"}


def test_base_runs_two_workers():
    assert only("Deployment", "base")["spec"]["replicas"] == 2


def test_network_policy_admits_only_what_workers_need():
    spec = only("NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    [ingress] = spec["ingress"]
    assert ingress["ports"] == [{"port": "http"}]
    assert all("podSelector" in peer for peer in ingress["from"])
    workers, kafka, dns = spec["egress"]
    assert workers["to"] == [ingress["from"][0]]
    assert (
        only("Deployment")["spec"]["selector"]["matchLabels"]
        == workers["to"][0]["podSelector"]["matchLabels"]
    )
    broker = [data["RETENTION_BROKER"] for data in config_maps() if "RETENTION_BROKER" in data]
    assert [f"my-cluster-kafka-bootstrap:{kafka['ports'][0]['port']}"] == broker
    assert kafka["to"][0]["podSelector"]["matchLabels"]["strimzi.io/cluster"] == "my-cluster"
    assert {port["port"] for port in dns["ports"]} == {53}


def config_maps():
    return [each["data"] for each in built("overlays/example") if each["kind"] == "ConfigMap"]


def test_prometheus_operator_selects_monitor_and_rules_by_label():
    for kind in ("PodMonitor", "PrometheusRule"):
        assert only(kind)["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_alerts_link_to_the_addresses_of_the_cluster():
    alerts = [
        rule
        for group in only("PrometheusRule")["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert alerts
    for alert in alerts:
        anchor = alert["alert"].lower()
        links = alert["annotations"]
        assert links["runbook_url"] == f"https://docs.example.org/retention/runbook.html#{anchor}"
        assert links["dashboard_url"].startswith("https://grafana.example.org/d/retention-")
    assert "retention-links" not in named("ConfigMap")


def test_grafana_s_sidecar_finds_every_dashboard():
    found = {}
    for resource in named("ConfigMap").values():
        if resource["metadata"].get("labels", {}).get("grafana_dashboard") == "1":
            found |= resource["data"]
    files = {
        path.name: path.read_text(encoding="utf-8") for path in (ROOT / "grafana/dashboards").glob("*.json")
    }
    assert found == files
    # `kubectl apply` writes a resource into an annotation of at most 256 KiB.
    assert max(map(len, map(json.dumps, found.values()))) < 200 << 10


def test_recreate_stops_all_workers_before_a_new_one_starts(tmp_path):
    base, component = (
        os.path.relpath(KUBERNETES / path, tmp_path) for path in ("base", "components/recreate")
    )
    overlay = {"resources": [base], "components": [component]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    assert only("Deployment", tmp_path)["spec"]["strategy"] == {"type": "Recreate"}
