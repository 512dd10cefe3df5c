#pragma once
/*
 * The monitor: a process that answers probes and the scrapes of Prometheus on a listener of its own
 * (the option monitor). It reads the scoreboard and never opens the store, so it answers during a
 * recovery, too, and nothing that a client sends to it can harm the store.
 */
#include "process/child.h"

child_main monitor_main;
