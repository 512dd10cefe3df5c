"""Logs in an archive, compared with the logs of the home and with all that was written to these."""
import os

from recording import CONTENTS

PART = ".part"  # of a copy that is not finished


def read_folder(path):
    contents = {}
    for name in os.listdir(path) if os.path.isdir(path) else ():
        with open(os.path.join(path, name), "rb") as file:
            contents[name] = bytearray(file.read())
    return contents


class Logs:
    """The logs as the processes of a recording wrote them, also those that were removed since.

    folder: the logs at its begin; removed: logs of before that are not in it.
    """

    def __init__(self, folder, removed=None):
        self.contents = {**(removed or {}), **read_folder(folder)}

    def follow(self, recording):
        for each in recording.operations:
            folder, name = os.path.split(each.path)
            if folder != "log":
                continue
            if each.kind == "create":
                self.contents[name] = bytearray()
            elif each.kind in CONTENTS:
                self._apply(self.contents[name], each)

    def _apply(self, content, operation):
        end = operation.offset + len(operation.data) if operation.kind == "write" else operation.length
        if end > len(content):
            content.extend(bytes(end - len(content)))
        elif operation.kind == "truncate":
            del content[end:]
        if operation.kind == "write":
            content[operation.offset : end] = operation.data


def archive_problems(home, written=None):
    """Finished copies that differ from the log in the home, or from what was written to it.

    written: by name of the log; None: only logs that are still in the home are compared.
    """
    problems = []
    logs = read_folder(os.path.join(home, "log"))
    for name, copy in read_folder(os.path.join(home, "archive")).items():
        if name.endswith(PART):
            continue
        if name in logs and logs[name] != copy:
            problems.append(f"archive: {name} is not the log of the home")
        if written is not None and written.get(name) != copy:
            problems.append(f"archive: {name} is not what was written to the log")
    return problems
