#include "task/access.h"

#include <stdlib.h>

void access_answer_free(struct access_answer *answer)
{
	if (!answer)
		return;
	if (answer->run)
		answer->free_run(answer->run);
	free(answer->users);
	free(answer->credentials);
	buf_free(&answer->next);
	free(answer);
}
