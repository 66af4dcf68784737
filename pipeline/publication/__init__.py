"""Last room: a cohort that a person approved is screened once more and published, in one step and for good."""
