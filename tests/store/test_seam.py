"""Only src/store/bdb/ knows Berkeley DB, only src/store/pg/ PostgreSQL: no other source names their headers and types."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import tap
from paths import SOURCE
from tap import equal, ok

# The header, macros, types and functions of each library, and our own headers about it; `bdb_engine_ops`,
# `pg_engine_ops`, the verbs of store/pg/schema.h and what facts.h tells are the names that leave the folders.
FOREIGN = {
    "bdb": re.compile(
        r"<db\.h>|\bDB_[A-Z_]+\b|\b(?:DB|DBC|DBT|DB_ENV|DB_TXN)\s*\*|\bDBT\b|\bdb_(?:env_)?\w+\(|store/bdb/"
    ),
    "pg": re.compile(r"<libpq-fe\.h>|\bPGRES_[A-Z_]+\b|\bPG(?:conn|result)\b|\bPQ[a-z]\w+\(|store/pg/(?!(?:schema|facts)\.h)"),
}
INSIDE = {"bdb": ["<db.h>", "DB_RECNUM"], "pg": ["<libpq-fe.h>", "PGconn", "PQconsumeInput("]}


def folder(engine):
    return os.path.join(SOURCE, "src", "store", engine, "")


def sources():
    return [
        path
        for pattern in ("**/*.c", "**/*.h")
        for path in glob.glob(os.path.join(SOURCE, "src", pattern), recursive=True)
    ]


def names(path, pattern):
    with open(path, encoding="utf-8") as file:
        return pattern.findall(file.read())


def check_outside(engine):
    found = []
    for path in sources():
        if not path.startswith(folder(engine)):
            found += [os.path.relpath(path, SOURCE) + ": " + name for name in names(path, FOREIGN[engine])]
    equal(found, [], f"names of the library outside src/store/{engine}/")


def check_inside(engine):
    found = set()
    for path in sources():
        if path.startswith(folder(engine)):
            found.update(names(path, FOREIGN[engine]))
    ok(found.issuperset(INSIDE[engine]), f"src/store/{engine}/ is searched")


def no_source_outside_the_folder_names_berkeley_db():
    check_outside("bdb")


def the_pattern_finds_them_inside():
    check_inside("bdb")


def no_source_outside_the_folder_names_postgresql():
    check_outside("pg")


def the_pattern_of_postgresql_finds_them_inside():
    check_inside("pg")


tap.run(
    [
        no_source_outside_the_folder_names_berkeley_db,
        the_pattern_finds_them_inside,
        no_source_outside_the_folder_names_postgresql,
        the_pattern_of_postgresql_finds_them_inside,
    ]
)
