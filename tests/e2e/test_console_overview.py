"""The console in a browser: workers and their drains, and what the overview notices."""
from console_site import run_scenarios
from webhook_calls import LOOPBACK

# A receiver answers 410: the service logs that it disables the webhook.
run_scenarios("overview", conf=LOOPBACK, expect=("webhook",))
