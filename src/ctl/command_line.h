#pragma once
/* The options and words of polytaskctl's command line, besides those of `work`. */
#include "ctl/verb.h"

/*
 * Fills in source, call.options, sign, words and help; prints what is wrong. Returns the exit
 * status, or -1 to go on.
 */
int command_line_parse(struct ctl *ctl, int argc, char **argv);
/* Prints the message and the usage line of the command (NULL: none). Returns the exit status. */
int command_line_fail(const struct verb *verb, const char *text);
