"""The run of one task on this worker, from its assignment until it is closed."""


class ReadPass:
    """One pass of a task over its sources, from its starting positions on.

    It ends when the task is closed, or when it reads its inputs again from the earliest offsets. Code that
    reads takes the current pass first, and checks after each await whether it has ended.

    Attributes:
        ended: whether records that were fetched for this pass must be dropped.
    """

    def __init__(self) -> None:
        self.ended = False


class TaskRun:
    """The run of a task: its number, its generation and whether it may process records.

    Args:
        task: number of the task.
        generation: generation of the consumer group that assigned it.

    Attributes:
        task: as given.
        generation: latest generation that assigned the task to this worker; results of another do not count.
        running: whether the task processes and commits: from its start until it is closed or a transaction
            fails.
        read_pass: current pass over the sources.
    """

    def __init__(self, task: int, generation: int) -> None:
        self.task = task
        self.generation = generation
        self.running = False
        self.read_pass = ReadPass()

    def start(self) -> None:
        """Start to process records."""
        self.running = True

    def stop(self) -> None:
        """Stop processing. A read that is under way goes on to its next check."""
        self.running = False

    def start_pass(self) -> None:
        """End the current pass over the sources and start another."""
        self.read_pass.ended = True
        self.read_pass = ReadPass()

    def end(self) -> None:
        """Stop processing, and end the current pass for good."""
        self.running = False
        self.read_pass.ended = True
