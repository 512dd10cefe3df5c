"""Vionlabs Tasks: an API key in the query or in a header field."""
import os

from dialects.credentials import BEARER, Scheme, header, header_values, query, query_texts
from dialects.dialect import Dialect

PREFIX = "/tasks/catalog-item"


def create(client):
    names = {"inventory_id": os.urandom(8).hex(), "product": "adbreaks", "version": "1.0.1"}
    client.post_route(PREFIX + "/{inventory_id}/product/{product}/version/{version}", **names)
    return names


DIALECT = Dialect(
    prefix=PREFIX,
    list_path=PREFIX + "/item-of-ours",
    read_path=PREFIX + "/{inventory_id}/product/{product}/version/{version}",
    body={"priority": "high"},
    create=create,
    kinds=(
        ("adbreaks", {"inventory_id": "kinds", "product": "adbreaks", "version": "1"}),
        ("markers", {"inventory_id": "kinds", "product": "markers", "version": "1"}),
    ),
    schemes=(
        Scheme(
            "key",
            "token",
            query("key"),
            query_texts("key=%zz", "key=a&key=b", "key=&key=a", "%6bey=a%00", "key=%20"),
        ),
        Scheme(
            "X-API-Key",
            "token",
            header("X-API-Key"),
            header_values("X-API-Key", "a b", "\u00e9", "x" * 4000),
        ),
        BEARER,
    ),
    challenge="APIKey",
    credential_sentences={"wrong": "Invalid API key", "absent": "Not authenticated"},
    shape=lambda status, phrase, sentence: {"detail": sentence},
)
