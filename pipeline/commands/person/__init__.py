"""Commands about people: looked for, explained, reviewed, and their rights over their data."""
