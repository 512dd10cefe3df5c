"""The console in a browser: accessibility, the keyboard, themes."""
from console_site import run_scenarios

run_scenarios("access")
