#pragma once
/*
 * The table of administrative commands, and how words of a command line find their row.
 */
#include "admin/admin.h"
#include "base/buf.h"

/* Of commands that are in the table of ctl/ctl_command.h, too. */
#define ADMIN_INSTEAD_OF_BACKUP \
	"back up the database with pg_basebackup or pg_dump, or export the tasks."
#define ADMIN_INSTEAD_OF_REINDEX                                                               \
	"in a shared one the index is a table that the server keeps; run polytaskctl verify, " \
	"and restore a backup of the server if it differs."

/* Ends with an all-zero row. */
extern const struct admin_command admin_commands[];

/*
 * Fills in command and operand from words ("user", "add", "demo") and checks the options already
 * set. ERR_NO_ROUTE: unknown command; ERR_INVALID: call->command is set, but an operand or option
 * is missing or superfluous; ERR_UNPROCESSABLE: its value is not valid.
 */
bool admin_parse_command(
	struct admin_call *call, const char *const *words, size_t count, struct err *err);
/* Appends "user add NAME [--tenant TENANT] ...". */
void admin_put_usage(const struct admin_command *command, struct buf *out);
