/* Confinement, tested in child processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "store/fixture.h"
#include "sys/confine.h"

/* Independent of the list in confine.c. With arguments of -1, none of these has an effect. */
static const char *const denied_to_all[] = { "execve", "execveat", "io_uring_setup",
	"process_vm_readv", "process_vm_writev", "process_mrelease", "migrate_pages", "move_pages",
	"pidfd_getfd", "perf_event_open", "setuid", "setgid", "setresuid", "setgroups", "capset",
	"unshare", "setns", "mount", "umount2", "open_tree", "fsopen", "pivot_root", "chroot",
	"open_by_handle_at", "fanotify_init", "quotactl_fd", "personality", "add_key",
	"request_key", "keyctl", "bpf", "userfaultfd", "init_module", "finit_module", "kexec_load",
	"syslog", "sethostname", "clock_settime", "adjtimex", "reboot",
#ifndef POLYTASK_SANITIZED
	"ptrace",
#endif
	NULL };
static const char *const denied_to_children[] = { "socket", "socketpair", "bind", "connect",
	"listen", "kill", "tkill", "tgkill", "pidfd_open", "pidfd_send_signal", "rt_sigqueueinfo",
	"fchownat", "mknodat", "setsid", "setpgid",
#ifndef POLYTASK_SANITIZED
	"clone", "clone3",
#endif
	NULL };

static int count_permitted(const char *const *names)
{
	int wrong = 0;

	for (; *names; names++) {
		int number = seccomp_syscall_resolve_name(*names);

		errno = 0;
		if (number >= 0 &&
			(syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) != -1 || errno != EPERM)) {
			fprintf(stderr, "# %s: %s\n", *names, strerror(errno));
			wrong++;
		}
	}
	return wrong;
}

/* Runs the function in a child process and returns the status of waitpid. */
static int in_child(int (*act)(void *data), void *data)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(act(data));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool has_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

/* ---- what is forbidden ---- */

static int check_supervisor(void *data)
{
	pid_t child;
	int fd;

	(void)data;
	confine_supervisor();
	if (count_permitted(denied_to_all) > 0)
		return 1;
	if (ioctl(-1, TIOCSTI, "x") != -1 || errno != EPERM)
		return 3;
	if (syscall(SYS_ioctl, -1L, 1L << 32 | TIOCLINUX, "x") != -1 || errno != EPERM)
		return 4;
	if (ioctl(-1, FIONREAD, &fd) != -1 || errno != EBADF)
		return 5;
	/* A supervisor must still fork, kill and open sockets. */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	child = fork();
	if (child == 0) {
		pause();
		_exit(1);
	}
	return fd >= 0 && child > 0 && kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child
		       ? 0
		       : 2;
}

static void supervisor_cannot_make_denied_calls(void **state)
{
	(void)state;
	if (!has_seccomp())
		skip();
	assert_int_equal(in_child(check_supervisor, NULL), 0);
}

static int serve(void *data)
{
	(void)data;
	confine_supervisor();
	confine_child(CONFINE_CHILD, CONFINE_NO_SOCKETS);
	return count_permitted(denied_to_all) + count_permitted(denied_to_children);
}

static void child_cannot_make_denied_calls(void **state)
{
	(void)state;
	if (!has_seccomp())
		skip();
	assert_int_equal(in_child(serve, NULL), 0);
}

static void *set_flag(void *data)
{
	*(int *)data = 1;
	return NULL;
}

/* The notifier connects to hosts and has threads; it neither listens nor reaches local sockets. */
static int notify(void *data)
{
	static const char *const denied[] = { "bind", "listen", "accept", "accept4", "kill",
		"tkill", "tgkill", "pidfd_open", "rt_sigqueueinfo", "fchownat", "mknodat", "setsid",
#ifndef POLYTASK_SANITIZED
		"fork", "vfork",
#endif
		NULL };
	static const int families[] = { AF_UNIX, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK };
	pthread_t thread;
	int flag = 0, pair[2];

	(void)data;
	confine_supervisor();
	confine_child(CONFINE_NOTIFIER, CONFINE_NO_SOCKETS);
	if (count_permitted(denied_to_all) + count_permitted(denied) > 0)
		return 1;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (socket(families[i], SOCK_STREAM, 0) >= 0 || errno != EPERM)
			return 2;
	}
	if (socket(AF_INET, SOCK_STREAM, 0) < 0 || socket(AF_INET, SOCK_DGRAM, 0) < 0)
		return 3;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 4;
	if (pthread_create(&thread, NULL, set_flag, &flag) != 0 || pthread_join(thread, NULL) != 0)
		return 5;
#ifndef POLYTASK_SANITIZED
	if (fork() >= 0)
		return 6;
#endif
	return flag == 1 ? 0 : 7;
}

static void notifier_connects_and_does_not_listen(void **state)
{
	(void)state;
	if (!has_seccomp())
		skip();
	assert_int_equal(in_child(notify, NULL), 0);
}

