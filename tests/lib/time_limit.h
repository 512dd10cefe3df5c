#pragma once
/*
 * The time limit of a test: afterwards the program writes the test's name and a backtrace, kills
 * its descendants, whose output the harness would wait for, and exits with status 1. Its temporary
 * directory stays.
 *
 * The limit is POLYTASK_TEST_SECONDS of the environment, by default 300; 0: none. None applies
 * while a debugger is attached.
 */

/* Begins the time of a test; name is borrowed until the next call. */
void time_limit_begin(const char *name);
