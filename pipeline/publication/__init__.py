"""The last room: an approved cohort is screened once more and published, in one step. It never changes again."""
