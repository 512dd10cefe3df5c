"""Backups and exports under load are equal to the tasks of one moment, by the answers of the clients."""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import POLYTASKD
from load import Load
from model import LOAD_CONF, QUOTA_COMMAND, over_quota
from moment import find_moment
from processes import make_directory
from runs import start_or_fail
from service import MEMORY, Service
from tap import equal, note, ok, run, skip

EXPORTS = 4


def new_service(conf=None):
    return Service(make_directory("polytask-moment-", MEMORY), conf=conf)


def begin():
    """A running service with retention and a quota for all tenants but demo."""
    service = new_service(LOAD_CONF)
    start_or_fail(service)
    service.ctl(*QUOTA_COMMAND)
    return service, Load(service.connect, time.monotonic_ns, time.time(), clients=8)


def check_moment(name, tasks, rows, begun, ended):
    moment, wrong = find_moment(tasks, rows, begun, ended, time.time())
    if ok(moment, f"{name}: {len(rows)} tasks are those of one moment", wrong[:10]):
        share = (moment - begun) / (ended - begun)
        note(f"{name}: the moment was after {share:.0%} of {(ended - begun) / 1e9:.2f} s")
    equal(over_quota(rows), [], f"{name}: no quota is exceeded")
    return moment


def exports():
    service, load = begin()
    taken = []
    with load:
        for _ in range(EXPORTS):
            time.sleep(0.7)
            begun = time.monotonic_ns()
            rows = service.export()
            taken.append((rows, begun, time.monotonic_ns()))
    equal(load.problems(), [], "all answers were as expected")
    for i, (rows, begun, ended) in enumerate(taken):
        check_moment(f"export {i}", load.tasks(), rows, begun, ended)
    mixed_is_noticed(load.tasks(), *taken[-2:])
    service.stop()


def mixed_is_noticed(tasks, first, second):
    """Negative control: half of one export and half of the next are of no moment."""
    rows = {row["id"]: row for row in first[0]}
    rows |= {row["id"]: row for row in second[0] if row["id"].encode()[-1] % 2}
    moment, wrong = find_moment(tasks, list(rows.values()), first[1], second[2], time.time())
    ok(moment is None and wrong, "two exports that are mixed are noticed")


def restored(service, folder, name):
    copy = new_service()
    shutil.rmtree(copy.home)
    done = service.ctl("restore", folder, "--home", copy.home)
    equal((done.returncode, done.stderr), (0, ""), f"{name}: it is restored")
    os.mkdir(copy.archive)
    start_or_fail(copy)
    rows = copy.export()
    equal(copy.verify_problems() + copy.usage_problems(rows), [], f"{name}: the store is whole")
    equal(copy.stop(), 0, f"{name}: the service ends")
    return rows


def backup():
    service, load = begin()
    folder = os.path.join(service.run, "backup")
    with load:
        time.sleep(1)
        begun = time.monotonic_ns()
        done = service.ctl("backup", folder)
        ended = time.monotonic_ns()
        time.sleep(0.5)
    equal((done.returncode, done.stderr), (0, ""), "a backup under load is made")
    equal(load.problems(), [], "all answers were as expected")
    note(f"answers {load.statuses()}")
    rows = restored(service, folder, "beside the service")
    check_moment("beside the service", load.tasks(), rows, begun, ended)
    equal(service.stop(), 0, "the service ends")
    elsewhere = os.path.join(new_service().top, "backup")
    shutil.move(folder, elsewhere)
    shutil.rmtree(service.home)
    again = restored(service, elsewhere, "elsewhere")
    equal(by_id(again) == by_id(rows), True, "elsewhere: the same tasks, without the first home")


def by_id(rows):
    return {row["id"]: row for row in rows}


if os.path.exists(POLYTASKD):
    run((exports, backup))
else:
    skip("one moment", "polytaskd is not built")
