"""The dialects by name: each OpenAPI document of the tree needs a module of its name here."""
import importlib

import openapi

DIALECTS = {
    name: importlib.import_module("dialects." + name).DIALECT for name in openapi.documents()
}
# Those that have tasks of their own.
WITH_TASKS = {name: dialect for name, dialect in DIALECTS.items() if dialect.has_tasks}
# Every way to send a credential: (name of the dialect, scheme).
SCHEMES = [(name, scheme) for name, dialect in DIALECTS.items() for scheme in dialect.schemes]
