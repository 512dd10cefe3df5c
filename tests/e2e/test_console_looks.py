"""The console in a browser: 320 pixels, the menu and dialogs of a phone, forced colours."""
from console_site import run_scenarios

run_scenarios("looks")
