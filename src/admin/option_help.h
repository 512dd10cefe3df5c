#pragma once
/*
 * What the options of commands mean, for the help of polytaskctl. An option with one name may have
 * another value and meaning in some commands.
 */
#include "admin/admin.h"

struct admin_option_help {
	const char *value; /* placeholder; NULL: the option takes no value */
	const char *text;  /* one sentence without a full stop */
};

/* The option of the command with these words: "user add". Every option has a text. */
struct admin_option_help admin_option_help(const char *words, enum admin_option option);
