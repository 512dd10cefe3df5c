"""Webhooks: the notifier, with receivers that accept, fail, hang, and lie. test_webhook_crashes.py kills it."""
import json
import os
import subprocess
import time

from certificate_authority import Authority
from lib import POLYTASKD, Instance, run_tests
from processes import find_program, free_port
from receivers import (
    Receivers,
    answers,
    closes,
    closes_within,
    drips,
    hangs,
    is_not_http,
    sends_endless_body,
    sends_endless_header,
    sends_endless_interim,
)
from scrape import Metrics
from tap import equal, ok, patient, skip, until
from webhook_calls import (
    HOOKS,
    JSON,
    LOOPBACK,
    add_hook,
    ask,
    deliveries,
    end_task,
    last_attempt,
    last_error,
)
from webhook_signature import verified

# ---- formats ----


def vionlabs_format():
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    for method in ("POST", "PUT", "GET"):
        add_hook(
            instance,
            receivers.on(f"/{method}", answers(200)) + "?a=b",
            method=method,
            headers={"X-Key": "k 1"},
            query={"c": "d e"},
        )
    ask(instance, "POST", "/v1/tasks", {"kind": "other"})
    began = time.monotonic()
    end_task(instance, "movie-1")
    for method in ("POST", "PUT", "GET"):
        calls = until(lambda path=f"/{method}": receivers.of(path), 10) or []
        if not ok(len(calls) == 1, f"{method}: one call", deliveries):
            continue
        call = calls[0]
        equal(call.method, method, f"{method}: the method")
        equal(call.headers.get("x-key"), "k 1", f"{method}: the field of the webhook")
        ok(call.headers["user-agent"].startswith("Polytask/"), f"{method}: User-Agent")
        ok(not any(n.startswith("webhook-") for n in call.headers), f"{method}: not signed")
        if method == "GET":
            ok(
                call.target.startswith("/GET?a=b&c=d+e&product=adbreaks&version=1&"),
                "GET: members are parameters",
                call.target,
            )
            equal(call.body, b"", "GET: no body")
        else:
            equal(call.target, f"/{method}?a=b&c=d+e", f"{method}: query")
            equal(
                set(call.json()),
                {"product", "version", "inventory_id", "type", "timestamp"},
                f"{method}: members",
            )
            equal(call.json()["inventory_id"], "movie-1", f"{method}: the item")
    ok(time.monotonic() - began < patient(1.5), "calls come soon", time.monotonic() - began)
    instance.stop("formats")


def standard_format():
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    url = receivers.on("/signed", answers(200))
    hook = add_hook(instance, url, format="standard", filter={"types": ["task.created"]})
    path = f"{HOOKS}/{hook['id']}"

    def next_call(kind):
        before = len(receivers.of("/signed"))
        ask(instance, "POST", "/v1/tasks", {"kind": kind})
        until(lambda: len(receivers.of("/signed")) > before, 10)
        return receivers.of("/signed")[-1]

    call = next_call("first ü \U0001f600")
    equal(call.json()["type"], "task.created", "the type")
    equal(call.json()["data"]["task"]["kind"], "first ü \U0001f600", "the task")
    ok(call.json()["timestamp"].endswith("Z"), "the time of the event")
    verified(call, hook["secret"], "one secret")
    rotated = ask(instance, "POST", path + "/rotate-secret", {})
    instance.secrets.append(rotated["secret"])
    call = next_call("second")
    equal(len(call.headers["webhook-signature"].split(" ")), 2, "two signatures")
    verified(call, rotated["secret"], "the new secret")
    verified(call, hook["secret"], "the old secret")
    last = ask(instance, "POST", path + "/rotate-secret", {"keep_seconds": 0})
    instance.secrets.append(last["secret"])
    call = next_call("third")
    equal(len(call.headers["webhook-signature"].split(" ")), 1, "one signature")
    verified(call, last["secret"], "the last secret")
    instance.stop("standard")


# ---- receivers ----

