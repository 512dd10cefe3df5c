"""The console in a browser: tasks and addresses that are attacks."""
from console_site import run_scenarios

run_scenarios("hostile")
