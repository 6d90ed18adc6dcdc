"""The OpenAPI document: true to the code, to the template and to the answers to errors."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from jsonschema import Draft202012Validator

import billing.domain.errors
from api.documentation import DOCUMENT
from api.errors import answer_to, answers
from billing.contracts.api import ApiRequest
from billing.domain.errors import BillingError, PaymentDeclined
from tests.support.aws import template
from tools.openapi import document

Json = dict[str, Any]

COMMITTED: Json = json.loads(DOCUMENT.read_text(encoding="utf-8"))
COMPONENTS = {"components": COMMITTED["components"]}


def operations() -> Iterator[tuple[str, str, Json]]:
    for path, item in COMMITTED["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def public(operation: Json) -> bool:
    return operation.get("security") == []


def fits(value: Any, schema: Json) -> bool:
    fitting: bool = Draft202012Validator(schema | COMPONENTS).is_valid(value)
    return fitting


def test_the_committed_document_is_what_the_code_says() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run `make openapi`"


def test_it_is_valid_openapi() -> None:
    schemathesis.openapi.from_dict(COMMITTED).validate()


def test_it_has_the_routes_that_are_deployed_and_no_other() -> None:
    deployed = {
        (event["Path"], event["Method"].lower(), event.get("Auth", {}).get("Authorizer"))
        for function in template().of_type("AWS::Serverless::Function").values()
        for event in (each["Properties"] for each in function.get("Events", {}).values())
        if "ApiId" in event
    }

    assert deployed == {
        (path, method, "NONE" if public(operation) else None)
        for path, method, operation in operations()
    }


def test_each_operation_has_a_name_of_its_own_to_call_it_by() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name) for name in names), names


def test_a_token_is_refused_by_api_gateway_in_its_own_words() -> None:
    for path, _, operation in operations():
        refused = {"401", "403"} & operation["responses"].keys()
        assert refused == (set() if public(operation) else {"401", "403"}), path


def test_a_write_takes_a_key_and_says_when_its_answer_is_a_repeat() -> None:
    for path, method, operation in operations():
        names = {parameter["name"] for parameter in operation["parameters"]}
        writes = method == "post" and path != "/webhook"
        assert ("Idempotency-Key" in names) == writes, path
        repeats = "Idempotent-Replayed" in operation["responses"]["200"].get("headers", {})
        assert repeats == writes, path


def test_every_body_is_taken_strictly() -> None:
    strict = {model.__name__ for model in descendants(ApiRequest)}

    bodies = [operation.get("requestBody") for _, _, operation in operations()]
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(bodies)))

    assert referred <= strict


def test_every_schema_is_used_and_there() -> None:
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(COMMITTED)))

    assert referred == COMMITTED["components"]["schemas"].keys()


def test_every_example_is_of_its_schema() -> None:
    for path, _, operation in operations():
        for response in operation["responses"].values():
            for media in response["content"].values():
                for name, example in media.get("examples", {}).items():
                    assert fits(example["value"], media["schema"]), (path, name)


def test_a_problem_names_the_codes_that_it_may_have() -> None:
    told = COMMITTED["paths"]["/update-subscription"]["post"]["responses"]["409"]
    schema = told["content"]["application/json"]["schema"]
    examples = told["content"]["application/json"]["examples"]

    assert fits({"detail": "a sentence", "code": "quote_outdated"}, schema)
    assert not fits({"detail": "a sentence", "code": "user_not_found"}, schema)
    assert not fits({"detail": "a sentence"}, schema)
    assert examples["QuoteOutdated"]["value"]["code"] == "quote_outdated"


def test_an_invalid_request_is_shown_by_a_field_that_the_operation_takes() -> None:
    for path, _, operation in operations():
        media = operation["responses"].get("422", {"content": {}})["content"]
        examples = media.get("application/json", {}).get("examples", {})
        if "RequestValidationError" in examples:
            (fault,) = examples["RequestValidationError"]["value"]["detail"]
            assert tuple(fault["loc"]) in inputs(operation), path


def inputs(operation: Json) -> set[tuple[str, str]]:
    """Each parameter and each of the body's fields, as the place that it stands in."""
    body = operation.get("requestBody", {"content": {"application/json": {"schema": {}}}})
    name = body["content"]["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
    fields = COMMITTED["components"]["schemas"].get(name, {"properties": {}})["properties"]
    parameters = {(each["in"], each["name"]) for each in operation["parameters"]}
    return parameters | {("body", field) for field in fields}


def descendants(model: type[ApiRequest]) -> set[type[ApiRequest]]:
    return {model}.union(*map(descendants, model.__subclasses__()))


def an_error(error_class: type[BillingError]) -> BillingError:
    if error_class is PaymentDeclined:
        return PaymentDeclined("Your card was declined.", "lost_card")
    return error_class("internal")


def told_errors() -> list[type[BillingError]]:
    classes = [each for each in vars(billing.domain.errors).values() if isinstance(each, type)]
    return [each for each in classes if answer_to(an_error(each)).status_code != 500]


@pytest.mark.parametrize("error_class", told_errors(), ids=lambda each: each.__name__)
def test_an_error_is_told_as_it_is_documented(error_class: type[BillingError]) -> None:
    answer = answer_to(an_error(error_class))

    body: Json = answer.body or {}
    response = json.loads(json.dumps(answers(error_class)))[str(answer.status_code)]
    media = response["content"]["application/json"]
    model = COMMITTED["components"]["schemas"][media["schema"]["$ref"].rpartition("/")[2]]
    assert fits(body, media["schema"])
    assert model["properties"].keys() == body.keys()
    assert media["examples"][error_class.__name__]["value"]["code"] == body["code"]
    assert media["examples"][error_class.__name__]["value"].keys() == body.keys()
    assert ("Retry-After" in answer.headers) == ("Retry-After" in response.get("headers", {}))
