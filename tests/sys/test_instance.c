/*
 * The locks of an instance: home and regions. tests/crash/test_shared_regions.py has two whole
 * services.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/instance.h"

#define PATH_SIZE      600
#define ORPHAN_SECONDS 30

static const struct service_user current_user;

static void make_folder(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

/* A configuration with the folders TEST/home and TEST/regions. */
static struct conf new_conf(const char *test, const char *home, const char *regions)
{
	struct conf conf = { .home = "" };
	char top[128];

	snprintf(top, sizeof(top), "%s/%s", check_temp_dir(), test);
	mkdir(top, 0700);
	snprintf(conf.home, sizeof(conf.home), "%s/%s", top, home);
	snprintf(conf.regions, sizeof(conf.regions), "%s/%s", top, regions);
	mkdir(conf.home, 0700);
	mkdir(conf.regions, 0700);
	return conf;
}

static void path_of(char path[PATH_SIZE], const char *folder, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", folder, name);
}

static void assert_refused(const struct conf *conf)
{
	struct instance_locks locks;
	struct err err = { 0 };
	char text[PATH_SIZE + 100];

	assert_fails(instance_lock(&locks, conf, &current_user, &err), &err, ERR_CONFLICT);
	snprintf(text, sizeof(text),
		"process %d is using %s for another home: set regions to a folder of its own",
		(int)getpid(), conf->regions);
	assert_string_equal(err_text(&err), text);
	assert_string_equal(err.field, "regions");
}

static struct instance_locks take(const struct conf *conf)
{
	struct instance_locks locks;
	struct err err = { 0 };

	must(instance_lock(&locks, conf, &current_user, &err), &err);
	return locks;
}

static void regions_have_one_home(void **state)
{
	struct conf first = new_conf("one", "first", "regions");
	struct conf second = new_conf("one", "second", "regions");
	struct instance_locks locks = take(&first);

	(void)state;
	assert_refused(&second);
	instance_unlock(&locks);
	assert_int_equal(locks.home, -1);
	assert_int_equal(locks.regions, -1);
	locks = take(&second);
	instance_unlock(&locks);
}

/* A refusal must not keep the lock of the home. */
static void refused_home_is_free(void **state)
{
	struct conf first = new_conf("free", "first", "regions");
	struct conf second = new_conf("free", "second", "regions");
	struct conf third = new_conf("free", "second", "other");
	struct instance_locks locks = take(&first), others;

	(void)state;
	assert_refused(&second);
	others = take(&third);
	instance_unlock(&others);
	instance_unlock(&locks);
}

static void path_does_not_matter(void **state)
{
	struct conf first = new_conf("path", "first", "regions");
	struct conf second = new_conf("path", "second", "other");
	struct instance_locks locks = take(&first);

	(void)state;
	assert_int_equal(rmdir(second.regions), 0);
	assert_int_equal(symlink(first.regions, second.regions), 0);
	assert_refused(&second);
	instance_unlock(&locks);
}

static void one_folder_may_be_home_and_regions(void **state)
{
	struct conf first = new_conf("same", "first", "first");
	struct conf second = new_conf("same", "second", "first");
	struct instance_locks locks = take(&first);

	(void)state;
	assert_int_equal(locks.regions, -1);
	assert_true(instance_holds_regions(&locks, &first));
	assert_refused(&second);
	instance_unlock(&locks);
}

/* A shared store has no regions: the folder may be missing, or be another instance's. */
static void shared_store_locks_the_home_only(void **state)
{
	struct conf first = new_conf("shared", "first", "regions");
	struct conf second = new_conf("shared", "second", "regions");
	struct instance_locks locks = take(&first), others;
	struct err err;

	(void)state;
	snprintf(second.store, sizeof(second.store), "postgresql:///polytask");
	others = take(&second);
	assert_int_equal(others.regions, -1);
	assert_true(instance_holds_regions(&others, &second));
	assert_fails(instance_lock(&locks, &second, &current_user, &err), &err, ERR_BUSY);
	instance_unlock(&others);
	instance_unlock(&locks);
}

