/* The number of open descriptors, as the process counts them. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/open_files.h"

#define MANY 1500 /* more than one slice */

static int64_t now = 1000;

static uint32_t count(struct open_files *files)
{
	open_files_reset(files);
	while (atomic_load(&files->open) == 0) {
		open_files_count(files, now);
		now += 1000;
	}
	return atomic_load(&files->open);
}

static void opened_and_closed_descriptors_are_counted(void **state)
{
	struct open_files files;
	uint32_t before = count(&files);
	int more[MANY];

	(void)state;
	assert_in_range(before, 3, 100);
	for (int i = 0; i < MANY; i++) {
		more[i] = dup(STDOUT_FILENO);
		assert_true(more[i] >= 0);
	}
	assert_int_equal(count(&files), before + MANY);
	/* One with a high number remains. */
	for (int i = 0; i < MANY - 1; i++)
		close(more[i]);
	assert_int_equal(count(&files), before + 1);
	close(more[MANY - 1]);
	assert_int_equal(count(&files), before);
}

static void many_are_counted_in_slices(void **state)
{
	struct open_files files;
	int more[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++)
		more[i] = dup(STDOUT_FILENO);
	open_files_reset(&files);
	open_files_count(&files, now);
	assert_int_equal(files.open, 0);
	assert_in_range(files.next, 1, MANY / 2);
	/* Not again at the same time. */
	open_files_count(&files, now);
	assert_in_range(files.next, 1, MANY / 2);
	for (int i = 0; i < MANY; i++)
		close(more[i]);
}

static void limit_is_that_of_the_process(void **state)
{
	struct open_files files;
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = MANY + 200;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	count(&files);
	assert_int_equal(files.limit, MANY + 200);
}

static int raise_limit(void **state)
{
	struct rlimit limit;

	(void)state;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(opened_and_closed_descriptors_are_counted, raise_limit),
		cmocka_unit_test(many_are_counted_in_slices),
		cmocka_unit_test(limit_is_that_of_the_process),
	};

	return CHECK_RUN(tests);
}
