"""The console in a browser: the list of tasks, its search, its keys."""
from console_site import run_scenarios

run_scenarios("tasks")
