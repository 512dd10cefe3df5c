#pragma once
/*
 * Signals of the supervisor: blocked except while it waits, recorded by a handler, acted on by its
 * loop. SIGTERM and SIGINT request a stop, SIGHUP a reload; SIGCHLD only wakes the loop.
 */
#include <stdbool.h>

void signals_install(void);
bool signals_stop_requested(void);
/* Returns true once after one or more requests. */
bool signals_take_reload_request(void);
/* The same as a signal. */
void signals_request_stop(void);
