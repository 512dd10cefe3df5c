#include "ctl/completion_values.h"

#include "dialect/dialect.h"

static void put_word(struct buf *words, const char *word)
{
	buf_printf(words, "%s%s", words->len > 0 ? " " : "", word);
}

static void put_dialects(struct buf *words)
{
	for (const char *const *name = dialect_names(); *name; name++)
		put_word(words, *name);
}

static void put_states(struct buf *words)
{
	for (enum task_state state = TASK_PENDING; state < TASK_STATES; state++)
		put_word(words, task_state_name(state));
}

static void put_failures(struct buf *words)
{
	for (enum task_failure failure = FAILURE_NONE + 1; failure < TASK_FAILURES; failure++)
		put_word(words, task_failure_name(failure));
}

struct row {
	const char *name;
	enum completion_kind kind;
	const char *words;
	void (*put)(struct buf *words);
};

static const struct row options[] = {
	{ "config", COMPLETION_FILE, NULL, NULL },
	{ "token-file", COMPLETION_FILE, NULL, NULL },
	{ "ca", COMPLETION_FILE, NULL, NULL },
	{ "home", COMPLETION_FOLDER, NULL, NULL },
	{ "logs", COMPLETION_FOLDER, NULL, NULL },
	{ "dialect", COMPLETION_LIST, NULL, put_dialects },
	{ "dialects", COMPLETION_LIST, NULL, put_dialects },
	{ "from", COMPLETION_WORDS, NULL, put_dialects },
	{ "state", COMPLETION_LIST, NULL, put_states },
	{ "failure", COMPLETION_LIST, NULL, put_failures },
	{ "rights", COMPLETION_LIST, "read write work admin", NULL },
	{ "sort", COMPLETION_WORDS, "created -created updated -updated priority", NULL },
	{ "expires", COMPLETION_WORDS, "never", NULL },
	{ "after", COMPLETION_WORDS, "first now", NULL },
	{ "tasks", COMPLETION_WORDS, "none default", NULL },
	{ "bytes", COMPLETION_WORDS, "none default", NULL },
	{ "secret", COMPLETION_WORDS, "-", NULL },
	{ "method", COMPLETION_WORDS, "POST PUT", NULL },
	{ NULL, COMPLETION_NONE, NULL, NULL },
};

/* Of one command, where the option means something else. */
static const struct row exceptions[] = {
	{ "--from copy", COMPLETION_FOLDER, NULL, NULL },
	{ "--to copy", COMPLETION_FOLDER, NULL, NULL },
	{ NULL, COMPLETION_NONE, NULL, NULL },
};

static const struct row operands[] = {
	{ "backup", COMPLETION_FOLDER, NULL, NULL },
	{ "restore", COMPLETION_FOLDER, NULL, NULL },
	{ "bulk do", COMPLETION_WORDS, "cancel retry archive delete set-priority", NULL },
	{ "completion", COMPLETION_WORDS, "bash zsh", NULL },
	{ "store", COMPLETION_WORDS, "init upgrade check", NULL },
	{ "sign", COMPLETION_WORDS, "GET POST PUT DELETE", NULL },
	{ NULL, COMPLETION_NONE, NULL, NULL },
};

static enum completion_kind find(const struct row *row, const char *name, struct buf *words)
{
	while (row->name && strcmp(row->name, name) != 0)
		row++;
	if (row->words)
		buf_puts(words, row->words);
	if (row->put)
		row->put(words);
	return row->kind;
}

enum completion_kind completion_of_option(const char *name, struct buf *words)
{
	return find(options, name, words);
}

enum completion_kind completion_of_operand(const char *command, struct buf *words)
{
	return find(operands, command, words);
}

const char *completion_exception(size_t number, enum completion_kind *kind)
{
	*kind = exceptions[number].kind;
	return exceptions[number].name;
}
