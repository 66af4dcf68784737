"""The first room: what applicants sent, and which deliveries of the registers a wave may use."""
