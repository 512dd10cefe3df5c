#pragma once
/* Two stores with the same tables in PostgreSQL, each with shared memory of its own: two hosts. */
#include "store/fixture.h"

struct shared_stores {
	struct store *a, *b;
};

int shared_stores_setup(void **state);
int shared_stores_teardown(void **state);

#define SHARED_TEST(function)                                                          \
	{                                                                              \
#function, function, shared_stores_setup, shared_stores_teardown, NULL \
	}
