"""The console in a browser: accessibility in the light theme, the keyboard, themes."""
from console_site import run_scenarios

run_scenarios("access", tests=("everyPageLight", "keyboardOnly", "motion", "theme", "nothingJumps", "targets"))
