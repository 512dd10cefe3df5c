#include "admin/command.h"

#include "admin/backup_commands.h"
#include "admin/bulk_command.h"
#include "admin/event_command.h"
#include "admin/key_commands.h"
#include "admin/number_commands.h"
#include "admin/quota_commands.h"
#include "admin/repair_command.h"
#include "admin/task_change_commands.h"
#include "admin/task_commands.h"
#include "admin/task_list_command.h"
#include "admin/task_show_command.h"
#include "admin/token_commands.h"
#include "admin/transfer_commands.h"
#include "admin/user_commands.h"
#include "admin/webhook_commands.h"
#include "admin/webhook_options.h"
#include "admin/worker_commands.h"

#define BIT(option)   ADMIN_BIT(ADMIN_##option)
#define LIST_OPTIONS  (BIT(JSON) | BIT(NOHEADINGS))
#define TERMS_OPTIONS (BIT(RIGHTS) | BIT(DIALECTS) | BIT(EXPIRES))

#define DIALECTS_USAGE "[--dialect DIALECT[,DIALECT]]"
#define WEBHOOK_USAGE                                                                       \
	"[--name NAME] [--format FORMAT] [--method METHOD] [--header 'NAME: VALUE']... "    \
	"[--query NAME=VALUE]... " DIALECTS_USAGE " [--kind KIND,...] [--state STATE,...] " \
	"[--type TYPE,...] [--parallel N]"

