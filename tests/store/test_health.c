/* The rows of the store's figures. */
#include "lib/check.h"
#include "store/health.h"

static void each_member_has_one_row(void **state)
{
	bool seen[HEALTH_ROWS] = { false };

	(void)state;
	for (size_t i = 0; i < HEALTH_ROWS; i++) {
		size_t member = health_rows[i].offset / sizeof(_Atomic uint64_t);

		assert_in_range(member, 0, HEALTH_ROWS - 1);
		assert_false(seen[member]);
		seen[member] = true;
	}
}

static void check_row(const struct health_row *row)
{
	assert_non_null(row->name);
	assert_non_null(row->help);
	assert_int_equal(row->kind == HEALTH_NUMBER, row->unit != NULL);
	assert_int_equal(row->kind == HEALTH_STATE, row->names != NULL);
	assert_int_equal(row->attention_from > 0, row->advice != NULL);
	/* Administrators of tenants read them: no path. */
	assert_true(!row->advice || !strstr(row->advice, " /") || strstr(row->advice, "GET /v1/"));
	assert_null(strchr(row->help, '/'));
}

static void each_row_has_what_its_kind_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < HEALTH_ROWS; i++)
		check_row(&health_rows[i]);
	for (size_t i = 0; i < HEALTH_EXTRAS; i++)
		check_row(&health_extras[i]);
}

static void manual_has_each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < HEALTH_ROWS; i++)
		check_manual_item(health_rows[i].name, health_rows[i].help);
}

static void attention_begins_at_a_value(void **state)
{
	const struct health_row never = { 0 }, from_two = { .attention_from = 2 };

	(void)state;
	assert_false(health_needs_attention(&never, UINT64_MAX));
	assert_false(health_needs_attention(&from_two, 1));
	assert_true(health_needs_attention(&from_two, 2));
}

static const struct health_row *find_row(const char *name)
{
	size_t i = 0;

	while (i < HEALTH_ROWS && strcmp(health_rows[i].name, name) != 0)
		i++;
	assert_in_range(i, 0, HEALTH_ROWS - 1);
	return &health_rows[i];
}

static void row_reads_its_member(void **state)
{
	struct store_health health = { .log_files = 7 };

	(void)state;
	assert_int_equal(health_read(find_row("log_files"), &health), 7);
	assert_int_equal(health_read(find_row("log_bytes"), &health), 0);
}

static void state_has_its_name(void **state)
{
	const struct health_row *row = find_row("archive");

	(void)state;
	assert_string_equal(health_state_name(row, ARCHIVE_OFF), "off");
	assert_string_equal(health_state_name(row, ARCHIVE_FAILING), "failing");
	assert_string_equal(health_state_name(row, ARCHIVE_FAILING + 1), "unknown");
}

static void reset_clears_all_members_but_the_engine(void **state)
{
	struct store_health health, zero = { .engine = HEALTH_ENGINE_POSTGRESQL };

	(void)state;
	memset(&health, 0xFF, sizeof(health));
	atomic_store(&health.engine, HEALTH_ENGINE_POSTGRESQL);
	health_reset(&health);
	assert_memory_equal(&health, &zero, sizeof(zero));
}

static void each_engine_has_its_rows(void **state)
{
	struct store_health files = { .engine = HEALTH_ENGINE_BDB };
	struct store_health server = { .engine = HEALTH_ENGINE_POSTGRESQL };

	(void)state;
	assert_true(health_has(find_row("engine"), &files));
	assert_true(health_has(find_row("engine"), &server));
	assert_true(health_has(find_row("webhooks"), &server));
	assert_true(health_has(find_row("damaged_pages"), &files));
	assert_false(health_has(find_row("damaged_pages"), &server));
	assert_false(health_has(find_row("server_away_since"), &files));
	assert_true(health_has(find_row("server_away_since"), &server));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_member_has_one_row),
		CHECK(each_row_has_what_its_kind_needs),
		CHECK(manual_has_each_row),
		CHECK(attention_begins_at_a_value),
		CHECK(row_reads_its_member),
		CHECK(state_has_its_name),
		CHECK(reset_clears_all_members_but_the_engine),
		CHECK(each_engine_has_its_rows),
	};

	return CHECK_RUN(tests);
}
