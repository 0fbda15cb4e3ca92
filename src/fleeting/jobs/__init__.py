"""Many pieces of work on local processes or on Ray: one that fails or dies costs only itself; resume."""

from fleeting.jobs.ledger import Ledger
from fleeting.jobs.outcome import JobResult, RemoteError, WorkerLostError
from fleeting.jobs.run import run_jobs

__all__ = ["JobResult", "Ledger", "RemoteError", "WorkerLostError", "run_jobs"]
