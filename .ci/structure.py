"""The structure of src/: layers, circles, who may include a library's header, size and width of files; and the layers
and sizes of the console, data/console/src/.

    python3 .ci/structure.py [BUILD]     (after make; BUILD: the build tree, default .)

Prints what breaks a rule and exits 1 if anything does.
"""
import collections
import os
import re
import subprocess
import sys

# Bottom to top: a layer includes only itself and those before it.
LAYERS = "base sys task store http import auth dialect admin notify serve process monitor ctl worker".split()
# Headers that only one place may know.
PRIVATE = {
    "db.h": "src/store/bdb/",
    "libpq-fe.h": "src/store/pg/",
    "fcgiapp.h": "src/serve/fcgi.c",
    "seccomp.h": "src/sys/confine.c",
    "libsmartcols.h": "src/ctl/",
    "microhttpd.h": "src/monitor/listener.c",
}
LINES_MAX = 400
# The formatter leaves comments as they are.
COLUMNS_MAX = 100
# The same for the console; app.tsx and main.tsx may import from all layers.
CONSOLE = "data/console/src/"
CONSOLE_LAYERS = "api model ui pages".split()
CONSOLE_TOP = {"app", "main"}
CONSOLE_LINES_MAX = 300
CONSOLE_COLUMNS_MAX = 120
IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'`](\.[^"'`]*)["'`]""")
# The list of dialects names the tables of each; dialects may look into the list.
LIST = "src/dialect/dialect.c"

build = sys.argv[1] if len(sys.argv) > 1 else "."
files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
faults = []


def layer(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def check_includes(path, text):
    own = layer(path)
    for header in re.findall(r'#include ["<]([^">]+)[">]', text):
        name = header.rsplit("/", 1)[-1]
        place = PRIVATE.get(name)
        if place and not path.startswith(place):
            faults.append(f"{path}: <{name}> belongs to {place}")
        other = header.split("/")[0]
        ours = own in LAYERS and other in LAYERS and os.path.exists(os.path.join("src", header))
        if ours and LAYERS.index(other) > LAYERS.index(own):
            faults.append(f"{path}: includes {header} of a higher layer")


def check_lines(path, text, most):
    lines = text.count("\n")
    if lines > most:
        faults.append(f"{path}: {lines} lines, more than {most}")


def check_columns(path, text, most):
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > most:
            faults.append(f"{path}:{number}: {len(line)} columns, more than {most}")


def console_rank(path):
    """The number of the layer of a path below the console's src/, or None if it is in no layer."""
    first = path.split("/")[0]
    if os.path.splitext(path)[0] in CONSOLE_TOP:
        return len(CONSOLE_LAYERS)
    return CONSOLE_LAYERS.index(first) if first in CONSOLE_LAYERS and "/" in path else None


def check_imports(path, text):
    own = path[len(CONSOLE) :]
    if console_rank(own) is None:
        faults.append(f"{path}: in none of the layers {' '.join(CONSOLE_LAYERS)}")
        return
    for name in IMPORT.findall(text):
        other = os.path.normpath(os.path.join(os.path.dirname(own), name))
        rank = console_rank(other)
        if rank is None or rank > console_rank(own):
            faults.append(f"{path}: imports {name}, which is not in this layer or one before it")


def check_console():
    checked = 0
    for path in files:
        if not path.startswith(CONSOLE) or not path.endswith((".ts", ".tsx", ".css")):
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        check_lines(path, text, CONSOLE_LINES_MAX)
        check_columns(path, text, CONSOLE_COLUMNS_MAX)
        if not path.endswith(".css"):
            check_imports(path, text)
        checked += 1
    if not checked:
        faults.append(f"{CONSOLE}: no file was found")


def check_files():
    for path in files:
        if not path.startswith(("src/", "tests/")) or not path.endswith((".c", ".h", ".py")):
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        check_lines(path, text, LINES_MAX)
        if not path.endswith(".py"):
            check_columns(path, text, COLUMNS_MAX)
        if path.startswith("src/"):
            check_includes(path, text)


def symbols(paths):
    """Global symbols that each object file defines and uses."""
    lines = subprocess.run(["nm", "-gA", *paths], capture_output=True, text=True, check=True).stdout.splitlines()
    found = {path: (set(), set()) for path in paths}
    for path, line in (line.split(":", 1) for line in lines):
        kind, name = line.split()[-2:]
        defined, used = found[path]
        (used if kind in "Uw" else defined).add(name)
    return found


def circles(edges):
    """Groups of objects that need each other (Tarjan's strongly connected components)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in list(edges):
        if node not in index:
            visit(node)
    return found


def check_circles():
    built = {}
    for path in files:
        name = os.path.join(build, path[:-2] + ".o")
        if path.startswith("src/") and path.endswith(".c") and os.path.exists(name):
            built[path] = name
    if not built:
        faults.append("no object files: build first")
        return
    found = symbols(list(built.values()))
    objects = {path: found[name] for path, name in built.items()}
    owner = {name: path for path, (defined, _) in objects.items() for name in defined}
    edges = collections.defaultdict(set)
    for path, (_, used) in objects.items():
        edges[path] = {owner[name] for name in used if name in owner} - {path}
    edges[LIST] = {path for path in edges[LIST] if not path.endswith("/tables.c")}
    for group in circles(edges):
        faults.append("circle: " + ", ".join(group))


check_files()
check_console()
check_circles()
print("\n".join(faults) or f"{len(files)} files: layers, circles, private headers and sizes are in order")
sys.exit(bool(faults))
