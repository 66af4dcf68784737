"""Letters and notices to applicants."""
