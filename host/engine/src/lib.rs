//! Durable machines, their one driver, and the machine of a run.
