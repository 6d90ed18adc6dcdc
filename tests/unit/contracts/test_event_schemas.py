"""The facts' documents: as committed they are what the contracts say, and they hold together."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker, ValidationError

from billing.contracts.facts import FactEnvelope, told
from tests.support.facts import CHANGES, HEALED, facts_of
from tools.event_schemas import FOLDER, contracts, documents, write

ASYNCAPI: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
NAMES = [model.__name__ for model in contracts()]


def validator(type_: str) -> Any:
    schema = json.loads((FOLDER / f"v1/{type_}.schema.json").read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema, format_checker=FormatChecker())


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def resolved(reference: str, document: dict[str, Any]) -> Any:
    path, _, pointer = reference.partition("#")
    node: Any = json.loads((FOLDER / path).read_text(encoding="utf-8")) if path else document
    for part in pointer.strip("/").split("/") if pointer else ():
        node = node[part]
    return node


def committed() -> dict[str, str]:
    found = [FOLDER / "asyncapi.yaml", *FOLDER.glob("v*/*.json")]
    return {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in found}


def test_the_committed_documents_are_what_the_contracts_say() -> None:
    assert committed() == documents(), "run `make schemas`"


def test_a_schema_that_no_contract_has_any_more_is_removed(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "Forgotten.schema.json").write_text("{}")
    (tmp_path / "README.md").write_text("kept")

    write(tmp_path)

    written = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert written == {*documents(), "README.md"}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_told_validates_against_its_schema(change: str) -> None:
    for fact in facts_of(change):
        validator(fact.type).validate(told(fact).model_dump(mode="json"))


@pytest.mark.parametrize("change", CHANGES)
def test_a_member_that_is_added_within_a_version_breaks_no_consumers_copy(change: str) -> None:
    for fact in facts_of(change):
        sent = told(fact).model_dump(mode="json")
        after = {**sent["after"], "added": 1} if sent["after"] else None

        validator(fact.type).validate({**sent, "added": 1, "after": after})


def test_a_healed_record_validates_against_its_schema() -> None:
    sent = told(HEALED).model_dump(mode="json")

    validator("DriftHealed").validate(sent)
    with pytest.raises(ValidationError):
        validator("DriftHealed").validate(sent | {"after": {}})


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_says_when_its_fact_is_told_and_what_its_id_looks_like(name: str) -> None:
    schema = validator(name).schema

    assert schema["description"].startswith("Told ")
    assert f"`{name}:" in schema["description"]
    assert {"id", "type", "schema_version", "before", "after"} <= set(schema["required"])


@pytest.mark.parametrize("name", NAMES)
def test_a_schemas_references_are_all_within_it(name: str) -> None:
    schema = validator(name).schema
    for reference in references(schema):
        assert reference.startswith("#/definitions/")
        assert resolved(reference, schema)["title"] == reference.rsplit("/", 1)[-1]


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    found = set(references(ASYNCAPI))

    for reference in found:
        assert resolved(reference, ASYNCAPI)
    assert {f"./v1/{name}.schema.json" for name in NAMES} <= found


def test_the_asyncapi_document_has_one_channel_that_carries_every_fact() -> None:
    (channel,) = ASYNCAPI["channels"].values()
    (operation,) = ASYNCAPI["operations"].values()

    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert set(ASYNCAPI) <= {
        "asyncapi",
        "info",
        "defaultContentType",
        "channels",
        "operations",
        "components",
    }
    assert {"title", "version"} <= set(ASYNCAPI["info"])
    assert list(channel["messages"]) == list(ASYNCAPI["components"]["messages"]) == NAMES
    assert operation["action"] == "send"
    assert resolved(operation["channel"]["$ref"], ASYNCAPI) == channel
    # AsyncAPI 3.0: an operation names messages of its channel, not the components themselves.
    in_channel = "#/channels/billingBus/messages/"
    assert [m["$ref"] for m in operation["messages"]] == [in_channel + name for name in NAMES]


@pytest.mark.parametrize("model", contracts())
def test_a_message_of_the_asyncapi_document_says_how_to_select_it(
    model: type[FactEnvelope],
) -> None:
    message = ASYNCAPI["components"]["messages"][model.__name__]

    assert message["x-eventbridge"] == {"source": "scai.billing", "detail-type": model.__name__}
    assert message["payload"]["schemaFormat"] == "application/schema+json;version=draft-07"
    assert resolved(message["payload"]["schema"]["$ref"], ASYNCAPI)["title"] == model.__name__
    assert message["summary"].startswith("Told ")