# Behaviour, status that is recorded, a part of the error; None: delivered.
BEHAVIOURS = {
    "ok": (answers(204), 204, None),
    "endless-body": (sends_endless_body(200), 200, None),
    "endless-body-500": (sends_endless_body(500), 500, "not 2xx"),
    "redirect": (answers(302, location="/ok"), 302, "Redirects are not followed"),
    "error": (answers(500), 500, "not 2xx"),
    "closes": (closes, None, "without a response"),
    "closes-within": (closes_within, None, "read as HTTP"),
    "endless-header": (sends_endless_header, None, "header of the response is too large"),
    "endless-interim": (sends_endless_interim, None, "too large"),
    "not-http": (is_not_http, None, "read as HTTP"),
    "hangs": (hangs, None, "not answered in time"),
    "drips": (drips, None, "not answered in time"),
}


# Attempts by what came of them; at least so many, because those that fail are repeated.
OUTCOMES = {"redirected": 1, "failed": 2, "broken": 5, "timeout": 2, "unreachable": 1}


def outcomes_are_counted(address):
    page = Metrics(address)

    def count(outcome):
        return page.sum("webhook_attempt_duration_seconds_count", outcome=outcome)

    equal(count("accepted"), 2, "attempts that were accepted are counted")
    for outcome, least in OUTCOMES.items():
        ok(count(outcome) >= least, f"and those that ended as {outcome}", count(outcome))
    spent = page.sum("webhook_attempt_duration_seconds_sum", outcome="timeout")
    ok(spent >= 28, "with the time that they took", spent)


def behaviours():
    address = f"127.0.0.1:{free_port()}"
    instance, receivers = Instance(conf={**LOOPBACK, "monitor": address}), Receivers()
    hooks = {
        name: add_hook(instance, receivers.on("/" + name, behave))
        for name, (behave, _, _) in BEHAVIOURS.items()
    }
    add_hook(instance, f"http://127.0.0.1:{free_port()}/nobody")
    end_task(instance, "movie-1")
    for name, (_, status, error) in BEHAVIOURS.items():
        delivery = last_attempt(instance, hooks[name])
        if not ok(delivery, f"{name}: an attempt is recorded"):
            continue
        attempt = delivery["log"][-1] if "log" in delivery else delivery["attempts"][-1]
        equal(delivery["state"], "pending" if error else "delivered", f"{name}: the state")
        equal(attempt["status"] or None, status, f"{name}: the status")
        if error:
            ok(error in (attempt["error"] or ""), f"{name}: the error", attempt)
        ok(len(attempt.get("answer") or "") <= 256, f"{name}: the answer is cut", attempt)
    equal(len(receivers.of("/ok")), 1, "a redirect is not followed")
    ok(until(lambda: len(receivers.of("/error")) >= 2, 10), "a failed call is repeated")
    outcomes_are_counted(address)
    instance.stop("behaviours")


def test_calls():
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    hook = add_hook(instance, receivers.on("/test", answers(200)))
    ask(instance, "POST", f"{HOOKS}/{hook['id']}/test", {})
    ok(until(lambda: receivers.of("/test"), 10), "a test is sent")
    equal(receivers.of("/test")[0].json()["type"], "test", "it says what it is")
    instance.stop("test")


# ---- addresses ----

