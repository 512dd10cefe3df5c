"""The form of a store before tasks2.db: all tasks in tasks.db."""
import os
import uuid


def make_old(data, ids):
    """Turns the files of a stopped store, which imported tasks with these ids, into those of an older build.

    Returns False without a change if an id is taken for one with a serial number, as one in 65,536 is: its task
    is in tasks2.db.
    """
    newer = os.path.join(data, "tasks2.db")
    with open(newer, "rb") as file:
        rows = file.read()
    if any(uuid.UUID(id).bytes in rows for id in ids):
        return False
    os.rename(os.path.join(data, "named.db"), os.path.join(data, "tasks.db"))
    os.unlink(newer)
    return True
