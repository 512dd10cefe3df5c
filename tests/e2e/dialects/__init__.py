"""The dialects by name: each OpenAPI document of the tree needs a module of its name here."""
import importlib

import openapi

DIALECTS = {
    name: importlib.import_module("dialects." + name).DIALECT for name in openapi.documents()
}
# Every way to send a credential: (name of the dialect, scheme).
SCHEMES = [(name, scheme) for name, dialect in DIALECTS.items() for scheme in dialect.schemes]
