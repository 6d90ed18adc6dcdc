"""Cognito's pre token generation event, version V2_0 (Amazon Cognito Developer Guide)."""

from pydantic import BaseModel, ConfigDict, Field

#: Whoever has it may act for any user.
ADMIN_SCOPE = "scai/billing.admin"


class _CognitoModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PreTokenGeneration(_CognitoModel):
    """Who signs in; Cognito writes ``email_verified`` as text."""

    class Request(_CognitoModel):
        class UserAttributes(_CognitoModel):
            email: str | None = None
            email_verified: bool = False

        class GroupConfiguration(_CognitoModel):
            groups: tuple[str, ...] | None = Field(default=None, alias="groupsToOverride")

        attributes: UserAttributes = Field(alias="userAttributes")
        membership: GroupConfiguration = Field(
            default=GroupConfiguration(), alias="groupConfiguration"
        )

    request: Request

    @property
    def verified_email(self) -> str | None:
        """The e-mail address, where whoever signs in has proved that it is theirs."""
        attributes = self.request.attributes
        return attributes.email if attributes.email_verified else None

    @property
    def groups(self) -> tuple[str, ...]:
        """The pool's groups that they are in."""
        return self.request.membership.groups or ()
