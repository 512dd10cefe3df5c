#include "pg_server.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"

#define WAIT_MS 60000
#define BINARY	256

static char folder[64], url[160], programs[BINARY];
static pid_t server, owner;
static const char *lack;

/* ---- the programs ---- */

static bool has_programs(const char *path)
{
	char name[BINARY + 16];

	snprintf(name, sizeof(name), "%s/postgres", path);
	if (access(name, X_OK) != 0)
		return false;
	snprintf(name, sizeof(name), "%s/initdb", path);
	return access(name, X_OK) == 0;
}

/* Debian keeps them out of PATH. */
static bool find_programs(void)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path ? path : ""), *rest = copy, *part;
	glob_t found;

	if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (has_programs(found.gl_pathv[i]))
				snprintf(programs, sizeof(programs), "%s", found.gl_pathv[i]);
		globfree(&found);
	}
	while (!*programs && rest && (part = strsep(&rest, ":")))
		if (has_programs(part))
			snprintf(programs, sizeof(programs), "%s", part);
	free(copy);
	return *programs;
}

/* The server refuses to run as root. */
static const struct passwd *other_user(void)
{
	const struct passwd *user = getpwnam("postgres");

	return user ? user : getpwnam("nobody");
}

static _Noreturn void become(const char *program, const char *const *arguments, int end)
{
	const struct passwd *user = other_user();
	char path[BINARY + 16], log[96];
	pid_t parent = getppid();
	int out;

	snprintf(log, sizeof(log), "%s/log", folder);
	if (getuid() == 0 && (!user || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
		_exit(90);
	/* Behind setuid, which clears it. */
	prctl(PR_SET_PDEATHSIG, end);
	out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (getppid() != parent || out < 0 || chdir(folder) != 0)
		_exit(91);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	snprintf(path, sizeof(path), "%s/%s", programs, program);
	execv(path, (char *const *)(uintptr_t)arguments);
	_exit(92);
}

static pid_t start(const char *program, const char *const *arguments, int end)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		become(program, arguments, end);
	return pid;
}

/* ---- the folder ---- */

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info, (void)kind, (void)at;
	return remove(path);
}

void pg_server_stop(void)
{
	if (server > 0) {
		kill(server, SIGQUIT);
		waitpid(server, NULL, 0);
	}
	server = 0;
}

