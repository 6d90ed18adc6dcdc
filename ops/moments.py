"""Times in UTC, whatever zone AWS's SDK gives them in: the machine's own."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


#: A model's time.
Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
