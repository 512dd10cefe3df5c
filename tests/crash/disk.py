"""A disk at a power cut: the files of a recording as they could be after it.

The model, for a cut at number N of a recording:

Contents. A write whose end is before the begin of a successful fsync or fdatasync of its file, which
itself ended before N, is there. Of the other writes that began before N any subset is: POSIX promises
nothing about them, neither their order nor that a file's size is that of its data. What is lost or
kept by itself is a piece of 4096 bytes, at its place in the file; torn pieces are so by sectors of
512 bytes.

Names. Creations, renames and removals reach the disk in their order, as in the journal of ext4 (and
of xfs and btrfs): after the cut a prefix of them is there. It contains at least those before a
successful fsync of their directory, and those that made or renamed the file of an fsync (fdatasync:
made it). With posix=True there is no order: any name changes may be missing or there, until their
directory was synced.
"""
import os
import shutil

from recording import CONTENTS, DATA, DSYNC, FOLDER, NAMES

BLOCK, SECTOR = 4096, 512
DIRECTORY = "directory"


class File:
    """Contents that are on the disk, in the file `path`; pending: the operations that may be."""

    def __init__(self, path):
        self.path = path
        self.pending = []

    def size(self):
        return os.path.getsize(self.path) if os.path.exists(self.path) else 0


def apply(fd, operation):
    if operation.kind == "write":
        os.pwrite(fd, operation.data, operation.offset)
    elif operation.kind == "truncate" or os.fstat(fd).st_size < operation.length:
        os.ftruncate(fd, operation.length)


def copy_sparse(source, target):
    """Copies a file with its holes."""
    with open(source, "rb") as old, open(target, "wb") as new:
        size = os.fstat(old.fileno()).st_size
        at = 0
        while at < size:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:
                break  # only a hole is left
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            os.lseek(new.fileno(), at, os.SEEK_SET)
            while at < end:
                at += os.sendfile(new.fileno(), old.fileno(), at, end - at)
        os.ftruncate(new.fileno(), size)


