"""The records of recorder.c: what the processes of a service did to the files below its home."""
import mmap
import os
import struct

MAGIC = 0x6C616E72756F6A50
# struct record of recorder.h
RECORD = struct.Struct("=QQIIQQqqqQqIIQ")
KINDS = (
    "end write truncate extend sync create mkdir rename link symlink unlink unsupported".split()
)
DSYNC, FOLDER, DATA = 1, 2, 4
# Changes of a file's contents, and changes of names.
CONTENTS = ("write", "truncate", "extend")
NAMES = ("create", "mkdir", "rename", "link", "symlink", "unlink")
NEVER = 1 << 62  # the number of an end that was not recorded, because the process was killed


class Operation:
    """One call. It had no effect before number `begin`, and all of its effect after `end`."""

    __slots__ = (
        "kind begin end flags key offset length size_before result path target data file".split()
    )

    def __init__(self, kind, begin, flags, key, offset, length, size_before):
        self.kind, self.begin, self.flags, self.key = kind, begin, flags, key
        self.offset, self.length, self.size_before = offset, length, size_before
        self.end, self.result, self.file = NEVER, None, None
        self.path = self.target = self.data = None

    def __repr__(self):
        end = "-" if self.end == NEVER else self.end
        place = f" {self.offset}+{self.length}" if self.kind in CONTENTS else ""
        return f"{self.begin}-{end} {self.kind} {self.path} {self.target or ''}{place}"

    def failed(self):
        return self.result is not None and self.result < 0


class Counter:
    """The counter of a recording: its value is larger than every number given so far."""

    def __init__(self, folder):
        path = os.path.join(folder, "sequence")
        if not os.path.exists(path):
            os.makedirs(folder, exist_ok=True)
            with open(path, "wb") as out:
                out.write(bytes(8))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8)
        self.view = memoryview(self.map).cast("Q")

    def now(self):
        return self.view[0]


def _read_journal(path, root):
    """The operations of one process, in their order."""
    operations, begun = [], {}
    with open(path, "rb") as file:
        data = memoryview(file.read())
    at = 0
    while at + RECORD.size <= len(data):
        fields = RECORD.unpack_from(data, at)
        magic, number, kind, flags, device, inode, offset, length, size_before = fields[:9]
        begin, result, path_size, target_size, data_size = fields[9:]
        if magic != MAGIC:
            raise ValueError(f"{path}: no record at {at}")
        at += RECORD.size
        if at + path_size + target_size + data_size > len(data):
            break  # the process was killed while it wrote the record
        if KINDS[kind - 1] == "end":
            operation = begun.pop(begin)
            operation.end, operation.result = number, result
            if operation.kind == "create":
                operation.key = (device, inode)
            elif operation.kind == "write" and result >= 0:
                operation.length = result
                operation.data = operation.data[:result]
            continue
        operation = Operation(KINDS[kind - 1], number, flags, (device, inode), offset, length, size_before)
        operation.path = os.path.relpath(bytes(data[at : at + path_size]).decode(), root)
        at += path_size
        text = bytes(data[at : at + target_size]).decode()
        if text:
            operation.target = text if operation.kind == "symlink" else os.path.relpath(text, root)
        at += target_size
        operation.data = data[at : at + data_size]
        at += data_size
        begun[number] = operation
        operations.append(operation)
    return operations


class Recording:
    """All operations below root, ordered by their begin; failed ones are left out."""

    def __init__(self, folder, root):
        root = os.path.realpath(root)
        self.operations = []
        for name in os.listdir(folder):
            if name.isdigit():
                self.operations += _read_journal(os.path.join(folder, name), root)
        unsupported = [each for each in self.operations if each.kind == "unsupported"]
        if unsupported:
            raise ValueError(f"changes that cannot be recorded: {unsupported[:10]}")
        self.operations = [each for each in self.operations if not each.failed()]
        self.operations.sort(key=lambda each: each.begin)

    def last(self):
        """A number larger than all."""
        ends = [each.end for each in self.operations if each.end != NEVER]
        begins = [each.begin for each in self.operations]
        return max(ends + begins, default=0) + 1

    def turns(self):
        """Numbers at which something else than the next log record is written: good places to cut."""
        found = []
        for each in self.operations:
            if each.kind in ("write", "sync") and each.path.startswith("log"):
                continue
            found.append(each.begin)
            if each.end != NEVER:
                found.append(each.end)
        return found
