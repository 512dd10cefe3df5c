#include "dialect/sample_field.h"

#include <stdarg.h>
#include <stdio.h>

bool sample_field(struct task *task, const char *name, struct arena *arena, const char *format, ...)
{
	char text[200];
	struct field field = { .name = str_cstr(name) };
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		return false;
	field.json = arena_copy(arena, (struct str){ text, (size_t)len });
	return field.json.ptr && task_set_field(task, field);
}
