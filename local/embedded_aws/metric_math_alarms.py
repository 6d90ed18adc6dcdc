"""Keep alarms on metric math, which the package refuses in a template.

AWS takes an alarm on the result of an expression over several metrics ("AWS::CloudWatch::Alarm",
Metrics, CloudFormation User Guide). Like every alarm here it deploys, is listed and can be put into
a state; nothing evaluates it.
"""

from typing import Any

from local.embedded_aws.package import provisioners
from local.embedded_aws.patching import replace

#: What the package wants of an alarm; an alarm on an expression has neither.
_STAND_IN = {"MetricName": "Expression", "Namespace": "Expression"}


def apply() -> None:
    record_of_one_metric = provisioners._cw_metric_alarm_record

    def _cw_metric_alarm_record(name: str, props: dict[str, Any]) -> dict[str, Any]:
        metrics = props.get("Metrics")
        if not metrics:
            alarm: dict[str, Any] = record_of_one_metric(name, props)
            return alarm
        of_one = {key: value for key, value in props.items() if key != "Metrics"} | _STAND_IN
        record: dict[str, Any] = record_of_one_metric(name, of_one)
        return record | dict.fromkeys(_STAND_IN, "") | {"Metrics": metrics}

    replace(provisioners, "_cw_metric_alarm_record", _cw_metric_alarm_record)
