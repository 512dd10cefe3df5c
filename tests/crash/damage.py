"""Pages of data files that are overwritten, for the tests of what that costs."""
import json
import os
import uuid

PAGE = 4096
TYPE = 25  # of the byte with a page's type
HASH_PAGE, BTREE_LEAF = 13, 5
TASKS = 3000


def fill(instance):
    """Tasks of two tenants, none of whose pages is in the cache; returns the other tenant's token."""
    instance.ctl("user", "add", "other", "--tenant", "other")
    token = instance.add_token("other", "other")
    instance.ctl("load-sample", str(TASKS), "--tenant", "demo", "--dialect", "native")
    instance.ctl("load-sample", "50", "--tenant", "other", "--dialect", "native")
    instance.ctl("checkpoint")
    instance.stop_daemon()
    # A start writes damaged pages again that are in it.
    os.unlink(os.path.join(instance.conf["home"], "data", "doublewrite"))
    instance.start_daemon()
    instance.wait_ready()
    return token


def overwrite(instance, table, kind, wanted):
    """Overwrites half of a page that holds rows of demo only and is accepted; returns its number and bytes."""
    with open(os.path.join(instance.conf["home"], "data", table), "r+b") as file:
        pages = file.read()
        for number in range(2, len(pages) // PAGE):
            page = pages[number * PAGE : (number + 1) * PAGE]
            if page[TYPE] == kind and b"other\0" not in page and wanted(page):
                file.seek(number * PAGE + PAGE // 4)
                file.write(os.urandom(PAGE // 2))
                return number, page
    raise RuntimeError(f"no page of {table} fits")


def overwrite_all(instance, table):
    """Overwrites half of each page but the first that is in use; returns their numbers."""
    numbers = []
    with open(os.path.join(instance.conf["home"], "data", table), "r+b") as file:
        pages = file.read()
        for number in range(1, len(pages) // PAGE):
            if any(pages[number * PAGE : (number + 1) * PAGE]):
                file.seek(number * PAGE + PAGE // 4)
                file.write(os.urandom(PAGE // 2))
                numbers.append(number)
    return numbers


def overwrite_first(instance, table):
    """Overwrites part of the first page, which describes the file."""
    with open(os.path.join(instance.conf["home"], "data", table), "r+b") as file:
        file.seek(100)
        file.write(os.urandom(64))


def ids_in(page, tenant=b"demo\0"):
    """Ids of the tasks of a tenant whose keys are on a page of the hash table."""
    ids, at = [], page.find(tenant)
    while at >= 0:
        end = at + len(tenant) + 16
        ids.append(str(uuid.UUID(bytes=page[end - 16 : end])))
        at = page.find(tenant, end)
    return ids


def every_id(instance):
    """Ids by tenant, from the file, so that no page gets into the cache."""
    with open(os.path.join(instance.conf["home"], "data", "tasks2.db"), "rb") as file:
        pages = file.read()
    return {
        tenant: {
            task
            for at in range(0, len(pages), PAGE)
            if pages[at + TYPE] == HASH_PAGE
            for task in ids_in(pages[at : at + PAGE], tenant.encode() + b"\0")
        }
        for tenant in ("demo", "other")
    }


def listed(instance):
    ids, cursor = set(), ""
    while cursor is not None:
        page = instance.native("GET", "/tasks?limit=500" + cursor).json()
        ids |= {task["id"] for task in page["items"]}
        cursor = "&cursor=" + page["next"] if page["next"] else None
    return ids


def exported(text):
    lines = [json.loads(line) for line in text.splitlines()]
    return {line["id"] for line in lines if "id" in line}
