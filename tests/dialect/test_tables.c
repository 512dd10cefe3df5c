/* Invariants of struct dialect: names, columns, options, errors. */
#include "dialect/dialect.h"
#include "lib/check.h"
#include "sys/conf.h"

static void names_and_codes_are_unique(void **state)
{
	(void)state;
	assert_non_null(dialects[0]);
	for (size_t i = 0; dialects[i]; i++) {
		assert_true(dialects[i]->code > 0);
		assert_true(dialects[i]->name[0] != '\0');
		assert_ptr_equal(protocol_by_name(str_cstr(dialects[i]->name)), dialects[i]);
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(dialects[i]->code, dialects[j]->code);
			assert_string_not_equal(dialects[i]->name, dialects[j]->name);
		}
	}
	assert_null(protocol_by_name(STR("nothing")));
	assert_null(protocol_by_name(STR("")));
	assert_null(dialect_by_name(STR("nothing")));
	assert_null(dialect_by_name(STR("")));
	assert_null(dialect_by_code(0));
}

/* Tasks are found by the dialects that have some, which are the first ones. */
static void only_dialects_with_tasks_name_tasks(void **state)
{
	const char *const *names = dialect_names();

	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const struct dialect *dialect = dialects[i];
		bool has_tasks = dialect_has_tasks(dialect);
		const struct dialect *named = has_tasks ? dialect : NULL;

		assert_ptr_equal(dialect_by_name(str_cstr(dialect->name)), named);
		assert_ptr_equal(dialect_by_code(dialect->code), named);
		assert_int_equal(dialect_code_by_name(str_cstr(dialect->name)),
			has_tasks ? dialect->code : 0);
		assert_int_equal(dialect_code_name(dialect->code) != NULL, has_tasks);
		assert_int_equal(*names != NULL, has_tasks);
		if (has_tasks)
			assert_string_equal(*names++, dialect->name);
	}
}

/* The members of struct dialect that are about its tasks. */
static void check_tasks(const struct dialect *dialect)
{
	if (dialect_has_tasks(dialect)) {
		assert_non_null(dialect->index_fields);
		assert_non_null(dialect->kind);
		assert_non_null(dialect->validate);
		assert_non_null(dialect->sample);
		return;
	}
	assert_null(dialect->index_fields);
	assert_null(dialect->kind);
	assert_null(dialect->validate);
	assert_null(dialect->sample);
	assert_null(dialect->document);
	assert_null(dialect->error_field.name);
	assert_null(dialect->quota_option);
	assert_null(dialect->complete_option);
}

static void every_dialect_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		assert_non_null(dialects[i]->prefixes[0]);
		assert_non_null(dialects[i]->media_type);
		assert_non_null(dialects[i]->encode_error);
		assert_non_null(dialects[i]->auth);
		check_tasks(dialects[i]);
		if (dialects[i]->method_error != ERR_NOT_IMPLEMENTED)
			assert_code(dialects[i]->method_error, ERR_METHOD);
	}
}

static bool is_number_option(const char *name)
{
	struct conf conf;

	conf_defaults(&conf);
	return option_number(&conf_options, &conf, name) > 0;
}

static bool accepts_signatures(const struct auth_policy *policy)
{
	static const bool is_signature[SOURCE_KINDS] = {
		[SOURCE_VIRTSHELL] = true,
		[SOURCE_UPLYNK_QUERY] = true,
		[SOURCE_UPLYNK_HEADER] = true,
	};

	for (size_t i = 0; i < AUTH_SOURCES_MAX; i++) {
		if (is_signature[policy->sources[i].kind])
			return true;
	}
	return false;
}

/* An unknown name would mean no quota, and that no signed request is accepted. */
static void named_options_exist(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		const char *quota = dialects[i]->quota_option;
		const char *skew = dialects[i]->auth->clock_skew_option;

		assert_true(!quota || is_number_option(quota));
		assert_int_equal(accepts_signatures(dialects[i]->auth), is_number_option(skew));
	}
}

/* Every error has a status, and a body unless it is 406. */
static void every_error_has_a_response(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i]; i++) {
		for (int code = ERR_NONE + 1; code < ERR_CODES; code++) {
			struct response response = { 0 };
			struct request request = { 0 };
			struct err err;

			err_set(&err, (enum err_code)code, NULL, NULL);
			dialect_encode_error(dialects[i], &request, &err, &response);
			assert_in_range(response.status, 400, 599);
			assert_int_equal(response.media_type != NULL, response.body.len > 0);
			if (!response.media_type)
				assert_int_equal(response.status, 406);
			response_free(&response);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(names_and_codes_are_unique),
		CHECK(only_dialects_with_tasks_name_tasks),
		CHECK(every_dialect_is_complete),
		CHECK(named_options_exist),
		CHECK(every_error_has_a_response),
	};

	return CHECK_RUN(tests);
}
