#pragma once
/*
 * libdb loses the header of a page if it splits a hash bucket with an overflow page in private
 * memory, which the service does not have. Include this in one file of a test that does so: the
 * sanitizer build then passes over this leak. The whole stack tells it from others.
 */
#ifdef POLYTASK_SANITIZED
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:__ham_add_ovflpage\n";
}

const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}
#endif
