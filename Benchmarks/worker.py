"""Processes that take turns: each holds a model and times one round whenever it gets a line."""
import json
import subprocess
import time

# Seconds between two turns: some engines' threads go on spinning for a while after their work, which costs
# the next process a core.
PAUSE = 0.5


class Worker:
    """A process that answers every line on its input with one JSON object of rates."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.best = {}

    def ask(self):
        """Starts a round."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def answer(self):
        """Waits for the round's end and returns what it measured."""
        line = self.process.stdout.readline()
        if not line:
            command = " ".join(self.process.args)
            raise SystemExit(f"ended early with status {self.process.wait()}: {command}")
        return json.loads(line)

    def round(self):
        """A round on its own, of which the best rates are kept."""
        time.sleep(PAUSE)
        self.ask()
        for key, value in self.answer().items():
            if isinstance(value, (int, float)):
                self.best[key] = max(value, self.best.get(key, 0))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def take_turns(commands, rounds):
    """The best rates of every command's process; who begins alternates, so that all meet the same machine."""
    workers = [Worker(command) for command in commands]
    for index in range(rounds):
        for worker in workers if index % 2 == 0 else reversed(workers):
            worker.round()
    for worker in workers:
        worker.close()
    return [worker.best for worker in workers]
