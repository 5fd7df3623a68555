"""Real training: the queue, the lease on a job, and the process that trains it."""
