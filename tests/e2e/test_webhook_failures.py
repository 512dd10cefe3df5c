"""What follows when receivers of webhooks refuse events: retries, pauses, and the end of a webhook."""
import json
import threading
import time

from lib import Instance, run_tests
from receivers import Receivers, answers
from tap import equal, ok, until
from webhook_calls import (
    HOOKS,
    LOOPBACK,
    add_hook,
    ask,
    end_task,
    last_attempt,
    read_delivery_status,
    read_hook,
)


def gone():
    instance, receivers = Instance(conf=LOOPBACK, expect=["webhook"]), Receivers()
    hook = add_hook(instance, receivers.on("/gone", answers(410)))
    end_task(instance, "movie-1")
    ok(until(lambda: not read_hook(instance, hook)["enabled"], 10), "410 disables the webhook")
    equal(read_hook(instance, hook)["reason"], "The receiver answered 410 Gone.", "the reason")
    end_task(instance, "movie-2")
    time.sleep(0.5)
    equal(len(receivers.of("/gone")), 1, "it is not called any more")
    instance.stop("gone")


def gone_test():
    """A test that fails changes nothing, whatever its status is."""
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    hook = add_hook(instance, receivers.on("/gone", answers(410, 200)))
    ask(instance, "POST", f"{HOOKS}/{hook['id']}/test", {})
    delivery = last_attempt(instance, hook)
    equal(delivery and delivery["log"][-1]["status"], 410, "the test was refused")
    end_task(instance, "movie-1")
    ok(until(lambda: len(receivers.of("/gone")) == 2, 10), "the webhook is called")
    ok(read_hook(instance, hook)["enabled"], "the webhook is enabled")
    instance.stop("gone-test")


def gone_address():
    """A former URL disables nothing, although its answer comes after the change."""
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    changed = threading.Event()

    def waits(call):
        changed.wait(10)
        call.respond(410)

    hook = add_hook(instance, receivers.on("/old", waits))
    end_task(instance, "movie-1")
    ok(until(lambda: receivers.of("/old"), 10), "the old URL is called")
    body = json.dumps({"url": receivers.on("/new", answers(200))})
    headers = instance.bearer() + [("Content-Type", "application/merge-patch+json")]
    answer = instance.request("PATCH", f"{HOOKS}/{hook['id']}", body, headers=headers)
    equal(answer.status, 200, "the URL is changed")
    end_task(instance, "movie-2")
    ok(until(lambda: receivers.of("/new"), 10), "the new URL is called")
    changed.set()
    ok(until(lambda: read_delivery_status(instance, hook, -1) == 410, 10), "the old one is gone")
    time.sleep(0.5)
    ok(read_hook(instance, hook)["enabled"], "the webhook is enabled")
    end_task(instance, "movie-3")
    ok(until(lambda: len(receivers.of("/new")) == 2, 10), "the new URL is called again")
    instance.stop("gone-address")


def retry_after():
    instance, receivers = Instance(conf=LOOPBACK), Receivers()
    add_hook(instance, receivers.on("/busy", answers(503, 200, retry_after=8)))
    end_task(instance, "movie-1")
    ok(until(lambda: len(receivers.of("/busy")) == 2, 20), "it is called again")
    first, second = receivers.of("/busy")[:2]
    ok(8 <= second.at - first.at < 10, "after the time of Retry-After", second.at - first.at)
    equal(first.id, second.id, "with the same id")
    instance.stop("retry")


def refused_events():
    """Many events that a receiver refuses, and that wait for hours, do not hold up the others."""
    instance, receivers = Instance(conf=LOOPBACK), Receivers()

    def chooses(call):
        bad = call.json()["data"]["task"]["kind"] == "bad"
        call.respond(400 if bad else 200)

    url = receivers.on("/some", chooses)
    add_hook(instance, url, format="standard", filter={"types": ["task.created"]}, max_parallel=16)
    for _ in range(520):
        ask(instance, "POST", "/v1/tasks", {"kind": "bad"})
    tried = until(lambda: len({call.id for call in receivers.of("/some")}) == 520, 20)
    ok(tried, "each is tried", len(receivers.of("/some")))
    waiting = until(lambda: instance.status()["store"]["deliveries_pending"] == 520, 10)
    ok(waiting, "status: all that wait", instance.status()["store"]["deliveries_pending"])
    before = time.monotonic()
    for _ in range(5):
        ask(instance, "POST", "/v1/tasks", {"kind": "good"})
    good = until(lambda: instance.status()["store"]["deliveries_sent"] == 5, 20)
    ok(good, "the good ones are delivered")
    ok(time.monotonic() - before < 5, "soon", time.monotonic() - before)
    instance.stop("refused-events")


run_tests(
    gone,
    gone_test,
    gone_address,
    retry_after,
    refused_events,
)
