"""Requests about webhooks, shared by their tests."""
from native_client import MERGE, ask, is_problem, shared
from tap import ok

HOOKS = "/v1/webhooks"
JSON = ("Content-Type", "application/json")
URL = "https://hooks.example.com/polytask"


def post(path, body=None, *lines):
    return ask("POST", path, body, *([JSON] if body is not None else []), *lines)


def change(hook, body, *lines):
    return ask("PATCH", f"{HOOKS}/{hook['id']}", body, MERGE, *lines)


def add(**members):
    """A webhook that is disabled: nothing is sent to its URL."""
    answer = post(HOOKS, {"url": URL, "enabled": False, **members})
    if answer.status != 201:
        raise RuntimeError(f"create: {answer}")
    hook = answer.json()
    shared().secrets.extend([hook["secret"]] if "secret" in hook else [])
    return hook


def remove_all():
    for hook in ask("GET", HOOKS).json()["items"]:
        ask("DELETE", f"{HOOKS}/{hook['id']}")


def refused(answer, pointer, name):
    """422 that names the member."""
    ok(is_problem(answer, 422, "unprocessable", ("pointer", pointer)), name, answer)
