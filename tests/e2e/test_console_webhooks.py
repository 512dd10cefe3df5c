"""The console in a browser: webhooks and their deliveries."""
from console_site import run_scenarios
from webhook_calls import LOOPBACK

run_scenarios("webhooks", "deliveries", conf=LOOPBACK)
