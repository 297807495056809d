"""A broker made ready: topics, users and access rules, from contracts/topics/*.yaml and nothing else.

`python -m deploy.kafka.prepare HOST:PORT SECRETS`: SECRETS is a folder with NAME.kafka-password of the administrator and each user.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from deploy.kafka.topics import ADMIN, Topic, declared, password_file, passwords
from shared.kafka import MECHANISM, Access

TIMEOUT_MS = 10_000
MOST_REPLICAS = 3
# SCRAM's rounds: Kafka's own default. The passwords are 256 random bits, which no number of rounds makes harder to guess.
ROUNDS = 4096


class NotPrepared(Exception):
    """The broker does not answer, or refuses. The text is one line for a person."""


def rules(topics: Iterable[Topic]) -> list[ACL]:
    """Who may do what; all else is refused to everybody but the administrator.

    A producer writes its own topic; a consumer reads what it hears, in the group of its own name.
    """
    found = []
    for topic in topics:
        found += [_allow(topic.producer, operation, ResourceType.TOPIC, topic.name) for operation in ("WRITE", "DESCRIBE")]
        for consumer in topic.consumers:
            found += [_allow(consumer, operation, ResourceType.TOPIC, topic.name) for operation in ("READ", "DESCRIBE")]
            found.append(_allow(consumer, "READ", ResourceType.GROUP, consumer))
    return list(dict.fromkeys(found))


def _allow(user: str, operation: str, kind: ResourceType, name: str) -> ACL:
    return ACL(f"User:{user}", "*", ACLOperation[operation], ACLPermissionType.ALLOW, ResourcePattern(kind, name))


def prepare(admin: Access, topics: Sequence[Topic], secrets: Mapping[str, str]) -> None:
    """Makes the topics that are not there (on three brokers where there are as many), the users, and exactly these rules for them.

    Without `secrets` the broker is one that lets anybody in: topics only. Safe to repeat. Raises NotPrepared.
    """
    try:
        with KafkaAdminClient(**admin.options(), request_timeout_ms=TIMEOUT_MS, bootstrap_timeout_ms=TIMEOUT_MS) as client:
            _make_topics(client, topics)
            if secrets:
                _make_users(client, secrets)
                _make_rules(client, rules(topics), topics, secrets)
    except (KafkaError, OSError) as error:
        raise NotPrepared(f"The topics could not be made at {admin.bootstrap} ({type(error).__name__}).") from error


def _make_topics(client: KafkaAdminClient, topics: Sequence[Topic]) -> None:
    replicas = min(MOST_REPLICAS, len(client.describe_cluster()["brokers"]))
    wanted = {
        topic.name: {"num_partitions": topic.partitions, "replication_factor": replicas, "configs": dict(topic.config)} for topic in topics
    }
    for made in client.create_topics(wanted, timeout_ms=TIMEOUT_MS, raise_errors=False)["topics"]:
        if made["error_code"] not in (0, TopicAlreadyExistsError.errno):
            raise NotPrepared(f"The broker did not make the topic {made['name']}: {for_code(made['error_code']).__name__}")


def _make_users(client: KafkaAdminClient, secrets: Mapping[str, str]) -> None:
    wanted = [UserScramCredentialUpsertion(user, MECHANISM, secret, ROUNDS) for user, secret in secrets.items()]
    for user, error in client.alter_user_scram_credentials(wanted).items():
        if error:
            raise NotPrepared(f"The broker did not make the user {user}: {error}")


def _make_rules(client: KafkaAdminClient, wanted: Sequence[ACL], topics: Sequence[Topic], named: Iterable[str]) -> None:
    """Rules about these topics and these users' groups that are not wanted (any more) are taken back, whoever they are for."""
    places = [*((ResourceType.TOPIC, topic.name) for topic in topics), *((ResourceType.GROUP, user) for user in named)]
    there = {rule for place in places for rule in client.describe_acls(_about(*place))[0]}
    missing, unwanted = set(wanted) - there, there - set(wanted)
    failed = client.create_acls(list(missing))["failed"] if missing else []
    failed += [error for _, _, error in client.delete_acls(list(unwanted)) if error.errno] if unwanted else []
    if failed:
        raise NotPrepared(f"The broker did not take the access rules: {failed[0].__name__}")


def _about(kind: ResourceType, name: str) -> ACLFilter:
    pattern = ResourcePatternFilter(kind, name, ACLResourcePatternType.LITERAL)
    return ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, pattern)


if __name__ == "__main__":
    found, folder = declared(), Path(sys.argv[2])
    try:
        prepare(Access(sys.argv[1], ADMIN, password_file(folder, ADMIN)), found, passwords(folder, found))
    except NotPrepared as refused:
        sys.exit(str(refused))
