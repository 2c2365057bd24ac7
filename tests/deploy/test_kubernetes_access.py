"""Access in Kubernetes: topics, Kafka users, and the network."""

import json

from deploy.kubernetes import generate
from streams.kafka import acls
from streams.operations.doctor.setup import render
from tests.support.manifests import built, copied, named, only


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
