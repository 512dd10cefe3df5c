#include "auth/user_network.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "auth/auth_record.h"
#include "base/encode.h"

/* Differs by user, so that the records do not show which users share a network. */
static bool network_digest(
	char digest[USER_NETWORK_DIGITS + 1], const char *name, struct str network, struct err *err)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT;
	bool ok;

	buf_put_str(&text, str_cstr(name));
	buf_putc(&text, '\0');
	buf_put_str(&text, network);
	ok = buf_ok(&text) && EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(), NULL) == 1;
	buf_free(&text);
	if (!ok)
		return err_no_memory(err);
	hex_encode(digest, hash, USER_NETWORK_DIGITS / 2);
	return true;
}

bool user_knows_network(const struct user *user, struct str network)
{
	char digest[USER_NETWORK_DIGITS + 1];
	struct err err;

	return user->networks[0] && network_digest(digest, user->name, network, &err) &&
	       strstr(user->networks, digest) != NULL;
}

static bool apply_network(void *record, const void *data, struct err *err)
{
	struct user *user = record;
	const char *digest = data;
	char networks[USER_NETWORK_DIGITS + 2 + USER_NETWORKS_SIZE];

	(void)err;
	if (strstr(user->networks, digest))
		return true;
	snprintf(networks, sizeof(networks), "%s%s%s", digest, user->networks[0] ? "," : "",
		user->networks);
	/* Cuts a ninth digest off, with the comma before it. */
	networks[sizeof(user->networks) - 1] = '\0';
	memcpy(user->networks, networks, sizeof(user->networks));
	return true;
}

bool user_add_network(struct store *store, const char *name, struct str network, struct err *err)
{
	char digest[USER_NETWORK_DIGITS + 1];
	struct user user;
	const struct auth_record_update update = { &user_kind, name, &user, apply_network, digest };

	return network_digest(digest, name, network, err) &&
	       auth_record_update(store, &update, err);
}
