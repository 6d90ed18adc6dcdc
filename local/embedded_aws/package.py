"""The modules of the package that the corrections reach into, as `Any`: it has no usable types."""

from importlib import import_module
from typing import Any

app: Any = import_module("ministack.app")
iam_actions: Any = import_module("ministack.core.iam_actions")
iam_evaluator: Any = import_module("ministack.core.iam_evaluator")
lambda_runtime: Any = import_module("ministack.core.lambda_runtime")
responses: Any = import_module("ministack.core.responses")

apigateway: Any = import_module("ministack.services.apigateway")
cloudformation: Any = import_module("ministack.services.cloudformation.engine")
changesets: Any = import_module("ministack.services.cloudformation.changesets")
cloudformation_handlers: Any = import_module("ministack.services.cloudformation.handlers")
cognito: Any = import_module("ministack.services.cognito")
dynamodb: Any = import_module("ministack.services.dynamodb")
eventbridge: Any = import_module("ministack.services.eventbridge")
lambda_svc: Any = import_module("ministack.services.lambda_svc")
provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
ses: Any = import_module("ministack.services.ses")
ses_v2: Any = import_module("ministack.services.ses_v2")
sqs: Any = import_module("ministack.services.sqs")
stepfunctions: Any = import_module("ministack.services.stepfunctions")