static void end_server(void)
{
	if (getpid() != owner)
		return;
	pg_server_stop();
	nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static bool make_folder(void)
{
	const struct passwd *user = other_user();

	snprintf(folder, sizeof(folder), "%s/polytask-pg.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(folder))
		return false;
	owner = getpid();
	atexit(end_server);
	return getuid() != 0 || (user && chown(folder, user->pw_uid, user->pw_gid) == 0);
}

/* ---- the server ---- */

static void show_log(void)
{
	char log[96], *text;
	size_t size = 0;

	snprintf(log, sizeof(log), "%s/log", folder);
	text = check_read_file(log, &size);
	print_error("%s\n", text ? text : "");
	free(text);
}

static bool make_database(void)
{
	const char *const arguments[] = { "initdb", "-D", "data", "-A", "trust", "-U", "polytask",
		"-E", "UTF8", "--locale=C", "-N", NULL };
	int status;

	waitpid(start("initdb", arguments, SIGKILL), &status, 0);
	if (status != 0)
		show_log();
	return status == 0;
}

void pg_server_start(void)
{
	const char *const arguments[] = { "postgres", "-D", "data", "-k", folder, "-c",
		"listen_addresses=", "-c", "dynamic_shared_memory_type=mmap", "-c",
		"shared_buffers=32MB", "-c", "max_connections=60", "-c", "deadlock_timeout=60s",
		NULL };
	int64_t until = clock_mono_ms() + WAIT_MS;

	server = start("postgres", arguments, SIGQUIT);
	while (PQping(url) != PQPING_OK && clock_mono_ms() < until &&
		waitpid(server, NULL, WNOHANG) == 0)
		usleep(10000);
	if (PQping(url) != PQPING_OK) {
		show_log();
		fail_msg("PostgreSQL did not start");
	}
}

const char *pg_server_url(void)
{
	if (lack || *url)
		return lack ? NULL : url;
	if (!find_programs())
		lack = "initdb is missing (Debian: postgresql)";
	else if (!make_folder() || !make_database())
		lack = "initdb has failed";
	if (lack)
		return NULL;
	snprintf(url, sizeof(url), "host=%s user=polytask dbname=postgres", folder);
	pg_server_start();
	return url;
}

const char *pg_server_folder(void)
{
	return folder;
}

const char *pg_server_lack(void)
{
	return lack;
}

char *pg_server_url_of(const char *application)
{
	char *text = NULL;

	assert_true(asprintf(&text, "%s application_name=%s", pg_server_url(), application) > 0);
	return text;
}

/* ---- SQL ---- */

/* In a child process, too, which must not go on with the tests. */
static _Noreturn void give_up(const char *sql, const char *why)
{
	print_error("%s: %s\n", sql, why);
	if (getpid() != owner)
		_exit(99);
	fail();
	abort();
}

static void ignore(void *data, const PGresult *result)
{
	(void)data, (void)result;
}

static PGconn *connect_quietly(void)
{
	PGconn *conn = PQconnectdb(url);

	PQsetNoticeReceiver(conn, ignore, NULL);
	return conn;
}

static void ask(PGconn *conn, const char *sql, char *value, size_t size)
{
	PGresult *result = PQexec(conn, sql);
	ExecStatusType kind = PQresultStatus(result);

	if (kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK)
		give_up(sql, PQerrorMessage(conn));
	snprintf(value, size, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
}

void pg_server_ask(const char *sql, char *value, size_t size)
{
	PGconn *conn = connect_quietly();

	ask(conn, sql, value, size);
	PQfinish(conn);
}

void pg_server_do(const char *sql)
{
	char value[16];

	pg_server_ask(sql, value, sizeof(value));
}

void pg_server_await(const char *sql)
{
	PGconn *conn = connect_quietly();
	int64_t until = clock_mono_ms() + WAIT_MS;
	char value[16] = "";

	ask(conn, sql, value, sizeof(value));
	while (strcmp(value, "t") != 0 && clock_mono_ms() < until) {
		usleep(2000);
		ask(conn, sql, value, sizeof(value));
	}
	PQfinish(conn);
	if (strcmp(value, "t") != 0)
		give_up(sql, "did not become true");
}

/* Whether a commit of this connection waits for a standby. */
static bool waits_for_standby(PGconn *conn)
{
	char sql[120], waits[2] = "";
	PGresult *result;

	snprintf(sql, sizeof(sql),
		"SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = %d",
		PQbackendPID(conn));
	if (!PQsendQuery(
		    conn, "CREATE TABLE IF NOT EXISTS probe (n int); INSERT INTO probe VALUES (1)"))
		give_up("probe", PQerrorMessage(conn));
	while (PQconsumeInput(conn) && PQisBusy(conn) && *waits != 't')
		pg_server_ask(sql, waits, sizeof(waits));
	while (*waits != 't' && (result = PQgetResult(conn)))
		PQclear(result);
	return *waits == 't';
}

void pg_server_set_standbys(const char *names)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	PGconn *conn = connect_quietly();
	char sql[100];

	snprintf(sql, sizeof(sql), "ALTER SYSTEM SET synchronous_standby_names = '%s'", names);
	pg_server_do(sql);
	pg_server_do("SELECT pg_reload_conf()");
	/* The setting is in force a while later. */
	while (*names && !waits_for_standby(conn))
		if (clock_mono_ms() > until)
			give_up(sql, "no commit waits");
	PQfinish(conn);
}
