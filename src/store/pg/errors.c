/* https://www.postgresql.org/docs/15/errcodes-appendix.html */
#include <stdio.h>

#include "store/pg/pg.h"

/* A code, or the beginning of the codes of a class. The first row that fits counts. */
static const struct {
	const char *state;
	struct pg_cause cause;
} causes[] = {
	{ "25006", { ENGINE_AWAY, true } },   /* read only: it became a standby */
	{ "25P02", { ENGINE_RETRY, false } }, /* the transaction has failed before */
	{ "25P03", { ENGINE_AWAY, true } },   /* ended by idle_in_transaction_session_timeout */
	{ "25P04", { ENGINE_AWAY, true } },   /* by transaction_timeout (17) */
	{ "23505", { ENGINE_RETRY, false } }, /* a row that this round found absent */
	{ "23514", { ENGINE_RETRY, false } }, /* the round was given up (resolve.c) */
	{ "40003", { ENGINE_AWAY, true } },   /* whether it was made is not known */
	{ "40", { ENGINE_RETRY, false } },    /* serialization, deadlock */
	{ "55P03", { ENGINE_RETRY, false } }, /* lock_timeout */
	{ "53100", { ENGINE_FULL, false } },  /* disk full */
	{ "53300", { ENGINE_AWAY, true } },   /* too many connections */
	{ "53", { ENGINE_BUSY, false } },     /* other resources */
	{ "57014", { ENGINE_BUSY, false } },  /* statement_timeout */
	{ "57P", { ENGINE_AWAY, true } },     /* shutdown, crash, starting */
	{ "08", { ENGINE_AWAY, true } },      /* connection */
	{ "", { ENGINE_FAILED, false } },
};

struct pg_cause pg_cause_of(const char *state)
{
	size_t i = 0;

	while (strncmp(state, causes[i].state, strlen(causes[i].state)) != 0)
		i++;
	return causes[i].cause;
}

void pg_describe(struct pg *pg, const char *what, const char *text)
{
	char *message = pg->engine.message;
	size_t len;

	snprintf(message, ENGINE_MESSAGE_SIZE, "%s: %s", what, text ? text : "");
	len = strlen(message);
	while (len > 0 && (message[len - 1] == '\n' || message[len - 1] == ' '))
		message[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (message[i] == '\n' || message[i] == '\t')
			message[i] = ' ';
}
