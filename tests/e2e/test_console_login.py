"""The console in a browser: login, logout, the end of a session."""
from console_site import run_scenarios

run_scenarios("login")
