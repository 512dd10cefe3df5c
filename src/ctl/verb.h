#pragma once
/*
 * All commands of polytaskctl in one list: those of ctl_command.h, `more` besides them, and those
 * of admin/command.h that operators use. `more` ends with an all-zero row.
 */
#include "base/buf.h"
#include "ctl/ctl_command.h"

/* Either ctl or admin is set. */
struct verb {
	const char *words; /* "user add" */
	const char *help;
	const struct ctl_command *ctl;
	const struct admin_command *admin;
};

/* The command with this number, from 0. False behind the last one. */
bool verb_at(struct verb *verb, const struct ctl_command *more, size_t number);
/* The command that these words begin with. Returns the number of words that name it; 0: none. */
size_t verb_find(
	struct verb *verb, const struct ctl_command *more, const char *const *words, size_t count);
/* Whether the word is the first of several that name a command: "user". */
bool verb_is_group(const struct ctl_command *more, const char *word);

/* Appends "user add NAME [--tenant TENANT]". */
void verb_put_usage(const struct verb *verb, struct buf *out);
/* The option of the command with this number, from 0. False behind the last one. */
bool verb_option_at(const struct verb *verb, struct ctl_option *option, size_t number);
