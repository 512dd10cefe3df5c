"""The console in a browser: one task, what is done with it, and its clients' requests."""
from console_site import run_scenarios

run_scenarios("task")
