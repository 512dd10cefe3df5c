#include "dialect/decode.h"

bool decode_init_op(struct op *op, enum op_kind kind, uint8_t dialect, const struct id *id)
{
	op->kind = kind;
	op->dialect = dialect;
	if (id)
		op->id = *id;
	return true;
}

bool decode_keep_invalid(struct op *op, struct arena *arena, struct err *err)
{
	struct err *kept = arena_alloc(arena, sizeof(*kept));

	if (!kept || err->code == ERR_NO_MEMORY)
		return err_no_memory(err);
	*kept = *err;
	op->invalid = kept;
	return true;
}

bool decode_not_a_string(struct err *err, enum err_code code, const char *member)
{
	return err_set(err, code, member, "%s must be a string", member);
}
