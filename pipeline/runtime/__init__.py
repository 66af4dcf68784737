"""What a running process reports and uses: progress, the terminal, processor cores, resources."""