/* An earlier build has no lock in the folder, but its home has one. */
static void links_lead_to_the_home_that_uses_the_folder(void **state)
{
	struct conf first = new_conf("links", "first", "own");
	struct conf second = new_conf("links", "second", "regions");
	char logs[PATH_SIZE], path[PATH_SIZE];
	struct instance_locks locks = take(&first);

	(void)state;
	path_of(logs, first.home, "log");
	make_folder(logs);
	path_of(path, second.regions, "log");
	assert_int_equal(symlink(logs, path), 0);
	assert_refused(&second);
	path_of(path, second.regions, "lock");
	assert_int_equal(access(path, F_OK), -1);
	instance_unlock(&locks);
	locks = take(&second);
	instance_unlock(&locks);
}

/* Once there is a lock, the home that the links lead to may have other regions. */
static void links_beside_a_lock_do_not_matter(void **state)
{
	struct conf first = new_conf("beside", "first", "own");
	struct conf second = new_conf("beside", "second", "regions");
	char logs[PATH_SIZE], path[PATH_SIZE];
	struct instance_locks locks = take(&second), others;

	(void)state;
	instance_unlock(&locks);
	path_of(logs, first.home, "log");
	make_folder(logs);
	path_of(path, second.regions, "log");
	assert_int_equal(symlink(logs, path), 0);
	locks = take(&first);
	others = take(&second);
	instance_unlock(&others);
	instance_unlock(&locks);
}

static void removed_lock_is_taken_again(void **state)
{
	struct conf first = new_conf("again", "first", "regions");
	struct conf second = new_conf("again", "second", "regions");
	struct instance_locks locks = take(&first);
	struct err err = { 0 };
	char path[PATH_SIZE];

	(void)state;
	path_of(path, first.regions, "lock");
	assert_true(instance_holds_regions(&locks, &first));
	assert_int_equal(unlink(path), 0);
	assert_false(instance_holds_regions(&locks, &first));
	must(instance_renew(&locks, &first, &err), &err);
	assert_true(instance_holds_regions(&locks, &first));
	assert_refused(&second);
	/* With the folder. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(first.regions), 0);
	must(instance_renew(&locks, &first, &err), &err);
	assert_true(instance_holds_regions(&locks, &first));
	assert_refused(&second);
	instance_unlock(&locks);
}

static void taken_folder_is_not_taken_back(void **state)
{
	struct conf first = new_conf("taken", "first", "regions");
	struct conf second = new_conf("taken", "second", "regions");
	struct instance_locks locks = take(&first), others;
	struct err err = { 0 };
	char path[PATH_SIZE];

	(void)state;
	path_of(path, first.regions, "lock");
	assert_int_equal(unlink(path), 0);
	others = take(&second);
	assert_fails(instance_renew(&locks, &first, &err), &err, ERR_CONFLICT);
	assert_true(instance_holds_regions(&others, &second));
	instance_unlock(&others);
	must(instance_renew(&locks, &first, &err), &err);
	assert_true(instance_holds_regions(&locks, &first));
	instance_unlock(&locks);
}

/* A child that outlives the process that took the locks, and is stuck. */
static void leave_orphan(const struct conf *conf)
{
	int report[2];
	pid_t parent;
	char ready;

	assert_int_equal(pipe(report), 0);
	parent = fork();
	if (parent == 0) {
		struct instance_locks locks;
		struct err err = { 0 };

		if (!instance_lock(&locks, conf, &current_user, &err))
			_exit(1);
		if (fork() == 0) {
			instance_register_child(&locks);
			alarm(ORPHAN_SECONDS);
			_exit(write(report[1], "r", 1) == 1 ? pause() : 1);
		}
		pause();
	}
	assert_int_equal(read(report[0], &ready, 1), 1);
	close(report[0]);
	close(report[1]);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
}

static void orphan_of_another_home_is_killed(void **state)
{
	struct conf first = new_conf("orphan", "first", "regions");
	struct conf second = new_conf("orphan", "second", "regions");
	struct instance_locks locks;

	(void)state;
	leave_orphan(&first);
	expect_log("orphans");
	locks = take(&second);
	instance_unlock(&locks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(regions_have_one_home),
		CHECK(refused_home_is_free),
		CHECK(path_does_not_matter),
		CHECK(one_folder_may_be_home_and_regions),
		CHECK(shared_store_locks_the_home_only),
		CHECK(links_lead_to_the_home_that_uses_the_folder),
		CHECK(links_beside_a_lock_do_not_matter),
		CHECK(removed_lock_is_taken_again),
		CHECK(taken_folder_is_not_taken_back),
		CHECK(orphan_of_another_home_is_killed),
	};

	return CHECK_RUN(tests);
}