const struct admin_command admin_commands[] = {
	{ "user add", "NAME", BIT(TENANT) | BIT(RIGHTS) | BIT(EXPIRES), .creates_store = true,
		.run = admin_user_add, .help = "add a user (default rights: read,write,work)" },
	{ "user list", NULL, LIST_OPTIONS, .columns = "name id tenant rights created expires state",
		.run = admin_user_list, .help = "list users" },
	{ "user revoke", "NAME", .run = admin_user_revoke,
		.help = "disable a user with all tokens and keys, permanently" },
	{ "user expire", "NAME", BIT(EXPIRES), BIT(EXPIRES), .run = admin_user_expire,
		.help = "set when a user with all tokens and keys expires" },
	{ "password set", "USER", BIT(EXPIRES), .reads_input = true, .reads_secret = true,
		.run = admin_password_set,
		.help = "set a user's password for logins, read from standard input" },
	{ "password add", "USER", BIT(EXPIRES), .reads_input = true, .reads_secret = true,
		.run = admin_password_set, .help = "same as password set" },
	{ "password list", NULL, LIST_OPTIONS, .columns = "user since expires state",
		.run = admin_password_list, .help = "list passwords" },
	{ "password revoke", "USER", .run = admin_password_revoke,
		.help = "remove a password and revoke the tokens issued for it" },
	{ "password rotate", "USER", BIT(EXPIRES), .run = admin_password_rotate,
		.help = "replace a password by a random one and print it once" },
	{ "password expire", "USER", BIT(EXPIRES), BIT(EXPIRES), .run = admin_password_expire,
		.help = "set when a password expires" },
	{ "token add", "USER", BIT(LABEL) | BIT(SECRET) | TERMS_OPTIONS, .run = admin_token_add,
		.help = "add a bearer token and print it once (--secret -: add a token of another "
			"system, read from standard input)" },
	{ "token list", NULL, LIST_OPTIONS,
		.columns = "label user rights expires dialects created kind state",
		.run = admin_token_list, .help = "list tokens" },
	{ "token revoke", "LABEL", .run = admin_token_revoke,
		.help = "revoke all tokens with a label, permanently" },
	{ "token rotate", "LABEL", BIT(OVERLAP), .run = admin_token_rotate,
		.help = "replace a token by a new one and print it once" },
	{ "token expire", "LABEL", BIT(EXPIRES), BIT(EXPIRES), .run = admin_token_expire,
		.help = "set when a token expires" },
	{ "key add", "USER", BIT(ID) | BIT(SECRET) | TERMS_OPTIONS, .run = admin_key_add,
		.help = "add a signing key and print it (--secret -: read the secret from "
			"standard input)" },
	{ "key list", NULL, LIST_OPTIONS,
		.columns = "id user rights expires dialects created state overlap",
		.run = admin_key_list, .help = "list keys" },
	{ "key revoke", "ID", .run = admin_key_revoke, .help = "revoke a key, permanently" },
	{ "key rotate", "ID", BIT(SECRET) | BIT(OVERLAP), .run = admin_key_rotate,
		.help = "give a key a new secret and print it" },
	{ "key expire", "ID", BIT(EXPIRES), BIT(EXPIRES), .run = admin_key_expire,
		.help = "set when a key expires" },
	{ "quota set", "TENANT", BIT(TASKS) | BIT(BYTES), .check = admin_check_quota_set,
		.creates_store = true, .run = admin_quota_set,
		.help = "limit the tasks of a tenant and the bytes of their records" },
	{ "quota list", NULL, LIST_OPTIONS, .columns = "tenant tasks max_tasks bytes max_bytes own",
		.run = admin_quota_list, .help = "list the usage and the limits of tenants" },
	{ "quota recount", .in_steps = true, .run = admin_quota_recount,
		.help = "count all tasks again and correct the usage of tenants" },
	{ "number set", "N", BIT(TENANT) | BIT(DIALECT), BIT(DIALECT), .creates_store = true,
		.run = admin_number_set,
		.help = "give the next task of a tenant the number N, if no such number was given" },
	{ "number list", NULL, LIST_OPTIONS, .columns = "tenant dialect next",
		.run = admin_number_list, .help = "list the next numbers" },
	{ "worker list", NULL, BIT(TENANT) | LIST_OPTIONS,
		.columns = "name tasks last_seen drain holds", .run = admin_worker_list,
		.help = "list the workers of a tenant" },
	{ "worker drain", "NAME", BIT(TENANT), .run = admin_worker_drain,
		.help = "give a worker, or with '*' all of a tenant, no more tasks" },
	{ "worker undrain", "NAME", BIT(TENANT), .run = admin_worker_undrain,
		.help = "give a drained worker tasks again" },
	{ "webhook add", "URL", BIT(TENANT) | BIT(STDIN) | BIT(JSON) | WEBHOOK_OPTIONS,
		.usage = "[--tenant TENANT] [--json] {--stdin <FILE | URL " WEBHOOK_USAGE "}",
		.check = admin_check_webhook_add, .operand_optional = true,
		.run = admin_webhook_add,
		.help = "add a webhook and print its id and, once, its secret (--stdin: read the "
			"body of POST /v1/webhooks from standard input)" },
	{ "webhook list", NULL, BIT(TENANT) | LIST_OPTIONS,
		.columns = "id name url format enabled pending failing_since",
		.run = admin_webhook_list, .help = "list webhooks" },
	{ "webhook show", "ID", BIT(TENANT) | BIT(JSON), .run = admin_webhook_show,
		.help = "print the members of a webhook, one a line" },
	{ "webhook set", "ID", BIT(TENANT) | BIT(STDIN) | BIT(JSON) | BIT(URL) | WEBHOOK_OPTIONS,
		.usage = "ID [--tenant TENANT] [--json] {--stdin <FILE | [--url URL] " WEBHOOK_USAGE
			 "}",
		.check = admin_check_webhook_set, .run = admin_webhook_set,
		.help = "change a webhook; an empty value sets the default (--stdin: read a JSON "
			"merge patch from standard input)" },
	{ "webhook remove", "ID", BIT(TENANT), .run = admin_webhook_remove,
		.help = "remove a webhook with its deliveries" },
	{ "webhook enable", "ID", BIT(TENANT) | BIT(RESUME), .run = admin_webhook_enable,
		.help = "enable a webhook for events from now on (--resume: and those that it was "
			"not told of)" },
	{ "webhook disable", "ID", BIT(TENANT), .run = admin_webhook_disable,
		.help = "send nothing more to a webhook" },
	{ "webhook rotate-secret", "ID", BIT(TENANT), .run = admin_webhook_rotate,
		.help = "give a webhook a new secret and print it once; the old one signs for a "
			"day, too" },
	{ "webhook test", "ID", BIT(TENANT) | BIT(JSON), .run = admin_webhook_test,
		.help = "send a test to a webhook" },
	{ "webhook log", "ID", BIT(TENANT) | LIST_OPTIONS,
		.columns = "id state type task created attempts status error",
		.run = admin_webhook_log, .help = "list the 100 newest deliveries of a webhook" },
	{ "webhook redeliver", "ID", BIT(TENANT) | BIT(FROM) | BIT(TO) | BIT(DELIVERY),
		.usage = "ID [--tenant TENANT] [--from TIME [--to TIME] | --delivery DELIVERY,...]",
		.check = admin_check_webhook_redeliver, .in_steps = true,
		.run = admin_webhook_redeliver,
		.help = "deliver again what has failed, or what was made in a time, or some "
			"deliveries, and print how many they are" },
	{ "task list", NULL,
		BIT(TENANT) | BIT(DIALECT) | BIT(STATE) | BIT(KIND) | BIT(FAILURE) | BIT(SORT) |
			BIT(LIMIT) | LIST_OPTIONS,
		.usage = "[--tenant TENANT] " DIALECTS_USAGE " [--state STATE,...] [--kind KIND] "
			 "[--failure FAILURE,...] [--sort [-]created|updated|...] [--limit N] "
			 "[--json | --noheadings]",
		.columns = "id dialect kind state status attempt created updated error",
		.run = admin_task_list, .help = "list tasks" },
	{ "task show", "ID", BIT(TENANT) | BIT(HISTORY) | BIT(JSON), .run = admin_task_show,
		.help = "print the members of a task, one a line (ID: a UUID or DIALECT:NUMBER)" },
	{ "task watch", "ID", BIT(TENANT) | BIT(TIMEOUT) | BIT(SEEN) | LIST_OPTIONS,
		.usage = "ID [--tenant TENANT] [--timeout SECONDS] [--json | --noheadings]",
		.repeated = true, .run = admin_task_watch,
		.help = "print a line at each change of a task until it has ended" },
	{ "task create", NULL,
		BIT(TENANT) | BIT(DIALECT) | BIT(KIND) | BIT(FIELDS) | BIT(PRIORITY) |
			BIT(NOT_BEFORE) | BIT(STDIN) | BIT(JSON),
		.usage = "[--tenant TENANT] [--json] {--stdin <FILE | --dialect DIALECT "
			 "[--kind KIND] [--fields JSON] [--priority N] [--not-before TIME]}",
		.check = admin_check_task_create, .creates_store = true, .run = admin_task_create,
		.help = "create a task and print its id (--stdin: read the body of POST /v1/tasks "
			"from standard input)" },
	{ "task cancel", "ID", BIT(TENANT), .run = admin_task_cancel,
		.help = "cancel a task and print its state" },
	{ "task retry", "ID",
		BIT(TENANT) | BIT(ALL) | BIT(DIALECT) | BIT(KIND) | BIT(FAILURE) | BIT(MAX),
		.usage = "[--tenant TENANT] {ID | --all --dialect DIALECT[,DIALECT] [--kind KIND] "
			 "[--failure FAILURE,...] [--max N]}",
		.check = admin_check_task_retry, .operand_optional = true, .in_steps = true,
		.run = admin_task_retry,
		.help = "let a failed or cancelled task begin again, or with --all many failed ones "
			"of some dialects" },
	{ "task count", NULL, BIT(TENANT) | BIT(DIALECT) | BIT(KIND) | LIST_OPTIONS,
		.usage = "[--tenant TENANT] " DIALECTS_USAGE " [--kind KIND] "
			 "[--json | --noheadings]",
		.columns =
			"dialect kind pending running succeeded failed cancelled ready delayed oldest_waiting",
		.run = admin_task_count, .help = "count tasks by dialect, kind and state" },
	{ "bulk do", "ACTION",
		BIT(TENANT) | BIT(DIALECT) | BIT(STATE) | BIT(KIND) | BIT(FAILURE) | BIT(FILTER) |
			BIT(PRIORITY) | BIT(DRY_RUN) | BIT(DRY_RUN_TOKEN) | BIT(YES) |
			BIT(NO_WAIT) | BIT(JSON),
		.usage = "{cancel | retry | archive | delete | set-priority --priority N} "
			 "[--tenant TENANT] " DIALECTS_USAGE " [--state STATE,...] [--kind KIND] "
			 "[--failure FAILURE,...] [--filter NAME=VALUE]... [--dry-run | --yes] "
			 "[--no-wait] [--json]",
		.check = admin_check_bulk, .run = admin_bulk,
		.help = "do one thing with all tasks that match, and print how many they were "
			"(--dry-run: only count them)" },
	{ "events", NULL,
		BIT(TENANT) | BIT(DIALECT) | BIT(KIND) | BIT(STATE) | BIT(TYPE) | BIT(ID) |
			BIT(AFTER) | BIT(FOLLOW) | LIST_OPTIONS,
		.usage = "[--tenant TENANT] " DIALECTS_USAGE " [--kind KIND] [--state STATE,...] "
			 "[--type TYPE,...] [--id ID,...] [--after PLACE|first|now] [--follow] "
			 "[--json | --noheadings]",
		.run = admin_events,
		.help = "print what has happened to the tasks of a tenant (--follow: and what "
			"happens from then on)" },
	{ "show", "ID", BIT(TENANT), .run = admin_show,
		.help = "print a task in the format of export" },
	{ "verify", .run = admin_verify,
		.help = "compare tasks, index and usage; fails if they differ" },
	{ "repair", NULL, BIT(YES), .gives_up_pages = true, .in_steps = true, .run = admin_repair,
		.instead = "let the standby take over, or restore a backup of the server.",
		.help = "make damaged pages usable again, without what was on them (without --yes: "
			"say what would be lost)" },
	{ "checkpoint", .run = admin_checkpoint, .instead = "the server makes its own checkpoints.",
		.help = "write a checkpoint and remove old log files" },
	{ "migrate", .migrates_store = true, .in_steps = true, .run = admin_migrate,
		.instead = "run polytaskctl store upgrade.",
		.help = "rewrite a store of an older build, with the service stopped" },
	{ "export", NULL, BIT(ALL) | BIT(SALVAGE), .usage = "[--all | --salvage]",
		.check = admin_check_export, .run = admin_export,
		.help = "write every task of one moment as a line of JSON to standard output (--all: "
			"and everything else, secrets included; --salvage: without those on damaged "
			"pages)" },
	{ "import", NULL,
		BIT(PARTIAL) | BIT(NEW_TENANTS) | BIT(FROM) | BIT(TENANT) | BIT(ID) | BIT(REPLACE),
		.check = admin_check_import, .reads_input = true, .creates_store = true,
		.in_steps = true, .run = admin_import,
		.help = "read the lines of an export from standard input (--partial: even if lines "
			"are missing; --new-tenants: also for tenants without a user; --from: read "
			"responses of the vendor's API instead; --replace: also over changes of "
			"clients)" },
	{ "load-sample", "N", BIT(TENANT) | BIT(DIALECT), .creates_store = true, .in_steps = true,
		.run = admin_load_sample, .help = "add N sample tasks" },
	{ "reindex", .internal = true, .instead = ADMIN_INSTEAD_OF_REINDEX, .run = admin_reindex,
		.help = "used by reindex" },
	{ "hold-logs", "STEP", BIT(ID), BIT(ID), .internal = true, .run = admin_hold_logs,
		.instead = ADMIN_INSTEAD_OF_BACKUP, .help = "used by backup" },
	{ 0 },
};

