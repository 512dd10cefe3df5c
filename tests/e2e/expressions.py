"""The regular expressions of nginx's configuration, run by nginx's own library, PCRE2."""
import ctypes
import ctypes.util
import re
import time

CASELESS, JIT_COMPLETE, NOMATCH = 8, 1, -1

# A word of the configuration: quoted or not. nginx replaces no other escapes than these in a quoted word.
_WORD = re.compile(r"""#[^\n]*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([{};])|((?:[^\s;{}]|\$\{)+)""")
_MATCHING = ("~", "~*", "!~", "!~*")


def _words(text):
    """Each word, unescaped, and whether it was quoted."""
    for found in _WORD.finditer(text):
        quoted = found[1] if found[1] is not None else found[2]
        if quoted is not None:
            yield re.sub(r"""\\(["'\\])""", r"\1", quoted), True
        elif not found[0].startswith("#"):
            yield found[0], False


def find_expressions(text):
    """The patterns of a configuration, as (pattern, flags): of map, if, location and rewrite."""
    words = list(_words(text))
    for (before, _), (word, quoted) in zip([("", False)] + words, words):
        if before in _MATCHING:
            yield word, CASELESS if "*" in before else 0
        elif before == "rewrite":
            yield word, 0
        elif word[:1] == "~" and word not in _MATCHING:
            yield word.lstrip("~").removeprefix("*"), CASELESS if word[1:2] == "*" else 0


class Library:
    def __init__(self):
        self.pcre = ctypes.CDLL(ctypes.util.find_library("pcre2-8"))
        pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32
        self.pcre.pcre2_compile_8.restype = pointer
        self.pcre.pcre2_compile_8.argtypes = [
            ctypes.c_char_p, size, number, ctypes.POINTER(ctypes.c_int),
            ctypes.POINTER(size), pointer,
        ]  # fmt: skip
        self.pcre.pcre2_jit_compile_8.argtypes = [pointer, number]
        self.pcre.pcre2_match_data_create_8.restype = pointer
        self.pcre.pcre2_match_data_create_8.argtypes = [number, pointer]
        self.pcre.pcre2_match_8.argtypes = [
            pointer, ctypes.c_char_p, size, size, number, pointer, pointer,
        ]  # fmt: skip
        self.data = self.pcre.pcre2_match_data_create_8(32, None)

    def compile(self, pattern, flags=0, jit=False):
        code, offset = ctypes.c_int(), ctypes.c_size_t()
        pattern = pattern.encode()
        made = self.pcre.pcre2_compile_8(pattern, len(pattern), flags, code, offset, None)
        if not made:
            raise ValueError(f"{pattern}: error {code.value} at {offset.value}")
        if jit and self.pcre.pcre2_jit_compile_8(made, JIT_COMPLETE) != 0:
            raise ValueError(f"{pattern}: not compiled to machine code")
        return Expression(self, made)


class Expression:
    def __init__(self, library, compiled):
        self.library, self.compiled = library, compiled

    def match(self, subject):
        """A negative number: no match (NOMATCH), or an error, as when PCRE2 gives up."""
        return self.library.pcre.pcre2_match_8(
            self.compiled, subject, len(subject), 0, 0, self.library.data, None
        )

    def seconds(self, subject, times=1):
        """The shortest processor time of some matches."""
        best = 1e9
        for _ in range(times):
            start = time.thread_time()
            self.match(subject)
            best = min(best, time.thread_time() - start)
        return best


# ---- worst inputs ----


def fragments(pattern):
    """Texts from which subjects are built: literals, members of classes, and pairs of both."""
    plain = re.sub(r"\\x[0-9a-f]{2}|\(\?<\w+>|\(\?[a-z]*\)|\(\?[:=!]|\{[\d,]+\}", "(", pattern)
    members = set("".join(re.findall(r"\[\^?([^\]]+)\]", plain)))
    plain = re.sub(r"\[[^\]]*\]", "(", plain).replace("\\", "(")
    literals = {text for text in re.split(r"[()|*+?.^$]+", plain) if text}
    signs = sorted(members | set(" ?&=/a")) + [""]
    long = [sign + text for sign in signs for text in sorted(literals)]
    return [sign for sign in signs if sign] + long


def beginnings(pattern):
    """Prefixes that lead a match past the expression's anchor."""
    literal = re.match(r"\^((?:\w| |/)*)", pattern)
    return ["", "/x?", "GET /x", "GET http://"] + ([literal[1]] if literal and literal[1] else [])


def subjects(pattern, size, choose):
    """Subjects of about that size; choose draws some of the pairs of fragments if there are many."""
    parts = fragments(pattern)
    pairs = [(one, two) for one in parts for two in parts]
    for one, two in choose(pairs):
        half = size // 2
        for start in beginnings(pattern):
            first, second = one * (half // len(one)), two * (half // len(two))
            mixed = (one + two) * (size // len(one + two))
            for text in (first + second, mixed):
                yield (start + text).encode("latin-1", "replace")