class Disk:
    """The state of the disk, moved forward through a recording by advance().

    base: the directory when the recording begins, all of it on the disk: it is read at once; work:
    a new directory for the contents.
    """

    def __init__(self, base, work, posix=False):
        os.mkdir(work)
        self.work, self.posix = work, posix
        self.names = {}  # on the disk: path -> File, DIRECTORY or (text,) of a symbolic link
        self.live = {}  # as the processes see them
        self.pending = []  # changes of names
        self.by_key = {}
        self.count = 0
        self._read_base(base)
        self.live = dict(self.names)

    def follow(self, recording):
        """Begins with the recording."""
        self.at = 0
        self.events = sorted(
            [(each.begin, True, each) for each in recording.operations]
            + [(each.end, False, each) for each in recording.operations],
            key=lambda event: event[0],
        )

    def _new_file(self):
        self.count += 1
        return File(os.path.join(self.work, str(self.count)))

    def _read_base(self, base):
        for folder, folders, names in os.walk(base):
            for name in folders + names:
                path = os.path.join(folder, name)
                place = os.path.relpath(path, base)
                if os.path.islink(path):
                    self.names[place] = (os.readlink(path),)
                elif os.path.isdir(path):
                    self.names[place] = DIRECTORY
                else:
                    info = os.stat(path)
                    file = self.names[place] = self._new_file()
                    self.by_key[info.st_dev, info.st_ino] = file
                    copy_sparse(path, file.path)

    # -- forward --

    def advance(self, number):
        """Moves to the moment before this number, which must not be smaller than the last one."""
        while self.at < len(self.events) and self.events[self.at][0] < number:
            _, begins, operation = self.events[self.at]
            self.at += 1
            if begins:
                self._begin(operation)
            else:
                self._end(operation)

    def _find(self, operation):
        """The file of a descriptor. If its creator was killed in the call, only the name is known."""
        file = self.by_key.get(operation.key) or self.live.get(operation.path)
        if not isinstance(file, File):
            raise ValueError(f"no file: {operation}")
        return file

    def _begin(self, operation):
        if operation.kind in CONTENTS:
            operation.file = self._find(operation)
            operation.file.pending.append(operation)
        elif operation.kind in NAMES:
            if operation.kind == "create":
                operation.file = self._new_file()
            else:
                operation.file = self.live.get(operation.path)
            self.pending.append(operation)

    def _end(self, operation):
        if operation.kind == "sync":
            self._sync(operation)
        elif operation.kind in NAMES:
            if operation.kind == "create":
                self.by_key[operation.key] = operation.file
            change_names(self.live, operation)
        elif operation.flags & DSYNC:
            self._settle(operation.file, [operation])
            self._settle_names(operation, lambda each: each.file is operation.file)

    def _sync(self, operation):
        if operation.flags & FOLDER:
            self._settle_names(operation, lambda each: concerns_folder(each, operation.path))
            return
        file = self._find(operation)
        self._settle(file, [each for each in file.pending if each.end < operation.begin])
        kinds = ("create", "link") if operation.flags & DATA else ("create", "link", "rename")
        self._settle_names(operation, lambda each: each.file is file and each.kind in kinds)

    def _settle(self, file, operations):
        """Writes operations to the disk."""
        if not operations:
            return
        fd = os.open(file.path, os.O_RDWR | os.O_CREAT, 0o600)
        for each in operations:
            apply(fd, each)
        os.close(fd)
        done = set(map(id, operations))
        file.pending = [each for each in file.pending if id(each) not in done]

    def _settle_names(self, sync, concerned):
        """Writes the changes of names that the sync covers to the disk, and those before them."""
        covered = [
            i for i, each in enumerate(self.pending) if each.end < sync.begin and concerned(each)
        ]
        if not covered:
            return
        if self.posix:
            settled = covered
        else:
            settled = range(covered[-1] + 1)
        for i in settled:
            change_names(self.names, self.pending[i])
        settled = set(settled)
        self.pending = [each for i, each in enumerate(self.pending) if i not in settled]

    # -- at a cut --

    def build(self, target, choice):
        """Makes the directory as it could be after a cut now; choice: what became of the rest."""
        names = dict(self.names)
        for each in choice.names(self.pending, self.posix):
            change_names(names, each)
        os.mkdir(target, 0o700)
        for place in sorted(names):
            path, entry = os.path.join(target, place), names[place]
            parent = os.path.dirname(place)
            if parent and names.get(parent) != DIRECTORY:
                continue  # with posix: the directory itself was lost
            if entry == DIRECTORY:
                os.mkdir(path, 0o700)
            elif isinstance(entry, tuple):
                os.symlink(entry[0], path)
            else:
                self._build_file(entry, place, path, choice)

    def _build_file(self, file, place, path, choice):
        if os.path.exists(file.path):
            copy_sparse(file.path, path)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if file.pending:
            choice.contents(fd, place, file.pending)
        os.close(fd)

    def clear(self):
        shutil.rmtree(self.work, ignore_errors=True)


def concerns_folder(operation, folder):
    folder = "" if folder == "." else folder
    return folder in (
        os.path.dirname(operation.path),
        os.path.dirname(operation.target or operation.path),
    )


def change_names(names, operation):
    """Carries out a change of names. One that does not apply, since another is missing, is left out."""
    kind, path, target = operation.kind, operation.path, operation.target
    if kind == "create":
        names[path] = operation.file
    elif kind == "mkdir":
        names[path] = DIRECTORY
    elif kind == "symlink":
        names[path] = (target,)
    elif kind == "unlink":
        names.pop(path, None)
    elif path in names:
        entry = names[path]
        names[target] = entry
        if kind == "rename":
            del names[path]
            if entry == DIRECTORY:
                for below in [name for name in names if name.startswith(path + "/")]:
                    names[target + below[len(path) :]] = names.pop(below)
