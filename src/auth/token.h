#pragma once
/*
 * For this folder only: the record of a token and how one is made (token.c), for what changes them
 * (token_change.c).
 */
#include "auth/auth_record.h"

/* The digits of a token's SHA-256, its key in the table. */
#define TOKEN_HASH_LEN 64
#define TOKEN_NO_LOGIN (-1)

bool token_read(struct str value, struct token *token);
/* NULL without memory. */
json_t *token_json(const struct token *token);
/* By its hash; ERR_NOT_FOUND. */
bool token_get(struct store *store, struct str hash, struct token *token, struct err *err);

/* A text that nobody has, and its hash. */
bool token_generate(char text[AUTH_TOKEN_MAX], char hash[TOKEN_HASH_LEN + 1], struct err *err);
/* For store_edit: data are the new token. */
bool token_insert(struct str old, struct buf *value, void *data, struct err *err);
/* Makes the text and puts the token. */
bool token_put(
	struct store *store, struct token *token, char text[AUTH_TOKEN_MAX], struct err *err);