/* ---- usage ---- */

static void put_option(const struct admin_option_row *option, bool required, struct buf *out)
{
	buf_printf(out, " %s--%s", required ? "" : "[", option->name);
	if (option->value)
		buf_printf(out, " %s", option->value);
	if (!required)
		buf_putc(out, ']');
}

void admin_put_usage(const struct admin_command *command, struct buf *out)
{
	buf_puts(out, command->words);
	if (command->usage) {
		buf_putc(out, ' ');
		buf_puts(out, command->usage);
		return;
	}
	if (command->operand)
		buf_printf(out, command->operand_optional ? " [%s]" : " %s", command->operand);
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (command->options & ADMIN_BIT(i))
			put_option(
				&admin_options[i], command->required_options & ADMIN_BIT(i), out);
	}
	if (command->reads_input)
		buf_puts(out, command->reads_secret ? " [<FILE]" : " <FILE");
}

/* ---- parsing ---- */

/* The number of words that name the command; 0 if they do not. */
static size_t match(const struct admin_command *command, const char *const *words, size_t count)
{
	const char *at = command->words;
	size_t used = 0;

	while (used < count) {
		size_t len = strcspn(at, " ");

		if (strlen(words[used]) != len || memcmp(words[used], at, len) != 0)
			return 0;
		used++;
		if (at[len] == '\0')
			return used;
		at += len + 1;
	}
	return 0;
}

