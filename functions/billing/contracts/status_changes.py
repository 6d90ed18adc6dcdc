"""Step Functions' "Execution Status Change" events, as far as the ledger needs them."""

import json

from pydantic import BaseModel, ConfigDict, Field

#: Characters kept of a cause: enough for a message, too few for a payload.
LONGEST_CAUSE = 1_000


class ExecutionFailed(BaseModel):
    """The detail of one that failed, timed out or was aborted; ``stopped_at`` in milliseconds.

    ``input`` is left out by AWS where it is large. An aborted execution has no error of its own.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    execution: str = Field(alias="executionArn")
    status: str
    input: str | None = None
    error: str | None = None
    cause: str | None = None
    redrive_count: int = Field(default=0, alias="redriveCount")
    stopped_at: int = Field(alias="stopDate")

    @property
    def message(self) -> str:
        """The cause in a line: of a Lambda's error document only the message, without its trace.

        Where a path finds nothing, Step Functions adds the whole input: it may be anybody's data.
        """
        text = self.cause or ""
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if isinstance(document, dict):
            text = str(document.get("errorMessage", text))
        return text.partition(" in the input '")[0][:LONGEST_CAUSE]


class StatusChange(BaseModel):
    """The EventBridge event."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    detail: ExecutionFailed
