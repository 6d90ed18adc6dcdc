"""What is deployed is all that the functions need.

The embedded AWS runs Lambdas with this environment's packages, so a missing dependency would not
show there; here an interpreter sees the built layer and our code, and nothing else.
"""

import subprocess
import sys

import pytest

from local.stack.sam import layer_cache
from tests.support.template import ROOT, Template

TEMPLATE = Template({"MailFrom": "billing@example.test"})
HANDLERS = sorted(
    function["Handler"] for function in TEMPLATE.of_type("AWS::Serverless::Function").values()
)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_from_the_layer_and_our_code_alone(handler: str) -> None:
    module, _, name = handler.rpartition(".")
    program = (
        f"import sys; sys.path[:0] = [{str(layer_cache())!r}, {str(ROOT / 'functions')!r}];"
        f" import {module}; assert callable({module}.{name})"
    )

    # -I and -S: no environment variable, no user's and no installed package is seen.
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
