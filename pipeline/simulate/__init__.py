"""The simulator: registrations, registers and photographs of people who do not exist, and what was planted in them."""
