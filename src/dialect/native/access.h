#pragma once
/*
 * Requests and responses about users and their credentials (README.md, "Users and credentials").
 * Private to this folder.
 *
 *     access.c         decoders
 *     access_encode.c  users and credentials as JSON
 */
#include "dialect/native/native.h"

#define NATIVE_USERS_PATH	"/v1/users"
#define NATIVE_CREDENTIALS_PATH "/v1/credentials"

/* Parameters of the lists; end with NULL. */
extern const char *const native_users_params[], *const native_credentials_params[];
bool native_decode_users(struct request *request, struct op *op, struct err *err);
bool native_decode_user(struct request *request, struct op *op, struct err *err);
bool native_decode_user_update(struct request *request, struct op *op, struct err *err);
bool native_decode_user_revoke(struct request *request, struct op *op, struct err *err);
bool native_decode_credentials(struct request *request, struct op *op, struct err *err);
bool native_decode_credential(struct request *request, struct op *op, struct err *err);
bool native_decode_credential_update(struct request *request, struct op *op, struct err *err);
bool native_decode_credential_revoke(struct request *request, struct op *op, struct err *err);

bool native_encode_users(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_user(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_credentials(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_credential(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* The names of states and types in the API; index 0 is unused. */
extern const char *const native_access_states[ACCESS_STATES];
extern const char *const native_access_types[ACCESS_TYPES];
