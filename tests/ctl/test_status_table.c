/* The table that `polytaskctl status` prints. */
#include <stdlib.h>

#include "ctl/status_table.h"
#include "lib/check.h"

#define NOW 1429207233000

#define HEAD                                                                                \
	"{\"pid\":1,\"phase\":\"serving\",\"generation\":2,\"recoveries\":3,\"read_only\":" \
	"false,\"started\":1429207171000,\"processes\":"

/* The caller frees the text. */
static char *print(const char *status)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_true(status_table_print(str_cstr(status), NOW, false, out));
	fclose(out);
	return text;
}

static void each_member_is_a_column(void **state)
{
	char *text = print(HEAD "[{\"process\":\"worker 1\",\"pid\":17,\"new_counter\":5,"
				"\"since\":1429203633000}]}");

	(void)state;
	assert_string_equal(text, "serving for 1m02s, generation 2, recoveries 3\n\n"
				  "PROCESS  PID NEW_COUNTER UPTIME\n"
				  "worker 1  17           5  1h00m\n");
	free(text);
}

static void brief_table_leaves_out_zeros(void **state)
{
	static const char status[] = HEAD
		"[{\"process\":\"keeper\",\"pid\":17,\"served\":0,\"queued\":0},"
		"{\"process\":\"writer\",\"pid\":18,\"served\":5,\"queued\":0}]}";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_true(status_table_print(str_cstr(status), NOW, true, out));
	fclose(out);
	assert_string_equal(text, "serving for 1m02s, generation 2, recoveries 3\n\n"
				  "PROCESS PID SERVED\n"
				  "keeper   17      0\n"
				  "writer   18      5\n");
	free(text);
}

static void service_without_processes_has_no_table(void **state)
{
	char *text = print(HEAD "[]}");

	(void)state;
	assert_string_equal(text, "serving for 1m02s, generation 2, recoveries 3\n\n");
	free(text);
}

static void figures_of_the_store_are_words(void **state)
{
	char *text = print(HEAD "[],\"attention\":[],\"store\":{\"free_bytes\":1536000000,"
				"\"last_checkpoint\":1429207228000,\"checkpoint_ms\":30,"
				"\"log_files\":2,\"archive\":\"off\",\"archive_error\":null,"
				"\"archive_waiting_files\":0,\"oldest_transaction\":null}}");

	(void)state;
	assert_string_equal(text, "serving for 1m02s, generation 2, recoveries 3\n"
				  "nothing needs attention\n"
				  "last_checkpoint         0m05s ago\n"
				  "checkpoint_ms           30 ms\n"
				  "log_files               2 files\n"
				  "free_bytes              1.5 GB\n"
				  "oldest_transaction      none\n"
				  "archive                 off\n\n");
	free(text);
}

static void damaged_pages_are_listed(void **state)
{
	char *text = print(HEAD "[],\"attention\":[\"Look.\"],\"damages\":[{\"table\":\"tasks2\","
				"\"page\":12,\"first_seen\":1429207228000,\"reads\":7},"
				"{\"table\":\"named\",\"page\":3,\"first_seen\":1429207228000,"
				"\"reads\":1,\"task\":\"task X of tenant acme\"}]}");

	(void)state;
	assert_string_equal(text,
		"serving for 1m02s, generation 2, recoveries 3\n"
		"ATTENTION: Look.\n"
		"damaged: page 12 of tasks2.db, found 0m05s ago, failed reads: 7\n"
		"damaged: page 3 of named.db, found 0m05s ago, failed reads: 1, has task X of "
		"tenant acme\n\n");
	free(text);
}

static void sentences_for_the_operator_come_first(void **state)
{
	char *text = print(HEAD "[],\"attention\":[\"Free space.\",\"Look.\"],\"store\":{}}");

	(void)state;
	assert_string_equal(text, "serving for 1m02s, generation 2, recoveries 3\n"
				  "ATTENTION: Free space.\n"
				  "ATTENTION: Look.\n\n");
	free(text);
}

static void failed_recovery_is_the_first_line(void **state)
{
	char *text = print("{\"phase\":\"recovering\",\"generation\":1,\"recoveries\":0,"
			   "\"started\":1429207171000,\"recovery\":{\"attempt\":3,\"limit\":5,"
			   "\"cause\":\"tasks.db is bad\"},\"processes\":[]}");

	(void)state;
	assert_string_equal(text, "recovering, attempt 3 of 5: tasks.db is bad\n"
				  "recovering for 1m02s, generation 1, recoveries 0\n\n");
	free(text);
}

static void other_text_is_refused(void **state)
{
	(void)state;
	assert_false(status_table_print(STR("[]"), NOW, false, stdout));
	assert_false(status_table_print(STR("not JSON"), NOW, false, stdout));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_member_is_a_column),
		CHECK(brief_table_leaves_out_zeros),
		CHECK(service_without_processes_has_no_table),
		CHECK(figures_of_the_store_are_words),
		CHECK(damaged_pages_are_listed),
		CHECK(sentences_for_the_operator_come_first),
		CHECK(failed_recovery_is_the_first_line),
		CHECK(other_text_is_refused),
	};

	return CHECK_RUN(tests);
}
