#include "admin/admin_fixture.h"

#include <stdlib.h>

#include "dialect/dialect.h"
#include "store/memory_engine.h"

struct store *store;
struct conf conf;

int open_store(void **state)
{
	/* In memory, Berkeley DB leaks the head of a page when a hash table grows. */
	struct store_options options = { .mode = STORE_EPHEMERAL,
		.engine = &memory_engine_ops,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.indexes = dialect_index_tables(),
		.journal_entries = 100000,
		.journal_ms = (int64_t)86400000 };
	struct err err = { 0 };

	conf_defaults(&conf);
	snprintf(conf.home, sizeof(conf.home), "%s", check_temp_dir());
	if (!store_open(&store, &options, &err))
		return -1;
	return check_setup(state);
}

int close_store(void **state)
{
	store_close(store);
	return check_teardown(state);
}

void parse_call(struct admin_call *call, const char *line)
{
	static char copy[256];
	const char *words[8];
	struct err err = { 0 };
	size_t count = 0;
	char *rest = copy;

	snprintf(copy, sizeof(copy), "%s", line);
	while (rest && count < 8)
		words[count++] = strsep(&rest, " ");
	must(admin_parse_command(call, words, count, &err), &err);
}

struct call_result run_call(const struct admin_call *call, const char *input, bool framed)
{
	struct call_result call_result = { 0 };
	size_t out_size, err_size;
	FILE *err = open_memstream(&call_result.err, &err_size);
	struct admin admin = {
		.store = store,
		.conf = &conf,
		.in = fmemopen((void *)(uintptr_t)input, strlen(input), "r"),
		.out = open_memstream(&call_result.out, &out_size),
		.err = framed ? NULL : err,
	};
	bool panic;

	call_result.status = admin_run(&admin, call, &panic);
	assert_false(panic);
	fclose(admin.in);
	fclose(admin.out);
	fclose(err);
	return call_result;
}

struct call_result run_line(const char *line, const char *input)
{
	struct admin_call call = { 0 };

	parse_call(&call, line);
	return run_call(&call, input, false);
}

void free_result(struct call_result *call_result)
{
	free(call_result->out);
	free(call_result->err);
}

void expect_result(
	const char *line, const char *input, int status, const char *out, const char *err)
{
	struct call_result call_result = run_line(line, input);

	if ((status == 1 ? !has_failed(call_result.status) : call_result.status != status) ||
		strcmp(call_result.out, out) != 0 || strcmp(call_result.err, err) != 0) {
		print_error(
			"%s: %d\n%s%s", line, call_result.status, call_result.out, call_result.err);
		fail();
	}
	free_result(&call_result);
}
