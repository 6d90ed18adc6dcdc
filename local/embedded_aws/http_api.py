"""Import the OpenAPI body of `AWS::Serverless::HttpApi`, and answer as API Gateway does.

AWS makes routes, integrations, JWT authorizers and CORS from the `Body` property
("AWS::ApiGatewayV2::Api", CloudFormation User Guide; "OpenAPI extensions for API Gateway",
Developer Guide). The package ignores it: the API deploys without a single route. It also shows the
caller the exception of a failed Lambda, where API Gateway says no more than
`{"message": "Internal Server Error"}`.
"""

import json
from typing import Any

from local.embedded_aws.cloudformation_properties import after_provisioning
from local.embedded_aws.package import apigateway, lambda_svc
from local.embedded_aws.patching import provide, replace, rewrite

Json = dict[str, Any]

_ANY_METHOD = "x-amazon-apigateway-any-method"
_METHODS = {"get", "put", "post", "delete", "patch", "head", "options", _ANY_METHOD}


def apply() -> None:
    after_provisioning("AWS::ApiGatewayV2::Api", _configure)
    provide(apigateway, http_api_answer=_answer_of)
    rewrite(
        apigateway,
        "_invoke_lambda_proxy",
        (
            "lambda_response, _ = lambda_svc.lambda_execute_result_to_api_proxy_response(result)",
            "lambda_response = http_api_answer(result)",
        ),
    )
    rewrite(
        apigateway,
        "_validate_jwt_authorizer",
        # A token without an expiry is refused, as on AWS.
        (
            'if "exp" in claims and int(claims["exp"]) <= now:',
            'if int(claims.get("exp") or 0) <= now:',
        ),
    )
    replace(apigateway, "_cors_preflight_response", _preflight)


def _configure(api_id: str, props: Json) -> None:
    body = props.get("Body")
    cors = props.get("CorsConfiguration")
    if isinstance(body, dict):
        _import(api_id, body)
        cors = cors or body.get("x-amazon-apigateway-cors")
        title = (body.get("info") or {}).get("title")
        apigateway._apis[api_id]["name"] = props.get("Name") or title or api_id
    if cors:
        apigateway._apis[api_id]["corsConfiguration"] = _camel_case(cors)


def _import(api_id: str, body: Json) -> None:
    """Make the API what the body says; whatever an earlier import made goes."""
    for store in (apigateway._routes, apigateway._integrations, apigateway._authorizers):
        store[api_id] = {}
    schemes = (body.get("components") or {}).get("securitySchemes") or {}
    authorizers = {name: _authorizer(api_id, name, scheme) for name, scheme in schemes.items()}
    for path, operations in (body.get("paths") or {}).items():
        for method, operation in operations.items():
            if method.lower() in _METHODS:
                required = operation.get("security", body.get("security") or [])
                _route(api_id, path, method, operation, _authorization(required, authorizers))


def _authorizer(api_id: str, name: str, scheme: Json) -> Json:
    """Make an authorizer; give what a route says to use it."""
    extension = scheme.get("x-amazon-apigateway-authorizer") or {}
    kind = str(extension.get("type", "jwt")).upper()
    source = extension.get("identitySource", "$request.header.Authorization")
    created = _created(
        apigateway._create_authorizer(
            api_id,
            {
                **extension,
                "authorizerType": kind,
                "name": name,
                "identitySource": source if isinstance(source, list) else source.split(","),
            },
        )
    )
    return {
        "authorizerId": created["authorizerId"],
        "authorizationType": "JWT" if kind == "JWT" else "CUSTOM",
    }


def _route(api_id: str, path: str, method: str, operation: Json, authorization: Json) -> None:
    integration = operation.get("x-amazon-apigateway-integration") or {}
    target = _created(
        apigateway._create_integration(
            api_id,
            {
                **integration,
                "integrationType": str(integration.get("type", "aws_proxy")).upper(),
                "integrationUri": integration.get("uri", ""),
            },
        )
    )
    verb = "ANY" if method == _ANY_METHOD else method.upper()
    _created(
        apigateway._create_route(
            api_id,
            {
                **authorization,
                "routeKey": "$default" if path.endswith("$default") else f"{verb} {path}",
                "target": f"integrations/{target['integrationId']}",
            },
        )
    )


def _authorization(requirements: list[Json], authorizers: dict[str, Json]) -> Json:
    """Give what a route says of its authorizer: nothing, if its security requires none."""
    for requirement in requirements:
        for name, scopes in requirement.items():
            if name in authorizers:
                return {**authorizers[name], "authorizationScopes": scopes}
    return {}


def _created(response: tuple[int, Json, bytes]) -> Json:
    status, _, body = response
    if status >= 400:
        raise ValueError(f"AWS::ApiGatewayV2::Api: {body.decode()}")
    created: Json = json.loads(body)
    return created


def _camel_case(cors: Json) -> Json:
    return {name[0].lower() + name[1:]: value for name, value in cors.items()}


def _answer_of(result: Json) -> Json:
    """Turn a Lambda's result into the HTTP answer, telling nothing of a failure."""
    if result.get("throttle"):
        return _message(503, "Service Unavailable")
    if result.get("error"):
        return _message(500, "Internal Server Error")
    answer, _ = lambda_svc.lambda_execute_result_to_api_proxy_response(result)
    return answer or _message(500, "Internal Server Error")


def _message(status: int, text: str) -> Json:
    return {"statusCode": status, "body": json.dumps({"message": text})}


def _preflight(cors_cfg: Json, origin: str) -> tuple[int, Json, bytes]:
    """Answer a preflight request: 204, with the CORS headers only for an origin that is allowed."""
    if not cors_cfg:
        return 404, {"Content-Type": "application/json"}, b'{"message":"Not Found"}'
    headers = apigateway._cors_response_headers(cors_cfg, origin)
    if headers:
        for header, name in (("Methods", "allowMethods"), ("Headers", "allowHeaders")):
            if cors_cfg.get(name):
                headers[f"Access-Control-Allow-{header}"] = ",".join(cors_cfg[name])
        if cors_cfg.get("maxAge") is not None:
            headers["Access-Control-Max-Age"] = str(cors_cfg["maxAge"])
    return 204, headers, b""
