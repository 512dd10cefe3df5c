/* Command verify: tasks that an older import may have made are named. */
#include "admin/admin_fixture.h"
#include "dialect/dialect.h"
#include "store/store.h"

static const struct id ids[] = { { { 0xA1 } }, { { 0xA2 } } };

static struct task task_of(uint8_t dialect, size_t i)
{
	return (struct task){ .id = ids[i],
		.tenant = STR("acme"),
		.dialect = dialect,
		.state = TASK_PENDING,
		.status = STR("pending"),
		.revision = 1 };
}

static void expect_verify(const char *named, const char *error)
{
	struct call_result result = run_line("verify", " ");

	if (!strstr(result.out, named))
		print_error("%s%s", result.out, result.err);
	assert_non_null(strstr(result.out, named));
	assert_string_equal(result.err, error);
	free_result(&result);
}

#define ERROR "polytaskctl: tasks cannot be reached by their clients, or share a number\n"

static void task_without_its_address_is_named(void **state)
{
	struct task task = task_of(DIALECT_CODE_vionlabs, 0);
	struct err err;

	(void)state;
	task_set_field(&task, (struct field){ STR("inventory_id"), STR("\"movie-1\"") });
	task_set_field(&task, (struct field){ STR("product"), STR("\"adbreaks\"") });
	task_set_field(&task, (struct field){ STR("version"), STR("\"1\"") });
	must(store_put_tasks(store, &task, 1, &err), &err);
	expect_verify("task:       a1000000-0000-0000-0000-000000000000 of tenant acme: ", ERROR);
	expect_verify("\nunreached:  1\ndoubled:    0\n", ERROR);
}

/* Only an import of an older version could do this. */
static bool set_number(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)before, (void)err;
	task->number = 7;
	return true;
}

static void create_numbered(size_t i)
{
	struct op op = { .kind = OP_CREATE,
		.dialect = DIALECT_CODE_idol,
		.tenant = STR("acme"),
		.new_id = ids[i],
		.now = 1,
		.before_write = set_number };
	struct result result = { 0 };
	struct err err;

	must(store_apply(store, &op, &result, &err), &err);
	store_result_free(&result);
}

static void tasks_that_share_a_number_are_named(void **state)
{
	(void)state;
	create_numbered(0);
	expect_verify("\nunreached:  0\ndoubled:    0\n", "");
	create_numbered(1);
	expect_verify("task:       a1000000-0000-0000-0000-000000000000 of tenant acme: task "
		      "a2000000-0000-0000-0000-000000000000 has the number 7 too\n",
		ERROR);
	expect_verify("\nunreached:  0\ndoubled:    2\n", ERROR);
}

static void good_tasks_of_every_dialect_are_not_named(void **state)
{
	struct admin_call call = { 0 };

	(void)state;
	for (const char *const *name = dialect_names(); *name; name++) {
		struct call_result loaded;

		call.options[ADMIN_DIALECT] = *name;
		parse_call(&call, "load-sample 3");
		loaded = run_call(&call, " ", false);
		assert_int_equal(loaded.status, 0);
		free_result(&loaded);
	}
	expect_verify("\nunreached:  0\ndoubled:    0\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(task_without_its_address_is_named),
		WITH_STORE(tasks_that_share_a_number_are_named),
		WITH_STORE(good_tasks_of_every_dialect_are_not_named),
	};

	return CHECK_RUN(tests);
}
