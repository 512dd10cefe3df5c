#include "store/internal.h"

/*
 * Serial numbers of new ids. Tasks of one serial number lie on one page (engine_table_spec.serial),
 * so a process gives its current serial number to as many ids as the page has room for. Then it
 * takes the next one. Serial numbers beyond the end of the table reach its first pages again, which
 * have room where tasks have been removed.
 *
 * A serial number that is used twice costs nothing but space: so numbers are reserved in blocks,
 * without a flush, and ids are made also when that fails.
 */
#define BLOCK	    64
#define BLOCK_KEY   STR("serial")
#define FIRST_ROW   300 /* bytes, until a row was written */
#define TRIES	    16
#define ROOM_MIN(e) ((e) / 4)
/* Kept free for records that grow when tasks are updated. */
#define SPARE(e) ((e) / 8)
/* A table without room is searched again after so many new pages. */
#define PAUSE 64

/* ---- blocks ---- */

static int step_reserve(struct store *store, void *data, struct err *err)
{
	struct serials *serials = data;
	struct buf text = BUF_INIT;
	uint64_t next = 0;
	char value[24];
	int len, rc = store_get(store, TABLE_META, BLOCK_KEY, true, &text);

	(void)err;
	if (rc == 0)
		str_to_u64(buf_str(&text), &next);
	buf_free(&text);
	if (rc != 0 && rc != ENGINE_NOT_FOUND)
		return rc;
	serials->next = (uint32_t)next;
	serials->left_in_block = BLOCK;
	len = snprintf(value, sizeof(value), "%llu", (unsigned long long)(uint32_t)(next + BLOCK));
	return store_put(
		store, TABLE_META, BLOCK_KEY, (struct str){ value, (size_t)len }, ENGINE_REPLACE);
}

static bool reserve(struct store *store)
{
	struct serials reserved = { 0 };
	struct err err;

	if (!store_may_write(store, &err) ||
		!step_call_write(store, STR(""), step_reserve, &reserved, &err))
		return false;
	store->serials.next = reserved.next;
	store->serials.left_in_block = reserved.left_in_block;
	return true;
}

/* ---- the current serial number ---- */

static bool look_at(struct store *store, uint32_t serial, struct engine_room *room)
{
	enum engine_status status;

	store_enter(store);
	status = store->engine->ops->room(store->engine, TABLE_TASKS, serial, room);
	store_leave(store);
	return status == ENGINE_OK;
}

static void use(struct serials *serials, uint32_t serial, size_t bytes, size_t empty)
{
	serials->current = serial;
	serials->room = bytes > SPARE(empty) ? bytes - SPARE(empty) : 0;
	serials->unwritten = 0;
}

/* When none of the next places has room, the table grows by one. */
static void take_next(struct store *store)
{
	struct serials *serials = &store->serials;
	unsigned tries = serials->pause > 0 ? 0 : TRIES;
	struct engine_room room;

	for (; tries > 0; tries--) {
		if (serials->left_in_block == 0 && !reserve(store))
			return;
		serials->next++;
		serials->left_in_block--;
		if (!look_at(store, serials->next - 1, &room))
			continue; /* its page may be damaged */
		if (room.bytes >= SPARE(room.empty) + ROOM_MIN(room.empty)) {
			use(serials, serials->next - 1, room.bytes, room.empty);
			return;
		}
	}
	if (!look_at(store, serials->next, &room))
		return;
	use(serials, room.grow, room.empty, room.empty);
	serials->pause = serials->pause > 0 ? serials->pause - 1 : PAUSE;
}

/* Equal numbers would lie on one page if the store is copied to an engine with pages. */
static bool make_without_place(struct store *store, int64_t now, struct id *id)
{
	struct serials *serials = &store->serials;

	if (!id_new_serial(id, now, &store->engine->secret, (uint32_t)store_random(store)))
		return false;
	serials->made[serials->made_at++ % SERIALS_MADE] = *id;
	return true;
}

bool serial_take_new(struct store *store, const struct id *id)
{
	struct id *made = store->serials.made;

	if (store->engine->ops->room || id_is_zero(id))
		return false;
	for (size_t i = 0; i < SERIALS_MADE; i++) {
		if (id_compare(&made[i], id) != 0)
			continue;
		made[i] = (struct id){ 0 };
		return true;
	}
	return false;
}

bool store_new_id(struct store *store, int64_t now, struct id *id)
{
	struct serials *serials = &store->serials;

	if (!store->engine->ops->room)
		return make_without_place(store, now, id);
	if (serials->row == 0)
		serials->row = FIRST_ROW;
	serials->unwritten++;
	if (serials->room < serials->unwritten * serials->row) {
		take_next(store);
		serials->unwritten++;
	}
	return id_new_serial(id, now, &store->engine->secret, serials->current);
}

void serial_note_row(struct store *store, const struct id *id, size_t size)
{
	struct serials *serials = &store->serials;
	size_t smaller = serials->row - serials->row / 8;
	uint32_t serial;

	if (!store->engine->ops->room)
		return;
	if (!id_get_serial(id, &store->engine->secret, &serial))
		return;
	serials->row = size > smaller ? size : smaller;
	if (serial == serials->current)
		serials->room -= size < serials->room ? size : serials->room;
}

void serial_note_end(struct store *store)
{
	store->serials.unwritten = 0;
}
