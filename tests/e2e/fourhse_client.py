"""Requests to the 4HSE API, shared by its tests."""
import functools

from lib import Instance
from tap import equal

TASK = "/v2/task"

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def call(method, path, body=None, headers=()):
    instance = shared()
    return instance.request(method, TASK + path, body, instance.bearer() + list(headers))


def create(**members):
    answer = call("POST", "/create", {"handler": "ExportHandler", **members})
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()


def index(**params):
    answer = call("POST", "/index", params)
    if answer.status != 200:
        raise RuntimeError(f"index: {answer}")
    return answer


def ids(answer):
    return [task["task_id"] for task in answer.json()]


def refused(answer, status, name, message, what):
    equal(
        (answer.status, answer.json()),
        (status, {"name": name, "message": message, "code": 0, "status": status}),
        what,
    )
    equal(
        answer.headers["Content-Type"], "application/json; charset=UTF-8", f"{what}: Content-Type"
    )
