#include "store/pg/cutting_proxy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "store/pg/cut_links.h"
#include "store/pg/pg_server.h"

#define SOCKET "/.s.PGSQL.5432" /* where libpq looks for it in the folder of the URL */

/* Written by the test before a command, and by the proxy before its answer. */
static struct shared {
	struct cut order;
	struct cut_report report;
} * shared;

static pid_t proxy, owner;
static int commands = -1; /* the test's end */

static struct sockaddr_un address_in(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", folder, SOCKET);
	return address;
}

static void end_proxy(void)
{
	if (getpid() != owner)
		return;
	kill(proxy, SIGKILL);
	waitpid(proxy, NULL, 0);
}

void cutting_proxy_start(void)
{
	const struct sockaddr_un address = address_in(check_temp_dir());
	int listener, pair[2];

	if (proxy > 0)
		return;
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 16), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	owner = getpid();
	proxy = fork();
	assert_true(proxy >= 0);
	if (proxy == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		cut_links_run(&(struct cut_links){ listener, pair[1],
			address_in(pg_server_folder()), &shared->order, &shared->report });
	}
	close(listener);
	close(pair[1]);
	commands = pair[0];
	atexit(end_proxy);
}

char *cutting_proxy_url_of(const char *application)
{
	char *text = NULL;

	assert_true(asprintf(&text, "host=%s user=polytask dbname=postgres application_name=%s",
			    check_temp_dir(), application) > 0);
	return text;
}

static void command(enum cut_command name)
{
	char byte = (char)name;

	assert_int_equal(write(commands, &byte, 1), 1);
	assert_int_equal(read(commands, &byte, 1), 1);
}

void cutting_proxy_arm(const struct cut *cut)
{
	shared->order = *cut;
	command(CUT_ARM);
}

void cutting_proxy_release(void)
{
	command(CUT_RELEASE);
}

const struct cut_report *cutting_proxy_report(void)
{
	command(CUT_REPORT);
	return &shared->report;
}