/* The process keeps capabilities without being root, as in a unit with AmbientCapabilities. */
static int check_capabilities(void *data)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];

	(void)data;
	if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setuid(65534) != 0 ||
		syscall(SYS_capget, &header, has) != 0 || has[0].permitted == 0)
		return 1;
	confine_supervisor();
	if (syscall(SYS_capget, &header, has) != 0)
		return 2;
	return has[0].permitted == 0 && has[1].permitted == 0 ? 0 : 3;
}

static void capabilities_are_dropped(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(check_capabilities, NULL), 0);
}

static int check_limits(void *data)
{
	struct rlimit limit;
	int score;
	FILE *file;

	(void)data;
	confine_supervisor();
	confine_child(CONFINE_CHILD, CONFINE_NO_SOCKETS);
	file = fopen("/proc/self/oom_score_adj", "r");
	if (!file || fscanf(file, "%d", &score) != 1 || score < 100)
		return 1;
	fclose(file);
	if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
		return 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 3;
#ifndef POLYTASK_SANITIZED
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 4;
#endif
	return 0;
}

static void child_memory_is_protected(void **state)
{
	(void)state;
	assert_int_equal(in_child(check_limits, NULL), 0);
}

static int call_abort(void *data)
{
	(void)data;
	confine_supervisor();
	confine_child(CONFINE_CHILD, CONFINE_NO_SOCKETS);
	abort();
}

static void abort_still_works(void **state)
{
	int status;

	(void)state;
	status = in_child(call_abort, NULL);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_false(WCOREDUMP(status));
}

/* ---- what still works ---- */

static int accept_one(void *data)
{
	const int *listener = data;
	char byte = 0;
	int fd;

	confine_supervisor();
	confine_child(CONFINE_CHILD, CONFINE_NO_SOCKETS);
	fd = accept4(*listener, NULL, NULL, SOCK_CLOEXEC);
	return fd >= 0 && recv(fd, &byte, 1, 0) == 1 && send(fd, &byte, 1, 0) == 1 ? byte : -1;
}

static void child_can_accept(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte = 7;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", check_temp_dir());
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(client, &byte, 1, 0), 1);
	assert_int_equal(in_child(accept_one, &listener), 7 << 8);
	close(client);
	close(listener);
}

static int count_files(const char *folder, const char *prefix)
{
	DIR *files = opendir(folder);
	struct dirent *entry;
	int count = 0;

	if (!files)
		return -1;
	while ((entry = readdir(files)))
		count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(files);
	return count;
}

#define BIG   ((size_t)512 * 1024)
#define TASKS 140 /* of BIG bytes: more than two log files */

static bool create_big(struct store *store, unsigned number, char *text, struct err *err)
{
	struct op op = fixture_op(OP_CREATE, number);
	struct result result = { 0 };
	bool ok;

	op.change.status = STR("pending");
	ok = change_set_field(&op.change, STR("type"), (struct str){ text, BIG }) &&
	     store_apply(store, &op, &result, err);
	store_result_free(&result);
	return ok;
}

/* Recovery, many writes, a checkpoint, archiving of logs, a clean end. */
static int use_store(void *data)
{
	struct store_options options = *(const struct store_options *)data;
	char archive[256], *text = malloc(BIG);
	struct store *store = NULL;
	struct err err = { 0 };
	unsigned removed = 0;
	bool ok;

	confine_supervisor();
	confine_child(CONFINE_CHILD, CONFINE_NO_SOCKETS);
	snprintf(archive, sizeof(archive), "%s/archive", check_temp_dir());
	if (!text || mkdir(archive, 0700) != 0)
		return 1;
	memset(text, 'a', BIG);
	text[0] = text[BIG - 1] = '"';
	options.archive = archive;
	ok = store_open(&store, &options, &err);
	for (unsigned i = 0; ok && i < TASKS; i++)
		ok = create_big(store, i, text, &err);
	ok = ok && store_flush(store, &err) && store_checkpoint(store, true, &removed, &err);
	if (!ok)
		fprintf(stderr, "# %s\n", err_text(&err));
	store_close(store);
	free(text);
	return ok && removed >= 1 && count_files(archive, "log.") == (int)removed ? 0 : 2;
}

static void child_can_use_the_store(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "confined");
	struct store *store;

	(void)state;
	assert_int_equal(in_child(use_store, &options), 0);
	store = fixture_open(&options);
	fixture_verify(store, TASKS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(supervisor_cannot_make_denied_calls),
		CHECK(child_cannot_make_denied_calls),
		CHECK(notifier_connects_and_does_not_listen),
		CHECK(capabilities_are_dropped),
		CHECK(child_memory_is_protected),
		CHECK(abort_still_works),
		CHECK(child_can_accept),
		CHECK(child_can_use_the_store),
	};

	return CHECK_RUN(tests);
}
