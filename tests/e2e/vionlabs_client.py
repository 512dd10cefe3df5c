"""Requests to the Vionlabs API and its documented answers, shared by its tests."""
import functools
import json
from urllib.parse import quote

from lib import Instance
from tap import equal

ITEMS = "/tasks/catalog-item/"
PRODUCTS = (
    "adbreaks contextual_adbreak emotions fingerprint fingerprintplus jitpreviews jitthumbnails "
    "markers nudity profanity semantic similar content_summary semantic_scenes "
    "vertical_conversion scene_tags"
).split()
JSON = ("Content-Type", "application/json")

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def address(item, product="adbreaks", version="1.0.1"):
    return f"{ITEMS}{quote(item, '')}/product/{quote(product, '')}/version/{quote(version, '')}"


def status(path, word, error=None):
    """The documented JSON of a task, byte by byte."""
    links = {
        name: {"href": path, "method": method}
        for name, method in (
            ("self", "GET"),
            ("create", "POST"),
            ("deactivate", "DELETE"),
        )
    }
    return json.dumps(
        {"status": word, "error": error, "_links": links},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def entry(product, version, word="pending", error=None):
    return {
        "task_status": {"status": word, "error": error},
        "product": product,
        "version": version,
    }


def items(item, headers=None):
    answer = shared().request("GET", ITEMS + quote(item, ""), headers=headers)
    return answer.json() if answer.status == 200 else answer


def shows(answer, code, body, name):
    equal(
        (answer.status, answer.headers["Content-Type"], answer.body),
        (code, "application/json", body),
        name,
    )
