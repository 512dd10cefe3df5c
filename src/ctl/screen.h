#pragma once
/*
 * The screen of a terminal for a view that is drawn again and again: the alternative screen,
 * without a cursor, and keys that arrive at once. screen_end() restores what was there before.
 *
 * Ctrl-Z, and a shell that continues this process later, are handled by screen_wait(). A process
 * has one screen.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum screen_event {
	SCREEN_DUE,    /* the time has come */
	SCREEN_KEY,    /* one was typed */
	SCREEN_REDRAW, /* the size has changed, or the process was continued */
	SCREEN_END,    /* Ctrl-C, another signal that ends a process, or the terminal has gone */
};

/* False if standard input is no terminal. */
bool screen_begin(void);
/* Ends the process by the signal that has ended the view, unless that was Ctrl-C. */
void screen_end(void);

/* Columns of the terminal. */
size_t screen_columns(void);
/*
 * Draws the lines that have room, and below them the footer, cut to the columns; if lines have no
 * room, it tells how many. alert: the footer is an error.
 */
void screen_draw(struct str lines, const char *footer, bool alert);
/*
 * Until then, monotonic ms, or an earlier event. Only here these are noticed; a signal that ends
 * the process also interrupts other calls.
 */
enum screen_event screen_wait(int64_t until, char *key);
