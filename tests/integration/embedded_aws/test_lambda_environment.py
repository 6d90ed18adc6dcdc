"""What surrounds a Lambda: its variables and its layers."""

import io
import zipfile
from pathlib import Path

from tests.integration.embedded_aws.account import Account

ENVIRONMENT = "import os\ndef handler(event, context): return dict(os.environ)"
DEPENDENCY = "import dependency\ndef handler(event, context): return dependency.__file__"


def test_a_lambda_sees_its_own_variables_and_not_the_emulators(account: Account) -> None:
    variables = account.invoke(
        account.function(ENVIRONMENT, Environment={"Variables": {"MINE": "1"}})
    )
    assert variables["MINE"] == "1"
    assert variables["AWS_REGION"] == "us-east-1"
    assert not {"GATEWAY_PORT", "STATE_DIR", "AUTH", "LOG_LEVEL"} & variables.keys()


def test_functions_share_one_unpacked_layer(account: Account) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("python/dependency.py", "")
    layer = account.client("lambda").publish_layer_version(
        LayerName="dependencies", Content={"ZipFile": archive.getvalue()}
    )["LayerVersionArn"]
    first = account.invoke(account.function(DEPENDENCY, Layers=[layer]))
    assert Path(str(first)).is_file()
    assert account.invoke(account.function(DEPENDENCY, Layers=[layer])) == first
