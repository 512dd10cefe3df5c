"""The console in a browser: accessibility in the dark theme."""
from console_site import run_scenarios

run_scenarios("access", tests=("everyPageDark",))
