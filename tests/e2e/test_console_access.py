"""The console in a browser: accessibility, the keyboard, themes."""
from console_site import run_scenarios
from webhook_calls import LOOPBACK

run_scenarios("access", "dialogs", conf=LOOPBACK)
