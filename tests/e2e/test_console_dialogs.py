"""The console in a browser: accessibility of each dialog, and of the pages of one webhook, one user and each API."""
from console_site import run_scenarios
from webhook_calls import LOOPBACK

run_scenarios("dialogs", conf=LOOPBACK)
