"""How everything that is served is used: `use(stripe)` of each module here calls its routes."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

# A new module counts by being here.
TOPICS: dict[str, Any] = {
    module.name: import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)
}
