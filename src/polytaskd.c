/*
 * The service: command line, resources, then the supervisor (process/supervisor.h). polytaskd(8)
 * is the manual.
 */
#include <bsd/unistd.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "dialect/dialect.h"
#include "dialect/policy_conf.h"
#include "monitor/monitor.h"
#include "process/supervisor.h"
#include "store/store.h"
#include "sys/conf.h"
#include "sys/confine.h"
#include "sys/instance.h"
#include "sys/listen.h"
#include "sys/monitor_socket.h"
#include "sys/reach.h"

#define USAGE                                                                               \
	"usage: polytaskd [-c FILE] [-o NAME=VALUE]... [--check-config | --print-config]\n" \
	"       polytaskd --version | --help\n"

enum action { ACTION_RUN, ACTION_CHECK, ACTION_PRINT, ACTION_VERSION, ACTION_HELP };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "option", required_argument, NULL, 'o' },
	{ "check-config", no_argument, NULL, 'k' },
	{ "print-config", no_argument, NULL, 'p' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static child_main *const mains[ROLES] = {
	[ROLE_RECOVER] = recover_main,
	[ROLE_KEEPER] = keeper_main,
	[ROLE_NOTIFIER] = notifier_main,
	[ROLE_MONITOR] = monitor_main,
	[ROLE_WORKER] = worker_main,
	[ROLE_WRITER] = worker_main,
	[ROLE_READER] = worker_main,
	[ROLE_OPERATOR] = operator_main,
};

/* Returns false if the command line is wrong. */
static bool parse(int argc, char **argv, struct conf_source *source, enum action *action)
{
	int option;

	*action = ACTION_RUN;
	while ((option = getopt_long(argc, argv, "c:o:Vh", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			source->path = optarg;
			break;
		case 'o':
			if (!conf_add_override(source, optarg))
				return false;
			break;
		case 'k':
			*action = ACTION_CHECK;
			break;
		case 'p':
			*action = ACTION_PRINT;
			break;
		case 'V':
			*action = ACTION_VERSION;
			break;
		case 'h':
			*action = ACTION_HELP;
			break;
		default:
			return false;
		}
	}
	return optind == argc;
}

static int print_config(const struct conf *conf)
{
	struct buf out = BUF_INIT;
	bool ok;

	conf_print(conf, &out);
	ok = buf_ok(&out) && fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buf_free(&out);
	return ok ? 0 : 1;
}

struct resources {
	struct service_user owner;
	struct instance_locks locks;
	struct fcgi_sockets sockets;
	int monitor_socket; /* -1: none */
};

static bool acquire_resources(struct resources *resources, const struct conf *conf, struct err *err)
{
	return service_user_make_directories(conf, &resources->owner, err) &&
	       instance_lock(&resources->locks, conf, &resources->owner, err) &&
	       listen_open(&resources->sockets, conf, resources->owner.uid, resources->owner.gid,
		       err) &&
	       monitor_socket_open(&resources->monitor_socket, conf, resources->owner.uid,
		       resources->owner.gid, err) &&
	       service_user_become(&resources->owner, err);
}

/* Otherwise requests get 503 without a reason: the web server logs no errors about requests. */
static void check_reach(const struct conf *conf, const struct fcgi_sockets *sockets)
{
	char path[CONF_TEXT_MAX];
	struct err err;

	snprintf(path, sizeof(path), "%s%s", conf->socket,
		sockets->read >= 0 ? LISTEN_READ_SUFFIX : "");
	if (!reach_check(conf->socket, conf->peer_user, &err) ||
		!reach_check(path, conf->peer_user, &err))
		log_warn("socket",
			"%s: every request would get 503; see socket_mode, group, peer_user",
			err_text(&err));
}

static void remove_sockets(const struct resources *resources, const struct conf *conf)
{
	listen_remove(&resources->sockets, conf);
	if (resources->monitor_socket >= 0)
		monitor_socket_remove(conf);
}

static int run(struct conf_source *source, const struct conf *conf, struct err *err)
{
	struct resources resources = { .sockets = { .main = -1, .read = -1 },
		.monitor_socket = -1 };
	struct supervisor_config config = {
		.conf = *conf,
		.mains = mains,
		.reloader = { .read = conf_reload, .data = source },
	};
	enum log_level level;
	int result;

	umask(0077);
	if (log_level_parse(&level, conf->log_level))
		log_set_level(level);
	log_set_process("supervisor");
	if (!service_user_find(&resources.owner, conf, err) ||
		!acquire_resources(&resources, conf, err)) {
		fprintf(stderr, "polytaskd: %s\n", err_text(err));
		remove_sockets(&resources, conf);
		return 1;
	}
	if (!store_check_home(conf->home, err)) {
		fprintf(stderr, "polytaskd: %s\n", err_text(err));
		remove_sockets(&resources, conf);
		return 1;
	}
	check_reach(conf, &resources.sockets);
	config.locks = resources.locks;
	config.sockets = resources.sockets;
	setproctitle("-polytaskd: supervisor");
	confine_supervisor();
	config.monitor_socket = resources.monitor_socket;
	result = supervisor_run(&config);
	remove_sockets(&resources, conf);
	return result;
}

int main(int argc, char **argv, char **envp)
{
	struct conf_source source = { .dialects = dialect_names(),
		.check_policy = policy_check_option };
	struct err err = { 0 };
	enum action action;
	struct conf conf;

	setproctitle_init(argc, argv, envp);
	if (!parse(argc, argv, &source, &action)) {
		fputs(USAGE, stderr);
		return 2;
	}
	if (action == ACTION_VERSION || action == ACTION_HELP) {
		fputs(action == ACTION_HELP ? USAGE : "polytaskd " POLYTASK_VERSION "\n", stdout);
		return 0;
	}
	if (!conf_load(&source, &conf, &err)) {
		fprintf(stderr, "polytaskd: %s\n", err_text(&err));
		return 1;
	}
	if (action == ACTION_PRINT)
		return print_config(&conf);
	return action == ACTION_CHECK ? 0 : run(&source, &conf, &err);
}
