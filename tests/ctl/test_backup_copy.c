/* The verification of the copy of a home, for backup and restore. */
#include "admin/store_options.h"
#include "ctl/backup_copy.h"
#include "dialect/dialect.h"
#include "lib/check.h"

static struct conf conf;
static struct manifest counted;

static int open_home(void **state)
{
	struct err err = { 0 };

	conf_defaults(&conf);
	snprintf(conf.home, sizeof(conf.home), "%s/home", check_temp_dir());
	snprintf(conf.regions, sizeof(conf.regions), "%s/regions", check_temp_dir());
	conf.expected_tasks = 1000;
	conf.cache_mb = 8;
	if (!manifest_open(&counted, &err))
		return -1;
	return check_setup(state);
}

static int close_home(void **state)
{
	manifest_close(&counted);
	return check_teardown(state);
}

/* Stores a Vionlabs task whose id is not that of its product, as an import of older builds did. */
static void store_unreached_task(void)
{
	struct task task = { .id = { { 1 } },
		.tenant = STR("acme"),
		.dialect = dialect_code_by_name(STR("vionlabs")),
		.state = TASK_PENDING,
		.status = STR("pending"),
		.revision = 1 };
	struct store_options options;
	struct store *store;
	struct err err = { 0 };

	task_set_field(&task, (struct field){ STR("inventory_id"), STR("\"movie\"") });
	task_set_field(&task, (struct field){ STR("product"), STR("\"adbreaks\"") });
	task_set_field(&task, (struct field){ STR("version"), STR("\"1.0.1\"") });
	store_options_from_conf(&options, &conf, STORE_RECOVER);
	must(store_open(&store, &options, &err), &err);
	must(store_put_tasks(store, &task, 1, &err) && store_flush(store, &err), &err);
	store_close(store);
}

static void task_without_an_address_is_counted(void **state)
{
	struct err err = { 0 };

	(void)state;
	store_unreached_task();
	must(copy_recover(&conf, conf.home, 0, &counted, &err), &err);
	assert_int_equal(counted.tasks, 1);
	assert_int_equal(counted.unreachable, 1);
	assert_int_equal(counted.doubled, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			task_without_an_address_is_counted, open_home, close_home),
	};

	return CHECK_RUN(tests);
}