FORBIDDEN = ("127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost",
             "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "169.254.169.254", "[fe80::1]", "10.0.0.1")  # fmt: skip


def addresses():
    """Without permission no private address is connected to, whatever its spelling."""
    instance, receivers = Instance(), Receivers()
    hooks = {}
    for host in FORBIDDEN:
        for scheme in ("http", "https"):
            url = f"{scheme}://{host}:{receivers.port}/x"
            answer = instance.request(
                "POST",
                HOOKS,
                {"url": url, "format": "vionlabs"},
                headers=instance.bearer() + [JSON],
            )
            if answer.status == 201:
                hooks[url] = answer.json()
    end_task(instance, "movie-1")
    for url, hook in hooks.items():
        delivery = last_attempt(instance, hook)
        text = json.dumps(delivery)
        ok(
            delivery and "cannot be used" in text,
            f"{url}: not allowed",
            text,
        )
    equal(receivers.connections, 0, "no connection was made")
    unknown = last_error(instance, add_hook(instance, "https://no-such-host.invalid/"))
    ok("cannot be used" in unknown, "a name without an address", unknown)
    private = last_error(instance, add_hook(instance, "https://localhost/"))
    equal(unknown, private, "names with and without an address have the same error")
    instance.stop("addresses")


def certificates():
    """A certificate that the system does not trust is refused, in an allowed network, too."""
    instance = Instance(conf=LOOPBACK)
    receivers = Receivers(cert=instance.cert, key=os.path.join(instance.dir, "key.pem"))
    hook = add_hook(instance, f"https://localhost:{receivers.port}/x")
    end_task(instance, "movie-1")
    ok("certificate" in json.dumps(last_attempt(instance, hook)), "the certificate is not valid")
    equal(receivers.calls, [], "no request was sent")
    instance.stop("certificates")


def trusted_certificate():
    """With a CA among those of the system, in a mount namespace of the daemon's own."""
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    can_mount = os.geteuid() == 0 and find_program("unshare") and os.path.exists(bundle)
    if not can_mount or subprocess.run(["unshare", "-m", "true"]).returncode != 0:
        skip("a trusted certificate", "needs root and mount namespaces")
        return
    instance = Instance(conf=LOOPBACK, autostart=False)
    instance.make_principal()
    authority = Authority(instance.dir)
    cert, key = (os.path.join(instance.dir, name) for name in ("receiver.pem", "receiver-key.pem"))
    authority.issue(cert, key)
    conf = os.path.join(instance.dir, "polytask.conf")
    script = f'mount --bind "{authority.cert}" {bundle} && exec "{POLYTASKD}" -c "{conf}"'
    instance.start(["unshare", "-m", "sh", "-c", script])
    receivers = Receivers(cert=cert, key=key)
    add_hook(instance, f"https://localhost:{receivers.port}/x")
    for number in range(5):
        end_task(instance, f"movie-{number}")
        until(lambda seen=number: len(receivers.calls) > seen, 10)
    equal(len(receivers.calls), 5, "requests over TLS arrive")
    ok(receivers.connections < 5, "connections are kept", receivers.connections)
    instance.stop("trusted")


# ---- fairness ----


def others():
    """Receivers that hang delay neither other tenants nor other webhooks of their tenant."""
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    instance.ctl("user", "add", "other", "--tenant", "other", "--rights", "read,write,work,admin")
    other = instance.add_token("other", "others")
    for number in range(40):
        add_hook(instance, receivers.on(f"/hang-{number}", hangs), max_parallel=16)
    add_hook(instance, receivers.on("/own", answers(200)))
    add_hook(instance, receivers.on("/other", answers(200)), token=other)
    for number in range(10):
        end_task(instance, f"movie-{number}")
    until(lambda: len(receivers.calls) > 40, 10)
    began = time.monotonic()
    end_task(instance, "movie-x", token=other)
    ok(until(lambda: receivers.of("/other"), 10), "the other tenant is told")
    ok(time.monotonic() - began < patient(1), "soon", time.monotonic() - began)
    ok(until(lambda: len(receivers.of("/own")) == 10, 10), "so is the webhook that works")
    under_way = sum(len(receivers.of(f"/hang-{number}")) for number in range(40))
    ok(under_way <= 64, "a tenant has a bounded number of requests", under_way)
    instance.stop("others")


def reload():
    """Everything arrives, once, while the configuration is loaded again."""
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    add_hook(instance, receivers.on("/ok", answers(200)))
    for number in range(60):
        end_task(instance, f"movie-{number}")
        if number % 20 == 10:
            instance.ctl("reload")
    ok(until(lambda: len(receivers.of("/ok")) >= 60, 20), "all events arrive")
    items = [call.json()["inventory_id"] for call in receivers.of("/ok")]
    equal(sorted(items), sorted(f"movie-{number}" for number in range(60)), "each once")
    figures = instance.status()["store"]
    equal(figures["webhooks"], 1, "status: webhooks")
    ok(until(lambda: instance.status()["store"]["deliveries_sent"] == 60, 5), "status: sent")
    names = [p["process"] for p in instance.status()["processes"]]
    equal(names.count("notifier"), 1, "one notifier is left")
    instance.stop("reload")


run_tests(
    vionlabs_format,
    standard_format,
    behaviours,
    test_calls,
    addresses,
    certificates,
    trusted_certificate,
    others,
    reload,
)
