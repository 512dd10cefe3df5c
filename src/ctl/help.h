#pragma once
/* What a command does, its usage line and its options: polytaskctl help, --help and errors. */
#include <stdio.h>

#include "ctl/verb.h"

/* `help [COMMAND [SUBCOMMAND]]`. Returns the exit status: that of a usage error if unknown. */
int ctl_help(struct ctl *ctl);
/* `COMMAND [SUBCOMMAND] --help`: of the words of the command line. */
int ctl_help_of_words(const struct ctl *ctl);

/* Prints "usage: polytaskctl user add NAME ...". */
void help_print_usage(FILE *to, const struct verb *verb);
/* Prints the usage line, the purpose and the options of a command. */
void help_print_verb(FILE *to, const struct verb *verb);
/* Prints "did you mean 'X'?" on standard error, if a command is near these words. */
void help_suggest_command(const struct ctl_command *more, const char *const *words, size_t count);
/* The same for an option, without its dashes. verb: whose options are meant; NULL: of any. */
void help_suggest_option(
	const struct ctl_command *more, const struct verb *verb, const char *typed);
