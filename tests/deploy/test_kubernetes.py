"""The Kubernetes manifests: valid resources, their selectors, and the monitoring of the workers."""

import json
import os
from functools import cache

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.kubernetes import generate
from tests.support.manifests import KUBERNETES, ROOT, built, copied, named, only

#: The oldest that is still looked after, and the newest that has published schemas.
VERSIONS = ("1.34", "1.37")


@cache
def published():
    """(apiVersion, kind) -> schema, of resources that are not built into Kubernetes."""
    found = {}
    for path in (ROOT / "tests" / "data" / "crds").glob("*.yaml"):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        for version in spec["versions"]:
            if version["served"]:
                api = f"{spec['group']}/{version['name']}"
                found[api, spec["names"]["kind"]] = strict(version["schema"]["openAPIV3Schema"])
    return found


def strict(schema):
    """The schema for `kubectl --validate=strict`: a field that it does not name is an error."""
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
