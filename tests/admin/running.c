#include "admin/running.h"

#include <stdlib.h>

#include "dialect/dialect.h"

struct store *store;
struct conf conf;

int open_store(void **state)
{
	struct store_options options = { .mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.indexes = dialect_indexes() };
	struct err err = { 0 };

	conf_defaults(&conf);
	snprintf(conf.home, sizeof(conf.home), "%s", check_folder());
	if (!store_open(&store, &options, &err))
		return -1;
	return check_setup(state);
}

int close_store(void **state)
{
	store_close(store);
	return check_teardown(state);
}

void find(struct admin_call *call, const char *line)
{
	static char copy[256];
	const char *words[8];
	struct err err = { 0 };
	size_t count = 0;
	char *rest = copy;

	snprintf(copy, sizeof(copy), "%s", line);
	while (rest && count < 8)
		words[count++] = strsep(&rest, " ");
	must(admin_find(call, words, count, &err), &err);
}

/* The caller frees with forget. */
struct ran run_call(const struct admin_call *call, const char *input, bool framed)
{
	struct ran ran = { 0 };
	size_t out_size, err_size;
	FILE *err = open_memstream(&ran.err, &err_size);
	struct admin admin = {
		.store = store,
		.conf = &conf,
		.in = fmemopen((void *)(uintptr_t)input, strlen(input), "r"),
		.out = open_memstream(&ran.out, &out_size),
		.err = framed ? NULL : err,
	};
	bool panic;

	ran.status = admin_run(&admin, call, &panic);
	assert_false(panic);
	fclose(admin.in);
	fclose(admin.out);
	fclose(err);
	return ran;
}

struct ran run(const char *line, const char *input)
{
	struct admin_call call = { 0 };

	find(&call, line);
	return run_call(&call, input, false);
}

void forget(struct ran *ran)
{
	free(ran->out);
	free(ran->err);
}

void expect(const char *line, const char *input, int status, const char *out, const char *err)
{
	struct ran ran = run(line, input);

	if (ran.status != status || strcmp(ran.out, out) != 0 || strcmp(ran.err, err) != 0) {
		print_error("%s: %d\n%s%s", line, ran.status, ran.out, ran.err);
		fail();
	}
	forget(&ran);
}
