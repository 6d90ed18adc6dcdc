"""Unpack a layer once, for all the Lambda processes that use it.

On AWS a layer is unpacked into `/opt` as part of the environment, where no function can write
("Managing Lambda dependencies with layers", Developer Guide). The package unpacks it again for each
process: with the dependency layer that is two seconds of each cold start, and 60 MB on disk.
"""

import hashlib
import io
import tempfile
import threading
import zipfile
from pathlib import Path

from local.embedded_aws.answers import Json
from local.embedded_aws.package import lambda_runtime, lambda_svc
from local.embedded_aws.patching import provide, rewrite

_lock = threading.Lock()


def apply() -> None:
    provide(lambda_runtime, unpacked_layers=_unpacked_layers)
    rewrite(
        lambda_runtime.Worker,
        "_spawn",
        (
            '    layer_refs = self.config.get("Layers", [])\n',
            "    layers_dirs = unpacked_layers(self.config)\n    layer_refs = []\n",
        ),
    )


def _unpacked_layers(config: Json) -> list[str]:
    archives = (lambda_svc._resolve_layer_zip(layer) for layer in config.get("Layers", []))
    return [_unpacked(archive) for archive in archives if archive]


def _unpacked(archive: bytes) -> str:
    """Give the folder with a layer's content."""
    folder = Path(tempfile.gettempdir()) / "layers" / hashlib.sha256(archive).hexdigest()
    with _lock:
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            with zipfile.ZipFile(io.BytesIO(archive)) as content:
                content.extractall(partial)
            partial.rename(folder)
    return str(folder)
