"""Requests to the Uplynk API, shared by its tests."""
import functools
import json

from lib import Instance
from tap import equal

PREFIX = "/api/v4/managed-slicer"
TASKS = PREFIX + "/ingest-points/tasks"
POINTS = PREFIX + "/slicers/ingest-points"
UNKNOWN = "f0a214a437024a9c85c59f6f1bd55b3e"
STUDIO = {
    "endpoint_name": "Studio A",
    "server_region_id": "us-east-1",
    "stream_type_name": "SRT",
    "desc": "Main feed",
}

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def error(status, message):
    text = {"@type": "Error", "status": status, "message": message}
    return status, json.dumps(text, separators=(",", ":")).encode()


def seen(answer):
    return answer.status, answer.body


def tasks(instance, **named):
    answer = instance.request("GET", TASKS, **named)
    found = answer.json()
    equal(
        (answer.status, answer.headers["Content-Type"], list(found)),
        (200, "application/json", ["@id", "@type", "items", "total_items"]),
        "a collection of tasks",
    )
    equal(
        (found["@id"], found["@type"], found["total_items"]),
        (TASKS, "Collection", len(found["items"])),
        "a collection: @id, @type and total_items",
    )
    return found["items"]


def points(instance, **named):
    return instance.request("GET", POINTS, **named).json()["items"]


def create(instance, **members):
    answer = instance.request("POST", POINTS, {**STUDIO, **members})
    if answer.status != 200:
        raise RuntimeError(f"create: {answer}")
    return answer.json()
