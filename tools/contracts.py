"""Generates what others read of contracts/: two JSON Schemas an event and asyncapi.yaml. `--check` says whether they are up to date."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

import yaml

import contracts
from contracts.catalogue import PUBLISHED
from contracts.envelope import Envelope, schema_uri
from contracts.event import CODE_PATTERN, PublishedEvent

FOLDER: Final = Path(contracts.__file__).parent
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
KAFKA_BINDING: Final = "0.5.0"
SAYS_NOTHING: Final = frozenset({"title", "default", "$defs"})

Schema = dict[str, Any]


def reader_schema(event: type[PublishedEvent]) -> Schema:
    """What a reader must accept: further fields, further codes, and null for what is left out."""
    return _headed(event, "reader", _plain(event.model_json_schema()))


def writer_schema(event: type[PublishedEvent]) -> Schema:
    """What the writer promises: these fields and no others, known codes only, and what is left out is not there."""
    schema = _plain(event.model_json_schema())
    promised = {name: _promised(field) for name, field in schema.get("properties", {}).items()}
    return _headed(event, "writer", {**schema, "properties": promised, "additionalProperties": False})


def topics() -> list[dict[str, Any]]:
    """The topic files, in the order of their names."""
    return [yaml.safe_load(path.read_text("utf-8")) for path in sorted((FOLDER / "topics").glob("*.yaml"))]


def asyncapi() -> dict[str, Any]:
    """The whole of contracts/ as one AsyncAPI 3 document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sluss: what the services tell each other",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in binary mode on Kafka. No direct identifier, no diagnosis and no free text, ever.",
        },
        "defaultContentType": "application/json",
        "channels": {topic["topic"]: _channel(topic) for topic in topics()},
        "operations": {name: operation for topic in topics() for name, operation in _operations(topic)},
        "components": {
            "messages": {event.__name__: _message(event) for event in PUBLISHED},
            "schemas": {"Envelope": envelope_headers()},
        },
    }


def envelope_headers() -> Schema:
    """The Kafka headers of every message, read from the envelope's own fields. On the wire each of them is text."""
    properties: Schema = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_type": {"type": "string"},
        "ce_dataschema": {"type": "string"},
        "content-type": {"type": "string", "const": "application/json"},
    }
    required = list(properties)
    schema = Envelope.model_json_schema()
    for name, field in _plain(schema)["properties"].items():
        if name == "data":
            continue
        header = name if name == "traceparent" else f"ce_{name}"
        properties[header] = _as_text(_promised(field))
        if name in schema["required"]:
            required.append(header)
    return {"type": "object", "properties": properties, "required": required}


def _headed(event: type[PublishedEvent], side: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "$id": f"{schema_uri(event.event_type)}.{side}", **schema}


def _plain(schema: Schema) -> Schema:
    """Pydantic's schema with the references to code sets written out, and without the titles and defaults that say nothing."""
    sets = schema.get("$defs", {})

    def plain(part: Any) -> Any:
        match part:
            case {"$ref": str(reference)}:
                return plain(sets[reference.rpartition("/")[2]])
            case {"properties": dict(fields), **rest}:
                return {**plain(rest), "properties": {name: plain(field) for name, field in fields.items()}}
            case dict():
                return {key: plain(worth) for key, worth in part.items() if key not in SAYS_NOTHING}
            case list():
                return [plain(each) for each in part]
            case _:
                return part

    return dict(plain(schema))


def _promised(field: Schema) -> Schema:
    """A field without the two things that only readers allow: null, and a code that is not in the set."""
    options = field.get("anyOf", [field])
    has_codes = any("enum" in option for option in options)
    kept = [option for option in options if option.get("type") != "null" and not (has_codes and option.get("pattern") == CODE_PATTERN)]
    return dict(kept[0]) if len(kept) == 1 else {"anyOf": kept}


def _as_text(field: Schema) -> Schema:
    return {"type": "string", "pattern": "^[1-9][0-9]*$"} if field["type"] == "integer" else field


def _channel(topic: dict[str, Any]) -> dict[str, Any]:
    config = topic["config"]
    return {
        "address": topic["topic"],
        "description": topic["description"],
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"} for event in _on(topic)},
        "bindings": {
            "kafka": {
                "topic": topic["topic"],
                "partitions": topic["partitions"],
                "topicConfiguration": {**config, "cleanup.policy": [config["cleanup.policy"]]},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operations(topic: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Who tells and who hears, on one topic."""
    channel = {"$ref": f"#/channels/{topic['topic']}"}
    messages = [{"$ref": f"#/channels/{topic['topic']}/messages/{event.__name__}"} for event in _on(topic)]
    tells = (f"{topic['producer']}-tells-{topic['topic']}", {"action": "send", "channel": channel, "messages": messages})
    hears = [
        (f"{consumer}-hears-{topic['topic']}", {"action": "receive", "channel": channel, "messages": messages})
        for consumer in topic["consumers"]
    ]
    return [tells, *hears]


def _message(event: type[PublishedEvent]) -> dict[str, Any]:
    own = {"ce_type": {"const": event.event_type}, "ce_dataschema": {"const": schema_uri(event.event_type)}}
    return {
        "name": event.event_type,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip(),
        "contentType": "application/json",
        "headers": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, {"type": "object", "properties": own}]},
        "payload": {"$ref": f"./schemas/{event.event_type}.writer.schema.json"},
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": "the stream, equal to ce_partitionkey"},
                "bindingVersion": KAFKA_BINDING,
            }
        },
        "examples": [_example(event)],
    }


def _example(event: type[PublishedEvent]) -> dict[str, Any]:
    golden = json.loads((FOLDER / "examples" / f"{event.event_type}.json").read_text("utf-8"))
    return {"headers": golden["headers"], "payload": golden["data"]}


def _on(topic: dict[str, Any]) -> list[type[PublishedEvent]]:
    return [event for event in PUBLISHED if event.topic == topic["topic"]]


class _WithoutAnchors(yaml.SafeDumper):
    """YAML that repeats what is said twice, so that each place can be read by itself."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def generated() -> dict[Path, str]:
    """Every generated file and what is in it."""
    files = {
        FOLDER / "schemas" / f"{event.event_type}.{side}.schema.json": json.dumps(schema(event), ensure_ascii=False, indent=2) + "\n"
        for event in PUBLISHED
        for side, schema in (("writer", writer_schema), ("reader", reader_schema))
    }
    text = yaml.dump(asyncapi(), Dumper=_WithoutAnchors, sort_keys=False, allow_unicode=True, width=140)
    files[FOLDER / "asyncapi.yaml"] = "# Generated by `python -m tools.contracts` from the event classes and topics/. Do not edit.\n" + text
    return files


def stale(files: dict[Path, str]) -> list[Path]:
    """The files that are missing, other than they would be generated, or no longer generated at all."""
    left_over = set((FOLDER / "schemas").glob("*")) - files.keys()
    changed = {path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text}
    return sorted(left_over | changed)


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or with `--check` names those that are not up to date and returns 1."""
    parser = argparse.ArgumentParser(prog="python -m tools.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a committed file is not up to date")
    only_check = parser.parse_args(arguments).check
    files = generated()
    for path in stale(files):
        print(f"{'not up to date' if only_check else 'written'}: {path.relative_to(FOLDER.parent)}")
        if only_check:
            continue
        if path in files:
            path.write_text(files[path], "utf-8")
        else:
            path.unlink()
    return 1 if only_check and stale(files) else 0


if __name__ == "__main__":
    sys.exit(main())
