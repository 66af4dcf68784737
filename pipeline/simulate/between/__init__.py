"""What happens to the people of a simulated country between two waves: who comes back, and what has changed."""
