"""Give the SAM transform the values of the parameters.

On AWS the `AWS::Serverless` transform sees them and resolves a `Ref` to a parameter where it needs
its value, as in `AutoPublishCodeSha256` ("AWS::Serverless transform", CloudFormation User Guide).
The package hands it none, so that such a template fails the deploy.
"""

from local.embedded_aws.answers import Json
from local.embedded_aws.package import changesets, cloudformation, cloudformation_handlers
from local.embedded_aws.patching import provide, rewrite


def apply() -> None:
    provide(cloudformation, sam_parameters=_sam_parameters)
    rewrite(
        cloudformation,
        "_apply_transforms",
        (
            "_sam_transform(copy.deepcopy(template), {}, _NO_IAM_POLICY_LOADER)",
            "_sam_transform(copy.deepcopy(template), sam_parameters(template,"
            " _transform_parameters(template, provided_params, previous_params)),"
            " _NO_IAM_POLICY_LOADER)",
        ),
    )
    for importer in (changesets, cloudformation_handlers):
        importer._apply_transforms = cloudformation._apply_transforms


def _sam_parameters(template: Json, values: dict[str, str]) -> dict[str, str | list[str]]:
    """Split the values of list parameters, as CloudFormation does."""
    declared = template.get("Parameters") or {}
    lists = {name for name, d in declared.items() if d.get("Type") == "CommaDelimitedList"}
    return {name: v.split(",") if name in lists else v for name, v in values.items()}
