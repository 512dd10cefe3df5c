"""A store of an older build, all tasks in data/tasks.db: every start names the command that rewrites it."""
import json
import os
import subprocess
import uuid

from lib import POLYTASKD, Instance, run_tests
from old_store import make_old
from tap import equal, ok

TASKS = 50
COMMAND = "run `polytaskctl migrate`"


def export(instance):
    """The tasks of an export, without its first and last line."""
    records = [json.loads(line) for line in instance.ctl("export").splitlines()]
    return [record for record in records if "id" in record]


def make_old_store():
    """Tasks with ids of other stores are in named.db, which has the form of the old table."""
    instance = Instance(autostart=False)
    instance.make_principal()
    instance.ctl("load-sample", str(TASKS), "--tenant", "demo")
    lines = [json.dumps(dict(task, id=str(uuid.uuid4()))) for task in export(instance)]
    instance.ctl("import", stdin="\n".join(lines) + "\n")
    instance.ctl("checkpoint")
    ids = sorted(json.loads(line)["id"] for line in lines)
    if not make_old(os.path.join(instance.conf["home"], "data"), ids):
        return make_old_store()
    return instance, ids


def starts_name_the_command(instance):
    done = instance.ctl_run("verify")
    equal(done.returncode, 1, "polytaskctl verify fails")
    ok(COMMAND in done.stderr, f"it names the command: {done.stderr}")
    done = subprocess.run(
        [POLYTASKD, "-c", os.path.join(instance.dir, "polytask.conf")],
        capture_output=True,
        text=True,
        timeout=20,
    )
    equal(done.returncode, 1, "polytaskd ends")
    ok(COMMAND in done.stderr and done.stderr.count("\n") == 1, f"with one sentence: {done.stderr}")


def old_store_is_migrated():
    instance, ids = make_old_store()
    starts_name_the_command(instance)
    equal(instance.ctl("migrate").strip(), f"{TASKS} tasks migrated", "migrate")
    equal(instance.ctl("migrate").strip(), "nothing to migrate", "migrate again")
    instance.start()
    equal(sorted(task["id"] for task in export(instance)), ids, "the service has the tasks, with their ids")
    equal(instance.ctl("migrate").strip(), "nothing to migrate", "migrate beside the service")
    instance.stop()


run_tests(old_store_is_migrated)
