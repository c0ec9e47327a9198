//! The handle of queues: jobs, each delivered to one worker at a time until it is done.
