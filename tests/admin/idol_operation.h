#pragma once
/* Import-tasks of IDOL, which have numbers, created as its requests do with an Idempotency-Key. */
#include "admin/admin_fixture.h"

/* The creation of the task whose id ends with last_byte, by user ann of tenant demo. */
struct op idol_operation(unsigned last_byte, const char *key);
/* Carries it out on the store of the fixture; returns the number of the task. */
uint64_t create_idol(unsigned last_byte, const char *key);
