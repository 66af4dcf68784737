"""What several commands share: arguments, the terminal, and lists of photograph pairs."""
