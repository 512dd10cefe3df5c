"""The console in a browser: one task, overview, workers, events, webhooks, users, APIs."""
from console_site import run_scenarios
from webhook_calls import LOOPBACK

run_scenarios("pages", conf=LOOPBACK)
