#pragma once
/*
 * What an operator should know of the server of a shared store: its tables, and the settings that a
 * promise of the service depends on. For polytaskctl store check.
 */
#include "base/err.h"

#define PG_FACTS      12
#define PG_FACT_BYTES 80

struct pg_fact {
	const char *name;
	char value[PG_FACT_BYTES];
	const char *text; /* a sentence for the operator: a fault or advice; NULL: none */
	bool wrong;	  /* a promise does not hold */
};

struct pg_facts {
	struct pg_fact facts[PG_FACTS];
	size_t count;
};

/*
 * Errors: those of pg_schema_check (schema.h) if this build cannot use the store. There is no fact
 * of a setting that the server does not know.
 */
bool pg_facts_read(struct pg_facts *facts, const char *url, struct err *err);
