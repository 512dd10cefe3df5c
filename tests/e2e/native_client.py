"""Requests to the native API, shared by its tests."""
import functools

from lib import Instance

TASKS = "/v1/tasks"
UNKNOWN = "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"
MERGE = ("Content-Type", "application/merge-patch+json")

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def ask(method, path, body=None, *lines):
    instance = shared()
    return instance.request(method, path, body, headers=instance.bearer() + list(lines))


def create(*lines, **members):
    answer = ask("POST", TASKS, members, ("Content-Type", "application/json"), *lines)
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    return answer.json()


def patch(task, body, *lines):
    return ask("PATCH", f"{TASKS}/{task['id']}", body, MERGE, *lines)


def items(query):
    answer = ask("GET", TASKS + query)
    if answer.status != 200:
        raise RuntimeError(f"list: {answer}")
    return answer.json()["items"]


def is_problem(answer, status, kind, place=None):
    """Whether the answer is a problem of this kind; place is for example ("pointer", "/state")."""
    try:
        body = answer.json()
    except ValueError:
        return False
    places = [tuple(list(error.items())[0]) for error in body.get("errors", [])]
    return (
        answer.status == status == body["status"]
        and answer.headers["Content-Type"] == "application/problem+json"
        and body["type"] == "/v1/problems/" + kind
        and len(body["title"]) > 5
        and len(body.get("detail", body["title"])) > 5
        and body.get("detail") != body["title"]
        and (place is None or places == [place])
    )
