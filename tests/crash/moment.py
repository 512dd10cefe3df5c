"""Whether exported rows are the tasks of one moment."""
import bisect

from model import state_of


def find_moment(tasks, rows, begin, end, now):
    """A moment between two numbers at which the records allow exactly these rows, or None.

    Returns (moment, names): without a moment, the tasks that do not fit at the best one. now: a time
    that is not before the end.
    """
    found = {row["fields"].get("name"): row for row in rows}
    if len(found) < len(rows):
        return None, ["tasks that are there twice"]
    times = {number for task in tasks for step in task.steps for number in (step.begin, step.answered)}
    places = sorted({number for number in times if number and begin < number < end} | {begin, end})
    wrong = [0] * len(places)  # at the moment just before places[i + 1]: tasks that do not fit
    misfits = []
    for task in tasks:
        row = found.pop(task.name, None)
        state = state_of(row) if row else None
        for first, last in segments(task, places):
            if state not in task.states(places[last] - 1, now):  # before the answer, if it is one
                misfits.append((first, last, task.name))
                for i in range(first, last):
                    wrong[i] += 1
    best = min(range(len(places) - 1), key=lambda i: wrong[i])
    if wrong[best] == 0 and not found:
        return places[best], []
    names = [name for first, last, name in misfits if first <= best < last]
    return None, names + list(found)


def segments(task, places):
    """Pairs of indices of places between which nothing of the task begins or is answered."""
    own = {number for step in task.steps for number in (step.begin, step.answered) if number}
    own = sorted(number for number in own if places[0] < number < places[-1])
    cuts = [0] + [bisect.bisect_left(places, number) for number in own] + [len(places) - 1]
    return [(first, last) for first, last in zip(cuts, cuts[1:]) if first < last]
