#pragma once
/* A task and its record in each version of the format. */
#include "store/tasks/record.h"

#define RECORD_FIXTURE_SIZE 256 /* bytes; more than any of the records has */

struct task record_sample(void);

/* The records, in hexadecimal. Index: the version, from 1. They must be readable for ever. */
extern const char *const record_golden[RECORD_VERSION + 1];

/* Decodes one into `bytes`, which has RECORD_FIXTURE_SIZE. */
struct str record_bytes(const char *hex, char *bytes);
