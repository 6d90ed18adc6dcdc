"""The project's AWS on one machine: the pinned `ministack` package, corrected from outside.

`python -m local.embedded_aws` serves it on 127.0.0.1. Each sibling module corrects one difference
from AWS that would hide a bug or lose an event; a package that has changed under a correction
refuses to start, so none of them can quietly stop working.
"""
