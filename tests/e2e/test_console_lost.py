"""The console in a browser: live data, and a connection that is lost."""
from console_site import run_scenarios

run_scenarios("lost")
