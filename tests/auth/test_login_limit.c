/* The limit of failed logins at the token endpoint, and what the log says of a login. */
#include <stdio.h>

#include "auth/login_fixture.h"
#include "auth/login_limit.h"
#include "auth/user_network.h"
#include "store/auth_table.h"

#define SECONDS 1000000 /* in us */

static struct limit limit;

/* Logs in at the time now_us of the limiter. Returns the status code. */
static int login(const char *address, const char *name, const char *password, int64_t now_us)
{
	struct response response;
	char body[200];
	int status;

	endpoint.now_us = now_us;
	snprintf(body, sizeof(body), "grant_type=password&username=%s&password=%s", name, password);
	post_from(address, "POST", str_cstr(body), &response);
	status = response.status;
	if (status == 429)
		assert_str(buf_str(&response.body),
			"{\"error\":\"temporarily_unavailable\",\"error_description\":"
			"\"Too many logins have failed.\"}");
	assert_true((status == 429) == (memmem(response.headers.data, response.headers.len,
						"Retry-After", 11) != NULL));
	assert_true((log_entry.reason != NULL) == (status != 200));
	response_free(&response);
	return status;
}

static void set_limit(uint64_t burst)
{
	memset(&limit, 0, sizeof(limit));
	must(limit_init(&limit, &err), &err);
	endpoint.limit = &limit;
	endpoint.burst = burst;
}

/* Also for unknown users. Other addresses are not affected. */
static void failures_are_limited_per_address(void **state)
{
	static const char *const names[] = { "ann", "nobody", "not%20a%20name", "" };
	struct response response;

	(void)state;
	set_limit(2);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(login("192.0.2.1", names[i], "x", SECONDS), 400);
		assert_int_equal(login("192.0.2.1", names[i], "x", SECONDS), 400);
		assert_int_equal(login("192.0.2.1", names[i], "x", SECONDS), 429);
		assert_string_equal(log_entry.reason, "limited");
		assert_string_equal(log_entry.name, "");
		assert_int_equal(login("192.0.2.2", names[i], "x", SECONDS), 400);
	}
	/* also with the right password, so that further guesses reveal nothing */
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 429);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, 10 * SECONDS), 429);
	post("POST", STR(FORM "x"), &response);
	assert_true(has_header(&response, "Retry-After", "1"));
	response_free(&response);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, 11 * SECONDS), 200);
	assert_int_equal(login("192.0.2.1", "ann", "x", 11 * SECONDS), 400);
	assert_int_equal(login("192.0.2.1", "ann", "x", 11 * SECONDS), 429);
}

static void successful_logins_are_not_counted(void **state)
{
	(void)state;
	set_limit(2);
	for (int i = 0; i < 5; i++)
		assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 200);
	assert_int_equal(login("192.0.2.1", "ann", "x", SECONDS), 400);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 200);
	assert_string_equal(log_entry.name, "ann");
	assert_int_equal(login("192.0.2.1", "ann", "x", SECONDS), 400);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 429);
}

/* Guesses from many addresses: 20 times the burst in all. */
static void failures_are_limited_per_name(void **state)
{
	char address[32];

	(void)state;
	set_limit(1);
	for (int i = 0; i < 20; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		assert_int_equal(login(address, "ann", "x", SECONDS), 400);
	}
	assert_int_equal(login("198.51.100.1", "ann", PASSWORD, SECONDS), 429);
	assert_int_equal(login("198.51.100.1", "bob", "x", SECONDS), 400);
	/* a refusal for the name does not count for the address */
	assert_int_equal(login("198.51.100.1", "ann", "x", 11 * SECONDS), 400);
}

/* Each comparison costs 15 ms. Calls without one must not be refused for it, nor the reverse. */
static void comparisons_are_limited_per_network(void **state)
{
	static const char refresh[] = "grant_type=refresh_token&refresh_token=x";
	struct response response;

	(void)state;
	set_limit(0);
	for (int i = 0; i < 100; i++) {
		post("POST", str_cstr(refresh), &response);
		assert_int_equal(response.status, 400);
		response_free(&response);
	}
	for (int i = 0; i < LOGIN_LIMIT_NETWORK_BURST; i++)
		assert_int_equal(login("192.0.2.1", i % 2 ? "ann" : "x", PASSWORD, SECONDS),
			i % 2 ? 200 : 400);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS), 429);
	assert_int_equal(login("192.0.2.2", "ann", PASSWORD, SECONDS), 200);
	post("POST", str_cstr(refresh), &response);
	assert_int_equal(response.status, 400);
	response_free(&response);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS + SECONDS / 10), 200);
	assert_int_equal(login("192.0.2.1", "ann", PASSWORD, SECONDS + SECONDS / 10), 429);
}

