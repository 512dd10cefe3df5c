"""Webhooks whose receivers are called, and their deliveries."""
from tap import until

HOOKS = "/v1/webhooks"
LOOPBACK = {"webhook_networks": "127.0.0.0/8"}
JSON = ("Content-Type", "application/json")


def ask(instance, method, path, body=None, token=None):
    answer = instance.request(
        method, path, body, headers=instance.bearer(token) + ([JSON] if body is not None else [])
    )
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path}: {answer}")
    return answer.json() if answer.body else None


def add_hook(instance, url, token=None, **members):
    hook = ask(instance, "POST", HOOKS, {"url": url, "format": "vionlabs", **members}, token)
    instance.secrets.extend([hook["secret"]] if "secret" in hook else [])
    return hook


def read_hook(instance, hook, token=None):
    return ask(instance, "GET", f"{HOOKS}/{hook['id']}", token=token)


def deliveries(instance, hook, token=None):
    return ask(instance, "GET", f"{HOOKS}/{hook['id']}/deliveries", token=token)["items"]


def end_task(instance, item, token=None, version="1"):
    """Creates a task of Vionlabs and deactivates it: one event that its format tells."""
    path = f"/{item}/product/adbreaks/version/{version}"
    for method in ("POST", "DELETE"):
        answer = instance.vionlabs(method, path, key=token)
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer}")


def last_attempt(instance, hook):
    """The newest delivery of the webhook, as soon as it has an attempt."""

    def find():
        newest = deliveries(instance, hook)[:1]
        if not newest:
            return None
        delivery = ask(instance, "GET", f"{HOOKS}/{hook['id']}/deliveries/{newest[0]['id']}")
        return delivery if delivery["attempts"] else None

    return until(find, 25)


def read_delivery_status(instance, hook, place):
    """The status of the last attempt of a delivery; the newest one is the first."""
    chosen = deliveries(instance, hook)[place]["id"]
    log = ask(instance, "GET", f"{HOOKS}/{hook['id']}/deliveries/{chosen}")["log"]
    return log[-1]["status"] if log else None


def last_error(instance, hook):
    ask(instance, "POST", f"{HOOKS}/{hook['id']}/test", {})
    delivery = last_attempt(instance, hook)
    return delivery["log"][-1]["error"] if delivery else ""
