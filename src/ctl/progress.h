#pragma once
/*
 * The progress of a command, one line on standard error that a thread writes again and again: only
 * at a terminal, and only when the command has taken longer than 2 s. The line is removed at the
 * end, before any other output, and by Ctrl-C.
 *
 * A process shows the progress of one command at a time. Outside of a command, and without a
 * terminal, these functions do nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* what: borrowed, "verify". */
void progress_begin(const char *what);
void progress_end(void);
/* Between these two, at a terminal. */
bool progress_runs(void);

/* The next part of the command, "copying": the figures begin at 0. phase: borrowed. */
void progress_phase(const char *phase);
/* unit: "tasks"; NULL: bytes. total 0: unknown. */
void progress_set(uint64_t done, uint64_t total, const char *unit);
/* One more line of output, which counts unless there are other figures. */
void progress_add_line(void);
/* The figures are the bytes of standard input that were read, if it is a file. */
void progress_follow_input(void);

/* Removes the line, before other output to the terminal. It comes back with the next figures. */
void progress_clear(void);
/*
 * A stream that removes the line before it writes to `to`. Returns `to` itself if that is not the
 * terminal with the line. Close it with progress_close_stream.
 */
FILE *progress_stream(FILE *to);
/* Returns false if something could not be written. */
bool progress_close_stream(FILE *stream, FILE *to);
