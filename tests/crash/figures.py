"""The figures of a run by hand, in one line."""
import collections

# How the text of a problem begins, and the kind of the problem.
KINDS = (
    ("lost", "lost"),
    ("shown, then", "lost"),
    ("not created", "not created"),
    ("doubled", "doubled"),
    ("a number was given twice", "doubled"),
    ("verify: damaged", "damaged pages"),
    ("verify", "index differences"),
    ("tenant", "usage differences"),
    ("archive", "archive differences"),
    ("no recovery", "stores that needed an operator"),
    ("no answer", "stores that needed an operator"),
)
ALWAYS = ("lost", "doubled", "index differences", "stores that needed an operator")


def kind_of(problem):
    return next((kind for begin, kind in KINDS if problem.startswith(begin)), "other problems")


class Figures:
    def __init__(self):
        self.kinds = collections.Counter()  # of rounds
        self.problems = collections.Counter({kind: 0 for kind in ALWAYS})
        self.acknowledged = 0  # requests
        self.slowest = 0.0  # seconds from a start or a fault to the first answer

    def count_tasks(self, tasks):
        self.acknowledged += sum(step.outcome == "ok" for task in tasks for step in task.steps)

    def count_problems(self, problems):
        self.problems.update(kind_of(problem) for problem in problems)

    def line(self, rounds):
        def texts(counts):
            return ", ".join(f"{kind} {count}" for kind, count in counts.items())

        return (
            f"{rounds} ({texts(self.kinds)}); {self.acknowledged} acknowledged requests; "
            f"{texts(self.problems)}; slowest first answer {self.slowest:.1f} s"
        )
