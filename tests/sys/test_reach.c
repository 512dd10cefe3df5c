/* Whether the user nobody may open a socket; a plain file takes its place. */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/reach.h"

static char folder[128], path[160];

static int make_file(void **state)
{
	int fd;

	check_setup(state);
	snprintf(folder, sizeof(folder), "%s/folder", check_temp_dir());
	snprintf(path, sizeof(path), "%s/socket", folder);
	assert_int_equal(chmod(check_temp_dir(), 0711), 0);
	assert_int_equal(mkdir(folder, 0711), 0);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int remove_file(void **state)
{
	chmod(folder, 0700);
	unlink(path);
	rmdir(folder);
	return check_teardown(state);
}

static const char *owner(void)
{
	const struct passwd *user = getpwuid(geteuid());

	return user ? user->pw_name : "root";
}

static void mode_of_the_socket_decides(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(chmod(path, 0660), 0);
	assert_false(reach_check(path, "nobody", &err));
	assert_err(&err, ERR_FORBIDDEN);
	assert_non_null(strstr(err_text(&err), "may not open"));
	assert_int_equal(chmod(path, 0666), 0);
	must(reach_check(path, "nobody", &err), &err);
}

static void every_directory_must_be_entered(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(chmod(folder, 0750), 0);
	assert_false(reach_check(path, "nobody", &err));
	assert_non_null(strstr(err_text(&err), "may not enter"));
	assert_non_null(strstr(err_text(&err), folder));
}

static void owner_may_open_it(void **state)
{
	struct err err;

	(void)state;
	must(reach_check(path, owner(), &err), &err);
}

static void unknown_user_and_missing_socket_are_not_judged(void **state)
{
	struct err err;

	(void)state;
	must(reach_check(path, "no-such-user", &err), &err);
	unlink(path);
	must(reach_check(path, "nobody", &err), &err);
}

#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, make_file, remove_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(mode_of_the_socket_decides),
		FILE_TEST(every_directory_must_be_entered),
		FILE_TEST(owner_may_open_it),
		FILE_TEST(unknown_user_and_missing_socket_are_not_judged),
	};

	if (geteuid() == 65534) {
		printf("1..0 # SKIP the tests need another user than nobody\n");
		return 0;
	}
	return CHECK_RUN(tests);
}
