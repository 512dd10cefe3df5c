"""The console in a browser: what is done with many tasks, and by whom."""
from console_site import run_scenarios

run_scenarios("changes")
