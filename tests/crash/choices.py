"""What becomes of the operations that a power cut may lose (disk.py has the model)."""
import os

from disk import BLOCK, SECTOR, apply

POLICIES = ("drop", "keep", "lot", "lot", "pages", "pages")
TORN_SHARE = 0.3  # of the pieces of a file that may be torn


def pieces(operation, size):
    """(offset, data) of a write, divided at multiples of size in the file."""
    at, end = operation.offset, operation.offset + len(operation.data)
    while at < end:
        upto = min(end, (at // size + 1) * size)
        yield at, operation.data[at - operation.offset : upto - operation.offset]
        at = upto


def size_after(size, operation):
    if operation.kind == "truncate":
        return operation.length
    return max(size, operation.offset + operation.length if operation.kind == "write" else operation.length)


class Choice:
    """One draw.

    drop    everything unsynced is lost
    keep    everything is there
    lot     each piece of each write is there or not
    pages   each block of a file is as it was after some of its writes, as a page cache leaves it

    torn: pieces of all files may be torn at 512 bytes, else only those of the log.
    """

    def __init__(self, rng, torn):
        self.rng, self.torn = rng, torn
        self.policy = rng.choice(POLICIES)
        self.share = rng.choice((0.1, 0.5, 0.9))

    def __repr__(self):
        torn = ", torn" if self.torn else ""
        return f"{self.policy} {self.share}{torn}"

    def names(self, pending, posix):
        """The changes of names that are on the disk."""
        if self.policy == "drop":
            return []
        if self.policy == "keep":
            return pending
        if posix:
            return [each for each in pending if self.rng.random() < self.share]
        return pending[: self.rng.randint(0, len(pending))]

    def contents(self, fd, place, pending):
        """Changes the open file, which has the contents that are certain."""
        durable = os.fstat(fd).st_size
        tear = self.torn or place.startswith("log/")
        if self.policy == "keep":
            for each in pending:
                apply(fd, each)
        elif self.policy == "lot":
            self._by_lot(fd, pending, tear)
        elif self.policy == "pages":
            self._by_pages(fd, pending, tear)
        self._choose_size(fd, durable, pending)

    def _choose_size(self, fd, durable, pending):
        """Half of the files get a size of their own: with an extension lost, or without its data."""
        if self.policy in ("drop", "keep") or self.rng.random() < 0.5:
            return
        size = durable
        for each in pending[: self.rng.choice((0, len(pending), self.rng.randint(0, len(pending))))]:
            size = size_after(size, each)
        os.ftruncate(fd, size)

    def _by_lot(self, fd, pending, tear):
        for each in pending:
            if each.kind != "write":
                if self.rng.random() < self.share:
                    apply(fd, each)
                continue
            for at, data in pieces(each, BLOCK):
                if tear and self.rng.random() < TORN_SHARE:
                    self._tear(fd, at, data)
                elif self.rng.random() < self.share:
                    os.pwrite(fd, data, at)

    def _tear(self, fd, at, data):
        for offset in range(-(at % SECTOR), len(data), SECTOR):
            start = max(0, offset)
            if self.rng.random() < 0.5:
                os.pwrite(fd, data[start : offset + SECTOR], at + start)

    def _by_pages(self, fd, pending, tear):
        blocks = {}
        for each in pending:
            if each.kind == "write":
                for at, _ in pieces(each, BLOCK):
                    blocks.setdefault(at // BLOCK, None)
        for number in blocks:
            versions = self._versions(fd, number * BLOCK, pending)
            block = self.rng.choice(versions)
            if tear and self.rng.random() < TORN_SHARE:
                other = self.rng.choice(versions)
                block = b"".join(
                    self.rng.choice((block, other))[at : at + SECTOR]
                    for at in range(0, BLOCK, SECTOR)
                )
            if block is not versions[0]:
                os.pwrite(fd, block, number * BLOCK)
        for each in pending:
            if each.kind != "write" and self.rng.random() < self.share:
                apply(fd, each)

    def _versions(self, fd, start, pending):
        """The contents of a block before the pending operations, and after each that changes it."""
        block = bytearray(BLOCK)
        old = os.pread(fd, BLOCK, start)
        block[: len(old)] = old
        versions = [bytes(block)]
        for each in pending:
            if each.kind == "truncate" and each.length < start + BLOCK:
                keep = max(0, each.length - start)
                block[keep:] = bytes(BLOCK - keep)
            elif each.kind == "write" and each.offset < start + BLOCK and each.offset + len(each.data) > start:
                low, high = max(start, each.offset), min(start + BLOCK, each.offset + len(each.data))
                block[low - start : high - start] = each.data[low - each.offset : high - each.offset]
            else:
                continue
            versions.append(bytes(block))
        return versions