/*
 * A line end would break a frame or a row of a list, and separates the values of a repeatable
 * option; other text than UTF-8 has no JSON form.
 */
static bool is_text(const char *text, bool repeatable)
{
	for (const char *at = text; *at; at++) {
		if (((unsigned char)*at < 0x20 && !(repeatable && *at == '\n')) || *at == 0x7F)
			return false;
	}
	return str_is_utf8(str_cstr(text));
}

static bool check_texts(const struct admin_call *call, struct err *err)
{
	if (call->operand && !is_text(call->operand, false))
		return err_set(err, ERR_UNPROCESSABLE, call->command->operand,
			"%s must be UTF-8 without control characters", call->command->operand);
	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		if (call->options[i] && !is_text(call->options[i], admin_options[i].repeatable))
			return err_set(err, ERR_UNPROCESSABLE, admin_options[i].name,
				"--%s must be UTF-8 without control characters",
				admin_options[i].name);
	}
	return true;
}

static bool check_options(const struct admin_call *call, struct err *err)
{
	const struct admin_command *command = call->command;

	for (int i = 0; i < ADMIN_OPTIONS; i++) {
		const char *name = admin_options[i].name;

		if (call->options[i] && !(command->options & ADMIN_BIT(i)))
			return err_set(err, ERR_INVALID, name, "'%s' has no option --%s",
				command->words, name);
		if (!call->options[i] && (command->required_options & ADMIN_BIT(i)))
			return err_set(
				err, ERR_INVALID, name, "'%s' requires --%s", command->words, name);
	}
	return true;
}

