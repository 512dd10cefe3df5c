#include "shared_stores.h"

#include <stdlib.h>

#include "store/pg/pg_server.h"
#include "store/pg/schema.h"

int shared_stores_setup(void **state)
{
	struct shared_stores *stores = calloc(1, sizeof(*stores));
	struct store_options options = fixture_options(STORE_ATTACH, "none");
	struct err err = { 0 };

	*state = stores;
	check_setup(state);
	options.url = pg_server_url();
	if (!options.url) {
		check_skip(pg_server_lack());
		return 0;
	}
	pg_server_do("DROP SCHEMA IF EXISTS polytask CASCADE");
	must(pg_schema_init(options.url, &err), &err);
	stores->a = fixture_open(&options);
	stores->b = fixture_open(&options);
	return 0;
}

int shared_stores_teardown(void **state)
{
	struct shared_stores *stores = *state;

	store_close(stores->a);
	store_close(stores->b);
	free(stores);
	return check_teardown(state);
}
