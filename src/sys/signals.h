#pragma once
/*
 * What the supervisor has been told by signals: blocked but while it waits, noted and acted on by
 * its loop. SIGTERM and SIGINT ask it to stop, SIGHUP to reload, SIGCHLD only wakes it.
 */
#include <stdbool.h>

void signals_install(void);
bool signals_stop_requested(void);
/* True once for each time that it was asked, or several. */
bool signals_take_reload_request(void);
/* As if the signal had come. */
void signals_request_stop(void);
void signals_request_reload(void);
