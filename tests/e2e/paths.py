"""The source tree and the build tree under test, as the test harness names them."""
import os

SOURCE = os.path.abspath(
    os.environ.get("top_srcdir") or os.path.join(os.path.dirname(__file__), "..", "..")
)
BUILD = os.path.abspath(os.environ.get("top_builddir") or SOURCE)
