#pragma once
/*
 * Commands of polytaskctl without access to the store. Some control the service, others need no
 * service at all. admin/command.h has the commands on the store.
 */
#include "admin/admin.h"
#include "admin/sign.h"
#include "ctl/fail.h"
#include "sys/conf.h"

#define CTL_WORDS_MAX 8

/* One run of polytaskctl: its command line and configuration. */
struct ctl {
	struct conf_source source;
	struct conf conf;
	struct admin_call call;
	struct sign sign;
	const char *words[CTL_WORDS_MAX]; /* the command and its operands */
	size_t count;
};

struct ctl_command {
	const char *word;
	const char *usage; /* rest of the usage line */
	size_t operands;
	uint64_t options;	     /* allowed: ADMIN_BIT() of each */
	uint64_t required_options;   /* of these */
	bool sign_options;	     /* options for struct sign are allowed */
	bool control_only;	     /* of the configuration, needs only the option control */
	int (*run)(struct ctl *ctl); /* returns the exit status */
	const char *help;
};

/* Ends with an all-zero row. */
extern const struct ctl_command ctl_commands[];
