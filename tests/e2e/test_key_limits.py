"""The limit of a tenant's Idempotency-Keys, in the shape of each dialect."""
from dialects import fourhse, idol, native, uplynk, vionlabs, virtshell
from lib import Instance, run_tests
from tap import equal, ok

JSON = ("Content-Type", "application/json")
TASK = {
    "data": {
        "type": "import-tasks",
        "attributes": {"master-type": "hd"},
        "relationships": {"attachable": {"data": {"type": "tracks", "id": "1"}}},
    }
}
POINT = {"endpoint_name": "a", "server_region_id": "b", "stream_type_name": "SRT"}
VERSION = "/m1/product/emotions/version/1.0."
CREATIONS = {
    "native": (native.PREFIX + "/tasks", {}, JSON),
    "virtshell": (virtshell.PREFIX + "/tasks", {"description": "d"}, JSON),
    "fourhse": (fourhse.PREFIX + "/create", {"handler": "h", "user_id": "u"}, JSON),
    "uplynk": (uplynk.PREFIX + "/slicers/ingest-points", POINT, JSON),
    "idol": (idol.PREFIX + "/import-tasks", TASK, ("Content-Type", "application/vnd.api+json")),
    "vionlabs": (vionlabs.PREFIX + VERSION, {}, JSON),
}


def create(instance, name, key=None):
    path, body, kind = CREATIONS[name]
    path += f"{key or 0}" if name == "vionlabs" else ""
    keyed = [("Idempotency-Key", f"{name} {key}")] if key else []
    return instance.request("POST", path, body, headers=instance.bearer() + [kind, *keyed])


def limits():
    """As many keys as dialects are allowed: a second key of each is refused."""
    instance = Instance(conf={"idempotency_keys": str(len(CREATIONS))})
    first = {name: create(instance, name, 1) for name in CREATIONS}
    for name, answer in first.items():
        ok(answer.status in (200, 201), f"{name}: the first key is accepted", answer)
    before = instance.native("GET", "/tasks").json()["total"]
    for name, answer in first.items():
        refused = create(instance, name, 2)
        equal(refused.status, 429, f"{name}: a further key is refused with 429")
        wait = int(refused.headers["Retry-After"] or 0)
        ok(0 < wait <= 60, f"{name}: Retry-After is at most a minute", wait)
        again = create(instance, name, 1)
        equal((again.status, again.body), (answer.status, answer.body), f"{name}: a known key")
    equal(instance.native("GET", "/tasks").json()["total"], before, "nothing was created")
    equal(create(instance, "native").status, 201, "a request without a key is accepted")
    instance.verify("limits")
    instance.stop("limits")


run_tests(limits)
