#include "ctl/store_command.h"

#include <stdio.h>

#include "store/pg/facts.h"
#include "store/pg/schema.h"
#include "sys/service_user.h"

#define NAME_WIDTH 30

static bool init(const char *url, struct err *err)
{
	if (!pg_schema_init(url, err))
		return false;
	printf("the tables were made\n");
	return true;
}

static bool upgrade(const char *url, struct err *err)
{
	if (!pg_schema_upgrade(url, err))
		return false;
	printf("the tables are those of this version\n");
	return true;
}

/* Prints the facts first, so that the faults stand at the end. The last fault is the error. */
static bool check(const char *url, struct err *err)
{
	struct pg_facts facts;
	bool ok = true;

	if (!pg_facts_read(&facts, url, err))
		return false;
	for (size_t i = 0; i < facts.count; i++)
		printf("%-*s  %s\n", NAME_WIDTH, facts.facts[i].name,
			facts.facts[i].value[0] ? facts.facts[i].value : "none");
	fflush(stdout);
	for (size_t i = 0; i < facts.count; i++) {
		const struct pg_fact *fact = &facts.facts[i];

		if (fact->text)
			fprintf(stderr, "polytaskctl: %s%s\n",
				fact->wrong ? "" : "note: ", fact->text);
		ok = ok && !fact->wrong;
	}
	return ok || err_set(err, ERR_CONFLICT, "store",
			     "the server does not keep what the service promises");
}

static const struct {
	const char *word;
	bool (*run)(const char *url, struct err *err);
} verbs[] = {
	{ "init", init },
	{ "upgrade", upgrade },
	{ "check", check },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* The server may know the service's user, or only that may read the password file. */
static bool become_service_user(const struct conf *conf, struct err *err)
{
	struct service_user user;

	return service_user_find(&user, conf, err) && service_user_become(&user, err);
}

int ctl_store(struct ctl *ctl)
{
	struct err err = { 0 };
	size_t i = 0;

	while (i < VERBS && strcmp(verbs[i].word, ctl->words[1]) != 0)
		i++;
	if (i == VERBS) {
		ctl_fail("the subcommands of 'store' are init, upgrade, check");
		return EXIT_USAGE;
	}
	if (!conf_is_shared(&ctl->conf))
		return ctl_fail("the option store is empty: the store is in the home, and a start "
				"makes it");
	if (!become_service_user(&ctl->conf, &err) || !verbs[i].run(ctl->conf.store, &err))
		return ctl_fail_call(&err);
	return EXIT_DONE;
}
