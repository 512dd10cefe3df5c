#pragma once
/*
 * What the supervisor has been told by signals: blocked but while it waits, noted and acted on by
 * its loop. SIGTERM and SIGINT ask it to stop, SIGHUP to reload, SIGCHLD only wakes it.
 */
#include <stdbool.h>

void signals_catch(void);
bool signals_stop_asked(void);
/* True once for each time that it was asked, or several. */
bool signals_take_reload(void);
/* As if the signal had come. */
void signals_ask_stop(void);
void signals_ask_reload(void);
