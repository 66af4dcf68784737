"""The registers of a simulated country, delivered as extracts with what was planted in them."""