/* An attempt that one count refuses takes nothing from the others. */
static void refused_attempt_is_not_counted(void **state)
{
	(void)state;
	set_limit(1);
	assert_int_equal(login("192.0.2.1", "ann", "x", SECONDS), 400);
	for (int i = 0; i < 2 * LOGIN_LIMIT_NETWORK_BURST; i++)
		assert_int_equal(login("192.0.2.1", "ann", "x", SECONDS), 429);
	assert_int_equal(login("192.0.2.1", "bob", "x", SECONDS), 400);
}

/* Wrong passwords from many networks must not keep the user out. */
static void known_network_has_its_own_budget(void **state)
{
	char address[32];

	(void)state;
	set_limit(1);
	assert_int_equal(login("2001:db8::1", "ann", PASSWORD, SECONDS), 200);
	for (int i = 0; i < 40; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		login(address, "ann", "x", SECONDS);
	}
	assert_int_equal(login("198.51.100.1", "ann", PASSWORD, SECONDS), 429);
	assert_int_equal(login("2001:db8::2", "ann", PASSWORD, SECONDS), 200);
	assert_int_equal(login("2001:db8::2", "ann", "x", SECONDS), 400);
	assert_int_equal(login("2001:db8::1", "ann", PASSWORD, SECONDS), 429);
}

static void unknown_network_waits_a_second(void **state)
{
	char address[32];

	(void)state;
	set_limit(1);
	for (int i = 0; i < 40; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		login(address, "ann", "x", SECONDS);
	}
	assert_int_equal(login("198.51.100.1", "ann", PASSWORD, SECONDS), 429);
	assert_int_equal(login("198.51.100.1", "ann", PASSWORD, 2 * SECONDS), 200);
}

static void note_network(const char *network)
{
	struct user user;

	must(user_get(store, "ann", &user, &err), &err);
	must(user_note_network(store, &user, str_cstr(network), &err), &err);
}

static bool knows(const char *network)
{
	struct user user;

	must(user_get(store, "ann", &user, &err), &err);
	return user_knows_network(&user, str_cstr(network));
}

static void network_of_the_oldest_login_is_forgotten(void **state)
{
	char address[32];

	(void)state;
	for (int i = 0; i < USER_NETWORKS_MAX + 1; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		note_network(address);
	}
	assert_false(knows("192.0.2.0"));
	for (int i = 1; i < USER_NETWORKS_MAX + 1; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		assert_true(knows(address));
	}
}

static void network_of_a_later_login_is_kept(void **state)
{
	char address[32];

	(void)state;
	for (int i = 0; i < 3 * USER_NETWORKS_MAX; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		note_network(address);
		note_network("198.51.100.1");
		assert_true(knows(address));
	}
	assert_true(knows("198.51.100.1"));
	assert_true(knows("192.0.2.17"));
	assert_false(knows("192.0.2.16"));
}

static void store_errors_are_not_counted(void **state)
{
	(void)state;
	set_limit(1);
	fixture_auth_put(store, STORE_USERS, STR("ann"), STR("{"));
	for (int i = 0; i < 3; i++) {
		struct response response;

		post("POST", STR(FORM "x"), &response);
		assert_int_equal(response.status, 503);
		assert_string_equal(log_entry.reason, "temporarily_unavailable");
		response_free(&response);
	}
}

/* A client may send its password as the name, so only names of existing users are logged. */
static void log_contains_only_names_of_known_users(void **state)
{
	(void)state;
	set_limit(0);
	assert_int_equal(login("192.0.2.1", "ann", "x", SECONDS), 400);
	assert_string_equal(log_entry.name, "ann");
	assert_string_equal(log_entry.reason, "invalid_grant");
	assert_int_equal(login("192.0.2.1", "gone", "x", SECONDS), 400);
	assert_string_equal(log_entry.name, "gone");
	assert_int_equal(login("192.0.2.1", "s3cret", "ann", SECONDS), 400);
	assert_string_equal(log_entry.name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_LOGIN(failures_are_limited_per_address),
		CHECK_LOGIN(successful_logins_are_not_counted),
		CHECK_LOGIN(failures_are_limited_per_name),
		CHECK_LOGIN(comparisons_are_limited_per_network),
		CHECK_LOGIN(refused_attempt_is_not_counted),
		CHECK_LOGIN(known_network_has_its_own_budget),
		CHECK_LOGIN(unknown_network_waits_a_second),
		CHECK_LOGIN(network_of_the_oldest_login_is_forgotten),
		CHECK_LOGIN(network_of_a_later_login_is_kept),
		CHECK_LOGIN(store_errors_are_not_counted),
		CHECK_LOGIN(log_contains_only_names_of_known_users),
	};

	store_in_files = true; /* libdb forgets memory of a store without files */
	return CHECK_RUN(tests);
}
