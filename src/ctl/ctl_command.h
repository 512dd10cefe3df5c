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

struct ctl_option {
	const char *name;  /* "user", as in --user */
	const char *value; /* placeholder; NULL: the option takes no value */
	const char *help;  /* one sentence without a full stop */
};

/* One run of polytaskctl: its command line and configuration. */
struct ctl {
	const struct ctl_command *more; /* commands besides ctl_commands; ends as these do */
	struct conf_source source;
	struct conf conf;
	struct admin_call call;
	struct sign sign;
	const char *words[CTL_WORDS_MAX]; /* the command and its operands */
	size_t count;
	bool help; /* --help was given */
};

struct ctl_command {
	const char *word;
	const char *usage; /* rest of the usage line */
	size_t operands;
	size_t optional_operands;	      /* how many more may follow */
	uint64_t options;		      /* allowed: ADMIN_BIT() of each */
	uint64_t required_options;	      /* of these */
	const struct ctl_option *own_options; /* more; ends with an all-zero row; NULL: none */
	bool sign_options;		      /* own_options are those for struct sign */
	bool asks_store;	     /* in the service, which may have stopped without an answer */
	bool no_conf;		     /* reads no configuration */
	bool control_only;	     /* of the configuration, needs only the option control */
	const char *instead;	     /* admin_command.instead */
	int (*run)(struct ctl *ctl); /* returns the exit status */
	const char *help;
};

/* Ends with an all-zero row. */
extern const struct ctl_command ctl_commands[];