static bool check(const struct admin_call *call, size_t operands, struct err *err)
{
	const struct admin_command *command = call->command;
	size_t wanted = command->operand ? 1 : 0;

	if (!check_options(call, err))
		return false;
	if (operands < wanted && !command->operand_optional)
		return err_set(err, ERR_INVALID, command->operand, "'%s' requires %s",
			command->words, command->operand);
	if (operands > wanted && command->reads_input && wanted == 0)
		return err_set(err, ERR_INVALID, NULL, "'%s' reads standard input: use <FILE",
			command->words);
	if (operands > wanted)
		return err_set(
			err, ERR_INVALID, NULL, "too many arguments for '%s'", command->words);
	return (!command->check || command->check(call, err)) && admin_check_secret(call, err) &&
	       check_texts(call, err);
}

/* For a known first word, list its subcommands. */
static bool set_unknown_command(const char *const *words, size_t count, struct err *err)
{
	const char *first = count ? words[0] : "";
	size_t len = strlen(first);
	struct buf list = BUF_INIT;

	for (const struct admin_command *command = admin_commands; len > 0 && command->words;
		command++) {
		if (strncmp(command->words, first, len) == 0 && command->words[len] == ' ')
			buf_printf(&list, "%s%s", list.len ? ", " : "", command->words + len + 1);
	}
	if (list.len > 0)
		err_set(err, ERR_NO_ROUTE, NULL, "the subcommands of '%s' are %.*s", first,
			STR_ARGS(buf_str(&list)));
	else
		err_set(err, ERR_NO_ROUTE, NULL, "unknown command '%s' (see polytaskctl --help)",
			first);
	buf_free(&list);
	return false;
}

bool admin_parse_command(
	struct admin_call *call, const char *const *words, size_t count, struct err *err)
{
	for (const struct admin_command *command = admin_commands; command->words; command++) {
		size_t used = match(command, words, count);

		if (used == 0)
			continue;
		call->command = command;
		call->operand = used < count ? words[used] : NULL;
		return check(call, count - used, err);
	}
	return set_unknown_command(words, count, err);
}
