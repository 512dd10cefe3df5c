"""Only src/store/bdb/ knows Berkeley DB: no other source includes <db.h> or names its types."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import tap
from paths import SOURCE
from tap import equal, ok

ENGINE = os.path.join(SOURCE, "src", "store", "bdb", "")
# Its header, macros, types and functions; `bdb_engine_ops` is the one name that leaves the folder.
FOREIGN = re.compile(r"<db\.h>|\bDB_[A-Z_]+\b|\b(?:DB|DBC|DBT|DB_ENV|DB_TXN)\s*\*|\bDBT\b|\bdb_(?:env_)?\w+\(|store/bdb/")


def sources():
    return [
        path
        for pattern in ("**/*.c", "**/*.h")
        for path in glob.glob(os.path.join(SOURCE, "src", pattern), recursive=True)
    ]


def no_source_outside_the_folder_names_berkeley_db():
    found = []
    for path in sources():
        if not path.startswith(ENGINE):
            with open(path, encoding="utf-8") as file:
                found += [os.path.relpath(path, SOURCE) + ": " + name for name in FOREIGN.findall(file.read())]
    equal(found, [], "names of Berkeley DB outside src/store/bdb/")


def the_pattern_finds_them_inside():
    inside = [path for path in sources() if path.startswith(ENGINE)]
    text = "".join(open(path, encoding="utf-8").read() for path in inside)
    ok("<db.h>" in FOREIGN.findall(text) and "DB_RECNUM" in FOREIGN.findall(text), "src/store/bdb/ is searched")


tap.run([no_source_outside_the_folder_names_berkeley_db, the_pattern_finds_them_inside])
