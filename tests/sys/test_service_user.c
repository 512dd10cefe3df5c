#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/service_user.h"

/*
 * A configuration whose directories are below a new one, which has this name; they end with `end`.
 */
static struct conf conf_below(const char *name, const char *end)
{
	const char *dir = check_temp_dir();
	struct conf conf;

	conf_defaults(&conf);
	snprintf(conf.home, sizeof(conf.home), "%s/%s/home%s", dir, name, end);
	snprintf(conf.regions, sizeof(conf.regions), "%s/%s/regions%s", dir, name, end);
	snprintf(conf.archive, sizeof(conf.archive), "%s/%s/archive%s", dir, name, end);
	snprintf(conf.socket, sizeof(conf.socket), "%s/%s/run/socket", dir, name);
	snprintf(conf.control, sizeof(conf.control), "%s/%s/run/control", dir, name);
	return conf;
}

static void make_directories(const struct conf *conf)
{
	struct service_user user;
	struct err err;

	must(service_user_find(&user, conf, &err), &err);
	must(service_user_make_directories(conf, &user, &err), &err);
}

static void assert_mode(const char *name, const char *part, mode_t mode)
{
	char path[512];
	struct stat info;

	snprintf(path, sizeof(path), "%s/%s/%s", check_temp_dir(), name, part);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, mode);
	assert_int_equal(info.st_uid, geteuid());
}

static void missing_directories_are_created_with_their_modes(void **state)
{
	struct conf conf = conf_below("plain", "");

	(void)state;
	make_directories(&conf);
	assert_mode("plain", "", 0755);
	assert_mode("plain", "home", 0700);
	assert_mode("plain", "regions", 0700);
	assert_mode("plain", "archive", 0700);
	assert_mode("plain", "run", 0750);
	make_directories(&conf);
}

static void a_slash_at_the_end_does_not_change_the_mode(void **state)
{
	struct conf conf = conf_below("slash", "//");

	(void)state;
	make_directories(&conf);
	assert_mode("slash", "", 0755);
	assert_mode("slash", "home", 0700);
	assert_mode("slash", "regions", 0700);
}

static void root_refuses_the_home_of_another_user(void **state)
{
	struct conf conf = conf_below("other", "");
	struct service_user user;
	struct err err;

	(void)state;
	if (geteuid() != 0)
		skip();
	make_directories(&conf);
	assert_int_equal(chown(conf.home, 65534, 65534), 0);
	must(service_user_find(&user, &conf, &err), &err);
	assert_fails(service_user_make_directories(&conf, &user, &err), &err, ERR_INVALID);
	assert_string_equal(err.field, "user");
}

static void root_refuses_the_regions_of_another_user(void **state)
{
	struct conf conf = conf_below("third", "");
	struct service_user user;
	struct err err;

	(void)state;
	if (geteuid() != 0)
		skip();
	make_directories(&conf);
	assert_int_equal(chown(conf.regions, 65534, 65534), 0);
	must(service_user_find(&user, &conf, &err), &err);
	assert_fails(service_user_make_directories(&conf, &user, &err), &err, ERR_INVALID);
	assert_string_equal(err.field, "regions");
}

static bool exists(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0;
}

static void shared_store_needs_no_regions_and_no_archive(void **state)
{
	struct conf conf = conf_below("shared", "");

	(void)state;
	snprintf(conf.store, sizeof(conf.store), "postgresql:///polytask");
	make_directories(&conf);
	assert_true(exists(conf.home));
	assert_false(exists(conf.regions));
	assert_false(conf.archive[0] && exists(conf.archive));
}

static void unknown_names_are_refused(void **state)
{
	struct conf conf = conf_below("unknown", "");
	struct service_user user = { .uid = 7 };
	struct err err;

	(void)state;
	snprintf(conf.group, sizeof(conf.group), "no-such-group");
	assert_fails(service_user_find(&user, &conf, &err), &err, ERR_INVALID);
	assert_string_equal(err.field, "group");
	snprintf(conf.user, sizeof(conf.user), "no-such-user");
	if (geteuid() == 0) {
		assert_fails(service_user_find(&user, &conf, &err), &err, ERR_INVALID);
		assert_string_equal(err.field, "user");
	}
	assert_int_equal(user.uid, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(missing_directories_are_created_with_their_modes),
		CHECK(a_slash_at_the_end_does_not_change_the_mode),
		CHECK(root_refuses_the_home_of_another_user),
		CHECK(root_refuses_the_regions_of_another_user),
		CHECK(shared_store_needs_no_regions_and_no_archive),
		CHECK(unknown_names_are_refused),
	};

	return CHECK_RUN(tests);
}
