"""What applicants receive: letters and notices."""
