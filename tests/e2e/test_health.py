"""GET /v1/health: what an operator should look at, for administrators of a tenant."""
import os
import shutil
import socket

from claims_client import create
from lib import Instance, run_tests
from native_client import is_problem
from receivers import Receivers, answers
from tap import equal, ok, skip, until
from webhook_calls import LOOPBACK, add_hook, end_task, read_hook

RESERVE_MB = 65536  # the most that the option allows


def health(instance, token=None):
    answer = instance.native("GET", "/health", token=token)
    if answer.status != 200:
        raise RuntimeError(f"health: {answer}")
    return answer.json()


def checks(instance, token=None):
    return {check["name"]: check for check in health(instance, token)["checks"]}


def wanting(instance, token=None):
    """The names of the checks that need attention; each has advice, and no other one has."""
    shown = health(instance, token)
    found = [check["name"] for check in shown["checks"] if check["state"] == "attention"]
    advised = [check["name"] for check in shown["checks"] if check.get("advice")]
    equal(advised, found, "what needs attention has advice")
    equal(shown["state"], "attention" if found else "ok", "the state is that of all checks")
    return found


def healthy():
    """The figures are those of polytaskctl status, and nothing tells where the service is."""
    instance = Instance()
    ok(until(lambda: checks(instance)["disk_bytes"]["value"] > 0, 10), "the disk is known")
    equal(wanting(instance), [], "nothing needs attention")
    shown, status = checks(instance), instance.status()
    figures = dict(status["store"], read_only=status["read_only"])
    del figures["free_bytes"]
    same = {name: check["value"] for name, check in shown.items() if name in figures}
    equal(same, {name: figures[name] for name in same}, "the figures are those of status")
    ok({"read_only", "index", "damaged_pages", "archive", "last_backup"} <= set(same), "some", same)
    ok(0 < shown["free_bytes"]["value"] <= shown["disk_bytes"]["value"], "free space", shown)
    instance.ctl("backup", os.path.join(instance.dir, "backup"))
    ok(checks(instance)["last_backup"]["value"], "the last backup is a time")
    text = instance.native("GET", "/health").body.decode()
    for word in (instance.dir, instance.memory, "/dev/shm", socket.gethostname(), "localhost"):
        ok(word not in text, f"the response does not have {word}", text)
    instance.stop("healthy")


def rights():
    instance = Instance()
    for right in ("read", "write", "work", "admin"):
        instance.ctl("user", "add", right, "--tenant", "demo", "--rights", right)
        token = instance.add_token(right, right)
        answer = instance.native("GET", "/health", token=token)
        if right == "admin":
            equal(answer.status, 200, "admin: 200")
        else:
            ok(is_problem(answer, 403, "forbidden"), f"{right}: 403", answer)
    ok(is_problem(instance.request("GET", "/v1/health", headers=[]), 401, "unauthenticated"), "401")
    answer = instance.native("GET", "/health?state=ok")
    ok(is_problem(answer, 400, "invalid", ("parameter", "state")), "a parameter: 400", answer)
    equal(instance.native("POST", "/health", {}).status, 405, "POST: 405")
    equal(instance.native("GET", "/health/x").status, 404, "below it: 404")
    instance.stop("rights")


def tenants():
    """Each tenant has its own quota and webhooks."""
    instance, receivers = Instance(conf=LOOPBACK, expect=["webhook", "quota"]), Receivers()
    instance.ctl("user", "add", "foreign", "--tenant", "other", "--rights", "read,admin")
    foreign = instance.add_token("foreign", "foreign")
    service = set(checks(instance, foreign))
    hook = add_hook(instance, receivers.on("/gone", answers(410)))
    equal(checks(instance)["tenant_webhooks"]["value"], 1, "an enabled webhook")
    end_task(instance, "movie-1")
    ok(until(lambda: not read_hook(instance, hook)["enabled"], 10), "the service disables it")
    equal(wanting(instance), ["tenant_webhooks_disabled"], "a disabled webhook")
    instance.ctl("quota", "set", "demo", "--tasks", "2")
    create(instance)
    equal(wanting(instance), ["tenant_tasks", "tenant_webhooks_disabled"], "a quota is used up")
    equal(checks(instance)["tenant_tasks"]["value"], 1, "its share")
    equal(wanting(instance, foreign), [], "nothing is said to another tenant")
    equal(set(checks(instance, foreign)), service, "who sees the same checks as before")
    equal(checks(instance, foreign)["tenant_webhooks"]["value"], 0, "and no webhook")
    instance.stop("tenants")


def nearly_full():
    """The advice is that of polytaskctl status; the read needs no space."""
    instance = Instance(expect=["disk-low", "bdb"], autostart=False)
    instance.conf["home"] = os.path.join(instance.memory, "store")
    instance.write_conf()
    instance.make_principal()
    if shutil.disk_usage(instance.memory).free > RESERVE_MB << 20:
        skip("a disk that is nearly full", "too much of the memory is free")
        return
    instance.conf["reserve_mb"] = str(RESERVE_MB)
    instance.write_conf()
    instance.start()
    ok(until(lambda: checks(instance)["read_only"]["value"], 10), "writes are refused")
    equal(wanting(instance), ["read_only"], "which needs attention")
    equal(
        [checks(instance)["read_only"]["advice"]], instance.status()["attention"], "with the advice"
    )
    equal(instance.native("POST", "/tasks", {}).status, 507, "a creation: 507")
    instance.stop("nearly full")


run_tests(healthy, rights, tenants, nearly_full)
